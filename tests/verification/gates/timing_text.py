"""Liberty tables of what is known."""


def bilinear(name, template, base, first, second):
    """A table of ``base + first * x + second * y``, of which two points an axis say all."""
    rows = (", ".join(f"{base + first * one + second * two:g}" for two in (1, 2)) for one in (1, 2))
    values = ", ".join(f'"{row}"' for row in rows)
    return f"{name} ({template}) {{ values ({values}); }}"
