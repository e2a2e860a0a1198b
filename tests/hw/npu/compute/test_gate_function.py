"""The function of an LSTM's gates, an operand in every cycle, against fractions of integers."""

import random
from fractions import Fraction

from amaranth.sim import SimulatorContext

from tests.hw.npu.bench import simulate
from tests.hw.npu.lstm import SUM_UNIT, logistic, tanh
from tilewright.hw.npu.compute.gate_function import UNSHIFTED, GateFunction
from tilewright.hw.spec.timing import FUNCTION_LATENCY


def check(operands: list[tuple[int, int, bool]]) -> None:
    """Operands, each with its shift and whether TANH is wanted, one behind the other."""
    dut, found = GateFunction(), []

    async def run(ctx: SimulatorContext) -> None:
        for operand, shift, symmetric in [*operands, *[(0, 0, False)] * FUNCTION_LATENCY]:
            ctx.set(dut.operand, operand)
            ctx.set(dut.shift, shift)
            ctx.set(dut.symmetric, symmetric)
            found.append(ctx.get(dut.result))
            await ctx.tick()

    simulate(dut, run)
    wanted = [
        (tanh if symmetric else logistic)(operand * Fraction(1 << shift, 1 << 15))
        for operand, shift, symmetric in operands
    ]
    assert found[FUNCTION_LATENCY:] == wanted


def test_shift_of_sums() -> None:
    assert Fraction(1 << UNSHIFTED, 1 << 15) == SUM_UNIT


def test_every_entry_of_the_table_and_what_lies_beside_it() -> None:
    places = sorted({x for i in range(193) for x in (512 * i // 3 - 1, 512 * i // 3 + 1)} | {0})
    places = [x for x in places if x < 32768]
    check([(sign * x, UNSHIFTED, s) for s in (False, True) for sign in (1, -1) for x in places])


def test_random_operands_of_all_shifts() -> None:
    rng = random.Random(1)
    ends = [-32768, 32767, -1, 0, 1]
    operands = []
    for _ in range(4000):
        symmetric = rng.random() < 0.7
        shift = rng.randint(0, 7) if symmetric else UNSHIFTED
        operands.append((rng.choice([*ends, rng.randint(-32768, 32767)]), shift, symmetric))
    check(operands)
