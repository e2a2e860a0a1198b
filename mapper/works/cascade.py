"""A cascade: layers that are computed together, some rows of each in turn.

What one stage gives the next one is never whole: an area of the scratchpad holds the rows that are
still needed. When they have been read, the mover shifts what the next round needs again to the
area's begin. So a chain of layers takes the room of some rows of each tensor, and only its first
input and its last output cross the bus, if they do not stay on the chip.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import prod
from typing import ClassVar

from tilewright.hw.spec.commands import Command, Opcode
from tilewright.hw.spec.npu_config import NpuConfig
from tilewright.mapper.array.array import Array
from tilewright.mapper.moves.copy import Move
from tilewright.mapper.works.geometry import Operand, Part, Place, Region, Shape, Tile, Tiling
from tilewright.mapper.works.move_command import move_command, move_cycles
from tilewright.mapper.works.stage import Rows, Stage
from tilewright.mapper.works.tilings import Group, some_shares
from tilewright.mapper.works.work import Emitted, Work

_NOTHING = Part(Region(0, 0, 0, 0), 0, 0)


@dataclass(frozen=True, eq=False)
class Cascade(Work):
    """Stages in order. A tile is a round: rows of the last result, and whatever they take."""

    takes_table: ClassVar[bool] = False

    stages: tuple[Stage, ...]
    output: Operand

    @cached_property
    def _sizes(self) -> dict[tuple[int, int], list[int]]:
        """What `_part_bytes` has found."""
        return {}

    @cached_property
    def _outside(self) -> list[tuple[int, int]]:
        """(stage, input) of what no stage computes."""
        return [(n, k) for n, stage in enumerate(self.stages) for k in stage.outside]

    @cached_property
    def _upto(self) -> list[list[int]]:
        """For each stage and each number of rows of the last result: rows that are there then."""
        found = [list(range(self.stages[-1].rows + 1))]
        for stage in reversed(self.stages[1:]):
            found.insert(0, [stage.ends[end] for end in found[0]])
        return found

    @cached_property
    def _from(self) -> list[list[int]]:
        """As `_upto`, for each stage but the last: the first row that is needed from then on."""
        return [
            [
                min(stage.begins[end], here) if end < stage.rows else here
                for end, here in zip(ends, upto, strict=True)
            ]
            for stage, ends, upto in zip(self.stages[1:], self._upto[1:], self._upto, strict=False)
        ]

    @property
    def inputs(self) -> tuple[Operand, ...]:
        """What no stage computes."""
        return tuple(self.stages[stage].work.inputs[number] for stage, number in self._outside)

    @property
    def constants(self) -> tuple[bytes, ...]:
        """Those of all stages."""
        return tuple(data for stage in self.stages for data in stage.work.constants)

    @property
    def geometry(self) -> Hashable:
        """Equal for works that take the same tilings at the same costs."""
        return tuple((stage.work.geometry, stage.rows, stage.chained) for stage in self.stages)

    @property
    def extent(self) -> Shape:
        """Rows of the last result."""
        return (self.stages[-1].rows, 1, 1)

    @property
    def layers(self) -> tuple[int, ...]:
        """Those of the stages."""
        return tuple(stage.layer for stage in self.stages)

    @property
    def holds(self) -> bool:
        """What the stages give each other."""
        return True

    def held_bytes(self, tiling: Tiling) -> tuple[int, ...]:
        """Behind constants the area of each stage's result but the last one's."""
        rounds = self._rounds(tiling)
        areas = (
            stage.row_bytes * max(upto[end] - first[begin] for begin, end in rounds)
            for stage, upto, first in zip(self.stages, self._upto, self._from, strict=False)
        )
        return (*super().held_bytes(tiling), *areas)

    def marks(self, tiling: Tiling) -> int:
        """How many profile records there are: one for each stage that a round has rows of."""
        return sum(
            upto[begin] < upto[end] for begin, end in self._rounds(tiling) for upto in self._upto
        )

    def tilings(self, config: NpuConfig, staged: tuple[bool, ...]) -> list[Group]:
        """Some rows of the last result each."""
        rows = some_shares(self.stages[-1].rows)
        return [Group(rows, [1], [1], (1, 2) if any(staged) else (1,))]

    def staging_bytes(self, tiling: Tiling, staged: tuple[bool, ...]) -> tuple[int, ...]:
        """Bytes of one copy of the staging area of each operand."""
        return tuple(
            max(self._part_bytes(position, tiling)) if is_staged else 0
            for position, is_staged in enumerate(staged)
        )

    def moved_bytes(self, tiling: Tiling, staged: tuple[bool, ...]) -> int:
        """Bytes of staged operands that cross the bus."""
        return sum(
            sum(self._part_bytes(position, tiling))
            for position, is_staged in enumerate(staged)
            if is_staged
        )

    def price(self, tiling: Tiling, array: Array, region: Region | None = None) -> tuple[int, int]:
        """(cycles, bytes of weights) of all commands."""
        assert region is None, "a cascade is cut into rounds, not into strips"
        cycles, weights = 0, 0
        for begin, end in self._rounds(tiling):
            for number, stage in enumerate(self.stages):
                rows = self._rows(number, begin, end)
                if rows[0] < rows[1]:
                    found = stage.price(rows, array)
                    cycles, weights = cycles + found[0], weights + found[1]
            cycles += sum(
                move_cycles(move, array.port_bytes)
                for number in range(len(self.stages) - 1)
                for move in self._shift(number, begin, end)
            )
        return cycles, weights

    def image(self, position: int) -> Shape:
        """An operand's as its stage sees it."""
        stage, number = self._operand(position)
        return stage.work.image(number)

    def part(self, position: int, tile: Tile) -> Part:
        """What a round's rows of the stage that has this operand take of it."""
        return self._part(position, (tile.region.top, tile.region.bottom))

    def arrived_bytes(self, position: int, tile: Tile) -> int | None:
        """Bytes from an input's begin that a round needs; None: all of them."""
        number, k = self._outside[position]
        rows = self._rows(number, tile.region.top, tile.region.bottom)
        stage = self.stages[number]
        return stage.work.arrived_bytes(k, stage.tile(rows)) if rows[0] < rows[1] else 0

    def emit(
        self, tile: Tile, sources: Sequence[Place], target: Place, array: Array
    ) -> list[Emitted]:
        """The commands of a round, with a MARK behind those of each stage but the last one, whose
        end who calls this marks when the output is stored."""
        begin, end = tile.region.top, tile.region.bottom
        outside = dict(zip(self._outside, sources, strict=False))
        constants = list(sources[len(outside) :])
        areas = [place.address for place in constants[len(self.constants) :]]
        emitted: list[Emitted] = []
        for number, stage in enumerate(self.stages):
            held = [constants.pop(0) for _ in stage.work.constants]
            rows = self._rows(number, begin, end)
            if rows[0] == rows[1]:
                continue
            inputs = [outside.get((number, k)) for k in range(len(stage.work.inputs))]
            if stage.chained is not None:
                first = stage.needed(rows)[0] - self._from[number - 1][begin]
                address = areas[number - 1] + first * stage.chained_row_bytes
                inputs[stage.chained] = stage.place(stage.chained, address)
            output = target
            if number < len(areas):
                first = rows[0] - self._from[number][begin]
                output = stage.place(len(inputs), areas[number] + first * stage.row_bytes)
            places = [place for place in (*inputs, *held) if place is not None]
            emitted += stage.work.emit(stage.tile(rows), places, output, array)
            if number:
                shift = self._shift(number - 1, begin, end)
                emitted += [move_command(m, areas[number - 1], areas[number - 1]) for m in shift]
            if number < len(areas):
                emitted.append(Emitted(Command(Opcode.MARK, {"layer": stage.layer}), (), ()))
        return emitted

    def _rounds(self, tiling: Tiling) -> list[Rows]:
        rows = self.stages[-1].rows
        return [(at, min(at + tiling.rows, rows)) for at in range(0, rows, tiling.rows)]

    def _rows(self, stage: int, begin: int, end: int) -> Rows:
        """The rows of a stage's result that a round adds."""
        return self._upto[stage][begin], self._upto[stage][end]

    def _shift(self, stage: int, begin: int, end: int) -> list[Move]:
        """Moves of what the next round needs again to the begin of a stage's area.

        A MOVE must not write what it reads, so that it moves as far as it goes.
        """
        size, first = self.stages[stage].row_bytes, self._from[stage]
        far = (first[end] - first[begin]) * size
        kept = (self._upto[stage][end] - first[end]) * size
        if not far or end == self.stages[-1].rows:
            return []
        return [
            Move(input=far + at, output=at, run=min(far, kept - at)) for at in range(0, kept, far)
        ]

    def _operand(self, position: int) -> tuple[Stage, int]:
        """The stage that has an operand, and which of its operands that is."""
        if position == len(self._outside):
            return self.stages[-1], len(self.stages[-1].work.inputs)
        number, k = self._outside[position]
        return self.stages[number], k

    def _part(self, position: int, rows: Rows) -> Part:
        last = position == len(self._outside)
        number = len(self.stages) - 1 if last else self._outside[position][0]
        added = self._rows(number, *rows)
        if added[0] == added[1]:
            return _NOTHING
        stage, k = self._operand(position)
        return stage.work.part(k, stage.tile(added))

    def _part_bytes(self, position: int, tiling: Tiling) -> list[int]:
        """Bytes of an operand's part in each round."""
        key = (position, tiling.rows)
        if key not in self._sizes:
            parts = (self._part(position, rows) for rows in self._rounds(tiling))
            self._sizes[key] = [prod(part.shape) for part in parts]
        return self._sizes[key]
