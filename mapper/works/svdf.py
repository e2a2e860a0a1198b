"""Works of SVDF with a state of int8: the array and the mover.

The state has a row of slots for each filter, oldest first. A CONV computes the newest slot of all
filters; what is summed over slots is a DEPTHWISE, whose channels are the units, so that a copy of
the state with slots outside is made by the mover. In it a filter's place is (slot, rank, unit):

====  ==================================================================
MOVE  the old slots but the first to the next state
MOVE  the same to the copy
CONV  the newest slots to the copy
MOVE  the newest slots to the next state
then  DEPTHWISE over slots and ranks of the copy
====  ==================================================================
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from math import prod
from typing import ClassVar

from tilewright.hw.spec.npu_config import NpuConfig
from tilewright.mapper.array.arrangement import lay
from tilewright.mapper.array.array import Array
from tilewright.mapper.memory import align
from tilewright.mapper.moves.copy import Loop, Move
from tilewright.mapper.works.geometry import (
    Operand,
    Part,
    Place,
    Region,
    Shape,
    Tile,
    Tiling,
    whole,
)
from tilewright.mapper.works.move import move_command, move_cycles
from tilewright.mapper.works.tilings import Group
from tilewright.mapper.works.window import WindowWork
from tilewright.mapper.works.work import Emitted, Work

MOST_TAPS = 255
"""Slots, or ranks, of a DEPTHWISE."""


@dataclass(frozen=True, eq=False, kw_only=True)
class SvdfWork(Work):
    """An SVDF of ``source`` and a state to ``output`` and the next state.

    ``products``: the newest slots, channels in the order (rank, unit), of an image of a row of
    batches; they go through ``table``, which adds the state's zero point behind the clamp.
    ``times``: the sums over slots, of an image with a row for each slot, a column for each rank,
    batch below batch.
    """

    takes_table: ClassVar[bool] = False

    source: Operand
    state: Operand
    output: Operand
    next_state: Operand
    products: WindowWork
    times: WindowWork
    table: bytes | None = None

    @property
    def inputs(self) -> tuple[Operand, ...]:
        """The rows and the state."""
        return (self.source, self.state)

    @property
    def states(self) -> tuple[Operand, ...]:
        """The next state."""
        return (self.next_state,)

    @property
    def holds(self) -> bool:
        """For the copy of the state."""
        return True

    @property
    def geometry(self) -> Hashable:
        """Equal for works that take the same tilings at the same costs."""
        return self.products.costs_key, self.times.costs_key, self.table is None

    @property
    def extent(self) -> Shape:
        """A row for each batch."""
        return self.times.output_shape

    @property
    def _filters(self) -> int:
        return self.products.output_shape[2]

    @property
    def _state_bytes(self) -> int:
        """Of one batch."""
        return self.times.kernel[0] * self._filters

    def objection(self, config: NpuConfig) -> str | None:
        """Why an accelerator of this configuration cannot do it; None when it can."""
        if config.microcode:
            return "control = microcode has no unit for moves"
        if not config.move_unit:
            return "move_unit = false leaves no unit for moves"
        slots, ranks = self.times.kernel
        if max(slots, ranks) > MOST_TAPS:
            return f"{slots} slots and a rank of {ranks} exceed {MOST_TAPS}"
        all_of_it = Tiling(*self.extent)
        areas = self.staging_bytes(all_of_it, (True,) * 4) + self.held_bytes(all_of_it)
        least = sum(align(size, config.port_bytes) for size in areas)
        if least > config.scratchpad_bytes:
            return (
                f"{least} bytes of its tensors cannot be divided, more than scratchpad_bytes = "
                f"{config.scratchpad_bytes}"
            )
        of_works = self.products.objection(config) or self.times.objection(config)
        return of_works or super().objection(config)

    def tilings(self, config: NpuConfig, staged: tuple[bool, ...]) -> list[Group]:
        """All at once."""
        rows, cols, channels = self.extent
        return [Group([rows], [cols], [channels], (1,))]

    def staging_bytes(self, tiling: Tiling, staged: tuple[bool, ...]) -> tuple[int, ...]:
        """Bytes of the staging area of each operand."""
        return tuple(
            prod(self.image(position)) * is_staged for position, is_staged in enumerate(staged)
        )

    def held_bytes(self, tiling: Tiling) -> tuple[int, ...]:
        """What is stored, and the copy of the state."""
        return (*super().held_bytes(tiling), self.extent[0] * self._state_bytes)

    def moved_bytes(self, tiling: Tiling, staged: tuple[bool, ...]) -> int:
        """Bytes of staged operands that cross the bus."""
        return sum(self.staging_bytes(tiling, staged))

    def price(self, tiling: Tiling, array: Array, region: Region | None = None) -> tuple[int, int]:
        """(cycles, bytes of weights) of all commands."""
        cycles, weights = 0, 0
        for work in (self.products, self.times):
            _, cols, channels = work.input_shape
            window = work.window(work.region, work.output_shape[2], channels, cols * channels)
            laid = lay(window, array)
            cycles, weights = cycles + laid.cycles, weights + laid.weight_bytes
        moves = (*self._old_slots(), self._newest_slots())
        return cycles + sum(move_cycles(move, array.port_bytes) for move in moves), weights

    def image(self, position: int) -> Shape:
        """A row of batches, but of the output a column."""
        if position in (0, 2):
            return self.products.input_shape if position == 0 else self.extent
        return (1, self.extent[0], self._state_bytes)

    def part(self, position: int, tile: Tile) -> Part:
        """All of it."""
        image = self.image(position)
        return Part(whole(image), 0, image[2])

    def emit(
        self, tile: Tile, sources: Sequence[Place], target: Place, array: Array
    ) -> list[Emitted]:
        """See the module's text."""
        source, state, next_state, copy = sources
        pixel, row = self._state_bytes, self.extent[0] * self._state_bytes
        newest = Place(copy.address + pixel - self._filters, pixel, row)
        slots = Place(copy.address, self.extent[2], self._filters)
        commands = [
            move_command(move, state.address, to.address)._replace(looked_up=False)
            for move, to in zip(self._old_slots(), (next_state, copy), strict=False)
        ]
        commands += _all_of(self.products, source, newest, array)
        move = move_command(self._newest_slots(), copy.address, next_state.address)
        commands.append(move._replace(looked_up=False))
        times = _all_of(self.times, slots, target, array)
        return commands + [emitted._replace(looked_up=False) for emitted in times]

    def _old_slots(self) -> tuple[Move, ...]:
        """Of the state but the first, to the next state and to the copy; none of one slot."""
        (slots, _), batches, filters = self.times.kernel, self.extent[0], self._filters
        if slots == 1:
            return ()
        rows = Loop(batches * filters, slots, slots)
        each = Loop(slots - 1, 1, filters)
        return (
            Move(input=1, output=0, run=slots - 1, loops=(rows,)),
            Move(input=1, output=0, run=1, loops=(each, *self._by_filter())),
        )

    def _newest_slots(self) -> Move:
        """From the copy to the next state."""
        slots = self.times.kernel[0]
        loops = [Loop(n, outer, inner) for n, inner, outer in self._by_filter()]
        return Move(input=(slots - 1) * self._filters, output=slots - 1, run=1, loops=tuple(loops))

    def _by_filter(self) -> tuple[Loop, ...]:
        """Loops over units, ranks and batches, from a state to its copy."""
        (slots, ranks), (batches, _, units) = self.times.kernel, self.extent
        size = self._state_bytes
        by_rank = Loop(units, ranks * slots, 1), Loop(ranks, slots, units)
        return (*by_rank, Loop(batches, size, size))


def _all_of(work: WindowWork, source: Place, target: Place, array: Array) -> list[Emitted]:
    """A window work as one tile."""
    return work.emit(Tile(work.region, 0, work.output_shape[2]), [source], target, array)
