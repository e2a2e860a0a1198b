"""The feeder against the slots that a command's definition asks for, released at random."""

import random
from collections import Counter

import pytest
from amaranth.sim import SimulatorContext

from tests.hw.npu.bench import CONFIGS, ReadPort, command_words, simulate
from tests.hw.npu.commands import row_address
from tests.hw.npu.loops import Read, capacity, every_kind, groups, slots, tiles
from tilewright.hw.npu.compute.feeder import Feeder
from tilewright.hw.spec.commands import Command, Opcode
from tilewright.hw.spec.npu_config import NpuConfig
from tilewright.hw.spec.timing import FILL_CYCLES

MEMORY_BYTES = 4096

SHAPES = {
    **CONFIGS,
    "4x5": NpuConfig(rows=4, cols=5, bus_bytes=4, port_bytes=8, depthwise_kernel=3),
    "8x8": NpuConfig(rows=8, cols=8, port_bytes=16),
    "16x9": NpuConfig(rows=16, cols=9, port_bytes=32, depthwise_kernel=2),
    "16x16": NpuConfig(rows=16, cols=16, port_bytes=16),
}
"""The other benches' and larger ones: odd columns with depthwise pairs, groups of many pixels."""


class Tb:
    """``patience``: how likely a filled slot stays in use for one more cycle."""

    def __init__(self, config: NpuConfig, seed: int | str, patience: float) -> None:
        self.config, self.patience = config, patience
        self.rng = random.Random(seed)
        self.dut = Feeder(config)
        self.memory = self.rng.randbytes(MEMORY_BYTES)
        self.port = ReadPort(self.memory, config.port_bytes, self.rng)

    def bytes_of(self, c: Command, read: Read) -> bytes:
        row, pad = row_address(c, read.row), c["pad_value"] & 255
        places = [read.x + i // read.copies for i in range(read.count)]
        return bytes(
            self.memory[row + x]
            if 0 <= read.row < c["input_rows"] and 0 <= x < c["input_row_bytes"]
            else pad
            for x in places
        )

    async def execute(self, ctx: SimulatorContext, c: Command) -> int:
        """Runs one command; returns the cycles from its start to its last slot."""
        dut = self.dut
        expected = slots(c, self.config)
        size = capacity(c, self.config)
        filled = released = served = cycles = 0
        ctx.set(dut.command, command_words(c))
        ctx.set(dut.start, 1)
        await self.cycle(ctx)
        ctx.set(dut.start, 0)
        while filled < len(expected):
            cycles += 1
            assert cycles < 40 * len(expected) * self.config.columns + 100
            back = self.release(filled - released)
            ctx.set(dut.released, back)
            if ctx.get(dut.fill.columns):
                assert filled < released + size, "overwrites a slot in use"
                slot = expected[filled]
                reads = groups(c, slot)
                self.check(ctx, c, slot, reads[served], filled % size)
                served += 1
                assert ctx.get(dut.slot_filled) == (served == len(reads))
                if ctx.get(dut.slot_filled):
                    filled, served = filled + 1, 0
            else:
                assert not ctx.get(dut.slot_filled)
            released += back
            await self.cycle(ctx)
        for _ in range(FILL_CYCLES + 4):
            ctx.set(dut.released, min(filled - released, self.config.depthwise_kernel + 1))
            released += ctx.get(dut.released)
            assert not ctx.get(dut.fill.columns)
            assert not ctx.get(dut.slot_filled)
            await self.cycle(ctx)
        ctx.set(dut.released, 0)
        return cycles

    def release(self, in_use: int) -> int:
        most = min(in_use, self.config.depthwise_kernel + 1)
        if self.patience == 0:
            return most
        return self.rng.randint(0, most) if self.rng.random() >= self.patience else 0

    def check(
        self, ctx: SimulatorContext, c: Command, slot: list[Read], places: range, number: int
    ) -> None:
        """One word for ``places`` of the slot; their columns find their bytes at their offsets."""
        fill = self.dut.fill
        conv = c.opcode is Opcode.CONV
        copies = 2 if conv and c["paired"] else 1
        assert ctx.get(fill.depthwise) == (not conv)
        assert ctx.get(fill.slot) == number
        written = ctx.get(fill.columns)
        if not conv and not 0 <= slot[0].row < c["input_rows"]:
            written &= (1 << len(slot)) - 1  # padding may go to columns that are not in use, too
        columns = range(places.start * copies, places.stop * copies)
        assert written == sum(1 << column for column in columns)
        data = ctx.get(fill.data).to_bytes(self.config.port_bytes, "little")
        for column in columns:
            read = slot[column // copies]
            offset = ctx.get(fill.offsets[column]) if conv else 0
            wanted = self.bytes_of(c, read)
            assert data[offset : offset + read.count] == wanted, (c, column)

    async def cycle(self, ctx: SimulatorContext) -> None:
        data = self.port.cycle(ctx, self.dut.read)
        await ctx.tick()
        ctx.set(self.dut.read.data, data)


@pytest.mark.parametrize("patience", [0.0, 0.7])
@pytest.mark.parametrize("name", SHAPES)
def test_fills_every_slot_in_order(name: str, patience: float) -> None:
    tb = Tb(SHAPES[name], seed=name, patience=patience)

    async def run(ctx: SimulatorContext) -> None:
        for _ in range(3):
            for command in every_kind(tb.rng, tb.config, most_steps=200):
                await tb.execute(ctx, command)

    simulate(tb.dut, run)


def test_padding_wider_than_a_word() -> None:
    config = CONFIGS["5x3"]
    tb = Tb(config, seed=4, patience=0.2)

    async def run(ctx: SimulatorContext) -> None:
        for command in every_kind(tb.rng, config, most_steps=60):
            for words in (1, 2, 3):
                x_start = -words * config.port_bytes - tb.rng.randrange(config.port_bytes)
                await tb.execute(
                    ctx, Command(command.opcode, {**command.values, "x_start": x_start})
                )

    simulate(tb.dut, run)


@pytest.mark.parametrize("name", ["3x6", "16x9"])
def test_reads_in_every_cycle(name: str) -> None:
    """With free slots, only a command's start and a strip's cost cycles without a read."""
    config = SHAPES[name]
    tb = Tb(config, seed=9, patience=0.0)

    async def run(ctx: SimulatorContext) -> None:
        checked: Counter[bool] = Counter()  # with and without shared reads
        while min(checked[False], checked[True]) < 6:
            for c in every_kind(tb.rng, config, most_steps=300):
                widths = [len(groups(c, slot)) for slot in slots(c, config)]
                if min(widths) < 3:
                    continue  # narrower than the way there and back: two slots don't hide it
                strips = sum(t.ends_strip or t.ends_block for t in tiles(c, config))
                assert await tb.execute(ctx, c) == sum(widths) + strips + FILL_CYCLES
                checked[c.opcode is Opcode.CONV and c["group"] > 1] += 1

    simulate(tb.dut, run)


def test_reads_of_an_image_keep_up_with_the_array() -> None:
    """3x3 windows of a 3-channel image, two pixels a read: 24 reads for a tile's 27 steps."""
    config = SHAPES["16x16"]
    tb = Tb(config, seed=2, patience=0.0)
    rows, cols, pitch = 2, 48, 96 * 3
    values = {
        "input_address": 5,
        "input_row_pitch": pitch,
        "input_rows": 4,
        "pad_top": 0,
        "input_row_bytes": pitch,
        "x_start": 0,
        "x_step": 6,
        "row_step": 2 * pitch,
        "stride_rows": 2,
        "kernel_rows": 3,
        "kernel_cols": 1,
        "tap_step": 0,
        "dilation_rows": 1,
        "runs": 3,
        "output_address": 0,
        "output_pixel_pitch": 8,
        "output_row_pitch": 8 * cols,
        "output_cols": cols,
        "output_rows": rows,
        "channels": 8,
        "blocks": 1,
        "block_words": 27,
        "pad_value": -128,
        "table": 0,
        "wide": 0,
        "keep": 0,
        "output_zero_point": 0,
        "clamp_low": -128,
        "clamp_high": 127,
        "tiles": 6,
        "paired": 0,
        "group": 2,
        "stream": 0,
        "run_bytes": 9,
        "pixels": rows * cols,
    }

    async def run(ctx: SimulatorContext) -> None:
        cycles = await tb.execute(ctx, Command(Opcode.CONV, values))
        assert cycles == 6 * 24 + 1 + FILL_CYCLES

    simulate(tb.dut, run)
