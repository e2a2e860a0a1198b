"""Strided copies of bytes, in the form that the CPU's MOVE step and the accelerator's command take.

A copy is described by its loops in any order; `moves` finds the longest run of bytes, joins loops
and divides what needs more loops or turns than a move has.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import prod
from typing import NamedTuple

MOVE_LOOPS = 5
"""Loops of a move around its runs."""
LARGEST_EXTENT = (1 << 16) - 1
"""Turns of a loop."""


class Loop(NamedTuple):
    """A loop of a copy: turns, and bytes from turn to turn in the input and in the output.

    An input pitch of 0 repeats what was read; a negative one goes backwards.
    """

    extent: int
    input_pitch: int
    output_pitch: int


@dataclass(frozen=True, kw_only=True)
class Move:
    """Runs of bytes that are copied, or filled where there is a value.

    input, output: byte offsets of the first run in the tensors. loops: the first is the innermost.
    value: the byte (-128..127) of a fill, which reads nothing; None for a copy.
    """

    input: int
    output: int
    run: int
    loops: tuple[Loop, ...] = ()
    value: int | None = None

    @property
    def bytes(self) -> int:
        """Bytes written."""
        return self.run * prod(loop.extent for loop in self.loops)


@dataclass(frozen=True)
class Axis:
    """One axis of a copy, in elements: turns, and input and output elements from turn to turn."""

    extent: int
    input_pitch: int
    output_pitch: int


def moves(
    axes: Sequence[Axis],
    element_bytes: int,
    *,
    input_start: int = 0,
    output_start: int = 0,
    value: int | None = None,
) -> list[Move]:
    """Return the moves of a copy; nothing where an axis has no turn.

    Starts are in elements. Outputs of different turns must not overlap. With a ``value`` the
    output is filled and input pitches mean nothing.
    """
    if not all(axis.extent for axis in axes):
        return []
    filled = value is not None
    loops = [
        Loop(
            axis.extent,
            0 if filled else axis.input_pitch * element_bytes,
            axis.output_pitch * element_bytes,
        )
        for axis in axes
        if axis.extent > 1
    ]
    joined = _joined(loops)
    run = element_bytes
    if joined and joined[0].output_pitch == run and (filled or joined[0].input_pitch == run):
        run *= joined.pop(0).extent
    whole = Move(
        input=0 if filled else input_start * element_bytes,
        output=output_start * element_bytes,
        run=run,
        loops=tuple(joined),
        value=value,
    )
    return divided(whole)


def divided(move: Move) -> list[Move]:
    """Return moves that do the same, each of as many loops and turns as a move can have."""
    return [part for short in _short_loops(move) for part in _few_loops(short)]


def is_view(planned: Sequence[Move], size: int) -> bool:
    """Whether a copy leaves all ``size`` bytes where they are: the output is the input."""
    return list(planned) == [Move(input=0, output=0, run=size)]


def _joined(loops: Sequence[Loop]) -> list[Loop]:
    """Innermost first, with neighbours that are one loop joined."""
    result: list[Loop] = []
    for loop in sorted(loops, key=lambda loop: (loop.output_pitch, abs(loop.input_pitch))):
        inner = result[-1] if result else None
        if inner is not None and loop[1:] == (
            inner.extent * inner.input_pitch,
            inner.extent * inner.output_pitch,
        ):
            result[-1] = inner._replace(extent=inner.extent * loop.extent)
        else:
            result.append(loop)
    return result


def _short_loops(move: Move) -> list[Move]:
    """Divide loops of more than LARGEST_EXTENT turns."""
    for number, loop in enumerate(move.loops):
        if loop.extent > LARGEST_EXTENT:
            done, parts = 0, list[Move]()
            while done < loop.extent:
                turns = min(loop.extent - done, LARGEST_EXTENT)
                loops = list(move.loops)
                loops[number] = loop._replace(extent=turns)
                parts += _short_loops(_shifted(move, loop, done, loops))
                done += turns
            return parts
    return [move]


def _few_loops(move: Move) -> list[Move]:
    """Take the loops with the fewest turns apart until no more than MOVE_LOOPS are left."""
    if len(move.loops) <= MOVE_LOOPS:
        return [move]
    number = min(range(len(move.loops)), key=lambda n: move.loops[n].extent)
    loop = move.loops[number]
    rest = [other for n, other in enumerate(move.loops) if n != number]
    turns = range(loop.extent)
    return [part for turn in turns for part in _few_loops(_shifted(move, loop, turn, rest))]


def _shifted(move: Move, loop: Loop, turns: int, loops: Sequence[Loop]) -> Move:
    return replace(
        move,
        input=move.input + turns * loop.input_pitch,
        output=move.output + turns * loop.output_pitch,
        loops=tuple(loops),
    )
