"""Misses of the data cache: direct-mapped, written through, a missing store leaves it alone."""

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


_EXACT_LOADS = 400_000
"""A step of up to so many loads is followed whole; of a longer one, so many in stretches."""

_STRETCHES = 12
_WARM = 4
"""Of a stretch, one part in so many (and at least a unit) only fills the cache."""

_GOLDEN = (5**0.5 - 1) / 2
"""Its multiples modulo 1 lie evenly and with no period that a tensor's pitch could share."""


def misses(units: Units) -> int:
    """Misses of a kernel's loads; estimated where there are many."""
    size = units.unit(units.count // 2).size
    if units.count * size <= _EXACT_LOADS:
        flags = miss_flags(np.concatenate([units.unit(i) for i in range(units.count)]))
        return int(flags.sum())
    length = max(2, _EXACT_LOADS // (_STRETCHES * size))
    warm = max(1, length // _WARM)
    found = counted = 0
    for stretch in range(_STRETCHES):
        first = int((units.count - length) * (stretch * _GOLDEN % 1))
        parts = [units.unit(i) for i in range(first, first + length)]
        flags = miss_flags(np.concatenate(parts))
        found += int(flags[sum(part.size for part in parts[:warm]) :].sum())
        counted += length - warm
    return round(found * units.count / counted)
