"""The parameter sets against a queue of blocks' byte planes, with pauses on every side."""

import random
from collections import deque

import pytest
from amaranth.sim import SimulatorContext

from tests.hw.npu.bench import CONFIGS, packed, simulate, unpacked
from tilewright.hw.npu.compute.parameters import ParameterSets
from tilewright.hw.spec.commands import PARAMETER_WORDS
from tilewright.hw.spec.npu_config import NpuConfig


class Tb:
    """``stall``: how likely a word, or a step of array or drain, that could come does not."""

    def __init__(self, config: NpuConfig, seed: int | str, stall: float) -> None:
        self.config, self.stall = config, stall
        self.rng = random.Random(seed)
        self.dut = ParameterSets(config)
        self.planes: list[bytes] = []  # of the set that is loading
        self.waiting: deque[list[bytes]] = deque()
        self.draining: deque[list[bytes]] = deque()
        self.half = 0
        self.loads = self.reads = self.freed = 0

    def goes(self) -> bool:
        return self.rng.random() >= self.stall

    def check(self, ctx: SimulatorContext) -> None:
        """What the drain's set reads as."""
        dut, rows = self.dut, self.config.rows
        held = len(self.waiting) + len(self.draining)
        assert ctx.get(dut.words.ready) == (held < 2)
        assert ctx.get(dut.loaded) == bool(self.waiting)
        if not self.draining:
            return
        start = self.half * self.config.weight_word_bytes
        raw = [bytes(plane[start + row] for plane in self.draining[0]) for row in range(rows)]
        biases = [int.from_bytes(r[:4], "little", signed=True) for r in raw]
        multipliers = packed((int.from_bytes(r[4:8], "little") % (1 << 31) for r in raw), 31)
        shifts = [int.from_bytes(r[8:], signed=True) for r in raw]
        assert unpacked(ctx.get(dut.biases), 32, rows) == biases
        assert ctx.get(dut.multipliers) == multipliers
        assert unpacked(ctx.get(dut.shifts), 8, rows) == shifts
        self.reads += 1

    def drive(self, ctx: SimulatorContext) -> None:
        """A word, the array's and the drain's turns; in any order, together too."""
        dut = self.dut
        taken, freed = bool(self.waiting) and self.goes(), bool(self.draining) and self.goes()
        valid = self.goes()
        word = self.rng.randbytes(self.config.weight_pair_bytes)
        ctx.set(dut.words.valid, valid)
        ctx.set(dut.words.payload, packed(word))
        ctx.set(dut.taken, taken)
        ctx.set(dut.freed, freed)
        turned = self.rng.randint(0, 1)
        ctx.set(dut.turned, turned)
        self.half ^= turned
        loads = valid and len(self.waiting) + len(self.draining) < 2
        if freed:
            self.draining.popleft()
            self.freed += 1
        if taken:
            self.draining.append(self.waiting.popleft())
        if loads:
            self.planes.append(word)
            self.loads += 1
            if len(self.planes) == PARAMETER_WORDS:
                self.waiting.append(self.planes)
                self.planes = []

    async def run(self, ctx: SimulatorContext) -> None:
        for _ in range(1000):
            self.check(ctx)
            self.drive(ctx)
            await ctx.tick()


@pytest.mark.parametrize("stall", [0.0, 0.5, 0.9])
@pytest.mark.parametrize("name", CONFIGS)
def test_sets_in_turn(name: str, stall: float) -> None:
    tb = Tb(CONFIGS[name], seed=name, stall=stall)
    simulate(tb.dut, tb.run)
    assert tb.freed > 8
    assert tb.reads > 60
    if stall == 0.0:
        assert tb.loads == 1000, "one set loads while the other one is in use"
