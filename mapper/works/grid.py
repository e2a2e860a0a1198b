"""Works of the mover for one copy in any order: it is divided along two of its loops.

Where input and output have no outermost loop in common - rows and columns exchanged, part of a
tensor - a tile is some turns of two loops. On either side these are rows and pixels of an image,
whatever is within them its channels, so that a tile comes and goes as a rectangle.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from itertools import combinations
from math import prod
from typing import ClassVar, NamedTuple

from tilewright.hw.spec.npu_config import NpuConfig
from tilewright.mapper.array.array import Array
from tilewright.mapper.moves.copy import Axis, Loop, Move, moves
from tilewright.mapper.works.geometry import Operand, Part, Place, Region, Shape, Tile, Tiling
from tilewright.mapper.works.move_command import move_command, move_cycles, mover_objection
from tilewright.mapper.works.tilings import Group, parts, some_shares
from tilewright.mapper.works.work import Emitted, Work

_NO_LOOP = Loop(1, 0, 0)

_ROW_BYTES = 8
"""What the bus takes longer for a row of a rectangle, in bytes: where it begins and ends."""


class Side(NamedTuple):
    """Input or output as an image: the pitches of both loops, bytes of what is within them.

    ``turned``: the first loop's turns are pixels, the second one's rows.
    """

    pitches: tuple[int, int]
    channels: int

    @property
    def turned(self) -> bool:
        """Whether the second loop is the outer one."""
        return self.pitches[0] < self.pitches[1]

    def part(self, region: Region) -> Region:
        """A region of the loops' turns as one of the image."""
        return region.turned() if self.turned else region

    def by_loop(self, place: Place) -> tuple[int, int]:
        """The pitches of the loops where the image lies."""
        row, pixel = place.row_pitch, place.pixel_pitch
        return (pixel, row) if self.turned else (row, pixel)

    def moved_bytes(self, extents: tuple[int, int], tiling: Tiling) -> int:
        """Bytes of all tiles, with what their rows cost."""
        (rows, cols), (_, width) = (
            sizes[::-1] if self.turned else sizes for sizes in (extents, tiling[:2])
        )
        pixel, row = sorted(self.pitches)
        dense = pixel == self.channels or cols == 1
        if dense and width >= cols and row == cols * self.channels:
            runs = 0
        else:
            runs = rows * -(-cols // width) if dense else rows * cols
        return rows * cols * self.channels + runs * _ROW_BYTES

    def operand(self, tensor: Operand, offset: int) -> Operand:
        """The image in the tensor."""
        row, pixel = sorted(self.pitches, reverse=True)
        return Operand(tensor.tensor, tensor.offset + offset, pixel, row)


@dataclass(frozen=True, eq=False, kw_only=True)
class GridWork(Work):
    """A copy of ``extents`` turns of two loops around ``run`` bytes and ``inner`` loops."""

    takes_table: ClassVar[bool] = False

    source: Operand
    output: Operand
    extents: tuple[int, int]
    sides: tuple[Side, Side]
    run: int
    inner: tuple[Loop, ...]

    @property
    def geometry(self) -> Hashable:
        """Equal for works that take the same tilings at the same costs."""
        return self.extents, self.sides, self.run, self.inner

    @property
    def inputs(self) -> tuple[Operand, ...]:
        """What is copied."""
        return (self.source,)

    @property
    def extent(self) -> Shape:
        """Turns of the loops are rows and columns."""
        return (*self.extents, 1)

    def objection(self, config: NpuConfig) -> str | None:
        """Why the mover cannot do it; None when it can."""
        return mover_objection(config, 1, [side.channels for side in self.sides])

    def tilings(self, config: NpuConfig, staged: tuple[bool, ...]) -> list[Group]:
        """Some turns of each loop."""
        rows, cols = (some_shares(extent) for extent in self.extents)
        return [Group(rows, cols, [1], (1, 2) if any(staged) else (1,))]

    def staging_bytes(self, tiling: Tiling, staged: tuple[bool, ...]) -> tuple[int, ...]:
        """Bytes of one copy of the staging area of each operand."""
        turns = prod(map(min, tiling[:2], self.extents))
        return tuple(
            turns * side.channels * is_staged
            for side, is_staged in zip(self.sides, staged, strict=True)
        )

    def moved_bytes(self, tiling: Tiling, staged: tuple[bool, ...]) -> int:
        """Bytes of staged operands that cross the bus, with what their rows cost."""
        return sum(
            side.moved_bytes(self.extents, tiling)
            for side, is_staged in zip(self.sides, staged, strict=True)
            if is_staged
        )

    def price(self, tiling: Tiling, array: Array, region: Region | None = None) -> tuple[int, int]:
        """Cycles of all commands, or of those of a region; there are no weights."""
        rows, cols = self.extents if region is None else (region.rows, region.cols)
        pitches = [side.pitches for side in self.sides]
        return sum(
            n_rows * n_cols * move_cycles(move, array.port_bytes)
            for height, n_rows in parts(rows, tiling.rows)
            for width, n_cols in parts(cols, tiling.cols)
            for move in self._moves((height, width), pitches)
        ), 0

    def image(self, position: int) -> Shape:
        """The rows and pixels of a side."""
        side = self.sides[position]
        whole = side.part(Region(0, 0, *self.extents))
        return (whole.rows, whole.cols, side.channels)

    def part(self, position: int, tile: Tile) -> Part:
        """The same turns of each side."""
        side = self.sides[position]
        return Part(side.part(tile.region), 0, side.channels)

    def emit(
        self, tile: Tile, sources: Sequence[Place], target: Place, array: Array
    ) -> list[Emitted]:
        """One MOVE, or several where a loop has too many turns."""
        places = (*sources, target)
        pitches = [side.by_loop(place) for side, place in zip(self.sides, places, strict=True)]
        return [
            move_command(move, sources[0].address, target.address)
            for move in self._moves((tile.region.rows, tile.region.cols), pitches)
        ]

    def _moves(self, extents: tuple[int, int], pitches: Sequence[tuple[int, int]]) -> list[Move]:
        """The moves of a tile whose loops have these pitches in the input and in the output."""
        around = zip(extents, *pitches, strict=True)
        loops = [(self.run, 1, 1), *self.inner, *around]
        return moves([Axis(*loop) for loop in loops], 1)


def grid_work(source: Operand, output: Operand, move: Move) -> GridWork | None:
    """The work of a move, divided as finely as can be; None where no two loops are an image's."""
    if move.value is not None:
        return None
    run_loop = [Loop(move.run, 1, 1)] if move.run > 1 else []
    loops = [*run_loop, *move.loops]
    pairs = [*combinations(loops, 2), *((loop, _NO_LOOP) for loop in loops)]
    found = [
        GridWork(
            source=sides[0].operand(source, move.input),
            output=sides[1].operand(output, move.output),
            extents=(pair[0].extent, pair[1].extent),
            sides=sides,
            run=1 if run_loop and run_loop[0] in pair else move.run,
            inner=tuple(loop for loop in move.loops if loop not in pair),
        )
        for pair in pairs
        if (sides := _sides(loops, pair)) is not None
    ]
    return min(found, key=lambda work: sum(s.channels for s in work.sides), default=None)


def _sides(loops: Sequence[Loop], pair: tuple[Loop, Loop]) -> tuple[Side, Side] | None:
    """Both sides as images whose rows and pixels are the turns of a pair of loops."""
    inner = [loop for loop in loops if loop not in pair]
    found: list[Side] = []
    for which in (1, 2):
        if any(loop[which] < 0 for loop in loops):
            return None
        channels = 1 + sum((loop.extent - 1) * loop[which] for loop in inner)
        first, second = sorted((pair[0], pair[1]), key=lambda loop: loop[which])
        apart = first.extent == 1 or first[which] >= channels
        within = channels + (first.extent - 1) * first[which]
        if not apart or (second.extent > 1 and second[which] < within):
            return None
        found.append(Side((pair[0][which], pair[1][which]), channels))
    return found[0], found[1]
