"""What a work of the accelerator is: operands, tiles, price and command of one unit's job.

A layer on the accelerator consists of works; each becomes a command a tile, or a few. A work may
see a dense tensor in a shape of its own, since the bytes are the same. Planning and scheduling know
works by these methods only.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Hashable, Iterator, Sequence
from dataclasses import replace
from typing import Any, ClassVar, NamedTuple, Self, cast

from tilewright.hw.spec.commands import Command
from tilewright.hw.spec.npu_config import NpuConfig
from tilewright.mapper.array.array import Array
from tilewright.mapper.memory import Span
from tilewright.mapper.works.geometry import Operand, Part, Place, Region, Shape, Tile, Tiling
from tilewright.mapper.works.tilings import Group
from tilewright.mapper.works.weights import WeightsOrder


class Emitted(NamedTuple):
    """A compute command, the scratchpad bytes it reads and writes, and the weights it takes.

    ``looked_up``: its results go through the work's table, if that has one.
    """

    command: Command
    reads: tuple[Span, ...]
    writes: tuple[Span, ...]
    weights: WeightsOrder | None = None
    looked_up: bool = True


class Work(ABC):
    """One job of a unit of the accelerator.

    table: the results go through these 256 bytes, in the order of the unsigned byte that they are
        looked up by.
    in_strips: it may begin on the first rows of an input while the others are on their way.
    takes_table: the unit can send results through a table.
    shares_input: tiles of the same pixels read the same input, whatever their channels.
    """

    in_strips: ClassVar[bool] = False
    takes_table: ClassVar[bool] = True
    output: Operand
    table: bytes | None = None

    def through(self, table: bytes | None) -> Self:
        """The work with its results sent through a table; every work is a dataclass."""
        return replace(cast("Any", self), table=table)

    @property
    def constants(self) -> tuple[bytes, ...]:
        """Constant operands: dense, and in the scratchpad from before the first tile on."""
        return ()

    @property
    def exponentials(self) -> bytes | None:
        """Words of the tables' memory that the work looks up, in place of tables."""
        return None

    @property
    def stored(self) -> tuple[bytes, ...]:
        """All that is loaded before the first tile, each into a staging area of its own."""
        tables = (self.table, self.exponentials)
        return (*self.constants, *(table for table in tables if table is not None))

    @property
    def states(self) -> tuple[Operand, ...]:
        """Operands that are written beside the output, once for all tiles."""
        return ()

    @property
    def layers(self) -> tuple[int, ...]:
        """The layers that it computes, of which each tile ends a part; empty: its own alone."""
        return ()

    @property
    def holds(self) -> bool:
        """Whether it needs room in the scratchpad besides its operands."""
        return bool(self.stored)

    def held_bytes(self, tiling: Tiling) -> tuple[int, ...]:
        """Bytes of each area that lasts from the first tile to the last: first what is stored."""
        return tuple(map(len, self.stored))

    @property
    @abstractmethod
    def inputs(self) -> tuple[Operand, ...]:
        """The operands that are read."""

    @property
    @abstractmethod
    def geometry(self) -> Hashable:
        """Equal for works that take the same tilings at the same costs."""

    @property
    @abstractmethod
    def extent(self) -> Shape:
        """(rows, columns, channels) that are computed."""

    @property
    def origin(self) -> tuple[int, int]:
        """(row, column) of the first output pixel that is computed."""
        return (0, 0)

    @property
    def shares_input(self) -> bool:
        """Whether tiles of the same pixels read the same input, whatever their channels."""
        return False

    def objection(self, config: NpuConfig) -> str | None:
        """Why an accelerator of this configuration cannot do it; None when it can."""
        if self.table is not None and not config.table_unit:
            return "there is no table unit (table_unit = false)"
        return None

    def tiles(self, tiling: Tiling, region: Region | None = None) -> Iterator[Tile]:
        """The tiles of the work, or of a region of its output: rows first, channels last."""
        rows, cols, channels = self.extent
        top, left = self.origin
        bottom, right = top + rows, left + cols
        if region is not None:
            top, left, bottom, right = region
        for row in range(top, bottom, tiling.rows):
            for col in range(left, right, tiling.cols):
                part = Region(
                    row, col, min(row + tiling.rows, bottom), min(col + tiling.cols, right)
                )
                for first in range(0, channels, tiling.channels):
                    yield Tile(part, first, min(tiling.channels, channels - first))

    @abstractmethod
    def tilings(self, config: NpuConfig, staged: tuple[bool, ...]) -> list[Group]:
        """Tilings in groups from preferred to last resort; the last has the smallest tile."""

    @abstractmethod
    def staging_bytes(self, tiling: Tiling, staged: tuple[bool, ...]) -> tuple[int, ...]:
        """Bytes of one copy of the staging area of each operand: inputs, output, states; 0 where
        none.

        ``staged`` tells for each operand whether it lives in main memory.
        """

    @abstractmethod
    def moved_bytes(self, tiling: Tiling, staged: tuple[bool, ...]) -> int:
        """Bytes of staged operands that cross the bus."""

    @abstractmethod
    def price(self, tiling: Tiling, array: Array, region: Region | None = None) -> tuple[int, int]:
        """(cycles, bytes of weights) of all commands, or of those of a region of the output."""

    @abstractmethod
    def image(self, position: int) -> Shape:
        """The whole image of an operand, as in `staging_bytes`: its dense pitches."""

    @abstractmethod
    def part(self, position: int, tile: Tile) -> Part:
        """The part of an operand, as in `staging_bytes`, that a tile touches."""

    def arrived_bytes(self, position: int, tile: Tile) -> int | None:
        """Bytes from an input's begin that a tile needs; None: all of them."""
        return None

    def written_over(self, staged: tuple[bool, ...]) -> int | None:
        """The input in whose place the output lies until it is stored; None: it has its own."""
        return None

    @abstractmethod
    def emit(
        self, tile: Tile, sources: Sequence[Place], target: Place, array: Array
    ) -> list[Emitted]:
        """The commands of a tile in order, whose parts lie at these places in the scratchpad.

        ``sources`` are the inputs, the constants, the states, and what is held besides. Who calls
        it adds the table.
        """
