"""What memory did by itself: pages and bursts that it opened, refreshes; by segment."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from tilewright.hw.spec.config import Config
from tilewright.hw.spec.memory_kinds import MemoryTiming
from tilewright.sim.results.segments import CLOCK, Segment

MemoryEvents = NDArray[np.int64]
"""A number each: four times the cycle since reset, plus 2 for the weight memory, plus 1 for a
refresh."""


def pack_events(device: MemoryEvents, event: MemoryEvents, cycle: MemoryEvents) -> MemoryEvents:
    """From columns: 0 main memory, 1 weight memory; 0 a page or burst is opened, 1 a refresh."""
    return cycle << 2 | device << 1 | event


def event_names(config: Config) -> dict[str, int]:
    """The events that the configuration's memories can have, with their number."""
    soc = config.soc
    names = _names("main_memory", soc.main_memory, 0)
    if soc.has_weight_memory:
        names |= _names("weight_memory", soc.weight_memory, 2)
    return names


def _names(memory: str, timing: MemoryTiming, first: int) -> dict[str, int]:
    possible = {
        f"{memory}_page_misses": (first, timing.miss_cycles),
        f"{memory}_refreshes": (first + 1, timing.refresh_period),
    }
    return {name: number for name, (number, cycles) in possible.items() if cycles}


def with_memory_events(
    segments: Sequence[Segment], start: int, config: Config, events: MemoryEvents
) -> tuple[Segment, ...]:
    """The segments of an inference that began in cycle ``start``, with their events of memory."""
    names = event_names(config)
    # Between cycles: the last bin of a histogram has its end, too.
    edges = np.array([0, *np.cumsum([segment.cycles for segment in segments])]) - 0.5
    counts = {
        name: np.histogram(((events[events & 3 == number] >> 2) - start) % CLOCK, edges)[0]
        for name, number in names.items()
    }
    return tuple(
        replace(segment, memory={name: int(count[place]) for name, count in counts.items()})
        for place, segment in enumerate(segments)
    )
