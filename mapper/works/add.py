"""Works of the adder: sums of two dense tensors."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

from hw.spec.commands import Command, Opcode, Operation
from hw.spec.npu_config import NpuConfig
from hw.spec.numerics import AddParameters
from mapper.array.array import Array
from mapper.array.cycles import add_cycles
from mapper.works.geometry import Operand, Part, Place, Region, Shape, Tile, Tiling
from mapper.works.tilings import Group, linear_tilings, parts
from mapper.works.work import Emitted, Work


@dataclass(frozen=True, eq=False, kw_only=True)
class AddWork(Work):
    """An ADD of two dense tensors."""

    a: Operand
    b: Operand
    output: Operand
    elements: int
    a_zero_point: int
    b_zero_point: int
    zero_point: int
    lo: int
    hi: int
    parameters: AddParameters

    @property
    def geometry(self) -> Hashable:
        """As `WindowWork.geometry`."""
        return self.elements

    @property
    def inputs(self) -> tuple[Operand, ...]:
        """Both operands."""
        return (self.a, self.b)

    @property
    def extent(self) -> Shape:
        """One row of one channel."""
        return (1, self.elements, 1)

    def tilings(self, config: NpuConfig, staged: tuple[bool, ...]) -> list[Group]:
        """Stretches of the tensors."""
        return linear_tilings(self.elements, config)

    def staging_bytes(self, tiling: Tiling, staged: tuple[bool, ...]) -> tuple[int, ...]:
        """Bytes of one copy of the staging areas; the sum is written over a staged input."""
        a, b, output = (tiling.cols * is_staged for is_staged in staged)
        return (a, b, 0 if staged[0] or staged[1] else output)

    def moved_bytes(self, tiling: Tiling, staged: tuple[bool, ...]) -> int:
        """Bytes of staged operands that cross the bus."""
        return self.elements * sum(staged)

    def price(self, tiling: Tiling, array: Array, region: Region | None = None) -> tuple[int, int]:
        """Cycles of all commands, or of those of a region; there are no weights."""
        elements = self.elements if region is None else region.cols
        return sum(n * add_cycles(size, array) for size, n in parts(elements, tiling.cols)), 0

    def image(self, position: int) -> Shape:
        """The tensors are one row of one channel."""
        return self.extent

    def part(self, position: int, tile: Tile) -> Part:
        """The same elements of each tensor."""
        return Part(*tile)

    def written_over(self, staged: tuple[bool, ...]) -> int | None:
        """The first staged input."""
        return staged.index(True) if staged[0] or staged[1] else None

    def emit(self, tile: Tile, sources: Sequence[Place], target: Place, array: Array) -> Emitted:
        """ADD of a stretch."""
        (a, b), output, elements = (
            (place.address for place in sources),
            target.address,
            tile.region.cols,
        )
        p = self.parameters
        dense = (f"{n}_{p}_pitch" for n in ("a", "b", "output") for p in ("pixel", "row"))
        values = {
            "a_address": a,
            "b_address": b,
            "output_address": output,
            "run_bytes": elements,
            **dict.fromkeys(dense, 0),
            "operation": int(Operation.ADD),
            "a_repeat": 0,
            "output_cols": 1,
            "output_rows": 1,
            "table": 0,
            "a_zero_point": self.a_zero_point,
            "b_zero_point": self.b_zero_point,
            "output_zero_point": self.zero_point,
            "clamp_low": self.lo,
            "clamp_high": self.hi,
            "a_multiplier": p.a_multiplier,
            "b_multiplier": p.b_multiplier,
            "output_multiplier": p.output_multiplier,
            "a_shift": p.a_shift,
            "b_shift": p.b_shift,
            "output_shift": p.output_shift,
        }
        return Emitted(
            Command(Opcode.ELEMENTWISE, values),
            ((a, a + elements), (b, b + elements)),
            ((output, output + elements),),
        )
