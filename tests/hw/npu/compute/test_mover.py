"""The mover against runs written out in Python, a piece a cycle, several commands in a row.

The scratchpad always serves it (the DMA waits), so what varies around it is what the read port
holds beside the bytes asked for, and when the next command starts.
"""

import random

import pytest
from amaranth.sim import SimulatorContext

from tests.hw.npu.bench import CONFIGS, ReadPort, command_words, simulate
from tests.hw.npu.moves import move_command, pieces, random_move
from tilewright.hw.npu.compute.mover import Mover
from tilewright.hw.spec.commands import ADDRESS_BITS, Command
from tilewright.hw.spec.npu_config import NpuConfig
from tilewright.hw.spec.timing import SCRATCHPAD_READ_LATENCY


class Tb:
    def __init__(self, config: NpuConfig, seed: int | str) -> None:
        self.config = config
        self.rng = random.Random(seed)
        self.dut = Mover(config)
        self.memory = self.rng.randbytes(1 << ADDRESS_BITS)
        self.port = ReadPort(self.memory, config.port_bytes, self.rng)

    async def cycle(self, ctx: SimulatorContext) -> None:
        data = self.port.cycle(ctx, self.dut.read)
        await ctx.tick()
        ctx.set(self.dut.read.data, data)

    async def execute(self, ctx: SimulatorContext, c: Command) -> None:
        """A read a cycle, each followed by its write; silent otherwise."""
        dut = self.dut
        expected = pieces(c, self.config.port_bytes)
        ctx.set(dut.command, command_words(c))
        ctx.set(dut.start, 1)
        assert not ctx.get(dut.moving)
        await self.cycle(ctx)
        ctx.set(dut.start, 0)
        for number in range(len(expected) + SCRATCHPAD_READ_LATENCY):
            reads = number < len(expected)
            assert ctx.get(dut.moving) == reads
            assert ctx.get(dut.read.valid) == (reads and not c["fill"])
            if reads and not c["fill"]:
                source, _, size = expected[number]
                assert ctx.get(dut.read.address) == source
                assert ctx.get(dut.read.size) == size
            self.check_write(ctx, c, expected, number - SCRATCHPAD_READ_LATENCY)
            await self.cycle(ctx)
        for _ in range(self.rng.choice([1, 1, 4])):
            assert not ctx.get(dut.moving)
            assert not ctx.get(dut.read.valid)
            assert not ctx.get(dut.write.valid)
            await self.cycle(ctx)

    def check_write(
        self, ctx: SimulatorContext, c: Command, expected: list[tuple[int, int, int]], number: int
    ) -> None:
        write = self.dut.write
        assert ctx.get(write.valid) == (number >= 0)
        if number < 0:
            return
        source, target, size = expected[number]
        assert ctx.get(write.address) == target
        assert ctx.get(write.mask) == (1 << size) - 1
        wanted = bytes([c["value"] & 255] * size) if c["fill"] else self.memory[source:][:size]
        assert ctx.get(write.data).to_bytes(self.config.port_bytes, "little")[:size] == wanted


def check(name: str, commands: list[Command]) -> None:
    tb = Tb(CONFIGS[name], seed=name)

    async def run(ctx: SimulatorContext) -> None:
        for command in commands:
            await tb.execute(ctx, command)

    simulate(tb.dut, run)


@pytest.mark.parametrize("name", CONFIGS)
def test_random_moves(name: str) -> None:
    rng = random.Random(name)
    limits = {"read": range(3000), "write": range(4000, 9000), "most": 150}
    check(name, [random_move(rng, **limits, longest=90) for _ in range(40)])


@pytest.mark.parametrize("name", CONFIGS)
def test_runs_around_the_width_of_a_port(name: str) -> None:
    port = CONFIGS[name].port_bytes
    sizes = [1, port - 1, port, port + 1, 2 * port - 1, 2 * port, 2 * port + 1, 5 * port + 3]
    check(name, [move_command(700 + n, 4000, n, [(3, -n, n + 1)]) for n in sizes])


def test_the_far_ends_of_the_fields() -> None:
    """Many turns, and pitches and addresses at the ends of what the fields hold."""
    top = (1 << ADDRESS_BITS) - 1
    check(
        "5x3",
        [
            move_command(top, 0, 1, [(2, -top, top)]),
            move_command(0, top - 8, 9, [(1, -top - 1, top)]),
            move_command(5, 0, 1, [(1, 0, 0), (1, 0, 0), (700, 0, 3)]),
        ],
    )
