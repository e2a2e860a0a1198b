"""Works of the softmax unit: rows of int8 to their probabilities."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import ClassVar

from tilewright.hw.spec.commands import TABLE_WORD_BYTES, Command, Opcode
from tilewright.hw.spec.npu_config import NpuConfig
from tilewright.mapper.array.array import Array
from tilewright.mapper.array.cycles import softmax_cycles
from tilewright.mapper.memory import align
from tilewright.mapper.works.geometry import Operand, Part, Place, Region, Shape, Tile, Tiling
from tilewright.mapper.works.tilings import Group, parts, shares
from tilewright.mapper.works.work import Emitted, Work

_MOST_ROWS = 65535


@dataclass(frozen=True, eq=False, kw_only=True)
class SoftmaxWork(Work):
    """SOFTMAX of ``rows`` dense rows of ``size`` elements, at most `SOFTMAX_ROW`.

    ``words``: exponentials as int32, little-endian, of the differences from a row's maximum that
    count. A tile is some of the rows.
    """

    in_strips: ClassVar[bool] = True
    takes_table: ClassVar[bool] = False

    source: Operand
    output: Operand
    rows: int
    size: int
    words: bytes

    @property
    def inputs(self) -> tuple[Operand, ...]:
        """The operand that is read."""
        return (self.source,)

    @property
    def exponentials(self) -> bytes:
        """What it looks up."""
        return self.words

    @property
    def geometry(self) -> Hashable:
        """Equal for works that take the same tilings at the same costs."""
        return "softmax", self.rows, self.size, len(self.words)

    @property
    def extent(self) -> Shape:
        """A row is one pixel."""
        return (self.rows, 1, self.size)

    def objection(self, config: NpuConfig) -> str | None:
        """Why an accelerator of this configuration cannot do it; None when it can."""
        if not config.softmax_unit:
            return _no_unit(config)
        port = config.port_bytes
        smallest = align(self.size, port) + align(len(self.words), port)
        if smallest > config.scratchpad_bytes:
            return (
                f"a row and the exponentials have {smallest} bytes, more than scratchpad_bytes = "
                f"{config.scratchpad_bytes}"
            )
        return None

    def tilings(self, config: NpuConfig, staged: tuple[bool, ...]) -> list[Group]:
        """Some rows each."""
        copies = (1, 2) if any(staged) else (1,)
        return [Group(shares(self.rows, _MOST_ROWS), [1], [self.size], copies)]

    def staging_bytes(self, tiling: Tiling, staged: tuple[bool, ...]) -> tuple[int, ...]:
        """Bytes of one copy of the staging areas; a staged input's takes the result."""
        size = min(tiling.rows, self.rows) * self.size
        return (size, 0) if staged[0] else (0, size * staged[1])

    def moved_bytes(self, tiling: Tiling, staged: tuple[bool, ...]) -> int:
        """Bytes of staged operands that cross the bus."""
        return self.rows * self.size * sum(staged)

    def price(self, tiling: Tiling, array: Array, region: Region | None = None) -> tuple[int, int]:
        """Cycles of all commands, or of those of a region; there are no weights."""
        rows = self.rows if region is None else region.rows
        lanes = array.requantiser_lanes
        return sum(
            count * softmax_cycles(height, self.size, lanes)
            for height, count in parts(rows, tiling.rows)
        ), 0

    def image(self, position: int) -> Shape:
        """The same of both operands."""
        return self.extent

    def part(self, position: int, tile: Tile) -> Part:
        """The same rows of both operands."""
        return Part(tile.region, 0, self.size)

    def arrived_bytes(self, position: int, tile: Tile) -> int | None:
        """Bytes from the input's begin up to the tile's last row."""
        return tile.region.bottom * self.size

    def written_over(self, staged: tuple[bool, ...]) -> int | None:
        """The input, where it is staged."""
        return 0 if staged[0] else None

    def emit(
        self, tile: Tile, sources: Sequence[Place], target: Place, array: Array
    ) -> list[Emitted]:
        """SOFTMAX of a tile."""
        source, rows = sources[0], tile.region.rows
        values = {
            "input_address": source.address,
            "last_exponential": len(self.words) // TABLE_WORD_BYTES - 1,
            "output_address": target.address,
            "row_bytes": self.size,
            "rows": rows,
            "input_row_pitch": source.row_pitch,
            "output_row_pitch": target.row_pitch,
        }
        read, write = (place.span(rows, 1, self.size) for place in (source, target))
        return [Emitted(Command(Opcode.SOFTMAX, values), (read,), (write,))]


def _no_unit(config: NpuConfig) -> str:
    if config.microcode:
        return "control = microcode has no unit for exponentials"
    if not config.table_unit:
        return "there is no softmax unit, which needs the table unit (table_unit = false)"
    return "there is no softmax unit (softmax_unit = false)"
