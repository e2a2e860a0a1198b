"""The LSTM unit before a requantiser in plain Python, against cells taken one by one.

The scratchpad always serves it (the DMA waits), so what varies around it is what the read port
holds beside the bytes asked for, what the requantiser puts out, and when the next command starts.
"""

import random

import pytest
from amaranth.sim import SimulatorContext

from tests.hw.npu.bench import ReadPort, command_words, simulate
from tests.hw.npu.compute.test_requantiser import requantise
from tests.hw.npu.lstm import execute, random_lstm, random_sums
from tilewright.hw.npu.compute.lstm import LstmUnit
from tilewright.hw.spec.commands import LSTM_FUNCTIONS, LSTM_PRODUCTS, Command
from tilewright.hw.spec.npu_config import NpuConfig
from tilewright.hw.spec.timing import (
    LSTM_HIDDEN_WRITTEN,
    LSTM_OUTPUT_WRITTEN,
    LSTM_STATE_WRITTEN,
    LSTM_UNIT_CYCLES,
    REQUANTISER_LATENCY,
)

CONFIGS = {
    "5x3": NpuConfig(rows=5, cols=3, port_bytes=8, requantiser_lanes=2),
    "7x4": NpuConfig(rows=7, cols=4, port_bytes=16, requantiser_lanes=7),
    "2x2": NpuConfig(rows=2, cols=2, port_bytes=32, requantiser_lanes=1),
}
BYTES = 4096


class Tb:
    def __init__(self, config: NpuConfig, seed: str) -> None:
        self.rng = random.Random(seed)
        self.dut = LstmUnit(config)
        self.memory = bytearray(random_sums(self.rng, BYTES // 2))
        self.port = ReadPort(self.memory, config.port_bytes, self.rng)
        self.under_way: list[tuple[int, int] | None] = [None] * REQUANTISER_LATENCY
        self.counted = [0, 0]

    async def cycle(self, ctx: SimulatorContext, c: Command) -> tuple[bool, bool]:
        """A cycle in which what is written is; returns whether state and result were."""
        dut, write, output = self.dut, self.dut.write, self.dut.output
        data = self.port.cycle(ctx, dut.read)
        self.counted[0] += ctx.get(dut.function)
        self.counted[1] += ctx.get(dut.product)
        result = self.under_way.pop(0)
        if result is not None:
            self.memory[result[0]] = result[1] & 255
        if ctx.get(output.valid):
            lane = ctx.get(output.lanes)[0]
            assert ctx.get(output.mask) == 1
            assert lane.bias == 0
            limits = c["output_zero_point"], c["clamp_low"], c["clamp_high"]
            value = requantise(lane.value, 0, lane.multiplier, lane.shift, *limits)
            self.under_way.append((ctx.get(output.address), value))
        else:
            self.under_way.append(None)
        writes = ctx.get(write.valid)
        if writes:
            assert result is None, "both write"
            for byte in range(2):
                if ctx.get(write.mask) >> byte & 1:
                    value = ctx.get(write.data) >> 8 * byte & 255
                    self.memory[ctx.get(write.address) + byte] = value
        await ctx.tick()
        ctx.set(dut.read.data, data)
        noise = self.rng.getrandbits(8)
        following = self.under_way[0]
        ctx.set(dut.results.data, noise if following is None else following[1] & 255)
        return bool(writes), result is not None

    async def execute(self, ctx: SimulatorContext, c: Command) -> None:
        dut, units = self.dut, c["units"]
        expected = bytearray(self.memory)
        execute(c, expected)
        ctx.set(dut.command, command_words(c))
        ctx.set(dut.start, 1)
        self.counted = [0, 0]
        assert ctx.get(dut.busy)
        await self.cycle(ctx, c)
        ctx.set(dut.start, 0)
        written = {
            (u * LSTM_UNIT_CYCLES + at)
            for u in range(units)
            for at in (LSTM_STATE_WRITTEN, LSTM_HIDDEN_WRITTEN)
        }
        results = {u * LSTM_UNIT_CYCLES + LSTM_OUTPUT_WRITTEN for u in range(units)}
        last_sent = max(results) - REQUANTISER_LATENCY
        for now in range((units - 1) * LSTM_UNIT_CYCLES + LSTM_HIDDEN_WRITTEN + 1):
            assert (
                ctx.get(dut.reading) == ctx.get(dut.read.valid) == (now < units * LSTM_UNIT_CYCLES)
            )
            assert ctx.get(dut.busy) == (now <= last_sent)
            assert await self.cycle(ctx, c) == (now in written, now in results)
        assert self.memory == expected, c
        assert self.counted == [LSTM_FUNCTIONS * units, LSTM_PRODUCTS * units]
        for _ in range(self.rng.choice([0, 0, 3])):
            assert not ctx.get(dut.busy)
            assert await self.cycle(ctx, c) == (False, False)


@pytest.mark.parametrize("name", CONFIGS)
def test_random_commands(name: str) -> None:
    tb = Tb(CONFIGS[name], name)

    async def run(ctx: SimulatorContext) -> None:
        for _ in range(40):
            command = random_lstm(tb.rng, read=range(3000), write=range(3000, BYTES))
            tb.memory[:3000] = random_sums(tb.rng, 1500)
            await tb.execute(ctx, command)

    simulate(tb.dut, run)
