"""The drain, behind a naive array, against a list of what goes where in each cycle."""

import random
from collections import deque
from dataclasses import dataclass

import pytest
from amaranth.sim import SimulatorContext

from tests.hw.npu.bench import CONFIGS, command_words, packed, simulate
from tests.hw.npu.loops import Tile, block_channels, every_kind, tiles
from tilewright.hw.npu.compute.drain import Drain
from tilewright.hw.spec.commands import Command, Opcode
from tilewright.hw.spec.npu_config import NpuConfig
from tilewright.hw.spec.timing import CAPTURE_LATENCY

ALL_BYTES = NpuConfig(rows=4, cols=5, port_bytes=8, requantiser_lanes=4, depthwise_kernel=3)
"""Every beat has all lanes; a column is left over when the others pair."""


@dataclass(frozen=True)
class Beat:
    """A cycle of the drain: (value, bias, multiplier, shift) for ``lanes``, which may be none."""

    block: int
    half: int
    address: int
    lanes: tuple[tuple[int, int, int, int], ...]
    ends_block: bool = False


class Tb:
    """``stall``: how likely a tile that could come in a cycle does not."""

    def __init__(self, config: NpuConfig, seed: int | str, stall: float) -> None:
        self.config, self.stall = config, stall
        self.rng = random.Random(seed)
        self.dut = Drain(config)
        self.half = 0  # that the parameter sets show
        self.shifts = False  # the array, in this cycle
        self.cycles = self.outputs = self.without_channels = 0

    async def execute(self, ctx: SimulatorContext, c: Command) -> None:
        dut, self.command = self.dut, c
        self.plan = deque(tiles(c, self.config))
        self.parameters = [self.random_parameters() for _ in range(c["blocks"])]
        self.captures: dict[int, tuple[list[list[int]], list[Beat]]] = {}
        self.shadow: list[list[int]] = []
        self.reading: deque[Beat] = deque()
        ctx.set(dut.command, command_words(c))
        ctx.set(dut.start, 1)
        await self.tick(ctx)
        ctx.set(dut.start, 0)
        while self.plan or self.captures or self.reading:
            await self.cycle(ctx)
        for _ in range(3):
            self.check(ctx)
            await self.tick(ctx)

    async def tick(self, ctx: SimulatorContext) -> None:
        await ctx.tick()
        self.cycles += 1
        assert self.cycles < 30_000
        ctx.set(self.dut.tile.valid, 0)

    async def cycle(self, ctx: SimulatorContext) -> None:
        dut = self.dut
        self.show(ctx)
        self.check(ctx)
        if self.shifts:
            self.shadow = self.shadow[1:] + self.shadow[:1]
        self.half ^= ctx.get(dut.turned)
        if self.reading:
            self.reading.popleft()
        ctx.set(dut.capture, self.cycles in self.captures)
        if self.cycles in self.captures:
            assert not self.reading
            self.shadow, beats = self.captures.pop(self.cycles)
            self.reading.extend(beats)
        self.announce(ctx)
        self.shifts = ctx.get(dut.will_shift)
        await self.tick(ctx)
        ctx.set(dut.capture, 0)

    def show(self, ctx: SimulatorContext) -> None:
        """Shadow registers of the column in turn, parameters of block and half; or noise."""
        config, dut, rows = self.config, self.dut, self.config.rows
        column, parameters = self.noise(), self.random_parameters()
        if self.reading:
            column, parameters = self.shadow[0], self.parameters[self.reading[0].block]
        ctx.set(dut.results, packed(column, config.accumulator_bits))
        half = self.half
        biases, multipliers, shifts = zip(*parameters[half * rows : (half + 1) * rows], strict=True)
        ctx.set(dut.biases, packed(biases, 32))
        ctx.set(dut.multipliers, packed(multipliers, 31))
        ctx.set(dut.shifts, packed(shifts, 8))

    def check(self, ctx: SimulatorContext) -> None:
        """A beat in each cycle in which there is one; ready when the next tile may end."""
        dut, output = self.dut, self.dut.output
        waits = bool(self.captures)
        assert ctx.get(dut.busy) == (waits or bool(self.reading))
        assert ctx.get(dut.ready) == (not waits and len(self.reading) <= CAPTURE_LATENCY)
        beat = self.reading[0] if self.reading else None
        assert ctx.get(dut.block_ended) == (beat is not None and beat.ends_block)
        assert ctx.get(output.valid) == (beat is not None and bool(beat.lanes))
        if beat is None:
            return
        assert self.half == beat.half
        if not beat.lanes:
            self.without_channels += 1
            return
        assert ctx.get(output.address) == beat.address
        assert ctx.get(output.mask) == (1 << len(beat.lanes)) - 1
        for lane, wanted in zip(ctx.get(output.lanes), beat.lanes, strict=False):
            assert (lane.value, lane.bias, lane.multiplier, lane.shift) == wanted
        self.outputs += 1

    def announce(self, ctx: SimulatorContext) -> None:
        """The next tile, when the drain allows it; its results follow."""
        dut = self.dut
        if not self.plan or not ctx.get(dut.ready) or self.rng.random() < self.stall:
            return
        tile = self.plan.popleft()
        ends = {"ends_strip": tile.ends_strip, "ends_block": tile.ends_block}
        if self.command.opcode is Opcode.CONV:
            ends["ends_strip"] = bool(self.rng.randint(0, 1))  # means nothing then
        ctx.set(dut.tile, {"valid": 1, "pixels": len(tile.pixels), **ends})
        columns = [self.noise() for _ in range(self.config.cols)]
        self.captures[self.cycles + CAPTURE_LATENCY - 1] = columns, self.beats(tile, columns)

    def noise(self) -> list[int]:
        """Random results of a column."""
        half = 1 << (self.config.accumulator_bits - 1)
        return [self.rng.randrange(-half, half) for _ in range(self.config.rows)]

    def random_parameters(self) -> list[tuple[int, int, int]]:
        """Bias, multiplier and shift for each row of two halves."""
        rng, bits = self.rng, 1 << 31
        return [
            (rng.randrange(-bits, bits), rng.randrange(bits), rng.randrange(-128, 128))
            for _ in range(2 * self.config.rows)
        ]

    def beats(self, tile: Tile, columns: list[list[int]]) -> list[Beat]:
        """What becomes of a tile's results, cycle by cycle."""
        rows, lanes, c = self.config.rows, self.config.requantiser_lanes, self.command
        halves = 2 if c["paired"] else 1
        result = []
        for number, (oy, ox) in enumerate(tile.pixels):
            place = c["output_address"]
            place += oy * c["output_row_pitch"] + ox * c["output_pixel_pitch"]
            for half in range(halves):
                column = columns[number * halves + half]
                first = tile.block * block_channels(c, self.config) + half * rows
                parameters = self.parameters[tile.block][half * rows :]
                values = [(v, *p) for v, p in zip(column, parameters, strict=False)]
                values = values[: max(c["channels"] - first, 0)]
                for start in range(0, max(len(values), 1), lanes):
                    beat = tuple(values[start : start + lanes])
                    byte = (first + start) << c.values.get("wide", 0)
                    result.append(Beat(tile.block, half, place + byte, beat))
        if tile.ends_block:
            last = result[-1]
            result[-1] = Beat(last.block, last.half, last.address, last.lanes, ends_block=True)
        return result


@pytest.mark.parametrize("stall", [0.0, 0.7])
@pytest.mark.parametrize(("name", "config"), [*CONFIGS.items(), ("4x5", ALL_BYTES)])
def test_every_result_goes_to_its_place(name: str, config: NpuConfig, stall: float) -> None:
    tb = Tb(config, seed=name, stall=stall)

    async def run(ctx: SimulatorContext) -> None:
        while tb.outputs < (500 if stall == 0 else 100) or not tb.without_channels:
            for command in every_kind(tb.rng, tb.config, most_steps=300):
                await tb.execute(ctx, command)

    simulate(tb.dut, run)


@pytest.mark.parametrize("name", ["3x6", "5x3"])
def test_tiles_follow_one_another_without_a_pause(name: str) -> None:
    """Tiles that end as soon as they may: a beat in every cycle, across blocks too."""
    config = CONFIGS[name]
    tb = Tb(config, seed=3, stall=0.0)

    async def run(ctx: SimulatorContext) -> None:
        checked = {0: 0, 1: 0}
        while min(checked.values()) < 3:
            for c in every_kind(tb.rng, config, most_steps=300):
                plan, no_results = tiles(c, config), [[0] * config.rows] * config.cols
                tb.command, tb.parameters = c, [tb.random_parameters()] * c["blocks"]
                lengths = [len(tb.beats(tile, no_results)) for tile in plan]
                if min(lengths) < CAPTURE_LATENCY:
                    continue
                start = tb.cycles
                await tb.execute(ctx, c)
                # start, first capture; idle checks at the end
                assert tb.cycles - start == sum(lengths) + 1 + CAPTURE_LATENCY + 3
                checked[c["paired"]] += c["blocks"] > 1

    simulate(tb.dut, run)
