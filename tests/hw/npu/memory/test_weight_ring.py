"""The weight ring against the words that a command's tiles use, written out one by one."""

from __future__ import annotations

import random
from dataclasses import dataclass, field, replace
from itertools import pairwise

import pytest
from amaranth.lib import stream
from amaranth.sim import SimulatorContext

from tests.hw.npu.bench import simulate
from tilewright.hw.npu.memory.weight_ring import WeightRing
from tilewright.hw.spec.commands import PARAMETER_WORDS
from tilewright.hw.spec.npu_config import NpuConfig

SPACE = 1024
SIZES = [(rows, bus) for rows in (2, 3, 4, 8, 16) for bus in (4, 8, 16)] + [(20, 4), (32, 32)]


def make_config(rows: int, bus_bytes: int) -> NpuConfig:
    return NpuConfig(rows=rows, cols=3, bus_bytes=bus_bytes, weight_buffer_bytes=SPACE)


@dataclass
class Reads:
    """One command's start."""

    blocks: int
    tiles: int
    block_words: int
    stream: int = 0
    paired: int = 0
    keep: int = 0


@dataclass
class Model:
    """The stream of weights that a list of starts reads, and the units that come out."""

    config: NpuConfig
    rng: random.Random
    stream: bytearray = field(default_factory=bytearray)
    words: list[bytes] = field(default_factory=list)
    parameters: list[bytes] = field(default_factory=list)
    kept: tuple[list[bytes], list[bytes]] | None = None

    def add(self, reads: Reads) -> None:
        """Those of the start before once more, if it kept them; else new ones."""
        begin = len(self.parameters), len(self.words)
        if self.kept is None:
            self._send(reads)
        else:
            self.parameters += self.kept[0]
            self.words += self.kept[1]
        mine = self.parameters[begin[0] :], self.words[begin[1] :]
        self.kept = mine if reads.keep else None

    def _send(self, reads: Reads) -> None:
        unit = self.config.weight_word_bytes * (1 + reads.paired)

        def fresh(count: int) -> list[bytes]:
            units = [self.rng.randbytes(unit) for _ in range(count)]
            self.stream += b"".join(units)
            return units

        for _ in range(reads.blocks):
            self.parameters += fresh(PARAMETER_WORDS)
            weights = fresh(reads.block_words)
            self.words += weights
            for _ in range(reads.tiles - 1):
                if reads.stream:
                    weights = fresh(reads.block_words)
                self.words += weights
        self.stream += bytes(-len(self.stream) % self.config.weight_memory_bytes)


def random_reads(rng: random.Random, config: NpuConfig) -> Reads:
    """Blocks of any size: none, small, the largest to replay, and larger ones to stream."""
    paired, streams = rng.randint(0, 1), rng.randint(0, 1)
    unit = config.weight_word_bytes << paired
    largest = SPACE // unit - PARAMETER_WORDS
    size = rng.choice([0, 1, 2, rng.randint(3, 9), rng.randint(1, min(40, largest))])
    if rng.random() < 0.15:
        size = rng.choice([1, 2]) * largest if streams else largest
    return Reads(rng.randint(1, 3), rng.randint(1, 3), size, streams, paired)


class Tb:
    """Fills a ring, starts reads, takes what comes out and compares it."""

    def __init__(self, config: NpuConfig, starts: list[Reads], seed: int) -> None:
        self.config, self.starts = config, starts
        self.rng = random.Random(seed)
        self.dut = WeightRing(config)
        self.model = Model(config, self.rng)
        for reads in starts:
            self.model.add(reads)
        self.cycle = 0
        self.hold = 0
        self.without_word: list[int] = []
        self.taken: dict[str, list[int]] = {"words": [], "parameters": []}
        self.patience = {"fill": 0.0, "start": 0.0, "words": 0.0, "parameters": 0.0}

    def run(self) -> None:
        simulate(
            self.dut,
            self.clock,
            self.fill,
            self.start,
            self.take_words,
            self.take_parameters,
        )

    def waits(self, who: str) -> bool:
        return self.rng.random() < self.patience[who]

    async def clock(self, ctx: SimulatorContext) -> None:
        """Counts cycles until everything has been taken; then nothing may be left."""
        dut, quiet = self.dut, 0
        wanted = len(self.model.words) + len(self.model.parameters)
        while quiet < 5:
            _, _, ready, valid, reading = await ctx.tick().sample(
                dut.words.ready, dut.words.valid, dut.reading_parameters
            )
            self.cycle += 1
            if self.taken["words"] and ready and not valid:
                self.without_word.append(reading)
            assert self.cycle < 30 * wanted + 10 * len(self.model.stream) + 1000
            quiet += sum(map(len, self.taken.values())) == wanted
        assert not ctx.get(dut.words.valid | dut.parameters.valid)
        assert not ctx.get(dut.reading_parameters)
        assert ctx.get(dut.empty)
        assert ctx.get(dut.room) == SPACE // self.config.bus_bytes

    async def fill(self, ctx: SimulatorContext) -> None:
        dut, beat = self.dut, self.config.bus_bytes
        for position in range(0, len(self.model.stream), beat):
            while self.waits("fill"):
                await ctx.tick()
            data = self.model.stream[position : position + beat]
            ctx.set(dut.beats.payload, int.from_bytes(data, "little"))
            ctx.set(dut.beats.valid, 1)
            while not ctx.get(dut.beats.ready):
                assert ctx.get(dut.room) == 0
                assert ctx.get(dut.full)
                await ctx.tick()
            assert ctx.get(dut.room) > 0
            await ctx.tick()
            ctx.set(dut.beats.valid, 0)
            assert not ctx.get(dut.empty)

    async def start(self, ctx: SimulatorContext) -> None:
        if not self.patience["start"]:
            await ctx.tick().repeat(SPACE // self.config.bus_bytes)
        for reads in self.starts:
            while self.waits("start"):
                await ctx.tick()
            ctx.set(self.dut.start.payload, vars(reads))
            ctx.set(self.dut.start.valid, 1)
            await ctx.tick().until(self.dut.start.ready)
            ctx.set(self.dut.start.valid, 0)

    async def take_words(self, ctx: SimulatorContext) -> None:
        await self.take(ctx, "words", self.dut.words)

    async def take_parameters(self, ctx: SimulatorContext) -> None:
        await self.take(ctx, "parameters", self.dut.parameters)

    async def take(self, ctx: SimulatorContext, name: str, port: stream.Interface) -> None:
        for number, unit in enumerate(getattr(self.model, name)):
            arrived = False
            while not arrived:
                ready = not self.waits(name) and self.allowed(name, number)
                ctx.set(port.ready, ready)
                arrived = ready and ctx.get(port.valid)
                data = ctx.get(port.payload).to_bytes(self.config.weight_pair_bytes, "little")
                await ctx.tick()
            assert data[: len(unit)] == unit, (name, number)
            self.taken[name].append(self.cycle)
        ctx.set(port.ready, 1)

    def allowed(self, name: str, number: int) -> bool:
        """Words after ``hold``; a third set of parameters once the first one's block has ended."""
        if name == "words":
            return self.cycle >= self.hold
        if len(self.starts) > 1:
            return True
        reads = self.starts[0]
        ended = (number // PARAMETER_WORDS - 1) * reads.tiles * reads.block_words
        return len(self.taken["words"]) >= ended


PATIENCE = {
    "everything waits": {"fill": 0.3, "start": 0.5, "words": 0.4, "parameters": 0.4},
    "scarce filling": {"fill": 0.7, "start": 0.1, "words": 0.0, "parameters": 0.0},
    "slow parameters": {"fill": 0.0, "start": 0.0, "words": 0.1, "parameters": 0.9},
    "slow words": {"fill": 0.0, "start": 0.0, "words": 0.6, "parameters": 0.0},
}


@pytest.mark.parametrize("name", PATIENCE)
@pytest.mark.parametrize(("rows", "bus_bytes"), SIZES)
def test_delivers_every_word_in_order(rows: int, bus_bytes: int, name: str) -> None:
    config = make_config(rows, bus_bytes)
    rng = random.Random(f"{rows} {bus_bytes} {name}")
    tb = Tb(config, [random_reads(rng, config) for _ in range(4)], seed=1)
    tb.patience = PATIENCE[name]
    tb.run()


@pytest.mark.parametrize(("paired", "words"), [(0, SPACE // 8 - 1), (1, SPACE // 16)])
def test_replays_what_fills_the_ring(paired: int, words: int) -> None:
    """Parameters are freed before; unpaired, a half of the first line belongs to the ninth one."""
    reads = Reads(blocks=2, tiles=3, block_words=words, paired=paired)
    Tb(make_config(8, 8), [reads], seed=1).run()


@pytest.mark.parametrize("name", PATIENCE)
@pytest.mark.parametrize(("rows", "bus_bytes"), [(2, 4), (3, 8), (8, 4), (8, 16)])
def test_kept_weights_are_read_again(rows: int, bus_bytes: int, name: str) -> None:
    """Between others that are freed; the last ones fill the ring."""
    config, rng = make_config(rows, bus_bytes), random.Random(f"{rows} {bus_bytes} {name}")
    starts = []
    for blocks, words in ((1, rng.randint(1, 9)), (3, rng.randint(0, 6)), (1, None)):
        paired = rng.randint(0, 1)
        if words is None:
            words = SPACE // (config.weight_word_bytes << paired) - PARAMETER_WORDS
        kept = Reads(blocks, 1, words, paired=paired, keep=1)
        starts += [random_reads(rng, config), *[kept] * rng.randint(1, 3), replace(kept, keep=0)]
    tb = Tb(config, [*starts, random_reads(rng, config)], seed=4)
    tb.patience = PATIENCE[name]
    tb.run()


def test_clear_forgets_what_was_filled() -> None:
    """A line and a half behind a command; the next one begins with the first beat after it."""
    dut = WeightRing(make_config(rows=8, bus_bytes=4))
    reads = Reads(blocks=1, tiles=1, block_words=4, paired=1)

    async def fill(ctx: SimulatorContext, beats: range) -> None:
        ctx.set(dut.beats.valid, 1)
        for beat in beats:
            ctx.set(dut.beats.payload, beat)
            await ctx.tick()
        ctx.set(dut.beats.valid, 0)
        assert ctx.get(dut.room) == SPACE // 4 - len(beats)

    async def bench(ctx: SimulatorContext) -> None:
        for begin in (100, 1000):
            await fill(ctx, range(begin, begin + 13 * 4))
            ctx.set(dut.start.payload, vars(reads))
            ctx.set(dut.start.valid, 1)
            await ctx.tick()
            ctx.set(dut.start.valid, 0)
            for port, first, count in ((dut.parameters, begin, 9), (dut.words, begin + 36, 4)):
                ctx.set(port.ready, 1)
                for beat in range(first, first + 4 * count, 4):
                    (payload,) = await ctx.tick().sample(port.payload).until(port.valid)
                    assert payload & 0xFFFFFFFF == beat
                ctx.set(port.ready, 0)
            await fill(ctx, range(6))
            ctx.set(dut.clear, 1)
            await ctx.tick()
            ctx.set(dut.clear, 0)
            assert ctx.get(dut.empty)

    simulate(dut, bench)


def gaps(config: NpuConfig, reads: Reads, hold: int = 0) -> dict[int, int]:
    """Cycles without a word in front of word number ..., with the data in the ring.

    They count as reading parameters. ``hold``: cycles before the first word is taken.
    """
    tb = Tb(config, [reads], seed=2)
    assert len(tb.model.stream) <= SPACE
    tb.hold = hold
    tb.run()
    gap = [after - before - 1 for before, after in pairwise(tb.taken["words"])]
    assert tb.without_word[: sum(gap)] == [1] * sum(gap)
    return {number: cycles for number, cycles in enumerate(gap, start=1) if cycles}


@pytest.mark.parametrize("words", [16, 17, 24, 31])
@pytest.mark.parametrize("tiles", [1, 3])
@pytest.mark.parametrize(("rows", "bus_bytes"), [(8, 8), (4, 16), (2, 16)])
def test_long_blocks_deliver_a_word_every_cycle(
    rows: int, bus_bytes: int, tiles: int, words: int
) -> None:
    """Over replays and blocks, whose parameters arrive in between."""
    assert gaps(make_config(rows, bus_bytes), Reads(3, tiles, words)) == {}


@pytest.mark.parametrize(
    ("tiles", "words", "lines"),
    [
        # Nine parameters in lanes 0 to 8 are five lines; the weights begin in the upper lane 9.
        (1, 1, 5 + 1),
        (4, 1, 5 + 4 * 1),
        (1, 5, 5 + 3),
        (2, 5, 5 + 2 * 3),
        (4, 5, 5 + 4 * 3),
        (1, 9, 5 + 5),
        (1, 11, 5 + 6),
    ],
)
def test_short_blocks_take_a_cycle_a_line(tiles: int, words: int, lines: int) -> None:
    """Two words a line; a block takes its words' or its lines' cycles, whichever are more."""
    missing = max(0, lines - tiles * words)
    found = gaps(make_config(8, 8), Reads(3, tiles, words))
    assert found == ({tiles * words * block: missing for block in (1, 2)} if missing else {})


@pytest.mark.parametrize("words", [1, 5, 12])
def test_pairs_take_a_line_each(words: int) -> None:
    """Parameters too, which shows unless an array at rest has let the FIFO run ahead."""
    reads = Reads(blocks=3, tiles=1, block_words=words, paired=1)
    assert gaps(make_config(8, 8), reads) == {words: 9, 2 * words: 9}
    assert gaps(make_config(8, 8), reads, hold=300) == {}


def test_two_pairs_a_line_leave_cycles_for_parameters() -> None:
    reads = Reads(blocks=3, tiles=2, block_words=16, paired=1)
    assert gaps(make_config(4, 16), reads) == {}
