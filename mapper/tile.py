"""How a work is cut into tiles of output rows, columns and channels, one command each.

An operand that has a home in main memory is staged: its part for one tile lies in the scratchpad
only while that tile is at work. Two copies of each staging area let transfers run beside compute.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import product
from math import prod
from typing import NamedTuple

from hw.spec.config import NpuConfig
from hw.spec.tile_shape import ring_bytes
from mapper.arrangement import formula_config, lay, window_of
from mapper.cycles import add_cycles
from mapper.work import AddWork, Region, Shape, WindowWork, Work

_MAX_EXTENT = 65535
_MAX_PIXELS = (1 << 24) - 1


class Tiling(NamedTuple):
    """Extent of a tile, and the copies of its staging areas."""

    rows: int
    cols: int
    channels: int
    copies: int = 1


@dataclass(frozen=True)
class Tile:
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
    rows, cols, _ = work.input_shape

    def covered(first: int, end: int, axis: int, size: int) -> tuple[int, int]:
        start = first * work.stride[axis] - work.pad[axis]
        stop = (end - 1) * work.stride[axis] - work.pad[axis] + work.kernel[axis]
        return min(max(start, 0), size), max(min(stop, size), min(max(start, 0), size))

    top, bottom = covered(region.top, region.bottom, 0, rows)
    left, right = covered(region.left, region.right, 1, cols)
    return Region(top, left, bottom, right)


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
        min((rows - 1) * work.stride[0] + work.kernel[0], work.input_shape[0]),
        min((cols - 1) * work.stride[1] + work.kernel[1], work.input_shape[1]),
        min(tiling.channels, extent[2]) if work.depthwise else work.input_shape[2],
    )
    return (
        prod(inside) if staged[0] else 0,
        rows * cols * min(tiling.channels, extent[2]) if staged[1] else 0,
    )


def _parts(extent: int, size: int) -> Iterator[tuple[int, int]]:
    """(size, how many) of the parts that an extent is cut into."""
    if extent >= size:
        yield size, extent // size
    if extent % size:
        yield extent % size, 1


def commands_cost(
    work: Work, tiling: Tiling, config: NpuConfig, region: Region | None = None
) -> tuple[int, int]:
    """(cycles, bytes of weights) of all commands of a work, or of a region of its output alone."""
    if isinstance(work, AddWork):
        parts = _parts(work.elements, tiling.cols)
        return sum(n * add_cycles(size, config) for size, n in parts), 0
    cycles, weights = 0, 0
    top, left, bottom, right = region = region or work.region
    pitch = work.input.pixel_pitch or work.input_shape[2]
    row_pitch = work.input.row_pitch or work.input_shape[1] * pitch
    config = formula_config(config)
    for (height, n_rows), (width, n_cols), (depth, n_channels) in product(
        _parts(bottom - top, tiling.rows),
        _parts(right - left, tiling.cols),
        _parts(work.output_shape[2], tiling.channels),
    ):
        count = n_rows * n_cols * n_channels
        part = Region(top, left, top + height, left + width)
        laid = lay(window_of(work, part, depth, pitch, row_pitch), config)
        cycles += count * laid.cycles
        weights += count * laid.weight_bytes
    return cycles, weights


def _covered(work: WindowWork, axis: int, size: int) -> int:
    """Input rows (axis 0) or columns (axis 1) that all tiles of this size read together."""
    region = work.region
    outputs = (region.top, region.bottom) if axis == 0 else (region.left, region.right)
    return _overlapping(
        outputs, size, work.stride[axis], work.pad[axis], work.kernel[axis], work.input_shape[axis]
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
        pixels = _covered(work, 0, tiling.rows) * _covered(work, 1, tiling.cols)
        moved += pixels * (channels if work.depthwise else work.input_shape[2])
    return moved + (rows * cols * channels if staged[1] else 0)


def _shares(extent: int, limit: int) -> list[int]:
    """Tile sizes that cut an extent into 1, 2, 3, ... nearly equal parts, largest first."""
    sizes: list[int] = []
    size = extent
    while size:
        if size <= limit:
            sizes.append(size)
        # The next number of parts whose largest is smaller.
        size = -(-extent // -(-extent // (size - 1))) if size > 1 else 0
    return sizes


def _channel_shares(work: Work, config: NpuConfig) -> list[int]:
    channels = output_extent(work)[2]
    if channels <= config.rows:
        return [channels]
    blocks = -(-channels // config.rows)
    sizes = [min(share * config.rows, channels) for share in _shares(blocks, blocks)]
    return [size for size in sizes if size <= _MAX_EXTENT]


def _restreams(work: Work, config: NpuConfig) -> bool:
    """Whether the ring cannot hold a block, so that it is sent again for each group of pixels."""
    if isinstance(work, AddWork) or work.depthwise:
        return False
    ring = ring_bytes(work.weights.shape[1], config, paired=False)
    return ring > config.weight_buffer_bytes


def _legal(tiling: Tiling, config: NpuConfig, *, restreams: bool) -> bool:
    pixels = tiling.rows * tiling.cols
    # mapper.weights lays out what is sent again for one block a command.
    several = restreams and pixels > config.cols and tiling.channels > config.rows
    return pixels <= _MAX_PIXELS and not several


def tilings(work: Work, config: NpuConfig, staged: tuple[bool, ...]) -> Iterator[list[Tiling]]:
    """Groups of tilings, from preferred to last resort.

    First tiles of whole rows and all channels, then parts of the channels, then parts of rows.
    """
    rows, cols, _ = output_extent(work)
    channel_shares = _channel_shares(work, config)
    if isinstance(work, AddWork):
        port = config.port_bytes
        shares = {min(cols, -(-size // port) * port) for size in _shares(cols, cols)}
        yield [Tiling(1, size, 1, c) for size in sorted(shares, reverse=True) for c in (1, 2)]
        return
    copies, restreams = (1, 2) if any(staged) else (1,), _restreams(work, config)
    row_shares, col_shares = _shares(rows, _MAX_EXTENT), _shares(cols, _MAX_EXTENT)
    groups = [
        (row_shares, col_shares[:1], channel_shares[:1]),
        (row_shares, col_shares[:1], channel_shares),
        (row_shares[-1:], col_shares, channel_shares[:1]),
        (row_shares[-1:], col_shares, channel_shares),
    ]
    for some_rows, some_cols, some_channels in groups:
        group = [
            Tiling(r, c, k, n)
            for r in some_rows
            for c in some_cols
            for k in some_channels
            for n in copies
        ]
        legal = [tiling for tiling in group if _legal(tiling, config, restreams=restreams)]
        if legal:
            yield legal
