"""Copies whose output index along each axis looks up an input index: slices, pads, tiles, gathers.

A map has an input index for each output index of an axis, or PADDING where a constant goes. It is
divided into segments that loops can follow.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod

from mapper.moves.copy import Axis, Move, moves

PADDING = -1
"""What a map says of an output index that no input belongs to."""

Map = Sequence[int]


@dataclass(frozen=True)
class _Segment:
    """Output indices from ``start`` on that loops (turns, input step, output step) follow.

    first: the input index of the first one, or PADDING for all of them.
    """

    start: int
    first: int
    loops: tuple[tuple[int, int, int], ...]


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
    segments = [_segments(indices) for indices in maps]
    inputs = dense_pitches(shape)
    result: list[Move] = []

    def visit(axis: int, axes: list[Axis], source: int, target: int) -> None:
        if axis == len(maps):
            result.extend(moves(axes, element_bytes, input_start=source, output_start=target))
            return
        pitch = pitches[axis]
        for segment in segments[axis]:
            start = target + segment.start * pitch
            loops = [
                Axis(turns, step * inputs[axis], out * pitch) for turns, step, out in segment.loops
            ]
            if segment.first == PADDING:
                rest = [Axis(n, 0, p) for n, p in zip(sizes, pitches, strict=True)][axis + 1 :]
                everything = [*axes, *loops, *rest]
                result.extend(moves(everything, element_bytes, output_start=start, value=value))
            else:
                visit(axis + 1, [*axes, *loops], source + segment.first * inputs[axis], start)

    visit(0, [], 0, output_start)
    return result


def dense_pitches(shape: Sequence[int]) -> list[int]:
    """Return the elements from index to index of each axis of a dense tensor."""
    return [prod(shape[axis + 1 :]) for axis in range(len(shape))]


def _segments(indices: Map) -> list[_Segment]:
    """Divide a map, each time as far as one loop, or a loop of equal loops, goes."""
    result: list[_Segment] = []
    start = 0
    while start < len(indices):
        length, step = _progression(indices, start)
        blocks, block_step = _repeats(indices, start, length)
        if length == 1 or blocks == 1:
            loops = ((length, step, 1),)
            blocks = 1
        else:
            loops = ((blocks, block_step, length), (length, step, 1))
        result.append(_Segment(start, indices[start], loops))
        start += blocks * length
    return result


def _progression(indices: Map, start: int) -> tuple[int, int]:
    """How many indices from ``start`` on are evenly spaced, and how far apart they are."""
    first = indices[start]
    if first == PADDING:
        end = start
        while end < len(indices) and indices[end] == PADDING:
            end += 1
        return end - start, 0
    if start + 1 == len(indices) or indices[start + 1] == PADDING:
        return 1, 0
    step, end = indices[start + 1] - first, start + 1
    while end < len(indices) and indices[end] == indices[end - 1] + step != PADDING:
        end += 1
    return end - start, step


def _repeats(indices: Map, start: int, length: int) -> tuple[int, int]:
    """How often the indices from ``start`` on come again, each time as much higher."""
    block = list(indices[start : start + length])
    following = list(indices[start + length : start + 2 * length])
    if block[0] == PADDING or len(following) < length or PADDING in following:
        return 1, 0
    step = following[0] - block[0]
    count = 1
    while indices[start + count * length : start + (count + 1) * length] == [
        index + count * step for index in block
    ]:
        count += 1
    return count, step
