"""How a work is cut into tiles of output rows, columns and channels, one command each.

An operand that has a home in main memory is staged: its part for one tile lies in the scratchpad
only while that tile is at work. Two copies of each staging area let transfers run beside compute.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from math import prod
from typing import NamedTuple

from mapper.arrangement import lay, window_of
from mapper.array import Array
from mapper.cycles import add_cycles
from mapper.work import AddWork, Region, Shape, WindowWork, Work


class Tiling(NamedTuple):
    """Extent of a tile, and the copies of its staging areas."""

    rows: int
    cols: int
    channels: int
    copies: int = 1


class Tile(NamedTuple):
    """Output pixels and output channels of one command."""

    region: Region
    first_channel: int
    channels: int

    def turned(self) -> Tile:
        """Rows and columns exchanged."""
        return Tile(self.region.turned(), self.first_channel, self.channels)


def output_extent(work: Work) -> Shape:
    """(rows, columns, channels) that a work computes; an ADD is one row of one channel."""
    if isinstance(work, AddWork):
        return (1, work.elements, 1)
    return (work.region.rows, work.region.cols, work.output_shape[2])


def tiles(work: Work, tiling: Tiling) -> Iterator[Tile]:
    """The tiles of a work: rows outermost, channels innermost."""
    rows, cols, channels = output_extent(work)
    top, left = (work.region.top, work.region.left) if isinstance(work, WindowWork) else (0, 0)
    for row in range(0, rows, tiling.rows):
        for col in range(0, cols, tiling.cols):
            region = Region(
                top + row,
                left + col,
                top + min(row + tiling.rows, rows),
                left + min(col + tiling.cols, cols),
            )
            for first in range(0, channels, tiling.channels):
                yield Tile(region, first, min(tiling.channels, channels - first))


def input_region(work: WindowWork, region: Region) -> Region:
    """The part of the input image that the windows of some output pixels cover."""
    top, bottom = _covered(work, 0, region.top, region.bottom)
    left, right = _covered(work, 1, region.left, region.right)
    return Region(top, left, bottom, right)


def _covered(work: WindowWork, axis: int, first: int, end: int) -> tuple[int, int]:
    """Input rows (axis 0) or columns (axis 1) under the windows of some output rows or columns."""
    stride, pad, size = work.stride[axis], work.pad[axis], work.input_shape[axis]
    start = min(max(first * stride - pad, 0), size)
    return start, max(min((end - 1) * stride - pad + work.extent[axis], size), start)


def staging_bytes(work: Work, tiling: Tiling, staged: tuple[bool, ...]) -> tuple[int, ...]:
    """Bytes of one copy of the staging area of each operand, inputs first; 0 where none.

    ``staged`` tells for each operand whether it lives in main memory. ADD writes its sum over a
    staged input.
    """
    if isinstance(work, AddWork):
        sizes = [tiling.cols * s for s in staged]
        if staged[0] or staged[1]:
            sizes[2] = 0
        return tuple(sizes)
    extent = output_extent(work)
    rows, cols = min(tiling.rows, extent[0]), min(tiling.cols, extent[1])
    inside = (
        min((rows - 1) * work.stride[0] + work.extent[0], work.input_shape[0]),
        min((cols - 1) * work.stride[1] + work.extent[1], work.input_shape[1]),
        work.input_channels(0, min(tiling.channels, extent[2]))[1],
    )
    return (
        prod(inside) if staged[0] else 0,
        rows * cols * min(tiling.channels, extent[2]) if staged[1] else 0,
    )


def _parts(extent: int, size: int) -> list[tuple[int, int]]:
    """(size, how many) of the parts that an extent is cut into."""
    whole, rest = divmod(extent, size)
    parts = [(size, whole)] if whole else []
    if rest:
        parts.append((rest, 1))
    return parts


def commands_cost(
    work: Work, tiling: Tiling, array: Array, region: Region | None = None
) -> tuple[int, int]:
    """(cycles, bytes of weights) of all commands of a work, or of a region of its output alone."""
    if isinstance(work, AddWork):
        parts = _parts(work.elements, tiling.cols)
        return sum(n * add_cycles(size, array) for size, n in parts), 0
    cycles, weights = 0, 0
    top, left, bottom, right = region or work.region
    _, pitch, row_pitch = work.input.place(work.input_shape)
    widths = _parts(right - left, tiling.cols)
    depths = _parts(work.output_shape[2], tiling.channels)
    for height, n_rows in _parts(bottom - top, tiling.rows):
        for width, n_cols in widths:
            part = Region(top, left, top + height, left + width)
            for depth, n_channels in depths:
                laid = lay(window_of(work, part, depth, pitch, row_pitch), array)
                count = n_rows * n_cols * n_channels
                cycles += count * laid.cycles
                weights += count * laid.weight_bytes
    return cycles, weights


def _all_covered(work: WindowWork, axis: int, size: int) -> int:
    """Input rows (axis 0) or columns (axis 1) that all tiles of this size read together."""
    region = work.region
    outputs = (region.top, region.bottom) if axis == 0 else (region.left, region.right)
    return _overlapping(
        outputs, size, work.stride[axis], work.pad[axis], work.extent[axis], work.input_shape[axis]
    )


@lru_cache(maxsize=1 << 12)
def _overlapping(
    outputs: tuple[int, int], size: int, stride: int, pad: int, kernel: int, extent: int
) -> int:
    first, end = outputs
    total = 0
    for start in range(first, end, size):
        low = start * stride - pad
        high = (min(start + size, end) - 1) * stride - pad + kernel
        total += min(max(high, 0), extent) - min(max(low, 0), extent)
    return total


def operand_bytes(work: Work, tiling: Tiling, staged: tuple[bool, ...]) -> int:
    """Bytes of staged operands that cross the bus for a work."""
    if isinstance(work, AddWork):
        return work.elements * sum(staged)
    moved = 0
    rows, cols, channels = output_extent(work)
    if staged[0]:
        pixels = _all_covered(work, 0, tiling.rows) * _all_covered(work, 1, tiling.cols)
        moved += pixels * work.input_channels(0, channels)[1]
    return moved + (rows * cols * channels if staged[1] else 0)
