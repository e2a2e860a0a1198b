"""A copy to main memory that no unit computes: what is in the scratchpad is stored from there."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import ClassVar

from tilewright.hw.spec.npu_config import NpuConfig
from tilewright.mapper.array.array import Array
from tilewright.mapper.works.geometry import Operand, Part, Place, Region, Shape, Tile, Tiling
from tilewright.mapper.works.tilings import Group, elementwise_tilings
from tilewright.mapper.works.work import Emitted, Work


@dataclass(frozen=True, eq=False, kw_only=True)
class CopyWork(Work):
    """``bytes`` of a dense tensor that are copied into another one, whose place is main memory.

    An input that is in main memory too is loaded and stored piece by piece.
    """

    takes_table: ClassVar[bool] = False

    source: Operand
    output: Operand
    bytes: int

    @property
    def inputs(self) -> tuple[Operand, ...]:
        """What is copied."""
        return (self.source,)

    @property
    def geometry(self) -> Hashable:
        """Equal for works that take the same tilings at the same costs."""
        return ("copy", self.bytes)

    @property
    def extent(self) -> Shape:
        """All bytes are one pixel."""
        return (1, 1, self.bytes)

    def tilings(self, config: NpuConfig, staged: tuple[bool, ...]) -> list[Group]:
        """Stretches of bytes."""
        return elementwise_tilings(self.extent, config)

    def staging_bytes(self, tiling: Tiling, staged: tuple[bool, ...]) -> tuple[int, ...]:
        """Bytes of one copy of the staging area of the input; the output needs none."""
        return (min(tiling.channels, self.bytes) if staged[0] else 0, 0)

    def moved_bytes(self, tiling: Tiling, staged: tuple[bool, ...]) -> int:
        """Bytes of staged operands that cross the bus."""
        return self.bytes * sum(staged)

    def price(self, tiling: Tiling, array: Array, region: Region | None = None) -> tuple[int, int]:
        """Nothing: there are neither commands nor weights."""
        return 0, 0

    def image(self, position: int) -> Shape:
        """All bytes are one pixel."""
        return self.extent

    def part(self, position: int, tile: Tile) -> Part:
        """The same bytes of each operand."""
        return Part(*tile)

    def written_over(self, staged: tuple[bool, ...]) -> int | None:
        """The output is stored from where its input lies."""
        return 0

    def emit(
        self, tile: Tile, sources: Sequence[Place], target: Place, array: Array
    ) -> list[Emitted]:
        """No command."""
        return []
