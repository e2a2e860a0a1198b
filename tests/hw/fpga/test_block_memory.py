"""Main memory in block RAM against a byte array, a request in most cycles."""

import random
from collections import deque

import pytest
from amaranth.sim import Simulator

from tilewright.hw.fpga.block_memory import BLOCK_MEMORY_LATENCY, BlockMemory
from tilewright.hw.spec.config import Config
from tilewright.hw.spec.npu_config import NpuConfig
from tilewright.hw.spec.registers import MEMORY_BASE
from tilewright.hw.spec.soc_config import SocConfig


@pytest.mark.parametrize("size", [256 * 1024, 304 * 1024])
@pytest.mark.parametrize("bus_bytes", [4, 16])
def test_equals_a_byte_array(bus_bytes: int, size: int) -> None:
    dut = BlockMemory(Config(npu=NpuConfig(bus_bytes=bus_bytes), soc=SocConfig(memory_bytes=size)))
    rng, bus = random.Random(bus_bytes), dut.bus
    base, words = MEMORY_BASE // bus_bytes, size // bus_bytes
    hot = [base, base + 1, base + words - 1, base - 1, base + words, 0]
    content: dict[int, int] = {}
    answers = deque([None] * BLOCK_MEMORY_LATENCY)

    def request(ctx) -> tuple[bool, int | None] | None:
        """Drives a request; returns whether it is answered by ``ack``, and a read's data."""
        valid, writes, address = rng.random() < 0.8, rng.randint(0, 1), rng.choice(hot)
        data, select = rng.getrandbits(8 * bus_bytes), rng.getrandbits(bus_bytes)
        ctx.set(bus.cyc, valid)
        ctx.set(bus.stb, valid)
        ctx.set(bus.we, writes)
        ctx.set(bus.adr, address)
        ctx.set(bus.sel, select)
        ctx.set(bus.dat_w, data)
        assert not ctx.get(bus.stall)
        if not valid:
            return None
        if not base <= address < base + words:
            return False, None
        before = content.get(address, 0)
        if not writes:
            return True, before
        mask = sum(255 << 8 * i for i in range(bus_bytes) if select >> i & 1)
        content[address] = before & ~mask | data & mask
        return True, None

    async def bench(ctx) -> None:
        for _ in range(2000):
            expected = answers.popleft()
            assert ctx.get(bus.ack) == (expected is not None and expected[0])
            assert ctx.get(bus.err) == (expected is not None and not expected[0])
            if expected is not None and expected[1] is not None:
                assert ctx.get(bus.dat_r) == expected[1]
            answers.append(request(ctx))
            await ctx.tick()

    simulator = Simulator(dut)
    simulator.add_clock(1e-6)
    simulator.add_testbench(bench)
    simulator.run()
