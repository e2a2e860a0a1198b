"""The data cache: one way, so that a line has one place.

It is written through, and a missing store leaves it alone.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Addresses = NDArray[np.int64]

LINE_BYTES = 32
LINES = 128
"""Of every VexRiscv build that has a data cache: 4 KiB, one way."""


@dataclass(frozen=True)
class Units:
    """What a kernel repeats, ``count`` times; ``unit(i)``: where the i-th loads from, in order."""

    count: int
    unit: Callable[[int], Addresses]


def miss_flags(addresses: Addresses) -> NDArray[np.bool_]:
    """Which of these loads, in order, miss a cache that is empty before the first."""
    lines = addresses // LINE_BYTES
    places = (lines % LINES).astype(np.uint8)
    order = np.argsort(places, kind="stable")
    sorted_lines = lines[order]
    missed = np.ones(lines.size, np.bool_)
    missed[order[1:]] = sorted_lines[1:] != sorted_lines[:-1]
    return missed


EXACT_LOADS = 400_000
"""A step of up to so many loads is followed whole; of a longer one, so many in stretches."""

_WARM, _COUNTED = 1, 3
"""Units of a stretch: the first only fill the cache."""

_STRETCHES = 8
"""At least, where units are long."""

_GOLDEN = (5**0.5 - 1) / 2
"""Its multiples modulo 1 lie evenly and with no period that a tensor's pitch could share."""


def misses(units: Units) -> int:
    """Misses of a kernel's loads; estimated where there are many."""
    size = units.unit(units.count // 2).size
    length = _WARM + _COUNTED
    stretches = max(_STRETCHES, EXACT_LOADS // (length * size))
    if units.count * size <= EXACT_LOADS or units.count <= stretches * length:
        flags = miss_flags(np.concatenate([units.unit(i) for i in range(units.count)]))
        return int(flags.sum())
    found = 0
    for stretch in range(stretches):
        first = int((units.count - length) * (stretch * _GOLDEN % 1))
        parts = [units.unit(i) for i in range(first, first + length)]
        flags = miss_flags(np.concatenate(parts))
        found += int(flags[sum(part.size for part in parts[:_WARM]) :].sum())
    return round(found * units.count / (stretches * _COUNTED))
