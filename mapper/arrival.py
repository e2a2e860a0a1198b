"""A network input on its way into the scratchpad, and the work that begins before all of it is in.

Such a work is cut into strips of output rows. The first strip is small, so that the array starts
early; each next one may be as high as what arrives while the one before is at work. The strips
are those that end first by the cycle formula.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from itertools import pairwise

from hw.spec.config import NpuConfig
from mapper.tile import Tiling, commands_cost, input_region
from mapper.work import Region, WindowWork

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

    def needed(self, work: WindowWork, region: Region) -> int:
        """Bytes from the input's begin that hold the windows of some output pixels."""
        _, cols, channels = work.input_shape
        return min(input_region(work, region).bottom * cols * channels, self.bytes)


def strips(work: WindowWork, tiling: Tiling, arrival: Arrival, config: NpuConfig) -> list[Region]:
    """The strips of a work that reads an arriving input from its begin on, in order."""
    whole = work.region

    def strip(start: int, end: int) -> Region:
        return Region(whole.top + start, whole.left, whole.top + end, whole.right)

    @cache
    def compute(height: int, *, first: bool) -> float:
        start = 0 if first else whole.rows - height
        cycles, weights = commands_cost(work, tiling, config, strip(start, start + height))
        return cycles + _WEIGHTS_PRICE * weights / config.bus_bytes

    def arrives(number: int, end: int) -> float:
        missing = max(arrival.needed(work, strip(0, end)) - arrival.arrived, 0)
        load = missing / config.bus_bytes / _BUS_SHARE
        return _START_CYCLES + number * _STRIP_CYCLES + load

    bounds = _best(
        _ends(whole.rows), arrives, lambda start, end: compute(end - start, first=start == 0)
    )
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
    ends: list[int], arrives: Callable[[int, int], float], compute: Callable[[int, int], float]
) -> list[int]:
    """The ends of the strips that are done first.

    ``arrives(n, end)``: when all rows up to an end are there, by the n-th load; ``compute(start,
    end)``: cycles of a strip. Each strip begins when it is there and the one before is done.
    """
    done: dict[int, tuple[float, list[int]]] = {0: (0.0, [])}
    finished: list[tuple[float, list[int]]] = []
    for number in range(1, _MOST_STRIPS + 1):
        following: dict[int, tuple[float, list[int]]] = {}
        for end in ends:
            arrived = arrives(number, end)
            possible = [
                (max(time, arrived) + compute(start, end), before)
                for start, (time, before) in done.items()
                if start < end
            ]
            if possible:
                time, before = min(possible)
                following[end] = time, [*before, end]
        done = following
        if ends[-1] in done:
            finished.append(done[ends[-1]])
    return min(finished)[1]
