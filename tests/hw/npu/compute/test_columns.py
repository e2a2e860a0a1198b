"""The column buffers against byte arrays, written and read at random in every cycle."""

import random
from collections import deque
from functools import partial

import pytest
from amaranth.sim import SimulatorContext

from tests.hw.npu.bench import CONFIGS, packed, simulate
from tilewright.hw.npu.compute.columns import Columns
from tilewright.hw.spec.npu_config import NpuConfig
from tilewright.hw.spec.timing import SELECT_LATENCY

PAIRS_ODD = {"3x5": NpuConfig(rows=3, cols=5, port_bytes=8, depthwise_kernel=1)}
"""Columns in pairs of which one is left, and windows of one tap."""


class Tb:
    def __init__(self, config: NpuConfig, seed: int | str) -> None:
        self.config = config
        self.rng = random.Random(seed)
        self.dut = Columns(config)
        self.bytes = [bytearray(config.column_bytes) for _ in range(config.columns)]
        self.written = [[False] * config.column_bytes for _ in range(config.columns)]
        self.offsets: dict[tuple[int, int], int] = {}
        self.checked = 0

    def fill(self, ctx: SimulatorContext) -> set[tuple[int, int]]:
        """A word for some columns' slot; returns the (column, byte) places that change."""
        config, rng = self.config, self.rng
        depthwise = rng.random() < 0.5
        width = config.depthwise_bytes if depthwise else config.port_bytes
        slots = config.depthwise_slots if depthwise else config.convolution_slots
        columns = rng.choice([0, 1 << rng.randrange(config.columns), rng.getrandbits(config.cols)])
        slot, data = rng.randrange(slots), rng.randbytes(config.port_bytes)
        offsets = [rng.randrange(config.port_bytes) for _ in range(config.cols)]
        layout = {"depthwise": depthwise, "slot": slot, "data": packed(data)}
        ctx.set(self.dut.fill, {**layout, "columns": columns, "offsets": offsets})
        places = range(slot * width, (slot + 1) * width)
        for column in (c for c in range(config.columns) if columns >> c & 1):
            for place, byte in zip(places, data, strict=False):
                self.bytes[column][place] = byte
                self.written[column][place] = True
            if depthwise:  # offsets mean nothing any more: kinds don't mix in a command
                for other in range(config.convolution_slots):
                    self.offsets.pop((column, other), None)
            elif column < config.cols:
                self.offsets[column, slot] = offsets[column]
        return {(c, place) for c in range(config.columns) if columns >> c & 1 for place in places}

    def select(self, ctx: SimulatorContext) -> dict[tuple[int, int], tuple[int, int]] | None:
        """Which (column, byte) each (row, column) of the array shall see, as far as defined."""
        config, rng = self.config, self.rng
        valid, depthwise = rng.random() < 0.7, rng.random() < 0.5
        double, paired = rng.randint(0, 1), rng.randint(0, 1)
        if depthwise and config.pairs_depthwise:
            double &= paired
        elif depthwise:
            paired = 0
        slots = config.depthwise_slots if depthwise else config.convolution_slots
        layout = {
            "slot": rng.randrange(slots),
            "byte": rng.randrange(config.port_bytes),
            "tap": rng.randrange(config.depthwise_kernel),
        }
        flags = {"valid": valid, "depthwise": depthwise, "double": double, "paired": paired}
        ctx.set(self.dut.select, {**layout, **flags})
        if not valid:
            return None
        if depthwise:
            seen = self.depthwise(layout["slot"], layout["tap"], 1 + double, 1 + paired)
        else:
            seen = self.convolution(layout["slot"], layout["byte"])
        return {at: place for at, place in seen.items() if self.written[place[0]][place[1]]}

    def depthwise(
        self, slot: int, tap: int, stride: int, halves: int
    ) -> dict[tuple[int, int], tuple[int, int]]:
        config = self.config
        seen = {}
        for pixel in range(config.cols // halves):
            column = pixel * stride + tap
            for half in range(halves):
                for r in range(config.rows):
                    place = slot * config.depthwise_bytes + half * config.rows + r
                    if column < config.columns:
                        seen[r, pixel * halves + half] = (column, place)
        return seen

    def convolution(self, slot: int, byte: int) -> dict[tuple[int, int], tuple[int, int]]:
        config = self.config
        seen = {}
        for c in range(config.cols):
            place = self.offsets.get((c, slot), config.port_bytes) + byte
            if place < config.port_bytes:
                for r in range(config.rows):
                    seen[r, c] = (c, slot * config.port_bytes + place)
        return seen

    async def run(self, ctx: SimulatorContext, cycles: int) -> None:
        """Slots being written are not read in the same cycle; later writes come too late."""
        held: dict[tuple[int, int], int] = {}
        pipeline: deque[dict[tuple[int, int], int] | None] = deque([None] * (SELECT_LATENCY - 1))
        for _ in range(cycles):
            data = ctx.get(self.dut.activations).to_bytes(self.config.rows * self.config.cols)
            for (r, c), expected in held.items():
                assert data[-1 - (r * self.config.cols + c)] == expected, (r, c)
            self.checked += len(held)
            chosen = self.select(ctx)
            if chosen is not None:
                values = {at: self.bytes[column][place] for at, (column, place) in chosen.items()}
            changed = self.fill(ctx)
            if chosen is None:
                pipeline.append(None)
            else:
                pipeline.append({at: v for at, v in values.items() if chosen[at] not in changed})
            following = pipeline.popleft()
            held = held if following is None else following
            await ctx.tick()


@pytest.mark.parametrize(("name", "config"), (CONFIGS | PAIRS_ODD).items())
def test_equal_byte_arrays(name: str, config: NpuConfig) -> None:
    tb = Tb(config, seed=name)
    simulate(tb.dut, partial(tb.run, cycles=700))
    assert tb.checked > 2_500
