"""The bridge of a CPU without caches: loads and stores in order, errors, one access at a time."""

import random

import pytest
from amaranth.sim import Simulator

from tests.hw.soc.test_line_bridge import BAD, WORDS, Memory, access
from tilewright.hw.soc.direct_bridge import DirectBridge


@pytest.mark.parametrize("seed", range(3))
def test_loads_see_what_was_stored(seed):
    dut, rng = DirectBridge(), random.Random(seed)
    memory = Memory(dut.memory, 4, seed)
    words = list(memory.words)
    failures = 0

    async def watch(ctx):
        nonlocal failures
        while True:
            *_, failed = await ctx.tick().sample(dut.store_error)
            failures += failed

    async def bench(ctx):
        failed_stores = 0
        for number in range(200):
            address = rng.randrange(WORDS)
            if rng.random() < 0.5:
                value, sel = rng.getrandbits(32), rng.choice([1, 2, 4, 8, 3, 12, 15])
                _, failed = await access(ctx, dut.cpu, address, store=value, sel=sel)
                assert not failed
                failed_stores += address >= BAD
                mask = sum(0xFF << 8 * byte for byte in range(4) if sel >> byte & 1)
                if address < BAD:
                    words[address] = words[address] & ~mask | value & mask
            else:
                (found,), failed = await access(ctx, dut.cpu, address)
                assert failed == (address >= BAD)
                assert failed or found == words[address]
            assert memory.requests == number + 1
        assert failures == failed_stores > 0

    simulator = Simulator(dut)
    simulator.add_clock(1e-6)
    simulator.add_testbench(memory.run, background=True)
    simulator.add_testbench(watch, background=True)
    simulator.add_testbench(bench)
    simulator.run()
