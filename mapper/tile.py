"""How a work is cut into tiles of output rows, columns and channels, one command each.

An operand that has a home in main memory is staged: its part for one tile lies in the scratchpad
only while that tile is at work. Two copies of each staging area let transfers run beside compute.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import product
from math import prod

import numpy as np

from hw.spec.config import NpuConfig
from hw.spec.tile_shape import ring_bytes
from mapper.arrangement import arrange, window_of
from mapper.cycles import add_cycles, command_cycles, weight_bytes
from mapper.work import AddWork, Region, Shape, WindowWork, Work

_MAX_EXTENT = 65535
_MAX_PIXELS = (1 << 24) - 1


@dataclass(frozen=True)
class Tiling:
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


def commands_cost(work: Work, tiling: Tiling, config: NpuConfig) -> tuple[int, int]:
    """(cycles, bytes of weights) of all commands of a work."""
    rows, cols, channels = output_extent(work)
    if isinstance(work, AddWork):
        return sum(n * add_cycles(size, config) for size, n in _parts(cols, tiling.cols)), 0
    cycles, weights = 0, 0
    for (height, n_rows), (width, n_cols), (depth, n_channels) in product(
        _parts(rows, tiling.rows), _parts(cols, tiling.cols), _parts(channels, tiling.channels)
    ):
        top, left, count = work.region.top, work.region.left, n_rows * n_cols * n_channels
        region = Region(top, left, top + height, left + width)
        pitch = work.input.pixel_pitch or work.input_shape[2]
        row_pitch = work.input.row_pitch or work.input_shape[1] * pitch
        window = window_of(work, region, depth, pitch, row_pitch)
        arrangement = arrange(window, config)
        cycles += count * command_cycles(window, arrangement, config)
        weights += count * weight_bytes(window, arrangement, config)
    return cycles, weights


def _covered(work: WindowWork, axis: int, size: int) -> int:
    """Input rows (axis 0) or columns (axis 1) that all tiles of this size read together."""
    region, extent = work.region, work.input_shape[axis]
    first, end = (region.top, region.bottom) if axis == 0 else (region.left, region.right)
    starts = np.arange(first, end, size)
    lows = starts * work.stride[axis] - work.pad[axis]
    steps = np.minimum(starts + size, end) - 1
    highs = steps * work.stride[axis] - work.pad[axis] + work.kernel[axis]
    return int((np.clip(highs, 0, extent) - np.clip(lows, 0, extent)).sum())


def _operand_bytes(work: Work, tiling: Tiling, staged: tuple[bool, ...]) -> int:
    """Bytes of staged operands that cross the bus for a work."""
    if isinstance(work, AddWork):
        return work.elements * sum(staged)
    moved = 0
    rows, cols, channels = output_extent(work)
    if staged[0]:
        pixels = _covered(work, 0, tiling.rows) * _covered(work, 1, tiling.cols)
        moved += pixels * (channels if work.depthwise else work.input_shape[2])
    return moved + (rows * cols * channels if staged[1] else 0)


def traffic(work: Work, tiling: Tiling, staged: tuple[bool, ...], config: NpuConfig) -> int:
    """Bytes that cross the bus for a work: staged operands and weights."""
    return _operand_bytes(work, tiling, staged) + commands_cost(work, tiling, config)[1]


def cost(work: Work, tiling: Tiling, staged: tuple[bool, ...], config: NpuConfig) -> float:
    """Cycles of a work under a tiling, with what crosses the bus weighed in.

    The cycles of the commands hold the time that their weights take on the bus.
    """
    compute, weights = commands_cost(work, tiling, config)
    operands = _operand_bytes(work, tiling, staged) / config.bus_bytes
    transfer = operands + weights / config.bus_bytes
    if tiling.copies == 1:
        return compute + operands + transfer / 4
    rows, cols, channels = output_extent(work)
    count = -(-rows // tiling.rows) * -(-cols // tiling.cols) * -(-channels // tiling.channels)
    return max(compute, transfer) + operands / count + transfer / 4


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


Fits = Callable[[list[int]], list[int] | None]
"""Addresses for staging areas of these sizes, or None."""


def choose_tiling(
    work: Work, config: NpuConfig, staged: tuple[bool, ...], fits: Fits
) -> tuple[Tiling, list[int], float] | None:
    """The cheapest tiling that fits: (tiling, staging addresses, cost); None when none does.

    Addresses come copy by copy: all operands of the first, then of the second.
    """
    if not any(staged):
        first = next(tilings(work, config, staged))[0]
        return first, [0] * len(staged), cost(work, first, staged, config)
    for group in tilings(work, config, staged):
        possible = [
            (index, tiling)
            for index, tiling in enumerate(group)
            if tiling.copies * sum(staging_bytes(work, tiling, staged)) <= config.scratchpad_bytes
        ]
        ranked = sorted((cost(work, tiling, staged, config), index) for index, tiling in possible)
        for price, index in ranked:
            tiling = group[index]
            addresses = fits(list(staging_bytes(work, tiling, staged)) * tiling.copies)
            if addresses is not None:
                return tiling, addresses, price
    return None
