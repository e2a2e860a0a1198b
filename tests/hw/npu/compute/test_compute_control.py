"""The compute queue's head between engines that take random times."""

import random

import pytest
from amaranth.sim import SimulatorContext

from tests.hw.npu.bench import command_words, simulate
from tests.hw.npu.commands import (
    random_elementwise,
    random_softmax,
    random_table,
    random_window,
)
from tests.hw.npu.lstm import random_lstm
from tests.hw.npu.moves import random_move
from tilewright.hw.npu.compute.compute_control import ComputeControl
from tilewright.hw.npu.compute.mac_control import CAUSE
from tilewright.hw.spec.commands import Command, Opcode
from tilewright.hw.spec.npu_config import NpuConfig
from tilewright.hw.spec.profile import CAUSES
from tilewright.hw.spec.timing import SCRATCHPAD_READ_LATENCY, SCRATCHPAD_WRITE_LATENCY

UNITS = {"elementwise": Opcode.ELEMENTWISE, "table": Opcode.TABLE, "softmax": Opcode.SOFTMAX}
ALONE = {"move": Opcode.MOVE, "lstm": Opcode.LSTM}
PULSES = (
    *(f"start_{name}" for name in ("window", *ALONE, *UNITS)),
    *("mark", "completed"),
)
CONFIG = NpuConfig(rows=5, cols=3)


class Tb:
    """``longest``: most cycles that each wait takes."""

    def __init__(self, seed: int, longest: int) -> None:
        self.rng = random.Random(seed)
        self.longest = longest
        self.dut = ComputeControl()
        self.words = [0] * len(command_words(Command(Opcode.MARK, {"layer": 0})))
        self.opcode = 0

    def wait(self) -> range:
        return range(self.rng.randint(0, self.longest))

    async def cycle(self, ctx: SimulatorContext, cause: str, *pulses: str) -> None:
        """One cycle in which ``cause`` counts and exactly ``pulses`` are given."""
        dut = self.dut
        assert {name for name in PULSES if ctx.get(getattr(dut, name))} == set(pulses)
        assert ctx.get(dut.cause) == CAUSE[cause]
        assert ctx.get(dut.compute.ready) == (self.opcode == 0)
        assert ctx.get(dut.idle) == (self.opcode == 0 and ctx.get(dut.mark_ready))
        assert ctx.get(dut.opcode) == self.opcode
        if self.opcode:
            for name, opcode in {**UNITS, **ALONE}.items():
                assert ctx.get(getattr(dut, f"is_{name}")) == (self.opcode == opcode.value)
            assert ctx.get(dut.is_unit) == (self.opcode in [o.value for o in UNITS.values()])
            assert [ctx.get(dut.command[i]) for i in range(len(self.words))] == self.words
        await ctx.tick()

    async def accept(self, ctx: SimulatorContext, command: Command) -> None:
        dut = self.dut
        for _ in self.wait():
            ctx.set(dut.blocked, self.rng.randint(0, 1))
            ctx.set(dut.mark_ready, self.rng.randint(0, 1))
            await self.cycle(ctx, "transfer" if ctx.get(dut.blocked) else "command")
        self.words = command_words(command)
        ctx.set(dut.blocked, 0)
        ctx.set(dut.compute.payload, self.words)
        ctx.set(dut.compute.valid, 1)
        await self.cycle(ctx, "command")
        # what stands behind it must not disturb it
        ctx.set(dut.compute.payload, [self.rng.getrandbits(32) for _ in self.words])
        ctx.set(dut.blocked, 1)
        self.opcode = command.opcode.value

    async def window(self, ctx: SimulatorContext, c: Command) -> None:
        dut = self.dut
        for _ in self.wait():
            assert ctx.get(dut.weights.valid)
            await self.cycle(ctx, "command")
        ctx.set(dut.weights.ready, 1)
        assert ctx.get(dut.weights.valid)
        request = ctx.get(dut.weights.payload)
        got = (request.blocks, request.tiles, request.block_words, request.stream, request.keep)
        ways = (c["stream"], c["keep"]) if c.opcode is Opcode.CONV else (0, 0)
        assert got == (c["blocks"], c["tiles"], c["block_words"], *ways)
        await self.cycle(ctx, "command", "start_window")
        ctx.set(dut.weights.ready, self.rng.randint(0, 1))
        length = self.rng.randint(1, 5 * self.longest + 1)
        for number in range(length):
            cause, _ = self.rng.choice(CAUSES)
            ctx.set(dut.mac_cause, CAUSE[cause])
            ctx.set(dut.mac_done, number == length - 1)
            assert not ctx.get(dut.weights.valid)
            await self.cycle(ctx, cause)
        ctx.set(dut.mac_done, 0)
        ctx.set(dut.weights.ready, 0)
        ctx.set(dut.drain_busy, 1)
        for _ in self.wait():
            await self.cycle(ctx, "drain")
        await self.cycle(ctx, "drain")
        ctx.set(dut.drain_busy, 0)

    async def unit(self, ctx: SimulatorContext, start: str) -> None:
        dut = self.dut
        ctx.set(dut.unit_busy, 1)
        await self.cycle(ctx, "command", start)
        for reading in (1, 0):
            ctx.set(dut.unit_reading, reading)
            for _ in self.wait():
                await self.cycle(ctx, "busy" if reading else "drain")
        ctx.set(dut.unit_busy, 0)

    async def move(self, ctx: SimulatorContext) -> None:
        """Completed once, when the write of the last read can be read."""
        dut = self.dut
        await self.cycle(ctx, "command", "start_move")
        for port in (dut.unit_reading, dut.unit_busy):
            ctx.set(port, 1)
        for _ in range(1 + self.rng.randint(0, self.longest)):
            await self.cycle(ctx, "busy")
        for port in (dut.unit_reading, dut.unit_busy):
            ctx.set(port, 0)
        for _ in range(SCRATCHPAD_READ_LATENCY + SCRATCHPAD_WRITE_LATENCY - 1):
            await self.cycle(ctx, "drain")
        await self.cycle(ctx, "drain", "completed")
        self.rest(ctx)

    async def finish(self, ctx: SimulatorContext) -> None:
        """Completed once, when the requantiser's last write can be read."""
        dut = self.dut
        ctx.set(dut.requantiser_busy, 1)
        for _ in range(1 + self.rng.randint(0, self.longest)):
            await self.cycle(ctx, "drain")
        ctx.set(dut.requantiser_busy, 0)
        since_write, completed = 0, 0
        while not completed:
            since_write += 1
            assert since_write <= SCRATCHPAD_WRITE_LATENCY + 1
            completed = ctx.get(dut.completed)
            await self.cycle(ctx, "drain", *(["completed"] if completed else []))
        assert since_write >= SCRATCHPAD_WRITE_LATENCY
        self.rest(ctx)

    def rest(self, ctx: SimulatorContext) -> None:
        ctx.set(self.dut.compute.valid, 0)
        self.opcode = 0

    async def mark(self, ctx: SimulatorContext, layer: int) -> None:
        dut = self.dut
        ctx.set(dut.mark_ready, 0)
        for _ in self.wait():
            await self.cycle(ctx, "command")
        ctx.set(dut.mark_ready, 1)
        assert ctx.get(dut.layer) == layer
        await self.cycle(ctx, "command", "mark", "completed")
        self.rest(ctx)

    async def run(self, ctx: SimulatorContext) -> None:
        for _ in range(30):
            kind = self.rng.choice(["window", "window", *UNITS, *ALONE, "mark"])
            if kind == "mark":
                command = Command(Opcode.MARK, {"layer": self.rng.getrandbits(16)})
            elif kind == "elementwise":
                command = random_elementwise(self.rng, CONFIG)
            elif kind == "table":
                command = random_table(self.rng)
            elif kind == "softmax":
                command = random_softmax(self.rng, 256)
            elif kind == "lstm":
                command = random_lstm(self.rng, read=range(500), write=range(500, 900))
            elif kind == "move":
                command = random_move(self.rng, read=range(500), write=range(500, 900))
            else:
                command, _ = random_window(self.rng, CONFIG)
                if command.opcode is Opcode.CONV:
                    ways = {name: self.rng.randint(0, 1) for name in ("stream", "keep")}
                    command = Command(Opcode.CONV, {**command.values, **ways})
            await self.accept(ctx, command)
            if kind == "mark":
                await self.mark(ctx, command["layer"])
                continue
            if kind == "move":
                await self.move(ctx)
                continue
            if kind == "window":
                await self.window(ctx, command)
            else:
                await self.unit(ctx, f"start_{kind}")
            await self.finish(ctx)


@pytest.mark.parametrize("longest", [0, 2, 9])
def test_one_command_at_a_time(longest: int) -> None:
    tb = Tb(seed=longest, longest=longest)
    simulate(tb.dut, tb.run)
