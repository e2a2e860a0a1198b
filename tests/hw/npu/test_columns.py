"""The column buffers against byte arrays, written and read at random in every cycle."""

import random
from functools import partial

import pytest
from amaranth.sim import SimulatorContext

from hw.npu.columns import Columns
from hw.spec.config import NpuConfig
from tests.hw.npu.bench import CONFIGS, packed, simulate


class Tb:
    def __init__(self, config: NpuConfig, seed: int | str) -> None:
        self.config = config
        self.rng = random.Random(seed)
        self.dut = Columns(config)
        self.bytes = [bytearray(config.column_bytes) for _ in range(config.columns)]
        self.written = [[False] * config.column_bytes for _ in range(config.columns)]
        self.checked = 0

    def fill(self, ctx: SimulatorContext) -> None:
        """A slot of one column, of a convolution or a depthwise window."""
        config, rng = self.config, self.rng
        valid, depthwise = rng.random() < 0.7, rng.random() < 0.5
        width = config.weight_word_bytes if depthwise else config.port_bytes
        slots = config.depthwise_slots if depthwise else config.convolution_slots
        column, slot = rng.randrange(config.columns), rng.randrange(slots)
        data = rng.randbytes(config.port_bytes)
        ctx.set(
            self.dut.fill,
            {
                "valid": valid,
                "depthwise": depthwise,
                "column": column,
                "slot": slot,
                "data": packed(data),
            },
        )
        if valid:
            place = slice(slot * width, (slot + 1) * width)
            self.bytes[column][place] = data[:width]
            self.written[column][place] = [True] * width

    def select(self, ctx: SimulatorContext) -> dict[tuple[int, int], int] | None:
        """What (row, column) shall see in the next cycle, as far as it was ever written."""
        config, rng = self.config, self.rng
        valid, depthwise, double = (rng.random() < p for p in (0.7, 0.5, 0.5))
        granule = rng.randrange(config.depthwise_slots)
        byte = rng.randrange(config.weight_word_bytes)
        tap = rng.randrange(config.depthwise_kernel)
        ctx.set(
            self.dut.select,
            {
                "valid": valid,
                "depthwise": depthwise,
                "granule": granule,
                "byte": byte,
                "tap": tap,
                "double": double,
            },
        )
        if not valid:
            return None
        seen = {}
        for c in range(config.cols):
            column = c * (2 if double else 1) + tap if depthwise else c
            for r in range(config.rows):
                place = granule * config.weight_word_bytes + (r if depthwise else byte)
                if column < config.columns and self.written[column][place]:
                    seen[r, c] = self.bytes[column][place]
        return seen

    async def run(self, ctx: SimulatorContext, cycles: int) -> None:
        held: dict[tuple[int, int], int] = {}
        for _ in range(cycles):
            data = ctx.get(self.dut.activations).to_bytes(self.config.rows * self.config.cols)
            for (r, c), expected in held.items():
                assert data[-1 - (r * self.config.cols + c)] == expected, (r, c)
            self.checked += len(held)
            chosen = self.select(ctx)
            held = held if chosen is None else chosen
            self.fill(ctx)
            await ctx.tick()


@pytest.mark.parametrize("name", CONFIGS)
def test_equal_byte_arrays(name: str) -> None:
    tb = Tb(CONFIGS[name], seed=name)
    simulate(tb.dut, partial(tb.run, cycles=1000))
    assert tb.checked > 4_000
