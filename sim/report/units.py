"""Numbers as people read them."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import takewhile

PREFIXES = ((1.0, ""), (1e-3, "m"), (1e-6, "µ"), (1e-9, "n"), (1e-12, "p"))
ABSENT = "-"


def count(value: int | None) -> str:
    """1234567 -> 1,234,567."""
    return ABSENT if value is None else f"{value:,}"


def counted(number: int, noun: str) -> str:
    """3, "point" -> 3 points."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def percent(value: float | None) -> str:
    """0.1234 -> 12.3%."""
    return ABSENT if value is None else f"{100 * value:.1f}%"


def quantity(value: float | None, unit: str) -> str:
    """0.0000123, "J" -> 12.3 µJ."""
    if value is None:
        return ABSENT
    if value == 0:
        return f"0 {unit}"
    factor, prefix = next((p for p in PREFIXES if abs(value) >= p[0]), PREFIXES[-1])
    return f"{value / factor:.3g} {prefix}{unit}"


_SPANS = (("years", 365.25 * 86400), ("days", 86400.0), ("hours", 3600.0), ("minutes", 60.0))


def duration(seconds: float) -> str:
    """5400 -> 1.5 hours; 3600 -> 1 hour."""
    for name, span in _SPANS:
        if seconds >= span:
            number = f"{seconds / span:.3g}"
            return f"{number} {name.removesuffix('s') if number == '1' else name}"
    return quantity(seconds, "s")


def share(part: float | None, whole: float | None) -> float | None:
    """part / whole, where both are known and there is a whole."""
    return part / whole if part is not None and whole else None


def part_of_layer(layer: str, what: str, amount: str, part: float, whole: float) -> str:
    """Such as "conv0, waits: drain: 120 cycles, 2.0% of the layer"."""
    return f"{layer}, {what}: {amount}, {percent(share(part, whole))} of the layer"


def short_names(names: Sequence[str], width: int) -> list[str]:
    """Names of at most this many letters, told apart where that is possible.

    Long names of a network often begin and end alike: that goes first, in whole words.
    """
    long = [name for name in names if len(name) > width]
    head = tail = ""
    if len(set(long)) > 1:
        head = _common_words(long)
        tail = _common_words([name[len(head) :][::-1] for name in long])
    return [
        shortened(name[len(head) : len(name) - len(tail)], width) if len(name) > width else name
        for name in names
    ]


def _common_words(names: Sequence[str]) -> str:
    """How all names begin, up to and with a letter that ends a word."""
    letters = takewhile(lambda several: len(set(several)) == 1, zip(*names, strict=False))
    common = "".join(several[0] for several in letters)
    return common[: 1 + max(common.rfind(sign) for sign in "/;:._")]


def shortened(text: str, width: int) -> str:
    """Keep both ends of a long name, which tell more than its middle."""
    if len(text) <= width:
        return text
    head = (width - 1) // 2
    return f"{text[:head]}…{text[len(text) - (width - 1 - head) :]}"
