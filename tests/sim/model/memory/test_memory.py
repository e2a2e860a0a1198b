"""The model's memory against a description of it that goes cycle by cycle."""

import ctypes
from dataclasses import astuple
from pathlib import Path

import numpy as np
import pytest

from tests.memory_reference import (
    Device,
    ReferenceMemory,
    Timing,
    random_requests,
    random_timing,
)
from tilewright.sim.model.library import load_library

SIZE = 1 << 14
REQUESTS = 120


@pytest.fixture(scope="module")
def library():
    loaded = load_library(Path(__file__).parent, "")
    pointer, number = ctypes.c_void_p, ctypes.c_int64
    loaded.memory_new.argtypes, loaded.memory_new.restype = [pointer], pointer
    loaded.memory_delete.argtypes, loaded.memory_delete.restype = [pointer], None
    loaded.ask.argtypes, loaded.ask.restype = [pointer, number, number, number], number
    loaded.events.argtypes = [pointer, number, pointer]
    loaded.events.restype = number
    return loaded


class Model:
    """The C functions on one memory."""

    def __init__(self, library, bus_bytes, constants, timings):
        places = [value for timing in timings for value in astuple(timing)]
        settings = np.array([bus_bytes, *constants, *places], dtype=np.int64)
        self._library, self._memory = library, library.memory_new(settings.ctypes.data)

    def ask(self, now, offset, writes):
        return self._library.ask(self._memory, now, offset, writes)

    def events(self, now):
        place = ctypes.c_void_p()
        count = self._library.events(self._memory, now, ctypes.byref(place))
        values = (ctypes.c_int64 * count).from_address(place.value) if count else ()
        return sorted(values)


def reference(bus_bytes, constants, timings):
    devices = tuple(Device(timing, bus_bytes) for timing in timings)
    return ReferenceMemory(bus_bytes, *constants, devices)


@pytest.mark.parametrize("seed", range(60))
def test_requests_are_taken_and_answered_when_the_description_says(library, seed):
    """The model is asked only in cycles with a request; the reference goes through all of them."""
    rng = np.random.default_rng(seed)
    bus_bytes = int(rng.choice([4, 8, 16, 32]))
    constants = (4096, 8192) if rng.random() < 0.5 else (0, 0)
    timings = (random_timing(rng), random_timing(rng))
    model, expected = (make(bus_bytes, constants, timings) for make in (
        lambda *parts: Model(library, *parts), reference))  # fmt: skip
    now, answers = int(rng.integers(0, 50)), []
    for before in range(now):
        expected.cycle(before, None)
    for pause, offset, writes in random_requests(rng, REQUESTS, bus_bytes, SIZE):
        for _ in range(pause):
            expected.cycle(now, None)
            now += 1
        answer = 0
        while not answer:
            answer = expected.cycle(now, (offset, writes))
            assert model.ask(now, offset, writes) == answer, (seed, now, offset, writes)
            now += 1
        answers.append(answer)
    assert answers == sorted(set(answers)), "in order, one a cycle"
    found = [
        cycle << 2 | 2 * number | kind
        for number, device in enumerate(expected.devices)
        for kind, cycles in enumerate((device.opened, device.refreshed))
        for cycle in cycles
    ]
    assert model.events(now) == sorted(found)


def test_without_anything_to_wait_for_each_cycle_takes_a_request(library):
    model = Model(library, 8, (0, 0), (Timing(latency=8), Timing()))
    assert [model.ask(now, 8 * now, False) for now in range(5)] == [8, 9, 10, 11, 12]


def test_a_page_is_opened_once_and_a_refresh_closes_it(library):
    """Misses at 0 and behind the refresh that is due in cycle 20 and takes four cycles."""
    timing = Timing(latency=2, page_bytes=64, miss_cycles=5, refresh_period=20, refresh_cycles=4)
    model = Model(library, 8, (0, 0), (timing, Timing()))
    taken = [now for now in range(33) if model.ask(now, 0, False)]
    assert taken == [*range(5, 20), *range(29, 33)]


def test_a_burst_goes_on_in_its_direction_only(library):
    model = Model(library, 8, (0, 0), (Timing(miss_cycles=3, word_cycles=4), Timing()))
    requests = [(0, False), (8, False), (16, True), (24, True), (40, True)]
    taken, now = [], 0
    for offset, writes in requests:
        while not model.ask(now, offset, writes):
            now += 1
        taken.append(now)
        now += 1
    # A word holds the memory for four cycles, and the third and fifth begin a burst.
    assert taken == [3, 7, 14, 18, 25]


@pytest.mark.parametrize("share", [5, 30, 90])
def test_the_other_master_takes_its_share(library, share):
    model = Model(library, 8, (0, 0), (Timing(contention=share), Timing()))
    cycles = 64_000
    refused = sum(not model.ask(now, 0, False) for now in range(cycles))
    assert refused / cycles == pytest.approx(share / 100, abs=0.01)


def test_an_answer_waits_for_the_one_before_it(library):
    """The weight memory takes 20 cycles; what is asked of main memory behind it is held."""
    model = Model(library, 8, (64, 128), (Timing(latency=2), Timing(latency=20)))
    assert [model.ask(0, 64, False), model.ask(1, 0, False), model.ask(2, 8, False)] == [20, 21, 22]
    assert model.ask(30, 0, False) == 32
