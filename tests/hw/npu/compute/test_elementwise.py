"""The element-wise unit against sums in plain integers, several commands in a row."""

import random

import pytest
from amaranth.sim import SimulatorContext

from tests.hw.npu.bench import CONFIGS, ReadPort, command_words, simulate
from tests.hw.npu.commands import random_elementwise
from tests.hw.npu.reference import operands, sums
from tilewright.hw.npu.compute.elementwise import ElementwiseUnit
from tilewright.hw.spec.commands import Command, Operation
from tilewright.hw.spec.elementwise import SCALED
from tilewright.hw.spec.npu_config import NpuConfig
from tilewright.hw.spec.timing import SCALER_LATENCY, SCRATCHPAD_READ_LATENCY

LATENCY = SCRATCHPAD_READ_LATENCY + SCALER_LATENCY


class Tb:
    def __init__(self, config: NpuConfig, seed: int | str) -> None:
        self.config = config
        self.rng = random.Random(seed)
        self.dut = ElementwiseUnit(config)
        self.memory = self.rng.randbytes(2048)
        self.port = ReadPort(self.memory, config.port_bytes, self.rng)

    def groups(self, c: Command) -> list[list[int]]:
        """Output addresses of each group of ``requantiser_lanes`` elements of a pixel."""
        lanes, run = self.config.requantiser_lanes, c["run_bytes"]
        targets = [target for _, _, target in operands(c)]
        return [
            targets[pixel + start : pixel + min(start + lanes, run)]
            for pixel in range(0, len(targets), run)
            for start in range(0, run, lanes)
        ]

    def reads(self, c: Command) -> list[list[int] | None]:
        """What each read brings: None for operand a, a group of the output for b."""
        found: list[list[int] | None] = []
        groups = self.groups(c)
        per_pixel = -(-c["run_bytes"] // self.config.requantiser_lanes)
        for number, group in enumerate(groups):
            first = number % per_pixel == 0 or not c["a_repeat"]
            if c["operation"] != Operation.B_ALONE and first:
                found.append(None)
            found.append(group)
        return found

    async def cycle(self, ctx: SimulatorContext) -> None:
        data = self.port.cycle(ctx, self.dut.read)
        await ctx.tick()
        ctx.set(self.dut.read.data, data)

    async def execute(self, ctx: SimulatorContext, c: Command) -> None:
        """One operand read a cycle, then the pipeline's latency; busy and silent otherwise."""
        dut = self.dut
        expected, reads = sums(c, self.memory), self.reads(c)
        ctx.set(dut.command, command_words(c))
        ctx.set(dut.start, 1)
        assert ctx.get(dut.busy)
        assert not ctx.get(dut.reading)
        await self.cycle(ctx)
        ctx.set(dut.start, 0)
        scaled = 0
        for number in range(len(reads) + LATENCY):
            assert ctx.get(dut.busy)
            assert ctx.get(dut.reading) == ctx.get(dut.read.valid) == (number < len(reads))
            scaled += ctx.get(dut.elements)
            group = reads[number - LATENCY] if number >= LATENCY else None
            assert ctx.get(dut.output.valid) == (group is not None)
            if group is not None:
                self.check(ctx, c, group, [expected[target] for target in group])
            await self.cycle(ctx)
        assert scaled == self.scaled(c, reads)
        for _ in range(self.rng.choice([1, 1, 4])):
            assert not ctx.get(dut.busy)
            assert not ctx.get(dut.reading)
            assert not ctx.get(dut.output.valid)
            await self.cycle(ctx)

    def scaled(self, c: Command, reads: list[list[int] | None]) -> int:
        """Operands scaled: of a, as many as of the group behind it."""
        total = 0
        for number, group in enumerate(reads):
            total += len(group if group is not None else reads[number + 1] or [])
        return total

    def check(self, ctx: SimulatorContext, c: Command, group: list[int], wanted: list[int]) -> None:
        output = self.dut.output
        assert ctx.get(output.address) == group[0]
        assert ctx.get(output.mask) == (1 << len(group)) - 1
        for lane, total in zip(ctx.get(output.lanes), wanted, strict=False):
            assert lane.value + lane.bias == total
            constants = (c["output_multiplier"], c["output_shift"])
            assert (lane.multiplier, lane.shift) == constants


def extreme(rng: random.Random, command: Command) -> Command:
    """The ends of the shifts', multipliers' and zero points' ranges."""
    values = dict(command.values)
    for side in "ab":
        values[f"{side}_zero_point"] = rng.choice([-128, 127])
        if command["operation"] in SCALED:
            values[f"{side}_shift"] = rng.choice([0, -1, -30, -31])
            values[f"{side}_multiplier"] = rng.choice([0, 1, (1 << 31) - 1])
    return Command(command.opcode, values)


@pytest.mark.parametrize("name", CONFIGS)
def test_equals_the_reference(name: str) -> None:
    tb = Tb(CONFIGS[name], seed=name)

    async def run(ctx: SimulatorContext) -> None:
        seen: set[int] = set()
        for number in range(60):
            command = random_elementwise(tb.rng, tb.config)
            await tb.execute(ctx, extreme(tb.rng, command) if number % 4 == 3 else command)
            seen.add(command["operation"])
        assert seen == set(Operation)

    simulate(tb.dut, run)


@pytest.mark.parametrize("operation", [Operation.MULTIPLY, Operation.MAXIMUM, Operation.MINIMUM])
def test_every_pair_of_bytes(operation: Operation) -> None:
    """256 pixels of 256 bytes: a is one byte for all bytes of b's pixel."""
    config = NpuConfig(rows=32, cols=2, port_bytes=32)
    tb = Tb(config, seed=int(operation))
    tb.memory = bytes(range(256)) * 8
    tb.port = ReadPort(tb.memory, config.port_bytes, tb.rng)
    values = random_elementwise(tb.rng, config).values | {
        "operation": int(operation),
        "a_repeat": 1,
        "output_rows": 1,
        "output_cols": 256,
        "run_bytes": 256,
        "a_address": 0,
        "a_pixel_pitch": 1,
        "b_address": 256,
        "b_pixel_pitch": 0,
        "output_pixel_pitch": 256,
        "output_address": 4096,
        **{f"{side}_multiplier": (1 << 11) for side in "ab"},
        **{f"{side}_shift": 0 for side in "ab"},
    }

    async def run(ctx: SimulatorContext) -> None:
        await tb.execute(ctx, Command(random_elementwise(tb.rng, config).opcode, values))

    simulate(tb.dut, run)
