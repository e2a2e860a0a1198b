"""LOAD and STORE of rectangles of images: the fewest commands that copy one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from tilewright.mapper.memory import Span
from tilewright.mapper.works.geometry import Place

_MAX_ROWS = 65535


class Rectangle(NamedTuple):
    """``rows`` x ``cols`` pixels of ``channels`` bytes at ``home``, dense at ``scratchpad``."""

    home: Place
    scratchpad: int
    rows: int
    cols: int
    channels: int

    @staticmethod
    def flat(memory: int, scratchpad: int, size: int) -> Rectangle:
        """So many contiguous bytes."""
        return Rectangle(Place(memory, size, size), scratchpad, 1, 1, size)


def copies(rectangle: Rectangle) -> Iterator[tuple[dict[str, int], Span]]:
    """Field values of the commands, and the scratchpad bytes of each. Nothing for no bytes."""
    r = rectangle
    if not (r.rows and r.cols and r.channels):
        return
    pixel, row = r.home.pixel_pitch, r.home.row_pitch
    dense_pixels = pixel == r.channels or r.cols == 1
    if dense_pixels and (row == r.cols * r.channels or r.rows == 1):
        yield from _copy(r, 0, r.rows * r.cols * r.channels, 1, 0)
    elif dense_pixels:
        yield from _copy(r, 0, r.cols * r.channels, r.rows, row)
    elif row == r.cols * pixel or r.rows == 1:
        yield from _copy(r, 0, r.channels, r.rows * r.cols, pixel)
    else:
        for index in range(r.rows):
            yield from _copy(r, index, r.channels, r.cols, pixel)


def _copy(
    r: Rectangle, first_row: int, row_bytes: int, rows: int, pitch: int
) -> Iterator[tuple[dict[str, int], Span]]:
    memory = r.home.address + first_row * r.home.row_pitch
    scratchpad = r.scratchpad + first_row * r.cols * r.channels
    for first in range(0, rows, _MAX_ROWS):
        count = min(rows - first, _MAX_ROWS)
        start = scratchpad + first * row_bytes
        yield (
            {
                "memory_address": memory + first * pitch,
                "scratchpad_address": start,
                "row_bytes": row_bytes,
                "rows": count,
                "memory_pitch": pitch if count > 1 else 0,
                "scratchpad_pitch": row_bytes if count > 1 else 0,
            },
            (start, start + count * row_bytes),
        )
