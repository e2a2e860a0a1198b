"""The drain against a list of what goes where, between a naive array and block parameters."""

import random
from collections import deque

import pytest
from amaranth.sim import SimulatorContext

from hw.npu.array import CAPTURE_LATENCY
from hw.npu.drain import Drain
from hw.spec.commands import PARAMETER_WORDS, Command, Opcode
from hw.spec.config import NpuConfig
from tests.hw.npu.bench import CONFIGS, command_words, packed, simulate
from tests.hw.npu.loops import Tile, every_kind, tiles


class Tb:
    """``stall``: how likely a tile or parameter that could come in a cycle does not."""

    def __init__(self, config: NpuConfig, seed: int | str, stall: float) -> None:
        self.config, self.stall = config, stall
        self.rng = random.Random(seed)
        self.dut = Drain(config)
        self.set = 0
        self.outputs = self.cycles = 0

    async def execute(self, ctx: SimulatorContext, c: Command) -> None:
        dut, self.command = self.dut, c
        self.plan = deque(tiles(c, self.config))
        self.block = -1
        self.planes: list[bytes] = []
        self.captures: dict[int, list[list[int]]] = {}
        self.shadow: list[list[int]] = []
        self.expected: deque[tuple] = deque()
        ctx.set(dut.command, command_words(c))
        ctx.set(dut.start, 1)
        await self.tick(ctx)
        ctx.set(dut.start, 0)
        while self.plan or self.expected:
            self.check(ctx)
            self.show(ctx)
            self.announce(ctx)
            await self.tick(ctx)
        for _ in range(3):
            assert not ctx.get(dut.output.valid)
            assert not ctx.get(dut.busy)
            assert ctx.get(dut.ready)
            await self.tick(ctx)

    async def tick(self, ctx: SimulatorContext) -> None:
        await ctx.tick()
        self.cycles += 1
        assert self.cycles < 30_000
        ctx.set(self.dut.tile.valid, 0)
        ctx.set(self.dut.parameters.valid, 0)

    def show(self, ctx: SimulatorContext) -> None:
        """The array: captures CAPTURE_LATENCY - 1 cycles after a tile's last step, or shifts."""
        config, dut = self.config, self.dut
        column = self.shadow[0] if self.shadow else [self.rng.getrandbits(8)] * config.rows
        ctx.set(dut.results, packed(column, config.accumulator_bits))
        self.check_output(ctx)
        capture = self.cycles in self.captures
        ctx.set(dut.capture, capture)
        if capture:
            self.shadow = self.captures.pop(self.cycles)
        elif ctx.get(dut.shift):
            self.shadow = self.shadow[1:]

    def check(self, ctx: SimulatorContext) -> None:
        """Idle exactly when nothing is on its way; in use is what outputs are still taken from."""
        dut = self.dut
        assert ctx.get(dut.busy) == bool(self.expected)
        if ctx.get(dut.output.valid):
            assert ctx.get(dut.reading) == 1 << self.expected[0][0]

    def check_output(self, ctx: SimulatorContext) -> None:
        output = self.dut.output
        if not ctx.get(output.valid):
            return
        _, address, lanes = self.expected.popleft()
        assert ctx.get(output.address) == address
        assert ctx.get(output.mask) == (1 << len(lanes)) - 1
        for lane, wanted in zip(ctx.get(output.lanes), lanes, strict=False):
            assert (lane.value, lane.bias, lane.multiplier, lane.shift) == wanted
        self.outputs += 1

    def announce(self, ctx: SimulatorContext) -> None:
        """Parameters of the next block, or the next tile; each only when the drain allows it."""
        if not self.plan or self.rng.random() < self.stall:
            return
        dut, tile = self.dut, self.plan[0]
        if tile.block != self.block:
            if not ctx.get(dut.reading) >> self.set & 1:
                self.write_parameters(ctx, tile)
        elif ctx.get(dut.ready):
            self.plan.popleft()
            layout = {"valid": 1, "pixels": len(tile.pixels), "parameter_set": self.set}
            ends = {"ends_strip": tile.ends_strip, "ends_block": tile.ends_block}
            if self.command.opcode is Opcode.CONV:
                ends["ends_strip"] = bool(self.rng.randint(0, 1))  # means nothing then
            ctx.set(dut.tile, {**layout, **ends})
            self.captures[self.cycles + CAPTURE_LATENCY - 1] = self.results(tile)
            if tile.ends_block:
                self.set ^= 1

    def write_parameters(self, ctx: SimulatorContext, tile: Tile) -> None:
        plane = self.rng.randbytes(self.config.weight_word_bytes)
        if len(self.planes) % PARAMETER_WORDS == 7:
            plane = bytes(byte & 0x7F for byte in plane)  # the multiplier has 31 bits
        number = len(self.planes) % PARAMETER_WORDS
        write = {"valid": 1, "set": self.set, "plane": number, "data": packed(plane)}
        ctx.set(self.dut.parameters, write)
        self.planes.append(plane)
        if len(self.planes) == PARAMETER_WORDS * (tile.block + 1):
            self.block = tile.block

    def results(self, tile: Tile) -> list[list[int]]:
        """Random sums for a column each; what is expected of them is noted down."""
        config, c = self.config, self.command
        half = 1 << (config.accumulator_bits - 1)
        columns = [
            [self.rng.randrange(-half, half) for _ in range(config.rows)]
            for _ in range(config.cols)
        ]
        first = tile.block * config.rows
        used = range(min(config.rows, c["channels"] - first))
        for (oy, ox), column in zip(tile.pixels, columns, strict=False):
            place = oy * c["output_row_pitch"] + ox * c["output_pixel_pitch"]
            for beat in range(0, len(used), config.requantiser_lanes):
                lanes = [
                    (column[r], *self.parameters(tile.block, r))
                    for r in used[beat : beat + config.requantiser_lanes]
                ]
                address = c["output_address"] + place + first + beat
                self.expected.append((self.set, address, lanes))
        return columns

    def parameters(self, block: int, row: int) -> tuple[int, int, int]:
        """Bias, multiplier and shift of a row, from its bytes in the block's planes."""
        planes = self.planes[PARAMETER_WORDS * block : PARAMETER_WORDS * (block + 1)]
        raw = bytes(plane[row] for plane in planes)
        bias, multiplier, shift = raw[0:4], raw[4:8], raw[8:9]
        return (
            int.from_bytes(bias, "little", signed=True),
            int.from_bytes(multiplier, "little"),
            int.from_bytes(shift, "little", signed=True),
        )


@pytest.mark.parametrize("stall", [0.0, 0.7])
@pytest.mark.parametrize("name", CONFIGS)
def test_every_result_goes_to_its_place(name: str, stall: float) -> None:
    tb = Tb(CONFIGS[name], seed=name, stall=stall)

    async def run(ctx: SimulatorContext) -> None:
        while tb.outputs < (500 if stall == 0 else 100):
            for command in every_kind(tb.rng, tb.config, most_steps=300):
                await tb.execute(ctx, command)

    simulate(tb.dut, run)


def test_tiles_follow_one_another_without_a_pause() -> None:
    """One block of tiles that end as soon as they may: an output in every cycle."""
    config = CONFIGS["3x6"]
    tb = Tb(config, seed=3, stall=0.0)

    async def run(ctx: SimulatorContext) -> None:
        checked = 0
        while checked < 5:
            for c in every_kind(tb.rng, config, most_steps=300):
                plan = tiles(c, config)
                beats = -(-min(config.rows, c["channels"]) // config.requantiser_lanes)
                if c["blocks"] > 1 or min(len(t.pixels) * beats for t in plan) < CAPTURE_LATENCY:
                    continue
                start, before = tb.cycles, tb.outputs
                await tb.execute(ctx, c)
                # start, parameters, first capture; idle checks at the end
                lead = 1 + PARAMETER_WORDS + CAPTURE_LATENCY + 3
                assert tb.cycles - start == tb.outputs - before + lead
                checked += 1

    simulate(tb.dut, run)
