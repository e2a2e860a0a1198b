"""The adder against sums that the reference arithmetic scales, several commands in a row."""

import random
from collections import deque

import pytest
from amaranth.sim import SimulatorContext

from hw.npu.compute.adder import SCALER_LATENCY, Adder
from hw.npu.ports import SCRATCHPAD_READ_LATENCY
from hw.spec.commands import Command
from hw.spec.npu_config import NpuConfig
from tests.hw.npu.bench import CONFIGS, ReadPort, command_words, simulate
from tests.hw.npu.commands import random_add
from tests.hw.npu.reference import scale, signed_byte

LATENCY = SCRATCHPAD_READ_LATENCY + SCALER_LATENCY


class Tb:
    def __init__(self, config: NpuConfig, seed: int | str) -> None:
        self.config = config
        self.rng = random.Random(seed)
        self.dut = Adder(config)
        self.memory = self.rng.randbytes(600)
        self.port = ReadPort(self.memory, config.port_bytes, self.rng)

    def sums(self, c: Command) -> deque[tuple[int, list[int]]]:
        """(output address, sums) of each group of ``requantiser_lanes`` elements."""
        groups = deque()
        lanes = self.config.requantiser_lanes
        for start in range(0, c["bytes"], lanes):
            sums = []
            for i in range(start, min(start + lanes, c["bytes"])):
                total = 0
                for side in "ab":
                    value = signed_byte(self.memory[c[f"{side}_address"] + i])
                    centred = (value - c[f"{side}_zero_point"]) << 20
                    total += scale(centred, c[f"{side}_multiplier"], c[f"{side}_shift"])
                sums.append(total)
            groups.append((c["output_address"] + start, sums))
        return groups

    async def cycle(self, ctx: SimulatorContext) -> None:
        data = self.port.cycle(ctx, self.dut.read)
        await ctx.tick()
        ctx.set(self.dut.read.data, data)

    async def execute(self, ctx: SimulatorContext, c: Command) -> None:
        """One operand read a cycle, then the pipeline's latency; busy and silent otherwise."""
        dut = self.dut
        expected = self.sums(c)
        reads = 2 * len(expected)
        ctx.set(dut.command, command_words(c))
        ctx.set(dut.start, 1)
        assert ctx.get(dut.busy)
        assert not ctx.get(dut.reading)
        await self.cycle(ctx)
        ctx.set(dut.start, 0)
        for number in range(reads + LATENCY):
            assert ctx.get(dut.busy)
            assert ctx.get(dut.reading) == ctx.get(dut.read.valid) == (number < reads)
            second = number - LATENCY
            assert ctx.get(dut.output.valid) == (second >= 0 and second % 2 == 1)
            if ctx.get(dut.output.valid):
                self.check(ctx, c, *expected.popleft())
            await self.cycle(ctx)
        assert not expected
        for _ in range(self.rng.choice([1, 1, 4])):
            assert not ctx.get(dut.busy)
            assert not ctx.get(dut.reading)
            assert not ctx.get(dut.output.valid)
            await self.cycle(ctx)

    def check(self, ctx: SimulatorContext, c: Command, address: int, sums: list[int]) -> None:
        output = self.dut.output
        assert ctx.get(output.address) == address
        assert ctx.get(output.mask) == (1 << len(sums)) - 1
        constants = (0, c["output_multiplier"], c["output_shift"])
        for lane, total in zip(ctx.get(output.lanes), sums, strict=False):
            assert (lane.value, lane.bias, lane.multiplier, lane.shift) == (total, *constants)


def extreme(rng: random.Random, command: Command) -> Command:
    """The ends of the shifts' and multipliers' ranges."""
    values = dict(command.values)
    for side in "ab":
        values[f"{side}_shift"] = rng.choice([0, -1, -30, -31])
        values[f"{side}_multiplier"] = rng.choice([0, 1, (1 << 31) - 1])
        values[f"{side}_zero_point"] = rng.choice([-128, 127])
    return Command(command.opcode, values)


@pytest.mark.parametrize("name", CONFIGS)
def test_equals_the_reference(name: str) -> None:
    tb = Tb(CONFIGS[name], seed=name)

    async def run(ctx: SimulatorContext) -> None:
        for number in range(20):
            command = random_add(tb.rng)
            await tb.execute(ctx, extreme(tb.rng, command) if number % 4 == 3 else command)

    simulate(tb.dut, run)
