"""Works of the mover: a tensor whose bytes are those of others, at other places.

What inputs and output have in common from the outside - batches, rows, pixels - are turns: in each
of them as many bytes of every input as in the others become as many of the output. So a work is cut
into tiles of some turns, and each move of a turn becomes a command with one loop more.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass, replace
from typing import ClassVar, NamedTuple

from tilewright.hw.spec.npu_config import NpuConfig
from tilewright.mapper.array.array import Array
from tilewright.mapper.moves.copy import Loop, Move
from tilewright.mapper.works.geometry import Operand, Part, Place, Region, Shape, Tile, Tiling
from tilewright.mapper.works.grid import GridWork, grid_work
from tilewright.mapper.works.move_command import move_command, move_cycles, mover_objection, span_of
from tilewright.mapper.works.tilings import Group, parts, shares
from tilewright.mapper.works.work import Emitted, Work

_MOST_TURNS = 65535


class PartMove(NamedTuple):
    """A move of one turn, and which of the inputs it reads (0 for a fill)."""

    source: int
    move: Move


@dataclass(frozen=True, eq=False, kw_only=True)
class MoveWork(Work):
    """Moves that write every byte of the output once.

    turns: equal parts of each input and of the output. input_bytes, output_bytes: of a turn. moves:
    those of a turn, as byte offsets within it.
    """

    in_strips: ClassVar[bool] = True
    takes_table: ClassVar[bool] = False

    sources: tuple[Operand, ...]
    output: Operand
    turns: int
    input_bytes: tuple[int, ...]
    output_bytes: int
    moves: tuple[PartMove, ...]

    @property
    def geometry(self) -> Hashable:
        """Equal for works that take the same tilings at the same costs."""
        return self.turns, self.input_bytes, self.output_bytes, self.moves

    @property
    def inputs(self) -> tuple[Operand, ...]:
        """The operands that are read."""
        return self.sources

    @property
    def extent(self) -> Shape:
        """A turn is a row of one pixel."""
        return (self.turns, 1, self.output_bytes)

    def objection(self, config: NpuConfig) -> str | None:
        """Why the mover cannot do it; None when it can."""
        parts = (*self.input_bytes, self.output_bytes)
        return mover_objection(config, len(self.moves), parts)

    def tilings(self, config: NpuConfig, staged: tuple[bool, ...]) -> list[Group]:
        """Some turns each."""
        copies = (1, 2) if any(staged) else (1,)
        return [Group(shares(self.turns, _MOST_TURNS), [1], [self.output_bytes], copies)]

    def staging_bytes(self, tiling: Tiling, staged: tuple[bool, ...]) -> tuple[int, ...]:
        """Bytes of one copy of the staging area of each operand."""
        turns = min(tiling.rows, self.turns)
        sizes = (*self.input_bytes, self.output_bytes)
        return tuple(turns * n * is_staged for n, is_staged in zip(sizes, staged, strict=True))

    def moved_bytes(self, tiling: Tiling, staged: tuple[bool, ...]) -> int:
        """Bytes of staged operands that cross the bus."""
        sizes = (*self.input_bytes, self.output_bytes)
        return self.turns * sum(n for n, is_staged in zip(sizes, staged, strict=True) if is_staged)

    def price(self, tiling: Tiling, array: Array, region: Region | None = None) -> tuple[int, int]:
        """Cycles of all commands, or of those of a region; there are no weights."""
        turns = self.turns if region is None else region.rows
        return sum(
            count * move_cycles(self._of_turns(part.move, part.source, size), array.port_bytes)
            for size, count in parts(turns, tiling.rows)
            for part in self.moves
        ), 0

    def image(self, position: int) -> Shape:
        """A turn is a row of one pixel."""
        return (self.turns, 1, (*self.input_bytes, self.output_bytes)[position])

    def part(self, position: int, tile: Tile) -> Part:
        """The same turns of each operand."""
        return Part(tile.region, 0, self.image(position)[2])

    def arrived_bytes(self, position: int, tile: Tile) -> int | None:
        """Bytes from an input's begin up to its last turn."""
        return tile.region.bottom * self.input_bytes[position]

    def emit(
        self, tile: Tile, sources: Sequence[Place], target: Place, array: Array
    ) -> list[Emitted]:
        """A MOVE for each move of a turn."""
        assert target.row_pitch == self.output_bytes, "a move leaves no gaps"
        return [
            move_command(
                self._of_turns(part.move, part.source, tile.region.rows),
                sources[part.source].address,
                target.address,
            )
            for part in self.moves
        ]

    def _of_turns(self, move: Move, source: int, turns: int) -> Move:
        """A move of a turn, done in so many of them."""
        pitch = 0 if move.value is not None else self.input_bytes[source]
        return _around(move, Loop(turns, pitch, self.output_bytes))


def move_work(
    sources: Sequence[tuple[Operand, int]],
    output: tuple[Operand, int],
    moves: Sequence[Sequence[Move]],
) -> MoveWork | GridWork:
    """The work of the moves from each source, which together write the output once.

    Operands come with their bytes. The work has as many turns as the moves allow; one move that
    allows none is divided along two of its loops, where that can be.
    """
    sizes = [size for _, size in sources]
    flat = [PartMove(n, move) for n, of_source in enumerate(moves) for move in of_source]
    for turns in _candidates(flat):
        if any(size % turns for size in (*sizes, output[1])):
            continue
        shares_of = [size // turns for size in sizes]
        inner = [_within(part, turns, shares_of[part.source], output[1] // turns) for part in flat]
        found = [part for part in inner if part is not None]
        if turns == 1 and len(flat) == 1:
            grid = grid_work(sources[0][0], output[0], flat[0].move)
            if grid is not None:
                return grid
        if len(found) == len(flat):
            return MoveWork(
                sources=tuple(operand for operand, _ in sources),
                output=output[0],
                turns=turns,
                input_bytes=tuple(shares_of),
                output_bytes=output[1] // turns,
                moves=tuple(found),
            )
    raise AssertionError("one turn is always possible")


def _candidates(moves: Sequence[PartMove]) -> list[int]:
    """Numbers of turns that the outermost loop of the first move allows, largest first."""
    outermost = max((loop for loop in moves[0].move.loops), key=lambda loop: loop.output_pitch,
                    default=Loop(1, 0, 0))  # fmt: skip
    extent = outermost.extent
    return [turns for turns in range(extent, 0, -1) if extent % turns == 0]


def _within(part: PartMove, turns: int, input_bytes: int, output_bytes: int) -> PartMove | None:
    """A move without so many turns of these bytes around it; None where they are not there."""
    move = part.move
    for number, loop in enumerate(move.loops):
        inner, rest = divmod(loop.extent, turns)
        pitch = 0 if move.value is not None else input_bytes
        if rest or (inner * loop.input_pitch, inner * loop.output_pitch) != (pitch, output_bytes):
            continue
        loops = list(move.loops)
        loops[number : number + 1] = [loop._replace(extent=inner)] if inner > 1 else []
        found = replace(move, loops=tuple(loops))
        if _stays(found, input_bytes, output_bytes):
            return PartMove(part.source, found)
    return part if turns == 1 else None


def _stays(move: Move, input_bytes: int, output_bytes: int) -> bool:
    """Whether a move touches bytes of its own turn only."""
    inside = [span_of(move.output, move.run, move.loops, 2)]
    limits = [output_bytes]
    if move.value is None:
        inside.append(span_of(move.input, move.run, move.loops, 1))
        limits.append(input_bytes)
    return all(low >= 0 and high <= n for (low, high), n in zip(inside, limits, strict=True))


def _around(move: Move, turns: Loop) -> Move:
    """A move with a loop around it, which is joined with one that it continues."""
    if turns.extent == 1:
        return move
    loops = list(move.loops)
    for number, loop in enumerate(loops):
        if turns[1:] == (loop.extent * loop.input_pitch, loop.extent * loop.output_pitch):
            loops[number] = loop._replace(extent=loop.extent * turns.extent)
            return replace(move, loops=tuple(loops))
    return replace(move, loops=(*loops, turns))
