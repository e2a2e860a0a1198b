"""The array against sums of products in Python integers, with gaps between the steps."""

import random
from collections import deque
from functools import partial

import pytest
from amaranth.sim import SimulatorContext

from tests.hw.npu.bench import CONFIGS, packed, simulate, unpacked
from tilewright.hw.npu.compute.array import MacArray
from tilewright.hw.spec.npu_config import NpuConfig
from tilewright.hw.spec.timing import ACTIVATION_DELAY, CAPTURE_LATENCY

EXTREMES = (-128, -128, -128, 127, 0)


class Tb:
    """Presents tiles of random length; reads the shadow registers meanwhile."""

    def __init__(self, config: NpuConfig, seed: int | str, idle: float) -> None:
        self.config, self.idle = config, idle
        self.rng = random.Random(seed)
        self.dut = MacArray(config)
        self.shown: dict[int, list[list[int]]] = {}
        self.unread: list[list[int]] = []
        self.shifts = False  # in this cycle
        self.operands_due = deque([0] * (ACTIVATION_DELAY - 1))
        self.cycle = 0
        self.checked = 0

    def new_tile(self) -> None:
        # the longest sum of the largest products that fits
        longest = ((1 << (self.config.accumulator_bits - 1)) - 1) // (128 * 128)
        self.length = self.rng.choice([1, 2, self.rng.randint(1, 12), min(longest, 40)])
        self.maximum = self.rng.random() < 0.3
        self.extreme = self.rng.random() < 0.3
        self.done = 0
        self.sums = [[0] * self.config.rows for _ in range(self.config.cols)]

    def operands(self, count: int) -> list[int]:
        if self.extreme:
            return [self.rng.choice(EXTREMES) for _ in range(count)]
        return [self.rng.randint(-128, 127) for _ in range(count)]

    def read(self, ctx: SimulatorContext) -> None:
        """Takes a column, unless it pauses; it must not when the next tile is on its way."""
        dut, config = self.dut, self.config
        if self.cycle in self.shown:
            self.unread = self.shown.pop(self.cycle)
        assert ctx.get(dut.captured) == (self.cycle + 1 in self.shown)
        if self.unread:
            got = unpacked(ctx.get(dut.results), config.accumulator_bits, config.rows)
            assert got == self.unread[0], (self.cycle, len(self.unread))
            self.checked += 1
        if self.shifts:
            self.unread.pop(0)
        following = self.unread or self.cycle + 1 in self.shown
        self.shifts = bool(following) and (bool(self.shown) or self.rng.random() >= self.idle)
        ctx.set(dut.will_shift, self.shifts)

    def present(self, ctx: SimulatorContext) -> int:
        """Presents a step or noise; returns the activations that belong to it."""
        config, dut, rng = self.config, self.dut, self.rng
        rows, cols = config.rows, config.cols
        weights = self.operands(2 * rows)
        activations = self.operands(rows * cols)
        control = {name: rng.randint(0, 1) for name in ("first", "last", "maximum")}
        last = self.done == self.length - 1
        may_end = not self.shown and len(self.unread) <= CAPTURE_LATENCY - 1
        valid = rng.random() >= self.idle and (may_end or not last)
        if valid:
            control = {"first": self.done == 0, "last": last, "maximum": self.maximum}
            for c in range(cols):
                for r in range(rows):
                    a = activations[r * cols + c]
                    if not self.maximum:
                        self.sums[c][r] += weights[c % 2 * rows + r] * a
                    elif self.done == 0 or a > self.sums[c][r]:
                        self.sums[c][r] = a
            self.done += 1
            if last:
                self.shown[self.cycle + CAPTURE_LATENCY] = self.sums
                self.new_tile()
        ctx.set(dut.step, {**control, "valid": valid})
        ctx.set(dut.weights, packed(weights))
        return packed(activations)

    async def run(self, ctx: SimulatorContext, cycles: int) -> None:
        self.new_tile()
        for _ in range(cycles):
            self.read(ctx)
            self.operands_due.append(self.present(ctx))
            await ctx.tick()
            ctx.set(self.dut.activations, self.operands_due.popleft())
            self.cycle += 1


@pytest.mark.parametrize("idle", [0.0, 0.4])
@pytest.mark.parametrize("name", CONFIGS)
def test_sums_and_maxima(name: str, idle: float) -> None:
    tb = Tb(CONFIGS[name], seed=name, idle=idle)
    simulate(tb.dut, partial(tb.run, cycles=700))
    assert tb.checked > 60
