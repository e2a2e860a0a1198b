"""Requantisation: int32 sums to int8 or int16, ``lanes`` elements a cycle, fully pipelined.

Per lane, as TFLM's MultiplyByQuantizedMultiplier and the kernels around it: add the bias, shift
left, saturating rounding doubling high multiply, rounding shift right, add the output's zero
point, clamp. The saturating case (both factors -2**31) can't occur: multipliers are positive.

====  ==================================================================
0     sum = accumulator + bias
1     shifted = sum << left
2     four partial products of 16/17 bits, so that each fits a DSP block
3     two sums of partial products
4     64-bit product
5     high = ((product + 2**30) >> 31) - (product < 0 and right > 0)
6     rounded = high + 2**(right - 1)
7     scaled = rounded >> right
8     clamp(scaled + zero point)
====  ==================================================================

Rounding a negative number half up, as stage 5 does, is what the reference's truncating division
with its sign-dependent nudge amounts to; stages 5 to 7 round halves away from zero, with a product
less than half below zero going to zero either way.
"""

from __future__ import annotations

from itertools import pairwise

from amaranth.hdl import Cat, Const, Module, Mux, Signal, signed
from amaranth.lib import data
from amaranth.lib.wiring import Component, In, Out

from tilewright.hw.spec.commands import ADDRESS_BITS, MAX_LEFT_SHIFT
from tilewright.hw.spec.npu_config import NpuConfig
from tilewright.hw.spec.timing import REQUANTISER_LATENCY


class LaneLayout(data.StructLayout):
    """One element: ``value`` and ``bias`` int32, ``multiplier`` 31 bits, ``shift`` -31..7."""

    def __init__(self) -> None:
        super().__init__(
            {"value": signed(32), "bias": signed(32), "multiplier": 31, "shift": signed(8)}
        )


class OutputStage(data.StructLayout):
    """What the outputs of a command have in common; limits are int16 where outputs can be."""

    def __init__(self, config: NpuConfig) -> None:
        limit = signed(result_bits(config))
        super().__init__({"zero_point": signed(8), "low": limit, "high": limit})


def result_bits(config: NpuConfig) -> int:
    """Bits of the widest output of a lane."""
    return 16 if config.wide_results else 8


class RequantiserInput(data.StructLayout):
    """``lanes`` elements that go to consecutive bytes from ``address``, those in ``mask``."""

    def __init__(self, config: NpuConfig) -> None:
        lanes = config.requantiser_lanes
        super().__init__(
            {
                "valid": 1,
                "address": ADDRESS_BITS,
                "mask": lanes,
                "lanes": data.ArrayLayout(LaneLayout(), lanes),
            }
        )


class RequantiserOutput(data.StructLayout):
    """``lanes`` int8 values for consecutive bytes from ``address``, those in ``mask``."""

    def __init__(self, config: NpuConfig) -> None:
        lanes = config.requantiser_lanes
        super().__init__({"valid": 1, "address": ADDRESS_BITS, "mask": lanes, "data": 8 * lanes})


class RequantiserLane(Component):
    """The arithmetic of one lane; a module of its own, so that all lanes are one module.

    ``rounded``: `ROUNDED_LATENCY` cycles after an element without a shift its product as the 32
    upper bits of its double.
    """

    def __init__(self, config: NpuConfig) -> None:
        super().__init__(
            {
                "lane": In(LaneLayout()),
                "stage": In(OutputStage(config)),
                "rounded": Out(signed(32)),
                "result": Out(signed(result_bits(config))),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        total = Signal(signed(32))
        shifted = Signal(signed(32))
        lefts = Signal(range(MAX_LEFT_SHIFT + 1))
        m.d.sync += total.eq(self.lane.value + self.lane.bias)
        m.d.sync += lefts.eq(Mux(self.lane.shift > 0, self.lane.shift[:3], 0))
        m.d.sync += shifted.eq((total << lefts)[:32].as_signed())
        multiplier = self._delayed(m, self.lane.multiplier, 2, "multiplier")
        product = self._multiply(m, shifted, multiplier)
        right = Signal(range(32))
        m.d.comb += right.eq(Mux(self.lane.shift < 0, (-self.lane.shift)[:5], 0))
        right_5 = self._delayed(m, right, 5, "right")
        right_6, right_7 = Signal(range(32)), Signal(range(32))
        high = Signal(signed(32))
        less = (product < 0) & (right_5 != 0)
        # One addition: bits from 31 on subtract 1.
        m.d.sync += high.eq((product + Cat(Const(0, 30), 1, less.replicate(33)).as_signed()) >> 31)
        rounded = Signal(signed(33))
        half = Signal(32)
        m.d.comb += half.eq((1 << right_6) >> 1)
        m.d.sync += [right_6.eq(right_5), right_7.eq(right_6)]
        m.d.sync += rounded.eq(high + half.as_unsigned())
        m.d.comb += self.rounded.eq(rounded)
        scaled = Signal(signed(33))
        m.d.sync += scaled.eq(rounded >> right_7)
        offset = Signal(signed(34))
        m.d.comb += offset.eq(scaled + self.stage.zero_point)
        with m.If(offset < self.stage.low):
            m.d.sync += self.result.eq(self.stage.low)
        with m.Elif(offset > self.stage.high):
            m.d.sync += self.result.eq(self.stage.high)
        with m.Else():
            m.d.sync += self.result.eq(offset)
        return m

    def _multiply(self, m: Module, value: Signal, multiplier: Signal) -> Signal:
        """Stages 2 to 4: ``value`` (signed 32) times ``multiplier`` (unsigned 31)."""
        low, high = value[:16], value[16:].as_signed()
        m_low, m_high = multiplier[:16], multiplier[16:]
        names = ("low_low", "low_high", "high_low", "high_high")
        low_low, low_high, high_low, high_high = (
            Signal(signed(33), name=f"product_{name}") for name in names
        )
        lower, upper = Signal(signed(50)), Signal(signed(50))
        product = Signal(signed(64))
        m.d.sync += [
            low_low.eq(low * m_low),
            low_high.eq(low * m_high),
            high_low.eq(high * m_low),
            high_high.eq(high * m_high),
            lower.eq(low_low + (low_high << 16)),
            upper.eq(high_low + (high_high << 16)),
            product.eq(lower + (upper << 16)),
        ]
        return product

    def _delayed(self, m: Module, value: Signal, cycles: int, name: str) -> Signal:
        """``value``, ``cycles`` cycles later."""
        for i in range(cycles):
            following = Signal.like(value, name=f"{name}_{i}")
            m.d.sync += following.eq(value)
            value = following
        return value


class Requantiser(Component):
    """All lanes, with address and mask travelling along.

    Ports: ``input``, ``stage`` (stable while elements are under way), ``output``
    `REQUANTISER_LATENCY` cycles later, ``busy`` while anything is under way. ``product``: lane 0's
    `RequantiserLane.rounded`, of any input. ``upper``: the bytes above those of ``output``, where
    outputs can be int16.
    """

    def __init__(self, config: NpuConfig) -> None:
        self._config = config
        super().__init__(
            {
                "input": In(RequantiserInput(config)),
                "stage": In(OutputStage(config)),
                "output": Out(RequantiserOutput(config)),
                "product": Out(signed(32)),
                "busy": Out(1),
                **({"upper": Out(8 * config.requantiser_lanes)} if config.wide_results else {}),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        lanes = self._config.requantiser_lanes
        # All lanes look at it in their last stage, so there is time for a register.
        stage = Signal.like(self.stage)
        m.d.sync += stage.eq(self.stage)
        tag = data.StructLayout({"valid": 1, "address": ADDRESS_BITS, "mask": lanes})
        tags = [Signal(tag, name=f"tag_{i}") for i in range(REQUANTISER_LATENCY)]
        m.d.sync += [
            tags[0].valid.eq(self.input.valid),
            tags[0].address.eq(self.input.address),
            tags[0].mask.eq(self.input.mask),
        ]
        for before, after in pairwise(tags):
            m.d.sync += after.eq(before)
        results = []
        for index in range(lanes):
            lane = RequantiserLane(self._config)
            m.submodules[f"lane_{index}"] = lane
            m.d.comb += lane.lane.eq(self.input.lanes[index])
            m.d.comb += lane.stage.eq(stage)
            results.append(lane.result)
            if index == 0:
                m.d.comb += self.product.eq(lane.rounded)
        m.d.comb += [
            self.output.valid.eq(tags[-1].valid),
            self.output.address.eq(tags[-1].address),
            self.output.mask.eq(tags[-1].mask),
            self.output.data.eq(Cat(result[:8] for result in results)),
            self.busy.eq(Cat(t.valid for t in tags).any()),
        ]
        if self._config.wide_results:
            m.d.comb += self.upper.eq(Cat(result[8:] for result in results))
        return m
