"""A network input on its way into the scratchpad, and the work that begins before all of it is in.

Such a work is cut into strips of output rows. The first strip is small, so that the array starts
early; each next one may be as high as what arrives while the one before is at work. The strips
are those that end first by the cycle formula.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, pairwise

from tilewright.mapper.array.array import Array
from tilewright.mapper.works.geometry import Region, Tile, Tiling
from tilewright.mapper.works.work import Work

_START_CYCLES = 45
"""From the first LOAD's fetch to its first bytes."""

_STRIP_CYCLES = 25
"""Of the bus for one more strip's commands, and until its load begins."""

_BUS_SHARE = 0.75
"""Of the bus: every fourth beat may be one of weights, until they fill the ring."""

_WEIGHTS_PRICE = 0.25
"""Cycles for each beat of weights, which every strip takes again."""

_MOST_STRIPS = 8


@dataclass
class Arrival:
    """A network input: its places in main memory and in the scratchpad, and what has been sent."""

    memory: int
    scratchpad: int
    bytes: int
    arrived: int = 0


def strips(work: Work, tiling: Tiling, arrival: Arrival, array: Array) -> list[Region]:
    """The strips of a work that reads an arriving input from its begin on, in order."""
    rows, cols, channels = work.extent
    top, left = work.origin

    def strip(start: int, end: int) -> Region:
        return Region(top + start, left, top + end, left + cols)

    def compute(start: int, end: int) -> float:
        cycles, weights = work.price(tiling, array, strip(start, end))
        return cycles + _WEIGHTS_PRICE * weights / array.bus_bytes

    def load(end: int) -> float:
        needed = work.arrived_bytes(0, Tile(strip(0, end), 0, channels))
        here = arrival.bytes if needed is None else min(needed, arrival.bytes)
        missing = max(here - arrival.arrived, 0)
        return missing / array.bus_bytes / _BUS_SHARE

    ends = _ends(rows)
    first = [compute(0, end) for end in ends]
    heights = {end - start for start, end in combinations(ends, 2)}
    later = {height: compute(rows - height, rows) for height in heights}
    bounds = _best(ends, [load(end) for end in ends], first, later)
    return [strip(start, end) for start, end in pairwise((0, *bounds))]


def _ends(rows: int) -> list[int]:
    """Rows at which a strip may end: all near the first row and the last, fewer between."""
    ends: list[int] = []
    row = 0
    while row < rows:
        row = min(row + max(min(row, rows - row) // 8, 1), rows)
        ends.append(row)
    return ends


def _best(
    ends: Sequence[int],
    loads: Sequence[float],
    first: Sequence[float],
    later: Mapping[int, float],
) -> list[int]:
    """The ends of the strips that are done first.

    ``loads``: cycles of the bus for all rows up to each end; ``first``: of a first strip up to each
    end; ``later``: of another strip, by its height. Each strip begins when it is there and the one
    before is done.
    """
    done = [
        (max(0.0, _START_CYCLES + _STRIP_CYCLES + load) + cycles, [end])
        for end, load, cycles in zip(ends, loads, first, strict=True)
    ]
    finished = [done[-1]]
    for number in range(2, min(_MOST_STRIPS, len(ends)) + 1):
        # ``done`` has strips up to ends[number - 2] and those behind it.
        begun = list(zip(ends[number - 2 :], done, strict=True))
        done = []
        for index in range(number - 1, len(ends)):
            end, arrived = ends[index], _START_CYCLES + number * _STRIP_CYCLES + loads[index]
            possible = [
                ((time if time > arrived else arrived) + later[end - start], before)
                for start, (time, before) in begun[: index - number + 2]
            ]
            time, before = min(possible)
            done.append((time, [*before, end]))
        finished.append(done[-1])
    return min(finished)[1]
