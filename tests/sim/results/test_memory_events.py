"""Events of memory in the segment of their cycle."""

import numpy as np

from tilewright.hw.spec.config import Config
from tilewright.sim.results.memory_events import pack_events, with_memory_events
from tilewright.sim.results.segments import Segment


def segment(start: int, cycles: int) -> Segment:
    return Segment(
        layer=None, engine="cpu", start=start, cycles=cycles, causes={}, events={}, cpu_active=0
    )


def test_each_event_belongs_to_the_segment_of_its_cycle():
    """From cycle 100 on: 0..9 and 10..29. What is before and behind belongs to none."""
    cycles = [99, 100, 109, 110, 129, 130]
    events = pack_events(np.zeros(6, int), np.zeros(6, int), np.array(cycles))
    refresh = pack_events(np.array([0, 1]), np.array([1, 1]), np.array([115, 115]))
    config = Config(memory_kind="dram")
    found = with_memory_events(
        [segment(0, 10), segment(10, 20)], 100, config, np.concatenate([events, refresh])
    )
    assert [part.memory for part in found] == [
        {"main_memory_page_misses": 2, "main_memory_refreshes": 0},
        {"main_memory_page_misses": 2, "main_memory_refreshes": 1},
    ]


def test_a_segment_without_cycles_has_no_events():
    events = pack_events(np.array([0]), np.array([0]), np.array([7]))
    config = Config(memory_miss_cycles=2)
    parts = [segment(0, 7), segment(7, 0), segment(7, 3)]
    found = with_memory_events(parts, 0, config, events)
    assert [part.memory["main_memory_page_misses"] for part in found] == [0, 0, 1]


def test_only_what_can_happen_is_told():
    found = with_memory_events([segment(0, 5)], 0, Config(), np.zeros(0, np.int64))
    assert found == (segment(0, 5),)
    both = with_memory_events(
        [segment(0, 5)], 0, Config(weight_memory_kind="flash"), np.zeros(0, np.int64)
    )
    assert both[0].memory == {"weight_memory_page_misses": 0}


def test_the_clock_wraps_around_as_time_stamps_do():
    late = (1 << 32) - 3
    events = pack_events(np.array([0, 0]), np.array([0, 0]), np.array([late + 1, (1 << 32) + 2]))
    (found,) = with_memory_events([segment(0, 6)], late, Config(memory_miss_cycles=1), events)
    assert found.memory == {"main_memory_page_misses": 2}
