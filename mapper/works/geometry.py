"""Regions, tiles and places: what works, plans and schedules count in.

Shapes are (rows, columns, channels) of int8 images, regions are in pixels, places in bytes.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import NamedTuple

from tilewright.mapper.memory import Span

Shape = tuple[int, int, int]


@dataclass(frozen=True)
class Operand:
    """A tensor as a work sees it, ``offset`` bytes into the tensor; pitch 0: dense.

    A work that sees a part of the tensor's ``image`` begins at pixel ``first`` (row, column) and
    takes every ``step``-th row and column, of which some channels from ``offset`` on. ``turned``:
    the work's rows are the tensor's columns.
    """

    tensor: str
    offset: int = 0
    pixel_pitch: int = 0
    row_pitch: int = 0
    image: Shape | None = None
    first: tuple[int, int] = (0, 0)
    step: tuple[int, int] = (1, 1)
    turned: bool = False

    def place(self, shape: Shape, pixel_pitch: int = 0, row_pitch: int = 0) -> Place:
        """What a work sees as an image of a shape, counted from the tensor's first byte.

        ``pixel_pitch``, ``row_pitch``: of the tensor where it is not dense.
        """
        _, cols, channels = self.image or shape
        pixel = self.pixel_pitch or pixel_pitch or channels
        row = self.row_pitch or row_pitch or cols * pixel
        start = self.offset + self.first[0] * row + self.first[1] * pixel
        place = Place(start, self.step[1] * pixel, self.step[0] * row)
        return place.turned() if self.turned else place

    def part(self, first: tuple[int, int], step: tuple[int, int]) -> Operand:
        """Every ``step``-th pixel of this from ``first`` on: (rows, columns)."""
        (top, left), (rows, cols) = self.first, self.step
        return replace(
            self,
            first=(top + first[0] * rows, left + first[1] * cols),
            step=(rows * step[0], cols * step[1]),
        )


class Region(NamedTuple):
    """Output rows top..bottom and columns left..right, the ends excluded."""

    top: int
    left: int
    bottom: int
    right: int

    @property
    def rows(self) -> int:
        """Height in pixels."""
        return self.bottom - self.top

    @property
    def cols(self) -> int:
        """Width in pixels."""
        return self.right - self.left

    def turned(self) -> Region:
        """Rows and columns exchanged."""
        return Region(self.left, self.top, self.right, self.bottom)


def whole(shape: Shape) -> Region:
    """All pixels of an image."""
    return Region(0, 0, shape[0], shape[1])


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


class Part(NamedTuple):
    """A region of an operand's image, and some of its channels."""

    region: Region
    first_channel: int
    channels: int

    @property
    def shape(self) -> Shape:
        """The extents of the part."""
        return (self.region.rows, self.region.cols, self.channels)


class Place(NamedTuple):
    """Where a rectangle of an image lies: address of its first byte, pitches in bytes."""

    address: int
    pixel_pitch: int
    row_pitch: int

    def turned(self) -> Place:
        """Rows and columns exchanged."""
        return Place(self.address, self.row_pitch, self.pixel_pitch)

    def span(self, rows: int, cols: int, pixel_bytes: int) -> Span:
        """The bytes from the first to the last of so many pixels; empty without pixels."""
        if not rows or not cols:
            return (self.address, self.address)
        last = (rows - 1) * self.row_pitch + (cols - 1) * self.pixel_pitch + pixel_bytes
        return (self.address, self.address + last)
