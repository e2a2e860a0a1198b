"""Seeded choices that all mutations make."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeVar

import numpy as np

Item = TypeVar("Item")

EXTENTS = (0, 1, 2, 3, 5, 8, 17, 255, 256, 1000, 4097, 1 << 20, (1 << 31) - 1, -1, -(1 << 31))
INTEGERS = (0, 1, -1, 2, 3, 4, -2, 7, 127, 128, -128, -129, 255, 256, 1024, 32768, 1 << 20)
WIDE = (*INTEGERS, (1 << 31) - 1, -(1 << 31), 1 << 31, (1 << 63) - 1, -(1 << 63))
REALS = (
    0.0, -0.0, 1.0, -1.0, 0.5, 2.0, 1 / 256, 1 / 128, 1 / 32768, 1e-3, 1e3, 6.0, 1e-45, 1e-38,
    1e-20, 1e-7, 1e7, 1e20, 3e38, float("inf"), float("-inf"), float("nan"),
)  # fmt: skip


class Draws:
    """A stream of choices."""

    def __init__(self, *seed: int) -> None:
        self.rng = np.random.default_rng(seed)

    def below(self, end: int) -> int:
        return int(self.rng.integers(end))

    def between(self, low: int, high: int) -> int:
        return int(self.rng.integers(low, high, endpoint=True))

    def chance(self, probability: float = 0.5) -> bool:
        return bool(self.rng.random() < probability)

    def one_of(self, items: Sequence[Item]) -> Item:
        return items[self.below(len(items))]

    def extent(self, old: int) -> int:
        """Another extent of an axis, most of them plausible."""
        if self.chance():
            return max(1, old + self.one_of((-2, -1, 1, 2)))
        return self.one_of((2 * old, *EXTENTS))

    def real(self, old: float) -> float:
        """Another real number, often of the same size."""
        return old * float(self.rng.uniform(0.1, 10)) if self.chance() else self.one_of(REALS)

    def int8(self, *shape: int) -> np.ndarray:
        return self.rng.integers(-128, 128, shape).astype(np.int8)

    def changed(self, values: list[Any], other: Any) -> list[Any]:
        """A list with one item removed, doubled, moved or replaced by ``other(item)``."""
        values = list(values)
        if not values:
            return [other(1)]
        at = self.below(len(values))
        match self.below(6):
            case 0:
                del values[at]
            case 1:
                values.insert(at, values[at])
            case 2:
                to = self.below(len(values))
                values[at], values[to] = values[to], values[at]
            case _:
                values[at] = other(values[at])
        return values


def flipped(draws: Draws, content: bytes) -> bytes:
    """The bytes with some of them changed, cut off or overwritten by a wild word."""
    copy = bytearray(content)
    if not copy:
        return content
    kind = draws.below(8)
    if kind == 0:
        return bytes(copy[: draws.below(len(copy))])
    if kind == 1:
        at = draws.below(len(copy))
        copy[at : at + 4] = draws.one_of((0x7FFFFFFF, 0xFFFFFFFF, 0x80000000, 0)).to_bytes(
            4, "little"
        )
        return bytes(copy)
    for _ in range(draws.one_of((1, 1, 2, 8))):
        copy[draws.below(len(copy))] ^= 1 << draws.below(8)
    return bytes(copy)
