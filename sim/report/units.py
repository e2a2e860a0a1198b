"""Numbers as people read them."""

from __future__ import annotations

PREFIXES = ((1.0, ""), (1e-3, "m"), (1e-6, "u"), (1e-9, "n"), (1e-12, "p"))
ABSENT = "-"


def count(value: int | None) -> str:
    """1234567 -> 1,234,567."""
    return ABSENT if value is None else f"{value:,}"


def percent(value: float | None) -> str:
    """0.1234 -> 12.3%."""
    return ABSENT if value is None else f"{100 * value:.1f}%"


def quantity(value: float | None, unit: str) -> str:
    """0.0000123, "J" -> 12.3 uJ."""
    if value is None:
        return ABSENT
    if value == 0:
        return f"0 {unit}"
    factor, prefix = next((p for p in PREFIXES if abs(value) >= p[0]), PREFIXES[-1])
    return f"{value / factor:.3g} {prefix}{unit}"


def share(part: float | None, whole: float | None) -> float | None:
    """part / whole, where both are known and there is a whole."""
    return part / whole if part is not None and whole else None


def shortened(text: str, width: int) -> str:
    """Keep both ends of a long name, which tell more than its middle."""
    if len(text) <= width:
        return text
    head = (width - 1) // 2
    return f"{text[:head]}…{text[len(text) - (width - 1 - head) :]}"
