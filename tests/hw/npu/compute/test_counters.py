"""The counters against sums in Python, with records taken at random and read with stalls."""

import random

import pytest
from amaranth.sim import SimulatorContext

from tests.hw.npu.bench import CONFIGS, simulate
from tilewright.hw.npu.compute.counters import Counters
from tilewright.hw.spec.npu_config import NpuConfig
from tilewright.hw.spec.profile import CAUSES, EVENTS, RECORD, RECORD_WORDS


class Tb:
    """``stall``: how likely the record's reader is not ready."""

    def __init__(self, config: NpuConfig, seed: int | str, stall: float) -> None:
        self.config, self.stall = config, stall
        self.rng = random.Random(seed)
        self.dut = Counters(config)
        self.counts: dict[str, int] = dict.fromkeys(RECORD, 0)
        self.expected: list[int] = []
        self.records = 0
        self.marked = False

    def largest(self, name: str) -> int:
        """Most that an event can happen in a cycle."""
        elements = self.config.rows * self.config.cols
        lanes = self.config.requantiser_lanes
        wide = {"mac": elements, "accumulator_access": elements + lanes, "requantise": lanes}
        ports = {"scratchpad_read_words": 2, "scratchpad_write_words": 2}
        return {**wide, **ports}.get(name, 1)

    def read_record(self, ctx: SimulatorContext) -> None:
        record = self.dut.record
        # the snapshot is taken in the cycle after the mark
        valid = bool(self.expected) and not self.marked
        assert ctx.get(record.valid) == valid
        assert ctx.get(self.dut.ready) == (not self.expected)
        ready = self.rng.random() >= self.stall
        ctx.set(record.ready, ready)
        if valid:
            assert ctx.get(record.payload) == self.expected[0], RECORD_WORDS - len(self.expected)
            if ready:
                self.expected.pop(0)
                self.records += not self.expected

    async def run(self, ctx: SimulatorContext) -> None:
        dut, rng = self.dut, self.rng
        while self.records < 5:
            may_mark = ctx.get(dut.ready)
            self.read_record(ctx)
            inputs = {"layer": rng.getrandbits(16), "time": rng.getrandbits(32)}
            mark = self.marked = may_mark and rng.random() < 0.1
            clear, running = rng.random() < 0.01, rng.random() < 0.8
            cause, _ = rng.choice(CAUSES)
            events = {name: rng.randint(0, self.largest(name)) for name, _ in EVENTS}
            ctx.set(dut.mark, mark)
            ctx.set(dut.clear, clear)
            ctx.set(dut.running, running)
            ctx.set(dut.cause, [name for name, _ in CAUSES].index(cause))
            ctx.set(dut.events, events)
            ctx.set(dut.layer, inputs["layer"])
            ctx.set(dut.time, inputs["time"])
            if mark:
                record = {**self.counts, **inputs}
                self.expected = [record[name] for name in RECORD]
                self.expected += [0] * (RECORD_WORDS - len(RECORD))
            self.counts[f"cycles_{cause}"] += running
            for name, count in events.items():
                self.counts[f"events_{name}"] += count
            if clear:
                self.counts = dict.fromkeys(RECORD, 0)
            await ctx.tick()


@pytest.mark.parametrize("stall", [0.0, 0.7])
@pytest.mark.parametrize("name", CONFIGS)
def test_records_equal_sums(name: str, stall: float) -> None:
    tb = Tb(CONFIGS[name], seed=name, stall=stall)
    simulate(tb.dut, tb.run)


def test_default_array_counts_every_element() -> None:
    tb = Tb(NpuConfig(), seed=1, stall=0.2)
    simulate(tb.dut, tb.run)
