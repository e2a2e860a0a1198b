"""Chunks times weights: sums of convolutions and of depthwise taps, with tails and many columns."""

import random

import numpy as np
import pytest

from tests.hw.npu.bench import packed, simulate, unpacked
from tilewright.hw.npu.microcode.dot import CHUNK, Dot
from tilewright.hw.spec.npu_config import NpuConfig

CONFIG = NpuConfig(control="microcode", rows=4, cols=7, bus_bytes=4, accumulator_bits=24)


async def load(ctx, dut: Dot, words: np.ndarray) -> None:
    ctx.set(dut.weight, 1)
    for number, word in enumerate(words):
        ctx.set(dut.number, number)
        ctx.set(dut.word, packed(word.tolist()))
        await ctx.tick()
    ctx.set(dut.weight, 0)


async def multiply(ctx, dut: Dot, chunks: np.ndarray, first: bool, gap: int) -> None:
    for column, chunk in enumerate(chunks):
        ctx.set(dut.chunk, 1)
        ctx.set(dut.bytes, packed(chunk.tolist()))
        ctx.set(dut.column, column)
        ctx.set(dut.first, first)
        await ctx.tick()
        ctx.set(dut.chunk, 0)
        await ctx.tick().repeat(1 + gap)
    await ctx.tick()


async def sums(ctx, dut: Dot, columns: int) -> np.ndarray:
    while ctx.get(dut.busy):
        await ctx.tick()
    rows = []
    for column in range(columns):
        ctx.set(dut.read, column)
        await ctx.tick()
        rows.append(unpacked(ctx.get(dut.block_ram_word), CONFIG.accumulator_bits, CHUNK))
    return np.array(rows)


@pytest.mark.parametrize("depthwise", [False, True])
def test_sums(depthwise: bool) -> None:
    dut, rng, choose = Dot(CONFIG), np.random.default_rng(3), random.Random(3)

    async def bench(ctx):
        for _ in range(12):
            columns = choose.randint(1, 7)
            ctx.set(dut.depthwise, depthwise)
            expected = np.zeros((columns, CHUNK), int)
            for step in range(choose.randint(1, 5)):
                tail = 0 if depthwise else choose.randint(0, 3)
                weights = rng.integers(-128, 128, (1 if depthwise else CHUNK, CHUNK))
                chunks = rng.integers(-128, 128, (columns, CHUNK))
                await load(ctx, dut, weights)
                ctx.set(dut.tail, tail)
                await multiply(ctx, dut, chunks, step == 0, choose.choice([0, 0, 1, 4]))
                used = tail or CHUNK
                if depthwise:
                    expected += chunks * weights[0]
                else:
                    expected += chunks[:, :used] @ weights[:used]
            np.testing.assert_array_equal(await sums(ctx, dut, columns), expected)

    simulate(dut, bench)
