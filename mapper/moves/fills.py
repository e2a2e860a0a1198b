"""Fewer fills for the same bytes: behind one row and in front of the next one is one run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from tilewright.mapper.moves.copy import Loop, Move, divided


def joined_fills(planned: Sequence[Move]) -> list[Move]:
    """Return the moves with their fills, all of one value, joined where they touch."""
    fills = [move for move in planned if move.value is not None]
    while (better := _interleaved(fills)) is not None:
        fills = _touching(better)
    return _touching(fills) + [move for move in planned if move.value is None]


def _interleaved(fills: Sequence[Move]) -> list[Move] | None:
    """Take two fills in a loop apart whose runs touch from turn to turn; None where none do."""
    for number, after in enumerate(fills):
        for other, before in enumerate(fills):
            if number != other and _touch_in_turn(after, before):
                rest = [f for n, f in enumerate(fills) if n not in (number, other)]
                return [*rest, *_apart(after, before)]
    return None


def _touch_in_turn(after: Move, before: Move) -> bool:
    """Whether the next turn's run of ``before`` begins where this turn's of ``after`` ends."""
    if not after.loops or after.loops != before.loops:
        return False
    return before.output + after.loops[0].output_pitch == after.output + after.run


def _apart(after: Move, before: Move) -> list[Move]:
    """The first run of ``before``, both runs of each turn as one, the last run of ``after``."""
    loop, outer = after.loops[0], after.loops[1:]
    both = loop._replace(extent=loop.extent - 1)
    loops = outer if both.extent == 1 else (both, *outer)
    last = after.output + both.extent * loop.output_pitch
    return [
        replace(before, loops=outer),
        replace(after, run=after.run + before.run, loops=loops),
        replace(after, output=last, loops=outer),
    ]


def _touching(fills: Sequence[Move]) -> list[Move]:
    """Join single runs that lie side by side."""
    result: list[Move] = []
    for fill in sorted(fills, key=lambda fill: fill.output):
        last = result[-1] if result else None
        if last and not last.loops and not fill.loops and last.output + last.run == fill.output:
            result[-1] = replace(last, run=last.run + fill.run)
        else:
            result.append(fill)
    return result


def filled_with(planned: Sequence[Move], element: bytes) -> list[Move]:
    """Return the moves with elements of these bytes in place of what they fill with.

    Bytes that differ take a fill each, which leaves the others of the element alone.
    """
    values = [byte - 256 if byte > 127 else byte for byte in element]
    result: list[Move] = []
    for move in planned:
        if move.value is None:
            result.append(move)
        elif len(set(values)) == 1:
            result.append(replace(move, value=values[0]))
        else:
            size = len(values)
            loops = (Loop(move.run // size, 0, size), *move.loops)
            for place, value in enumerate(values):
                output = move.output + place
                result += divided(replace(move, output=output, run=1, loops=loops, value=value))
    return result
