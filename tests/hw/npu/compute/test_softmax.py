"""The softmax unit with memory, tables and requantiser in Python: every cycle, every byte."""

import random

import pytest
from amaranth.sim import SimulatorContext

from tests.hw.npu.bench import CONFIGS, ReadPort, command_words, simulate, unpacked
from tests.hw.npu.commands import random_exponentials, random_softmax
from tests.hw.npu.reference import Reference, scale
from tilewright.hw.npu.compute.softmax import ZERO_POINT, SoftmaxUnit
from tilewright.hw.npu.compute.softmax_walk import tree_levels
from tilewright.hw.spec.commands import EXPONENTIALS, SOFTMAX_BATCH, SOFTMAX_ROW, Command, Opcode
from tilewright.hw.spec.npu_config import NpuConfig
from tilewright.hw.spec.timing import ROUNDED_LATENCY, SOFTMAX_LATENCY

BYTES = 6000
LANES = {
    **CONFIGS,
    "one lane": NpuConfig(rows=2, requantiser_lanes=1, port_bytes=8),
    "8x8": NpuConfig(),
    "32 lanes": NpuConfig(rows=32, cols=4),
}


def cycles(command: Command, lanes: int) -> int:
    """From the first read to the last one, both included."""
    levels, total = max((lanes - 1).bit_length(), 1), 0
    groups = -(-command["row_bytes"] // lanes)
    for first in range(0, command["rows"], SOFTMAX_BATCH):
        rows = min(SOFTMAX_BATCH, command["rows"] - first)
        # A pass, its wait; a pass, its wait; seven products of eight rows; a pass.
        total += 3 * rows * groups + 2 * levels + 7 * 8 - 3 + 8 - rows
    return total


class Tb:
    def __init__(self, config: NpuConfig, seed: int | str) -> None:
        self.config, self.lanes = config, config.requantiser_lanes
        self.rng = random.Random(seed)
        self.dut = SoftmaxUnit(config)
        self.memory = bytearray(self.rng.randbytes(BYTES))
        self.table = [0] * EXPONENTIALS
        self.port = ReadPort(self.memory, config.port_bytes, self.rng)
        self.products = [0] * (ROUNDED_LATENCY - 1)
        self.elements = self.lookups = self.multiplied = 0

    async def cycle(self, ctx: SimulatorContext) -> None:
        """What stands around the unit, for a cycle."""
        dut, lanes = self.dut, range(self.lanes)
        data = self.port.cycle(ctx, dut.read)
        differences = ctx.get(dut.differences)
        words = [self.table[differences >> 8 * i & 255] for i in lanes]
        output = ctx.get(dut.output)
        first = output.lanes[0]
        self.products.append(scale(first.value, first.multiplier, 0))
        if output.valid:
            for i in lanes:
                if output.mask >> i & 1:
                    lane = output.lanes[i]
                    assert lane.bias == 0
                    assert -31 <= lane.shift <= 0 or lane.multiplier == 0
                    probability = scale(lane.value, lane.multiplier, max(lane.shift, -31))
                    value = min(probability + ZERO_POINT, 127) & 255
                    self.memory[output.address + i] = value
                    self.elements += 1
        self.lookups += ctx.get(dut.lookups).bit_count()
        self.multiplied += ctx.get(dut.multiplying)
        await ctx.tick()
        ctx.set(dut.read.data, data)
        ctx.set(dut.words, sum(word << 32 * i for i, word in enumerate(words)))
        ctx.set(dut.product, self.products.pop(0))

    async def run(self, ctx: SimulatorContext, command: Command, exponentials: bytes) -> None:
        dut = self.dut
        self.table[: len(exponentials) // 4] = unpacked(
            int.from_bytes(exponentials, "little"), 32, len(exponentials) // 4
        )
        reference = Reference(self.config, bytearray(self.memory))
        reference.tables[: len(exponentials)] = exponentials
        reference.run(command, [])
        self.elements = self.lookups = self.multiplied = 0
        ctx.set(dut.command, command_words(command))
        ctx.set(dut.start, 1)
        assert ctx.get(dut.busy)
        assert not ctx.get(dut.reading)
        await self.cycle(ctx)
        ctx.set(dut.start, 0)
        for _ in range(cycles(command, self.lanes)):
            assert ctx.get(dut.reading)
            await self.cycle(ctx)
        assert not ctx.get(dut.reading)
        for _ in range(SOFTMAX_LATENCY):
            assert ctx.get(dut.busy)
            await self.cycle(ctx)
        assert not ctx.get(dut.busy)
        count = command["rows"] * command["row_bytes"]
        assert (self.elements, self.lookups) == (count, 2 * count)
        assert self.multiplied == 7 * command["rows"]
        wrong = [i for i in range(BYTES) if self.memory[i] != reference.scratchpad[i]]
        assert not wrong, f"{command}, first wrong byte {wrong[0]}"


@pytest.mark.parametrize("name", LANES)
def test_random_rows(name: str) -> None:
    tb = Tb(LANES[name], seed=name)

    async def run(ctx: SimulatorContext) -> None:
        for _ in range(25):
            count = tb.rng.choice([EXPONENTIALS, tb.rng.randint(1, EXPONENTIALS)])
            command = random_softmax(tb.rng, count)
            await tb.run(ctx, command, random_exponentials(tb.rng, count))
            for _ in range(tb.rng.choice([0, 0, 3])):
                await tb.cycle(ctx)

    simulate(tb.dut, run)


def command_of(rows: int, size: int, **values: int) -> Command:
    return Command(
        Opcode.SOFTMAX,
        {
            "input_address": 0,
            "last_exponential": 255,
            "output_address": 0,
            "row_bytes": size,
            "rows": rows,
            "input_row_pitch": size,
            "output_row_pitch": size,
        }
        | values,
    )


@pytest.mark.parametrize("lanes", [1, 2, 3, 8])
def test_every_number_of_short_rows(lanes: int) -> None:
    """Batches of one row behind full ones, where passes are as short as they can be."""
    tb = Tb(NpuConfig(requantiser_lanes=lanes), seed=lanes)

    async def run(ctx: SimulatorContext) -> None:
        for size in (1, 2):
            for rows in range(1, 2 * SOFTMAX_BATCH + 3):
                exponentials = random_exponentials(tb.rng, EXPONENTIALS)
                await tb.run(ctx, command_of(rows, size, input_address=300), exponentials)

    simulate(tb.dut, run)


def test_the_longest_row_of_the_largest_exponentials() -> None:
    """The sum has all its bits, and nothing is left of a probability."""
    tb = Tb(NpuConfig(), seed=1)
    tb.memory[:] = bytes(BYTES)

    async def run(ctx: SimulatorContext) -> None:
        for size in (SOFTMAX_ROW, 512, 513, 256, 255, 128, 64, 1):
            tb.memory[:] = bytes(BYTES)
            await tb.run(ctx, command_of(1, size), random_exponentials(tb.rng, 1))
            probability = tb.memory[0] + 128 & 255
            assert abs(probability - min(256 / size, 255)) <= 0.5

    simulate(tb.dut, run)


def test_levels() -> None:
    assert [tree_levels(lanes) for lanes in (1, 2, 3, 4, 5, 8, 9, 32)] == [1, 1, 2, 2, 3, 3, 4, 5]
