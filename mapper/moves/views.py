"""Any rearrangement of a tensor, given as the input's position for each output element."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from tilewright.mapper.moves.copy import Axis, Move, moves
from tilewright.mapper.moves.nests import Nest, nests

Offsets = tuple[tuple[int, ...], ...]
"""For each axis of a view what an index adds to the input's position."""


def offsets_of(view: NDArray[np.int32]) -> Offsets:
    """Return offsets whose sums are the view's positions, along its axes where they have such.

    Else the view counts as one axis.
    """
    if view.size == 0 or view.ndim == 0:
        return (tuple(view.reshape(-1).tolist()),)
    corner = (0,) * view.ndim
    along = [view[(*corner[:k], slice(None), *corner[k + 1 :])] for k in range(view.ndim)]
    total = np.full(view.shape, view[corner], np.int64)
    for axis, positions in enumerate(along):
        total += (positions - view[corner]).reshape(-1, *[1] * (view.ndim - axis - 1))
    if not np.array_equal(total, view):
        return (tuple(view.reshape(-1).tolist()),)
    # The first axis carries where the view begins.
    later = [tuple((positions - view[corner]).tolist()) for positions in along[1:]]
    return (tuple(along[0].tolist()), *later)


def view_moves(offsets: Offsets, element_bytes: int, most: int | None = None) -> list[Move] | None:
    """Return the moves that gather a view; None where there are more than ``most``."""
    found = [nests(_shifted(positions), most) for positions in offsets]
    count = int(np.prod([len(parts) for parts in found], dtype=np.int64))
    if most is not None and count > most:
        return None
    pitches = _pitches([len(positions) for positions in offsets])
    lowest = sum(min(positions) for positions in offsets)
    result: list[Move] = []

    def visit(axis: int, axes: list[Axis], source: int, target: int) -> None:
        if axis == len(found):
            result.extend(moves(axes, element_bytes, input_start=source, output_start=target))
            return
        for nest in found[axis]:
            loops = [*axes, *_loops(nest, pitches[axis])]
            visit(axis + 1, loops, source + nest.first, target + nest.start * pitches[axis])

    visit(0, [], lowest, 0)
    return result


def _shifted(positions: tuple[int, ...]) -> tuple[int, ...]:
    """Offsets from the lowest one: none is negative, which would mean padding."""
    lowest = min(positions)
    return tuple(position - lowest for position in positions)


def _loops(nest: Nest, pitch: int) -> list[Axis]:
    return [Axis(turn.extent, turn.input_step, turn.output_step * pitch) for turn in nest.turns]


def _pitches(sizes: Sequence[int]) -> list[int]:
    return [int(np.prod(sizes[axis + 1 :], dtype=np.int64)) for axis in range(len(sizes))]
