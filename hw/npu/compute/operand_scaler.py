"""A lane of the element-wise unit's input: an int8 operand becomes 32 bits of a sum or product.

Operands a and b come one after the other. Both pass through the same stages (subtract the zero
point, widen by 20 bits, multiply by a 31-bit factor, shift right with rounding); operand a is kept
beside them for what needs both: a product takes its magnitude as b's factor and its sign as b's
sign, a maximum compares bytes.

With an operand of 9 bits, ``(x << 20) * multiplier`` rounded at bit 31 is ``x * multiplier``
rounded at bit 11, which keeps the multiplier small. A factor of 2**11 leaves ``x`` as it is.
"""

from __future__ import annotations

from itertools import pairwise

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value, signed
from amaranth.lib import data
from amaranth.lib.wiring import Component, In, Out

from tilewright.hw.spec.timing import SCALER_LATENCY

_EXACT_BITS = 11
"""Power of two of the factor that leaves an operand as it is."""


class ScalerControl(data.StructLayout):
    """What an operand goes through.

    zero_point, multiplier (31 bits), right (shift, 0..31): its constants. keep: it is operand a.
    product: it is multiplied by a instead of ``multiplier``. largest, smallest: a takes its place
    if that is larger, or if that is smaller. complement: the bits of the result are inverted.
    """

    def __init__(self) -> None:
        flags = ("keep", "product", "largest", "smallest", "complement")
        numbers = {"zero_point": signed(8), "multiplier": 31, "right": 5}
        super().__init__({**numbers, **dict.fromkeys(flags, 1)})


class OperandScaler(Component):
    """``value`` int8 in, ``scaled`` `SCALER_LATENCY` cycles later.

    An a is kept until the next one; it may be in use from the cycle behind it on.
    """

    def __init__(self) -> None:
        super().__init__(
            {"value": In(signed(8)), "control": In(ScalerControl()), "scaled": Out(signed(32))}
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        controls = [Signal(ScalerControl(), name=f"control_{i}") for i in range(SCALER_LATENCY - 1)]
        centred, factor = self._centre(m)
        m.d.sync += [controls[0].eq(self.control), controls[0].multiplier.eq(factor)]
        for before, after in pairwise(controls):
            m.d.sync += after.eq(before)
        lower, upper = Signal(signed(26)), Signal(signed(25))
        product = Signal(signed(41))
        high = Signal(signed(31))
        rounded = Signal(signed(33))
        multiplier = controls[0].multiplier
        right = controls[3].right
        half = Signal(31)
        m.d.comb += half.eq((1 << right) >> 1)
        less = (product < 0) & (controls[2].right != 0)
        m.d.sync += [
            # The sum of the parts has a cycle of its own: multipliers lie far from logic.
            lower.eq(centred * multiplier[:16]),
            upper.eq(centred * multiplier[16:]),
            product.eq(lower + (upper << 16)),
            # One addition: bits from 11 on subtract 1, for halves to be rounded away from zero.
            high.eq((product + Cat(Const(0, 10), 1, less.replicate(30)).as_signed()) >> 11),
            rounded.eq(high + half),
            self.scaled.eq(
                (rounded >> controls[4].right) ^ controls[4].complement.replicate(33).as_signed()
            ),
        ]
        return m

    def _centre(self, m: Module) -> tuple[Signal, Value]:
        """The operand without its zero point, a cycle later, and the factor that belongs to it."""
        control, value = self.control, self.value
        centred = Signal(signed(9))
        kept, late_keep = Signal(signed(8)), Signal()
        magnitude, kept_magnitude = Signal(8), Signal(8)
        negative, kept_negative = Signal(), Signal()
        m.d.sync += late_keep.eq(control.keep)
        with m.If(control.keep):
            m.d.sync += kept.eq(value)
        m.d.comb += [magnitude.eq(kept_magnitude), negative.eq(kept_negative)]
        with m.If(late_keep):
            m.d.comb += [
                negative.eq(centred < 0),
                magnitude.eq(Mux(centred < 0, -centred, centred)),
            ]
            m.d.sync += [kept_negative.eq(negative), kept_magnitude.eq(magnitude)]
        smaller = Signal()
        m.d.comb += smaller.eq(kept < value)
        chosen = Signal(signed(8))
        other = (control.largest & ~smaller) | (control.smallest & smaller)
        m.d.comb += chosen.eq(Mux(other, kept, value))
        turned = control.product & negative
        zero = control.zero_point
        m.d.sync += centred.eq(Mux(turned, zero, chosen) - Mux(turned, chosen, zero))
        factor = Mux(control.product, magnitude << _EXACT_BITS, control.multiplier)
        return centred, factor
