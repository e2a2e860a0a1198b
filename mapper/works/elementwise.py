"""Works of the element-wise unit: sums, products, maxima of two operands, or one of them alone."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from math import prod

from tilewright.hw.spec.commands import MAX_LEFT_SHIFT, Command, Opcode, Operation
from tilewright.hw.spec.npu_config import NpuConfig
from tilewright.mapper.array.array import Array
from tilewright.mapper.array.cycles import elementwise_cycles
from tilewright.mapper.memory import Span
from tilewright.mapper.works.geometry import Operand, Part, Place, Region, Shape, Tile, Tiling
from tilewright.mapper.works.tilings import Group, elementwise_tilings, parts
from tilewright.mapper.works.work import Emitted, Work

Along = tuple[bool, bool, bool]
"""Whether an operand has rows, columns and channels of its own; else one serves all of them."""

_ADDRESSES = ("a", "b", "output")


@dataclass(frozen=True, eq=False, kw_only=True)
class Side:
    """An operand: a tensor, or dense constant bytes; and how it is scaled."""

    source: Operand | bytes
    along: Along = (True, True, True)
    zero_point: int
    multiplier: int
    shift: int


@dataclass(frozen=True, eq=False, kw_only=True)
class ElementwiseWork(Work):
    """An ELEMENTWISE of ``a`` and ``b``, or of ``b`` alone, to an image of ``shape``.

    ``b`` has channels of its own. ``multiplier`` and ``shift`` rescale the result, ``zero_point``
    is added, then it is clamped to ``lo``..``hi``. Results go through ``table`` if there is one.
    """

    operation: Operation
    a: Side | None
    b: Side
    output: Operand
    shape: Shape
    multiplier: int
    shift: int
    zero_point: int
    lo: int = -128
    hi: int = 127
    table: bytes | None = None

    @property
    def _sides(self) -> tuple[Side, ...]:
        return (self.b,) if self.a is None else (self.a, self.b)

    @property
    def _computed(self) -> tuple[Side, ...]:
        """The sides that are tensors, as `inputs`."""
        return tuple(side for side in self._sides if isinstance(side.source, Operand))

    @property
    def inputs(self) -> tuple[Operand, ...]:
        """The operands that are tensors."""
        sources = (side.source for side in self._sides)
        return tuple(source for source in sources if isinstance(source, Operand))

    @property
    def constants(self) -> tuple[bytes, ...]:
        """The operands that are not."""
        sources = (side.source for side in self._sides)
        return tuple(source for source in sources if isinstance(source, bytes))

    @property
    def geometry(self) -> Hashable:
        """As `WindowWork.geometry`."""
        sides = tuple((side.along, isinstance(side.source, Operand)) for side in self._sides)
        return (self.shape, sides, tuple(map(len, self.stored)))

    @property
    def extent(self) -> Shape:
        """(rows, columns, channels) that are computed."""
        return self.shape

    def objection(self, config: NpuConfig) -> str | None:
        """Why an accelerator of this configuration cannot do it; None when it can."""
        if not config.elementwise_unit:
            return "there is no element-wise unit (elementwise_unit = false)"
        if self.shift > MAX_LEFT_SHIFT:
            return f"requantisation shifts left by {self.shift} bits, more than {MAX_LEFT_SHIFT}"
        held = sum(map(len, self.constants))
        if held > config.scratchpad_bytes // 2:
            return (
                f"its constant operand has {held} bytes, more than half of scratchpad_bytes = "
                f"{config.scratchpad_bytes}"
            )
        return super().objection(config)

    def tilings(self, config: NpuConfig, staged: tuple[bool, ...]) -> list[Group]:
        """First tiles of whole rows, then parts of rows, then stretches of a pixel."""
        return elementwise_tilings(self.shape, config)

    def staging_bytes(self, tiling: Tiling, staged: tuple[bool, ...]) -> tuple[int, ...]:
        """Bytes of one copy of the staging areas; the result may be written over a staged input."""
        sizes = [
            prod(self._part_extents(position, tiling)) * is_staged
            for position, is_staged in enumerate(staged)
        ]
        if self.written_over(staged) is not None:
            sizes[-1] = 0
        return tuple(sizes)

    def moved_bytes(self, tiling: Tiling, staged: tuple[bool, ...]) -> int:
        """Bytes of staged operands that cross the bus: a tile loads what it reads."""
        moved = 0
        for position, is_staged in enumerate(staged):
            if is_staged:
                each = (
                    size if along else count
                    for size, count, along in zip(
                        self.shape, self._tile_counts(tiling), self._along(position), strict=True
                    )
                )
                moved += prod(each)
        return moved

    def _tile_counts(self, tiling: Tiling) -> tuple[int, ...]:
        return tuple(-(-size // part) for size, part in zip(self.shape, tiling[:3], strict=True))

    def price(self, tiling: Tiling, array: Array, region: Region | None = None) -> tuple[int, int]:
        """Cycles of all commands, or of those of a region; there are no weights."""
        rows, cols, channels = self.shape
        if region is not None:
            rows, cols = region.rows, region.cols
        cycles = 0
        for depth, n_depth in parts(channels, tiling.channels):
            for height, n_rows in parts(rows, tiling.rows):
                for width, n_cols in parts(cols, tiling.cols):
                    count = n_depth * n_rows * n_cols
                    cycles += count * self.tile_cycles((height, width, depth), array)
        return cycles, 0

    def tile_cycles(self, extents: Shape, array: Array) -> int:
        """Cycles of the command of a tile."""
        rows, cols, channels = extents
        reads = self._pixel_reads(-(-channels // array.requantiser_lanes))
        return elementwise_cycles(rows * cols * reads)

    def _pixel_reads(self, groups: int) -> int:
        """Reads of a pixel of so many groups of lanes."""
        if self.a is None:
            return groups
        return 2 * groups if self.a.along[2] else groups + 1

    def _along(self, position: int) -> Along:
        computed = self._computed
        return computed[position].along if position < len(computed) else (True, True, True)

    def _part_extents(self, position: int, tiling: Tiling) -> Shape:
        rows, cols, channels = (
            min(part, size) if along else 1
            for part, size, along in zip(tiling[:3], self.shape, self._along(position), strict=True)
        )
        return rows, cols, channels

    def image(self, position: int) -> Shape:
        """An operand's extents; 1 where one serves all."""
        return _extents(self.shape, self._along(position))

    def part(self, position: int, tile: Tile) -> Part:
        """What of an operand a tile reads, or its own elements."""
        return _part(tile, self._along(position))

    def written_over(self, staged: tuple[bool, ...]) -> int | None:
        """The first staged input that is as large as the result."""
        fits = (
            position
            for position, side in enumerate(self._computed)
            if staged[position] and _extents(self.shape, side.along) == self.shape
        )
        return next(fits, None)

    def emit(
        self, tile: Tile, sources: Sequence[Place], target: Place, array: Array
    ) -> list[Emitted]:
        """ELEMENTWISE of a tile."""
        region, channels = tile.region, tile.channels
        tensors, constants = (list(some) for some in (sources[: len(self.inputs)],
                                                      sources[len(self.inputs) :]))  # fmt: skip
        values = {
            "operation": int(self.operation),
            "a_repeat": int(self.a is not None and not self.a.along[2] and self.shape[2] > 1),
            "table": 0,
            "run_bytes": channels,
            "output_cols": region.cols,
            "output_rows": region.rows,
            "output_zero_point": self.zero_point,
            "clamp_low": self.lo,
            "clamp_high": self.hi,
            "output_multiplier": self.multiplier,
            "output_shift": self.shift,
        }
        reads: list[Span] = []
        for name, side in zip(_ADDRESSES[2 - len(self._sides) : 2], self._sides, strict=True):
            if isinstance(side.source, Operand):
                place = tensors.pop(0)
            else:
                place = _within(constants.pop(0), tile, _extents(self.shape, side.along), side)
            part = _part(tile, side.along)
            reads.append(place.span(*part.shape))
            values |= _place_values(name, place, part.shape)
            values |= {
                f"{name}_zero_point": side.zero_point,
                f"{name}_multiplier": side.multiplier,
                f"{name}_shift": side.shift,
            }
        if self.a is None:
            values |= dict.fromkeys(_A_FIELDS, 0)
        extents = (region.rows, region.cols, channels)
        values |= _place_values("output", target, extents)
        write = target.span(*extents)
        return [Emitted(Command(Opcode.ELEMENTWISE, values), tuple(reads), (write,))]


_A_FIELDS = (
    *("a_address", "a_pixel_pitch", "a_row_pitch"),
    *("a_zero_point", "a_multiplier", "a_shift"),
)


def _extents(shape: Shape, along: Along) -> Shape:
    rows, cols, channels = (size if has else 1 for size, has in zip(shape, along, strict=True))
    return rows, cols, channels


def _part(tile: Tile, along: Along) -> Part:
    """What a tile reads of an operand."""
    top, left, bottom, right = tile.region
    rows, cols, channels = along
    region = Region(
        top if rows else 0, left if cols else 0, bottom if rows else 1, right if cols else 1
    )
    if not channels:
        return Part(region, 0, 1)
    return Part(region, tile.first_channel, tile.channels)


def _within(start: Place, tile: Tile, extents: Shape, side: Side) -> Place:
    """Where a tile's part of a constant lies, which is there as a whole."""
    part = _part(tile, side.along)
    pixel, row = extents[2], extents[1] * extents[2]
    offset = part.region.top * row + part.region.left * pixel + part.first_channel
    return Place(start.address + offset, pixel, row)


def _place_values(name: str, place: Place, extents: Shape) -> dict[str, int]:
    """Address and pitches; those along which there is one for all, or only one, are 0."""
    rows, cols, _ = extents
    return {
        f"{name}_address": place.address,
        f"{name}_pixel_pitch": place.pixel_pitch if cols > 1 else 0,
        f"{name}_row_pitch": place.row_pitch if rows > 1 else 0,
    }
