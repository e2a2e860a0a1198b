"""The column buffers against byte arrays, written and read at random in every cycle."""

import random
from collections import deque
from functools import partial

import pytest
from amaranth.sim import SimulatorContext

from hw.npu.columns import SELECT_LATENCY, Columns
from hw.spec.config import NpuConfig
from tests.hw.npu.bench import CONFIGS, packed, simulate


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
        width = config.weight_word_bytes if depthwise else config.port_bytes
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
        valid, depthwise, double = (rng.random() < p for p in (0.7, 0.5, 0.5))
        slots = config.depthwise_slots if depthwise else config.convolution_slots
        layout = {
            "slot": rng.randrange(slots),
            "byte": rng.randrange(config.port_bytes),
            "tap": rng.randrange(config.depthwise_kernel),
        }
        flags = {"valid": valid, "depthwise": depthwise, "double": double}
        ctx.set(self.dut.select, {**layout, **flags})
        slot, byte, tap = layout.values()
        seen = {}
        for c in range(config.cols):
            column = c * (2 if double else 1) + tap if depthwise else c
            offset = 0 if depthwise else self.offsets.get((c, slot), config.port_bytes)
            if column >= config.columns or (not depthwise and offset + byte >= config.port_bytes):
                continue
            for r in range(config.rows):
                if depthwise:
                    place = slot * config.weight_word_bytes + r
                else:
                    place = slot * config.port_bytes + offset + byte
                if self.written[column][place]:
                    seen[r, c] = (column, place)
        return seen if valid else None

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


@pytest.mark.parametrize("name", CONFIGS)
def test_equal_byte_arrays(name: str) -> None:
    tb = Tb(CONFIGS[name], seed=name)
    simulate(tb.dut, partial(tb.run, cycles=700))
    assert tb.checked > 2_500
