"""Sequences of indices as nested loops."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

PADDING = -1
"""What a map says of an output index that no input belongs to."""


class Turn(NamedTuple):
    """A loop of a nest: turns, and what is added to the input and the output index by each."""

    extent: int
    input_step: int
    output_step: int


@dataclass(frozen=True)
class Nest:
    """Output indices from ``start`` on that loops follow; ``first`` is the first input index.

    ``first`` is PADDING where all of them are.
    """

    start: int
    first: int
    turns: tuple[Turn, ...]

    @property
    def size(self) -> int:
        """How many indices there are."""
        size = 1
        for turn in self.turns:
            size *= turn.extent
        return size


def nests(indices: Sequence[int] | NDArray[np.int32], most: int | None = None) -> list[Nest]:
    """Divide a sequence into nests, each as long as equal loops go on; at most ``most``, then stop.

    More than ``most`` are not worth finding: the list is then one longer.
    """
    sequence = np.asarray(indices, dtype=np.int64)
    result: list[Nest] = []
    start = 0
    while start < len(sequence) and (most is None or len(result) <= most):
        nest = _nest(sequence, start)
        result.append(nest)
        start += nest.size
    return result


def _nest(sequence: NDArray[np.int64], start: int) -> Nest:
    rest = sequence[start:]
    first = int(rest[0])
    if first == PADDING:
        return Nest(start, PADDING, (Turn(_leading(rest == PADDING), 0, 1),))
    rest = rest[: _leading(rest != PADDING)]
    length, step = _progression(rest)
    turns = [Turn(length, step, 1)] if length > 1 else []
    while length > 1 and (found := _repeats(rest, length))[0] > 1:
        turns.append(Turn(*found, length))
        length *= found[0]
    return Nest(start, first, tuple(turns))


def _leading(marks: NDArray[np.bool_]) -> int:
    """How many marks are set before the first that is not."""
    return len(marks) if marks.all() else int(marks.argmin())


def _progression(sequence: NDArray[np.int64]) -> tuple[int, int]:
    """How many indices at the front are evenly spaced, and how far apart they are."""
    if len(sequence) == 1:
        return 1, 0
    steps = np.diff(sequence)
    return 1 + _leading(steps == steps[0]), int(steps[0])


def _repeats(sequence: NDArray[np.int64], length: int) -> tuple[int, int]:
    """How often the first indices come again, each time as much higher."""
    blocks = sequence[: len(sequence) // length * length].reshape(-1, length)
    if len(blocks) < 2:
        return 1, 0
    alike = (blocks - blocks[:, :1] == blocks[0] - blocks[0, 0]).all(axis=1)
    starts = blocks[: _leading(alike), 0]
    return _progression(starts)
