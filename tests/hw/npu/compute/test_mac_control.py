"""The array's control against the list of a command's steps, with operands that come and go."""

import random
from collections import deque
from functools import partial

import pytest
from amaranth.sim import SimulatorContext

from tests.hw.npu.bench import CONFIGS, command_words, simulate
from tests.hw.npu.loops import (
    Step,
    block_channels,
    capacity,
    every_kind,
    is_maximum,
    is_window,
    slots,
    steps,
)
from tilewright.hw.npu.compute.mac_control import CAUSE, MacControl
from tilewright.hw.spec.commands import Command, Opcode
from tilewright.hw.spec.npu_config import NpuConfig


class Tb:
    """``stall``: how likely each operand is missing in a cycle."""

    def __init__(self, config: NpuConfig, seed: int | str, stall: float) -> None:
        self.config, self.stall = config, stall
        self.rng = random.Random(seed)
        self.dut = MacControl(config)
        self.command: Command
        self.filled = self.released = 0
        self.releases = deque([0])
        self.word: int | None = None

    def lucky(self) -> bool:
        return self.rng.random() >= self.stall

    async def execute(self, ctx: SimulatorContext, command: Command) -> None:
        dut, self.command = self.dut, command
        self.filled = self.released = 0
        self.total = len(slots(command, self.config))
        ctx.set(dut.command, command_words(command))
        ctx.set(dut.start, 1)
        self.drive(ctx, filled=False)
        self.expect(ctx, "command")
        await ctx.tick()
        ctx.set(dut.start, 0)
        self.drive(ctx)
        self.expect(ctx, "command")
        await self.tick(ctx)
        plan = steps(command, self.config)
        for i, step in enumerate(plan):
            await self.until(ctx, partial(self.step, step=step, ends=i == len(plan) - 1))
        assert self.released == self.total
        for _ in range(3):
            self.drive(ctx)
            self.expect(ctx, "command")
            await self.tick(ctx)

    async def until(self, ctx: SimulatorContext, action) -> None:
        """Cycles up to the one in which ``action`` takes place."""
        done = False
        while not done:
            self.drive(ctx)
            done = action(ctx)
            await self.tick(ctx)

    async def tick(self, ctx: SimulatorContext) -> None:
        await ctx.tick()
        self.filled += self.announced

    def drive(self, ctx: SimulatorContext, *, filled: bool = True) -> None:
        """New operands; a word that is offered stays until it is taken."""
        dut, rng = self.dut, self.rng
        room = self.filled - self.released < capacity(self.command, self.config)
        self.announced = filled and room and self.filled < self.total and self.lucky()
        if self.word is None and self.lucky():
            self.word = rng.getrandbits(8 * self.config.weight_pair_bytes)
        self.drain_ready, self.parameters_loaded = self.lucky(), self.lucky()
        self.reading_parameters = rng.random() < 0.5
        ctx.set(dut.slot_filled, self.announced)
        ctx.set(dut.words.valid, self.word is not None)
        ctx.set(dut.words.payload, rng.getrandbits(16) if self.word is None else self.word)
        ctx.set(dut.drain_ready, self.drain_ready)
        ctx.set(dut.parameters_loaded, self.parameters_loaded)
        ctx.set(dut.reading_parameters, self.reading_parameters)

    def expect(self, ctx: SimulatorContext, *causes: str, **happens: int) -> None:
        """One of ``causes`` counts, and nothing happens but what is named."""
        dut = self.dut
        assert ctx.get(dut.cause) in {CAUSE[name] for name in causes}
        taken = ctx.get(dut.words.ready) and self.word is not None
        assert ctx.get(dut.released) == self.releases.popleft()
        self.releases.append(happens.pop("released", 0))
        seen = {
            "word": taken,
            "step": ctx.get(dut.step.valid),
            "select": ctx.get(dut.select.valid),
            "tile": ctx.get(dut.tile.valid),
            "parameters": ctx.get(dut.parameters_taken),
            "done": ctx.get(dut.done),
        }
        assert {name: value for name, value in seen.items() if value} == {
            name: value for name, value in happens.items() if value
        }

    def step(self, ctx: SimulatorContext, step: Step, ends: bool) -> bool:
        """Taken if and only if everything that it needs is there."""
        c, dut = self.command, self.dut
        maximum = is_maximum(c)
        missing = []
        if self.filled < max(step.slot + 1, step.released):
            missing.append("activations")
        if self.word is None and not maximum:
            missing.append("parameters" if self.reading_parameters else "weights")
        if step.last and not self.parameters_loaded:
            missing.append("parameters")
        if step.last and not self.drain_ready:
            missing.append("drain")
        if missing:
            self.expect(ctx, missing[0])
            return False
        self.expect(
            ctx,
            "busy",
            step=1,
            select=1,
            word=not maximum,
            tile=step.last,
            parameters=step.last and step.tile.ends_block,
            released=step.released - self.released,
            done=ends,
        )
        control = dut.step
        got = [ctx.get(control[name]) for name in ("first", "last", "maximum")]
        assert got == [step.first, step.last, maximum]
        self.check_select(ctx, step)
        self.check_tile(ctx, step)
        self.released = step.released
        if not maximum:
            self.check_weights(ctx, self.word)
            self.word = None
        return True

    def check_weights(self, ctx: SimulatorContext, word: int) -> None:
        rows, width = self.config.rows, self.config.weight_word_bytes
        pair = word.to_bytes(2 * width, "little")
        even = pair[:rows]
        odd = pair[width : width + rows] if self.command["paired"] else even
        assert ctx.get(self.dut.weights).to_bytes(2 * rows, "little") == even + odd

    def check_select(self, ctx: SimulatorContext, step: Step) -> None:
        c, config, select = self.command, self.config, self.dut.select
        assert ctx.get(select.slot) == step.slot % capacity(c, config)
        assert ctx.get(select.depthwise) == (c.opcode is Opcode.DEPTHWISE)
        assert ctx.get(select.paired) == c["paired"]
        if c.opcode is Opcode.CONV:
            assert ctx.get(select.byte) == step.position
        else:
            tap = (step.position, c["stride_cols"] == 2) if is_window(c) else (0, False)
            assert (ctx.get(select.tap), ctx.get(select.double)) == tap

    def check_tile(self, ctx: SimulatorContext, step: Step) -> None:
        c, dut, tile = self.command, self.dut, self.dut.tile
        most = block_channels(c, self.config)
        channels = min(most, c["channels"] - step.tile.block * most)
        assert ctx.get(dut.active_channels) == channels
        assert ctx.get(dut.active_pixels) == len(step.tile.pixels)
        if step.last:
            assert ctx.get(tile.pixels) == len(step.tile.pixels)
            assert ctx.get(tile.ends_block) == step.tile.ends_block
            if c.opcode is Opcode.DEPTHWISE:
                assert ctx.get(tile.ends_strip) == step.tile.ends_strip


@pytest.mark.parametrize("stall", [0.0, 0.3])
@pytest.mark.parametrize("name", CONFIGS)
def test_takes_every_step_as_soon_as_it_can(name: str, stall: float) -> None:
    tb = Tb(CONFIGS[name], seed=name, stall=stall)

    async def run(ctx: SimulatorContext) -> None:
        for command in every_kind(tb.rng, tb.config, most_steps=300):
            await tb.execute(ctx, command)

    simulate(tb.dut, run)
