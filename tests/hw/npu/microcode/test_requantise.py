"""Requantisation one by one against the reference arithmetic of the pipelined one's bench."""

import random

import pytest

from tests.hw.npu.bench import simulate
from tests.hw.npu.compute.test_requantiser import elements, requantise, wrap32
from tilewright.hw.npu.microcode.requantise import Requantise


@pytest.mark.parametrize("bits", [20, 24, 32])
def test_equals_the_reference(bits: int) -> None:
    dut, rng = Requantise(bits), random.Random(bits)
    limit = 1 << (bits - 1)

    async def bench(ctx):
        for value, bias, multiplier, shift in elements(rng, 120):
            total = max(min(value, limit - 1), -limit)
            zero_point, low = rng.randint(-128, 127), rng.randint(-128, 0)
            high = rng.randint(1, 127)
            parameters = {"bias": wrap32(bias), "multiplier": multiplier, "shift": shift}
            ctx.set(dut.parameters, parameters)
            ctx.set(dut.zero_point, zero_point)
            ctx.set(dut.low, low)
            ctx.set(dut.high, high)
            ctx.set(dut.start, 1)
            await ctx.tick()
            ctx.set(dut.start, 0)
            ctx.set(dut.total, total)
            cycles = 0
            while ctx.get(dut.busy):
                await ctx.tick()
                ctx.set(dut.total, 0)
                cycles += 1
            expected = requantise(total, bias, multiplier, shift, zero_point, low, high)
            assert ctx.get(dut.result) == expected, (total, bias, multiplier, shift)
            assert cycles == 4 + abs(shift)

    simulate(dut, bench)
