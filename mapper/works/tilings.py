"""Which tilings a work may take, in groups from preferred to last resort."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from tilewright.hw.spec.npu_config import NpuConfig
from tilewright.hw.spec.tile_shape import ring_bytes
from tilewright.mapper.works.geometry import Shape

_MAX_EXTENT = 65535
_MAX_PIXELS = (1 << 24) - 1
_MAX_RUN = (1 << 20) - 64
"""Bytes of a stretch."""

_NEXT_SHARE = 0.8
"""A share of this part of the one before is clearly smaller."""

Extents = tuple[int, int, int]
"""Rows, columns and channels of a tile."""


@dataclass(frozen=True)
class Group:
    """Extents of tiles of equal preference: each of ``rows`` with each of ``cols``, ``channels``.

    These are in falling order. A tile of more than ``most_channels`` has ``most_pixels`` at most.
    ``copies`` are those of staging areas, in order of preference.
    """

    rows: Sequence[int]
    cols: Sequence[int]
    channels: Sequence[int]
    copies: Sequence[int]
    most_channels: int = _MAX_EXTENT
    most_pixels: int = _MAX_PIXELS

    @property
    def least(self) -> Extents:
        """The smallest."""
        return (self.rows[-1], self.cols[-1], self.channels[-1])

    def __iter__(self) -> Iterator[Extents]:
        """The extents in order of rows, then columns and channels."""
        for rows in self.rows:
            for cols in self.cols:
                for channels in self.channels:
                    if self._legal(rows, cols, channels):
                        yield rows, cols, channels

    def first(self, size: Callable[[Extents], int], limit: int) -> Extents | None:
        """The first of at most a size; None where all are larger.

        ``size`` must not fall when one of the extents grows.
        """

        def good(rows: int, cols: int, channels: int) -> bool:
            return self._legal(rows, cols, channels) and size((rows, cols, channels)) <= limit

        _, least_cols, least_channels = self.least
        row = _first(self.rows, lambda rows: good(rows, least_cols, least_channels))
        if row is None:
            return None
        col = _first(self.cols, lambda cols: good(row, cols, least_channels))
        assert col is not None
        channels = _first(self.channels, lambda channels: good(row, col, channels))
        assert channels is not None
        return row, col, channels

    def _legal(self, rows: int, cols: int, channels: int) -> bool:
        pixels = rows * cols
        return pixels <= _MAX_PIXELS and (
            pixels <= self.most_pixels or channels <= self.most_channels
        )


def _first(falling: Sequence[int], good: Callable[[int], bool]) -> int | None:
    """The first for which a condition holds that also holds for all behind it."""
    if good(falling[0]):
        return falling[0]
    index = bisect_left(falling, True, lo=1, key=good)
    return falling[index] if index < len(falling) else None


def window_tilings(
    extent: Shape, streamed_words: int | None, config: NpuConfig, copies: Sequence[int]
) -> list[Group]:
    """First tiles of whole rows and all channels, then parts of the channels, then parts of rows.

    ``streamed_words`` are the weights of a channel, where blocks may be sent again and again. The
    last group has the smallest tile.
    """
    rows, cols, channels = extent
    row_shares, col_shares = shares(rows, _MAX_EXTENT), shares(cols, _MAX_EXTENT)
    channel_shares = _channel_shares(channels, config)
    limits = () if streamed_words is None else _restream_limits(streamed_words, config)
    return [
        Group(row_shares, col_shares[:1], channel_shares[:1], copies, *limits),
        Group(row_shares, col_shares[:1], channel_shares, copies, *limits),
        Group(row_shares[-1:], col_shares, channel_shares[:1], copies, *limits),
        Group(row_shares[-1:], col_shares, channel_shares, copies, *limits),
    ]


def elementwise_tilings(extent: Shape, config: NpuConfig) -> list[Group]:
    """First tiles of whole rows, then parts of a row, then stretches of a pixel in whole words of
    the scratchpad."""
    rows, cols, channels = extent
    port = config.port_bytes
    row_shares, col_shares = shares(rows, _MAX_EXTENT), shares(cols, _MAX_EXTENT)
    sizes = {min(channels, -(-size // port) * port) for size in shares(channels, _MAX_RUN)}
    stretches = sorted(sizes, reverse=True)
    groups = [Group([1], [1], stretches, (1, 2))]
    if rows * cols > 1:
        groups[:0] = [
            Group(row_shares, col_shares[:1], stretches[:1], (1, 2)),
            Group([1], col_shares, stretches[:1], (1, 2)),
        ]
    return groups


def shares(extent: int, limit: int) -> list[int]:
    """Tile sizes that cut an extent into 1, 2, 3, ... nearly equal parts, largest first."""
    sizes: list[int] = []
    size = extent
    while size:
        if size <= limit:
            sizes.append(size)
        # The next number of parts whose largest is smaller.
        size = -(-extent // -(-extent // (size - 1))) if size > 1 else 0
    return sizes


def some_shares(extent: int) -> list[int]:
    """Of the `shares` those that are clearly smaller than the one before, and the smallest."""
    found: list[int] = []
    for size in shares(extent, _MAX_EXTENT):
        if not found or size <= found[-1] * _NEXT_SHARE or size == 1:
            found.append(size)
    return found


def _channel_shares(channels: int, config: NpuConfig) -> list[int]:
    if channels <= config.rows:
        return [channels]
    blocks = -(-channels // config.rows)
    sizes = [min(share * config.rows, channels) for share in shares(blocks, blocks)]
    return [size for size in sizes if size <= _MAX_EXTENT]


def _restream_limits(block_words: int, config: NpuConfig) -> tuple[int, ...]:
    """``most_channels`` and ``most_pixels`` where the ring cannot hold a block of a convolution.

    It is sent again for each group of pixels, and mapper.works.weights lays that out for one block.
    """
    ring = ring_bytes(block_words, config, paired=False)
    return (config.rows, config.cols) if ring > config.weight_buffer_bytes else ()


def parts(extent: int, size: int) -> list[tuple[int, int]]:
    """(size, how many) of the parts that an extent is cut into."""
    whole, rest = divmod(extent, size)
    parts = [(size, whole)] if whole else []
    if rest:
        parts.append((rest, 1))
    return parts
