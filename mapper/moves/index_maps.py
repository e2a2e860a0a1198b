"""Copies whose output index along each axis looks up an input index: slices, pads, tiles, gathers.

A map has an input index for each output index of an axis, or PADDING where a constant goes. It is
divided into nests that loops can follow.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

from tilewright.mapper.moves.copy import Axis, Move, moves
from tilewright.mapper.moves.fills import joined_fills
from tilewright.mapper.moves.nests import PADDING, nests

Map = Sequence[int]


def mapped(
    shape: Sequence[int],
    maps: Sequence[Map],
    element_bytes: int,
    *,
    value: int = 0,
    output_start: int = 0,
    output_pitches: Sequence[int] | None = None,
) -> list[Move]:
    """Return the moves of output[i, j, ..] = input[maps[0][i], maps[1][j], ..].

    ``shape`` is the input's, with as many axes as there are maps. ``value`` fills what a map leaves
    to PADDING. The output is dense, but where it has ``output_pitches`` of its own (in elements).
    """
    sizes = [len(indices) for indices in maps]
    pitches = list(output_pitches or dense_pitches(sizes))
    found = [nests(indices) for indices in maps]
    inputs = dense_pitches(shape)
    result: list[Move] = []

    def visit(axis: int, axes: list[Axis], source: int, target: int) -> None:
        if axis == len(maps):
            result.extend(moves(axes, element_bytes, input_start=source, output_start=target))
            return
        pitch = pitches[axis]
        for nest in found[axis]:
            start = target + nest.start * pitch
            loops = [
                Axis(turn.extent, turn.input_step * inputs[axis], turn.output_step * pitch)
                for turn in nest.turns
            ]
            if nest.first == PADDING:
                rest = [Axis(n, 0, p) for n, p in zip(sizes, pitches, strict=True)][axis + 1 :]
                everything = [*axes, *loops, *rest]
                result.extend(moves(everything, element_bytes, output_start=start, value=value))
            else:
                visit(axis + 1, [*axes, *loops], source + nest.first * inputs[axis], start)

    visit(0, [], 0, output_start)
    return joined_fills(result)


def dense_pitches(shape: Sequence[int]) -> list[int]:
    """Return the elements from index to index of each axis of a dense tensor."""
    return [prod(shape[axis + 1 :]) for axis in range(len(shape))]
