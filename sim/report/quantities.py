"""Numbers with units as people write them: 1 mJ, 128 KiB, 900k, 50%."""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal

_SMALL = {"p": 1e-12, "n": 1e-9, "u": 1e-6, "µ": 1e-6, "μ": 1e-6, "m": 1e-3}
_LARGE = {"": 1.0, "k": 1e3, "M": 1e6, "G": 1e9}

UNITS: Mapping[str, Mapping[str, float]] = {
    "s": {**_LARGE, **{f"{prefix}s": factor for prefix, factor in {**_SMALL, "": 1.0}.items()}},
    "J": {**_LARGE, **{f"{prefix}J": factor for prefix, factor in {**_SMALL, **_LARGE}.items()}},
    "Hz": {**_LARGE, **{f"{prefix}Hz": factor for prefix, factor in _LARGE.items()}},
    "GE": {**_LARGE, **{f"{prefix}GE": factor for prefix, factor in _LARGE.items()}},
    "B": {
        **_LARGE,
        **{f"{prefix}B": factor for prefix, factor in _LARGE.items()},
        "KiB": 1024.0,
        "MiB": 1024.0**2,
        "GiB": 1024.0**3,
    },
    "mm2": {"": 1.0, "mm2": 1.0},
    "W": {**_LARGE, **{f"{prefix}W": factor for prefix, factor in {**_SMALL, "": 1.0}.items()}},
    "%": {"": 1.0, "%": 0.01},
    "": _LARGE,
}
"""Unit of a column -> what may stand behind a number -> its factor."""

NUMBER = r"[+-]?(?:\d[\d_,]*\.?\d*|\.\d+)(?:[eE][+-]?\d+)?"
"""Of a quantity, as a regular expression; commas and underlines part thousands."""


def parse_quantity(text: str, unit: str) -> float:
    """The value of ``text`` in ``unit``, one of `UNITS`. Raises ValueError that says what may be.

    "1 mJ" in "J" -> 0.001; "900k" in "GE" -> 900000; "50%" in "%" -> 0.5.
    """
    found = re.fullmatch(rf"({NUMBER})\s*(\S*)", text.strip())
    if not found:
        raise ValueError(f"{text.strip() or repr(text)} is no number")
    number = Decimal(found[1].replace("_", "").replace(",", ""))
    if found[2] not in UNITS[unit]:
        known = ", ".join(name for name in UNITS[unit] if name)
        raise ValueError(f"{found[2]} is no unit here; write a plain number, or one of {known}")
    # Decimal, since 400 times 1e-6 is less than 0.0004 in floating point.
    return float(number * Decimal(repr(UNITS[unit][found[2]])))
