"""A stage of a cascade: a layer that is computed some rows at a time."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, field
from functools import cached_property
from math import prod

from tilewright.mapper.array.array import Array
from tilewright.mapper.works.elementwise import ElementwiseWork
from tilewright.mapper.works.geometry import Place, Region, Tile, Tiling
from tilewright.mapper.works.window import WindowWork

Rows = tuple[int, int]
"""The first row, and the one behind the last."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Stage:
    """A layer of a cascade, whose result has so many ``rows``, one behind the other.

    layer: number for the profile record. chained: the input that the stage before computes; None
    for the first stage. prices: those that were asked for, on one array.
    """

    layer: int
    work: WindowWork | ElementwiseWork
    rows: int
    chained: int | None
    prices: dict[Hashable, tuple[int, int]] = field(default_factory=dict[Hashable, tuple[int, int]])

    @property
    def row_bytes(self) -> int:
        """Bytes of a row of the result."""
        return prod(self.work.image(len(self.work.inputs))) // self.rows

    @property
    def chained_row_bytes(self) -> int:
        """Bytes of a row of the chained input."""
        if isinstance(self.work, ElementwiseWork):
            return self.row_bytes
        return prod(self.work.input_shape[1:])

    @property
    def outside(self) -> list[int]:
        """The inputs that no stage computes."""
        return [number for number in range(len(self.work.inputs)) if number != self.chained]

    def needed(self, rows: Rows) -> Rows:
        """Rows of the chained input under rows of the result, of which there is one at least."""
        if isinstance(self.work, ElementwiseWork):
            return rows
        region = self.work.input_region(Region(rows[0], 0, rows[1], self.work.extent[1]))
        return region.top, region.bottom

    @cached_property
    def ends(self) -> list[int]:
        """For each number of rows of the result: how many of the chained input they take."""
        return [0, *(self.needed((0, end))[1] for end in range(1, self.rows + 1))]

    @cached_property
    def begins(self) -> list[int]:
        """For each row of the result the first one of the chained input that it takes."""
        return [self.needed((row, row + 1))[0] for row in range(self.rows)]

    def tile(self, rows: Rows) -> Tile:
        """Whole rows of the result as the work counts them, which may join axes."""
        first, end = rows
        height, width, channels = self.work.extent
        if height % self.rows == 0:
            each = height // self.rows
            return Tile(Region(first * each, 0, end * each, width), 0, channels)
        if width % self.rows == 0:
            each = width // self.rows
            return Tile(Region(0, first * each, 1, end * each), 0, channels)
        each = channels // self.rows
        return Tile(Region(0, 0, 1, 1), first * each, (end - first) * each)

    def price(self, rows: Rows, array: Array) -> tuple[int, int]:
        """Cycles, and bytes of weights."""
        # Where a window's first row is matters as far as it lies above the image.
        above = 0 if isinstance(self.work, ElementwiseWork) else min(rows[0], self.work.pad[0])
        key = (rows[1] - rows[0], above)
        found = self.prices.get(key)
        if found is None:
            found = self.prices[key] = self._price(self.tile(rows), array)
        return found

    def _price(self, tile: Tile, array: Array) -> tuple[int, int]:
        region, _, channels = tile
        extents = (region.rows, region.cols, channels)
        if isinstance(self.work, ElementwiseWork):
            return self.work.tile_cycles(extents, array), 0
        return self.work.price(Tiling(*extents), array, region)

    def place(self, position: int, address: int) -> Place:
        """Where a part of an operand lies that begins at an address, if its rows are dense."""
        _, cols, channels = self.work.image(position)
        return Place(address, channels, cols * channels)
