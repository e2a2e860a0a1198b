"""Pieces of random lengths, taken at random, against the same lengths cut up in a list."""

import random

import pytest
from amaranth.sim import SimulatorContext

from tests.hw.npu.bench import simulate
from tilewright.hw.npu.compute.pieces import Pieces

MOST = 12


@pytest.mark.parametrize("seed", range(3))
def test_pieces_over_and_over(seed: int) -> None:
    rng = random.Random(seed)
    dut = Pieces(9, MOST)

    async def run(ctx: SimulatorContext) -> None:
        for _ in range(60):
            piece = rng.randint(1, MOST)
            length = rng.choice([rng.randint(1, 2 * piece + 1), piece, 2 * piece, 3 * piece, 511])
            whole, rest = divmod(length, piece)
            sizes = [piece] * whole + [rest] * (rest > 0)
            ctx.set(dut.length, length)
            ctx.set(dut.piece, piece)
            ctx.set(dut.restart, 1)
            await ctx.tick()
            ctx.set(dut.restart, 0)
            taken = 0
            for _ in range(3 * len(sizes) + 2):
                at = taken % len(sizes)
                assert ctx.get(dut.size) == sizes[at]
                assert ctx.get(dut.last) == (at == len(sizes) - 1)
                assert ctx.get(dut.upcoming) == sizes[(at + 1) % len(sizes)]
                take = rng.randint(0, 1)
                ctx.set(dut.take, take)
                await ctx.tick()
                ctx.set(dut.take, 0)
                taken += take

    simulate(dut, run)
