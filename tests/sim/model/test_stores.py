"""Beats of a STORE through its FIFOs, against a walk from cycle to cycle."""

from collections import deque

import numpy as np
import pytest

from sim.model.stores import TransferClient


def cycle_by_cycle(masks, least, busy, bus_is_free):
    """(accepted, granted) of each beat. Levels of FIFOs are those at the beginning of a cycle."""
    banks, words, whole = deque(), deque(), deque()
    ready, accepted, granted = {}, [], []
    cycle = 0
    while len(granted) < len(masks):
        levels = len(banks), len(words), len(whole)
        if whole and levels[2] and bus_is_free(cycle):
            granted.append(cycle)
            whole.popleft()
        if levels[1] and levels[2] < 2 and ready.get(words[0], cycle + 1) <= cycle:
            whole.append(words.popleft())
        if levels[0] and not busy[cycle] & masks[banks[0]]:
            ready[banks.popleft()] = cycle + 3
        beat = len(accepted)
        if beat < len(masks) and cycle >= least and levels[0] < 2 and levels[1] < 8:
            accepted.append(cycle)
            banks.append(beat)
            words.append(beat)
        cycle += 1
    return accepted, granted


def driven(masks, least, busy, bus_is_free):
    """The same by the client, a grant at a time; also the reads that it counts meanwhile."""
    client = TransferClient()
    client.busy = lambda begin, end: busy[begin:end]
    client.store(least, np.array(masks, dtype=np.uint16))
    granted, reads, cycle = [], [], 0
    while len(granted) < len(masks):
        reads.append(client.reads(cycle))
        if client.next <= cycle and bus_is_free(cycle):
            client.grant(cycle)
            granted.append(cycle)
        cycle += 1
    return granted, reads


@pytest.mark.parametrize("seed", range(12))
def test_a_store_waits_for_banks_and_for_the_bus(seed):
    rng = np.random.default_rng(seed)
    count, least = int(rng.integers(1, 120)), int(rng.integers(0, 9))
    masks = (1 << (np.arange(count) // 2 % 4)).tolist()
    busy = np.where(
        rng.random(4000) < rng.choice([0.0, 0.2, 0.7]), 1 << rng.integers(4, size=4000), 0
    )
    busy = busy.astype(np.uint16)
    free = (rng.random(4000) < rng.choice([0.3, 0.75, 1.0])).tolist()
    free[2000:] = [True] * 2000
    accepted, expected = cycle_by_cycle(masks, least, busy, free.__getitem__)
    granted, reads = driven(masks, least, busy, free.__getitem__)
    assert granted == expected
    assert reads == [sum(time < cycle for time in accepted) for cycle in range(len(reads))]


def test_a_run_ends_where_a_bank_is_in_use():
    """Six beats go out a cycle apart, the seventh finds its bank busy for three cycles."""
    busy = np.zeros(100, dtype=np.uint16)
    busy[17:20] = 1  # the first beat is accepted at 10, served at 11
    client = TransferClient()
    client.busy = lambda begin, end: busy[begin:end]
    client.store(10, np.ones(20, dtype=np.uint16))
    assert client.next == 15
    assert client.run(20, 15) == 6
    client.grant(15, 6)
    assert client.next == 24


def test_what_is_known_later_of_the_banks_counts():
    client = TransferClient()
    client.store(10, np.ones(3, dtype=np.uint16))
    assert client.next == 15
    busy = np.zeros(100, dtype=np.uint16)
    busy[11:31] = 1
    client.busy = lambda begin, end: busy[begin:end]
    client.forget()
    assert client.next == 35
