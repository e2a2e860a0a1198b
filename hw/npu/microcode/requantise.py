"""Requantisation of one sum at a time, as hw.npu.compute.requantiser does for many.

====  ==================================================================
0     the sum is read
1     total = sum + bias
then  total doubles, as often as the shift is to the left
2     two partial products
3     high = (product + 2**30) >> 31
then  high halves, as often as the shift is to the right
4     clamp(rounded + zero point)
====  ==================================================================

The product's low 16 bits cannot change the rounded one, and are not worked out. Halving keeps the
last bit that has left, and whether one before it was set: that rounds halves away from zero.
"""

from __future__ import annotations

from amaranth.hdl import Cat, Module, Mux, Signal, signed
from amaranth.lib import data
from amaranth.lib.wiring import Component, In, Out

from tilewright.hw.npu.microcode.products import Product

PARAMETERS = data.StructLayout({"bias": signed(32), "multiplier": 32, "shift": signed(8)})
"""In the order of their bytes in front of a block, see hw.spec.commands."""


class Requantise(Component):
    """See the module's text.

    Ports
    -----
    parameters; zero_point, low, high: the output's.
    start: read a sum; ``total`` has it in the next cycle. busy: until ``result`` is there, which
        stays until the next start.
    """

    def __init__(self, sum_bits: int) -> None:
        super().__init__(
            {
                "parameters": In(PARAMETERS),
                "zero_point": In(signed(8)),
                "low": In(signed(8)),
                "high": In(signed(8)),
                "start": In(1),
                "total": In(signed(sum_bits)),
                "busy": Out(1),
                "result": Out(signed(8)),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        total, high = Signal(signed(32)), Signal(signed(32))
        partial = Signal(signed(34))
        shifts = Signal(6)
        last, before = Signal(), Signal()
        shift = self.parameters.shift
        # Sums of partial products, from the upper one's and the lower one's 16 bits.
        cross, upper = self._multiply(m, total, self.parameters.multiplier)
        with m.FSM() as fsm:
            m.d.comb += self.busy.eq(~fsm.ongoing("IDLE"))
            with m.State("IDLE"), m.If(self.start):
                m.next = "ADD"
            with m.State("ADD"):
                m.d.sync += total.eq(self.total + self.parameters.bias)
                m.d.sync += shifts.eq(Mux(shift < 0, -shift, shift))
                m.d.sync += [last.eq(0), before.eq(0)]
                m.next = "LEFT"
            with m.State("LEFT"):
                with m.If((shifts != 0) & (shift >= 0)):
                    m.d.sync += [total.eq(total << 1), shifts.eq(shifts - 1)]
                with m.Else():
                    m.d.sync += partial.eq(cross)
                    m.next = "HIGH"
            with m.State("HIGH"):
                m.d.sync += high.eq(((partial + (1 << 14)) >> 15) + (upper << 1))
                m.next = "RIGHT"
            with m.State("RIGHT"):
                with m.If(shifts != 0):
                    m.d.sync += [
                        high.eq(high >> 1),
                        last.eq(high[0]),
                        before.eq(before | last),
                        shifts.eq(shifts - 1),
                    ]
                with m.Else():
                    m.d.sync += self.result.eq(self._clamped(m, high, last & (~high[-1] | before)))
                    m.next = "IDLE"
        return m

    def _multiply(self, m: Module, value: Signal, multiplier: Signal) -> tuple[Signal, Signal]:
        """``value`` (signed 32) x ``multiplier`` (unsigned 31) is upper x 2**32 + cross x 2**16,
        but for what lies below 2**16."""
        products = []
        for name, a, a_signed, b in (
            ("low_low", value[:16], False, multiplier[:16]),
            ("low_high", value[:16], False, multiplier[16:]),
            ("high_low", value[16:], True, multiplier[:16]),
            ("high_high", value[16:], True, multiplier[16:]),
        ):
            product = Product(a_signed=a_signed, b_signed=False)
            m.submodules[name] = product
            m.d.comb += [product.a.eq(a), product.b.eq(b)]
            products.append(product.product.as_signed() if a_signed else product.product)
        low_low, low_high, high_low, high_high = products
        cross, upper = Signal(signed(34)), Signal(signed(32))
        m.d.comb += [
            cross.eq(low_low[16:] + low_high + high_low),
            upper.eq(high_high),
        ]
        return cross, upper

    def _clamped(self, m: Module, value: Signal, rounding: Signal) -> Signal:
        """The value, rounded, with the zero point, between the limits."""
        # What 10 bits hold, or else the end of their range: the zero point leaves it beyond 8 bits.
        near, offset = Signal(signed(10)), Signal(signed(11))
        clamped = Signal(signed(8))
        upper = value[9:]
        fits = (upper == 0) | upper.all()
        m.d.comb += [
            near.eq(Mux(fits, value[:10].as_signed(), Mux(value[-1], -512, 511))),
            offset.eq(near + self.zero_point + rounding),
        ]
        with m.If(offset < self.low):
            m.d.comb += clamped.eq(self.low)
        with m.Elif(offset > self.high):
            m.d.comb += clamped.eq(self.high)
        with m.Else():
            m.d.comb += clamped.eq(offset)
        return clamped


def parameter_bytes(m: Module, push: Signal, byte: Signal) -> data.View:
    """Parameters that come byte by byte."""
    parameters = Signal(PARAMETERS)
    with m.If(push):
        m.d.sync += parameters.as_value().eq(Cat(parameters.as_value()[8:], byte))
    return parameters
