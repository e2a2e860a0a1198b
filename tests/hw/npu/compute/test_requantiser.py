"""The requantiser against the reference arithmetic written out in Python integers."""

import random

import pytest
from amaranth.hdl import Const
from amaranth.sim import Simulator

from tilewright.hw.npu.compute.requantiser import Requantiser
from tilewright.hw.spec.npu_config import NpuConfig
from tilewright.hw.spec.timing import REQUANTISER_LATENCY, ROUNDED_LATENCY


def wrap32(value: int) -> int:
    return (value + (1 << 31)) % (1 << 32) - (1 << 31)


def truncating_division(numerator: int, denominator: int) -> int:
    quotient = abs(numerator) // denominator
    return quotient if numerator >= 0 else -quotient


def requantise(
    value: int, bias: int, multiplier: int, shift: int, zp: int, lo: int, hi: int
) -> int:
    """gemmlowp's definitions, with C's truncating division."""
    x = wrap32(wrap32(value + bias) << max(shift, 0))
    product = x * multiplier
    nudge = (1 << 30) if product >= 0 else 1 - (1 << 30)
    high = truncating_division(product + nudge, 1 << 31)
    exponent = max(-shift, 0)
    mask = (1 << exponent) - 1
    threshold = (mask >> 1) + (1 if high < 0 else 0)
    scaled = (high >> exponent) + (1 if (high & mask) > threshold else 0)
    return min(max(scaled + zp, lo), hi)


def elements(rng: random.Random, count: int) -> list[tuple[int, int, int, int]]:
    edge = [0, 1, -1, 127, -128, (1 << 31) - 1, -(1 << 31), 1 << 20, -(1 << 20)]
    result = []
    for _ in range(count):
        value = rng.choice([rng.choice(edge), rng.randint(-(1 << 18), 1 << 18)])
        bias = rng.choice([0, rng.randint(-(1 << 16), 1 << 16)])
        multiplier = rng.choice(
            [1 << 30, (1 << 31) - 1, rng.randint(1 << 30, (1 << 31) - 1), 12345]
        )
        result.append(
            (value, bias, multiplier, rng.choice([0, 1, 7, -1, -31, rng.randint(-20, 0)]))
        )
    return result


@pytest.mark.parametrize(
    ("unit", "limits"),
    [(True, (-5, -100, 90)), (False, (-5, -100, 90)), (True, (0, -32768, 32767))],
)
def test_every_lane_equals_the_reference(unit: bool, limits: tuple[int, int, int]) -> None:
    """int8 with and without what int16 needs, and int16: the upper bytes stand beside."""
    config = NpuConfig(rows=3, cols=2, requantiser_lanes=3, recurrent_unit=unit)
    dut = Requantiser(config)
    rng = random.Random(1)
    zp, lo, hi = limits
    sent: list[list[int]] = []
    received: list[tuple[int, int, list[int]]] = []

    async def drive(ctx):
        ctx.set(dut.stage, {"zero_point": zp, "low": lo, "high": hi})
        for i in range(400):
            group = elements(rng, 3)
            lanes = [
                dict(zip(("value", "bias", "multiplier", "shift"), e, strict=True)) for e in group
            ]
            valid = rng.random() < 0.7
            ctx.set(dut.input, {"valid": valid, "address": i, "mask": i % 8, "lanes": lanes})
            if valid:
                sent.append([i, i % 8, [requantise(*e, zp, lo, hi) for e in group]])
            await ctx.tick()
        ctx.set(dut.input.valid, 0)
        await ctx.tick().repeat(REQUANTISER_LATENCY + 1)
        assert not ctx.get(dut.busy)

    async def watch(ctx):
        while True:
            _, _, valid, address, mask, data, upper = await ctx.tick().sample(
                *(dut.output.valid, dut.output.address, dut.output.mask, dut.output.data),
                dut.upper if unit else Const(0),
            )
            if valid:
                parts = (data, upper) if hi > 127 else (data,)
                values = [
                    int.from_bytes(
                        bytes(part >> 8 * i & 255 for part in parts), "little", signed=True
                    )
                    for i in range(3)
                ]
                received.append([address, mask, values])

    simulator = Simulator(dut)
    simulator.add_clock(1e-6)
    simulator.add_testbench(drive)
    simulator.add_testbench(watch, background=True)
    simulator.run()
    assert received == sent


def test_a_product_comes_out_before_it_is_an_int8() -> None:
    """Without a shift, of inputs that are no results: gemmlowp's doubled high half."""
    dut = Requantiser(NpuConfig(rows=2, cols=2, requantiser_lanes=2))
    rng = random.Random(2)
    expected: list[int] = []

    async def drive(ctx):
        for _ in range(300):
            value, _, multiplier, _ = elements(rng, 1)[0]
            lane = {"value": value, "bias": 0, "multiplier": multiplier, "shift": 0}
            ctx.set(dut.input, {"valid": 0, "lanes": [lane, lane]})
            expected.append(requantise(value, 0, multiplier, 0, 0, -(1 << 31), (1 << 31) - 1))
            if len(expected) > ROUNDED_LATENCY:
                assert ctx.get(dut.product) == expected[-1 - ROUNDED_LATENCY]
            await ctx.tick()

    simulator = Simulator(dut)
    simulator.add_clock(1e-6)
    simulator.add_testbench(drive)
    simulator.run()
