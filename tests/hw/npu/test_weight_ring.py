"""The weight ring against the words that a command's tiles use, written out one by one."""

import random

import pytest
from amaranth.sim import Simulator

from hw.npu.weight_ring import WeightRing
from hw.spec.commands import PARAMETER_WORDS
from hw.spec.config import NpuConfig

CONFIGS = {
    "equal": NpuConfig(weight_buffer_bytes=1024),
    "narrow words": NpuConfig(rows=3, cols=5, bus_bytes=16, weight_buffer_bytes=1024),
    "narrow bus": NpuConfig(rows=20, cols=2, bus_bytes=4, weight_buffer_bytes=1024),
}
SPACE = 1024


def random_start(rng: random.Random, config: NpuConfig) -> dict[str, int]:
    largest = SPACE // config.weight_word_bytes - PARAMETER_WORDS
    return {
        "blocks": rng.randint(1, 4),
        "tiles": rng.randint(1, 5),
        "block_words": rng.choice([0, 1, 1, 2, 7, min(largest, rng.randint(1, 60)), largest]),
        "stream": rng.randint(0, 1),
    }


class Model:
    """The stream of weights that a list of starts reads, and the words that come out."""

    def __init__(self, config: NpuConfig, starts: list[dict[str, int]], rng: random.Random) -> None:
        self.config, self.rng = config, rng
        self.stream = bytearray()
        self.words: list[bytes] = []
        self.starts = starts
        for start in starts:
            for _ in range(start["blocks"]):
                self.block(start)
            self.stream += bytes(-len(self.stream) % config.weight_memory_bytes)

    def fresh(self, count: int) -> list[bytes]:
        words = [self.rng.randbytes(self.config.weight_word_bytes) for _ in range(count)]
        self.stream += b"".join(words)
        return words

    def block(self, start: dict[str, int]) -> None:
        self.words += self.fresh(PARAMETER_WORDS)
        weights = self.fresh(start["block_words"])
        self.words += weights
        for _ in range(start["tiles"] - 1):
            if start["stream"]:
                weights = self.fresh(start["block_words"])
            self.words += weights


def simulate(config: NpuConfig, starts: list, seed: int, *, eager: bool = False) -> list[int]:
    """Runs ``starts``, checks every word; returns the cycle in which each was taken."""
    rng = random.Random(seed)
    model = Model(config, starts, rng)
    dut = WeightRing(config)
    taken: list[int] = []

    async def fill(ctx):
        beat = config.bus_bytes
        for position in range(0, len(model.stream), beat):
            while not eager and rng.random() < 0.3:
                await ctx.tick()
            ctx.set(
                dut.beats.payload,
                int.from_bytes(model.stream[position : position + beat], "little"),
            )
            ctx.set(dut.beats.valid, 1)
            while not ctx.get(dut.beats.ready):
                assert ctx.get(dut.room) == 0
                assert ctx.get(dut.full)
                await ctx.tick()
            assert ctx.get(dut.room) > 0
            await ctx.tick()
            ctx.set(dut.beats.valid, 0)

    async def start(ctx):
        if eager:
            await ctx.tick().repeat(SPACE // config.bus_bytes)
        for values in starts:
            while not eager and rng.random() < 0.5:
                await ctx.tick()
            ctx.set(dut.start.payload, values)
            ctx.set(dut.start.valid, 1)
            await ctx.tick().until(dut.start.ready)
            ctx.set(dut.start.valid, 0)

    async def take(ctx):
        cycle = 0
        patience = 0.0 if eager else 0.4
        for number, word in enumerate(model.words):
            while True:
                ready = rng.random() >= patience
                ctx.set(dut.words.ready, ready)
                arrived = ready and ctx.get(dut.words.valid)
                data = ctx.get(dut.words.payload)
                await ctx.tick()
                cycle += 1
                assert cycle < 40 * len(model.words) + 10_000
                if arrived:
                    break
            assert data == int.from_bytes(word, "little"), number
            taken.append(cycle)
        ctx.set(dut.words.ready, 1)
        await ctx.tick().repeat(5)
        assert not ctx.get(dut.words.valid)
        assert not ctx.get(dut.busy)
        assert ctx.get(dut.empty)

    simulator = Simulator(dut)
    simulator.add_clock(1e-6)
    for process in (fill, start, take):
        simulator.add_testbench(process)
    simulator.run()
    return taken


@pytest.mark.parametrize("name", CONFIGS)
def test_delivers_every_word_in_order(name: str) -> None:
    config = CONFIGS[name]
    rng = random.Random(name)
    simulate(config, [random_start(rng, config) for _ in range(8)], seed=1)


@pytest.mark.parametrize("name", CONFIGS)
@pytest.mark.parametrize("words", [0, 1, 5])
def test_sustains_a_word_a_cycle(name: str, words: int) -> None:
    """Over parameters, rewinds and blocks, with the data in the ring."""
    start = {"blocks": 2, "tiles": 4, "block_words": words, "stream": 0}
    taken = simulate(CONFIGS[name], [start], seed=2, eager=True)
    assert taken[-1] - taken[0] == len(taken) - 1


def test_next_start_costs_one_cycle() -> None:
    start = {"blocks": 1, "tiles": 3, "block_words": 4, "stream": 0}
    taken = simulate(CONFIGS["equal"], [start, start], seed=4, eager=True)
    assert taken[-1] - taken[0] == len(taken)
