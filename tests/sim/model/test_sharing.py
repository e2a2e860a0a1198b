"""What the bus and the banks do to many requests at once, against one cycle after the other."""

from collections import Counter

import numpy as np
import pytest

from hw.spec.commands import Command, Opcode
from hw.spec.config import NpuConfig
from sim.model.bus import RECORD, TRANSFERS, WEIGHTS, Bus
from sim.model.transfers import Activity, TransferQueue
from sim.model.work import Work

GAPS = {RECORD: 3, TRANSFERS: 1, WEIGHTS: 1}


def cycle_by_cycle(asked, start, turn):
    """Grants by client. ``asked``: for each client its requests as (ready from, how many)."""
    waiting = {c: [ready for ready, n in runs for _ in range(n)] for c, runs in asked.items()}
    free = dict.fromkeys(asked, 0)
    granted = {c: [] for c in asked}
    time = start
    while any(waiting.values()):
        asking = [c for c, w in waiting.items() if w and max(w[0], free[c]) <= time]
        if asking:
            chosen = turn if turn in asking else min(asking)
            waiting[chosen].pop(0)
            granted[chosen].append(time)
            free[chosen] = time + GAPS[chosen]
            turn = (turn + 1) % 4
        time += 1
    return granted


@pytest.mark.parametrize("seed", range(20))
def test_clients_share_the_bus_turn_by_turn(seed):
    rng = np.random.default_rng(seed)
    bus = Bus(fetch_beats=4, ring_beats=1 << 20, record_gap=GAPS[RECORD])
    bus.advance(10)
    asked = {RECORD: [], TRANSFERS: [], WEIGHTS: []}
    for client, runs in asked.items():
        ready = 20
        for _ in range(1 if client == WEIGHTS else 4):
            ready += int(rng.integers(0, 30))
            runs.append((ready, int(rng.integers(1, 40))))
            bus.clients[client].ask(*runs[-1])
    expected = cycle_by_cycle(asked, 20, 0)
    for client in rng.permutation(list(asked)).tolist() * 2:
        index = int(rng.integers(0, len(expected[client])))
        assert bus.granted(client, index) == expected[client][index]
    bus.advance_all()
    for client, times in expected.items():
        granted = bus.clients[client].granted
        assert [granted.time(index) for index in range(granted.count)] == times
        assert granted.times(0, granted.count).tolist() == times
        for time in range(15, 60, 3):
            assert granted.until(time) == sum(t <= time for t in times)


class _Activity(Activity):
    """Reads and writes given banks."""

    def __init__(self, start, banks):
        work = Work(Command(Opcode.MARK, {"layer": 0}), NpuConfig(), None, Counter())
        super().__init__(work, start, start + len(banks))
        self.banks = np.array(banks, dtype=np.uint16)

    reads = writes = property(lambda self: self.banks)


@pytest.mark.parametrize("seed", range(12))
def test_a_store_takes_cycles_in_which_its_banks_are_free(seed):
    """Its requests go out four cycles behind its reads, as many as there are beats."""
    rng = np.random.default_rng(seed)
    config = NpuConfig()
    rows, size = int(rng.integers(1, 60)), int(rng.integers(1, 400))
    command = Command(
        Opcode.STORE,
        {"memory_address": 64, "scratchpad_address": 8 * seed, "row_bytes": size, "rows": rows,
         "memory_pitch": 512, "scratchpad_pitch": size},
    )  # fmt: skip
    beats = rows * -(-size // config.bus_bytes)
    work = Work(command, config, None, Counter(), beats=beats)
    density = rng.choice([0.02, 0.3, 0.9])
    banks = [int(1 << rng.integers(4)) if rng.random() < density else 0 for _ in range(3 * beats)]
    bus = Bus(fetch_beats=4, ring_beats=64, record_gap=3)
    queue = TransferQueue(bus, latency=8)
    begins = 1 + 40
    queue.dispatch(work, 40, [])
    queue.settle(_Activity(begins, banks))
    bus.advance_all()
    expected, time = [], begins + 3 + 1
    for mask in work.masks.tolist():
        while time - begins < len(banks) and banks[time - begins] & mask:
            time += 1
        expected.append(time + 4)
        time += 1
    granted = bus.clients[TRANSFERS].granted
    assert [granted.time(index) for index in range(granted.count)] == expected
