"""Multipliers, as the DSP blocks of small FPGAs take them.

On an iCE40 UltraPlus each is one SB_MAC16, which Yosys would not find by itself: it gives a block
to one product of 8 bits, and has no signed by unsigned one. Everywhere else they are products.
"""

from typing import Any

from amaranth.hdl import Cat, Const, Instance, Module, Signal, signed
from amaranth.lib.wiring import Component, In, Out


def is_ultraplus(platform: Any) -> bool:
    """Whether a platform's chip has SB_MAC16."""
    return str(getattr(platform, "device", "")).startswith("iCE40UP")


def _block(
    m: Module, a: Signal, b: Signal, *, a_signed: bool, b_signed: bool, halves: bool
) -> Signal:
    """The 32 bits of an SB_MAC16 without registers: 16 x 16 bits, or 8 x 8 bits twice."""
    output = Signal(32)
    select = Const(2, 2) if halves else Const(3, 2)
    m.submodules.block = Instance(
        "SB_MAC16",
        p_MODE_8x8=Const(int(halves), 1),
        p_A_SIGNED=Const(int(a_signed), 1),
        p_B_SIGNED=Const(int(b_signed), 1),
        p_TOPOUTPUT_SELECT=select,
        p_BOTOUTPUT_SELECT=select,
        i_CLK=Const(0, 1),
        i_CE=Const(0, 1),
        i_A=a,
        i_B=b,
        i_C=Const(0, 16),
        i_D=Const(0, 16),
        o_O=output,
        **{
            f"i_{name}": Const(0, 1)
            for name in (
                "AHOLD", "BHOLD", "CHOLD", "DHOLD", "IRSTTOP", "IRSTBOT", "ORSTTOP", "ORSTBOT",
                "OLOADTOP", "OLOADBOT", "ADDSUBTOP", "ADDSUBBOT", "OHOLDTOP", "OHOLDBOT", "CI",
                "ACCUMCI", "SIGNEXTIN",
            )
        },
    )  # fmt: skip
    return output


class DualProduct(Component):
    """``low`` and ``high``: the signed products of the low and of the high bytes of a and b."""

    a: In(16)
    b: In(16)
    low: Out(signed(16))
    high: Out(signed(16))

    def elaborate(self, platform: object) -> Module:
        m = Module()
        if is_ultraplus(platform):
            output = _block(m, self.a, self.b, a_signed=True, b_signed=True, halves=True)
            m.d.comb += Cat(self.low, self.high).eq(output)
            return m
        for half, product in ((0, self.low), (1, self.high)):
            a, b = (side.word_select(half, 8).as_signed() for side in (self.a, self.b))
            m.d.comb += product.eq(a * b)
        return m


class Product(Component):
    """16 x 16 bits; ``a_signed``, ``b_signed``: how each is taken."""

    def __init__(self, *, a_signed: bool, b_signed: bool) -> None:
        self._signed = a_signed, b_signed
        super().__init__({"a": In(16), "b": In(16), "product": Out(32)})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        if is_ultraplus(platform):
            a, b = self._signed
            output = _block(m, self.a, self.b, a_signed=a, b_signed=b, halves=False)
            m.d.comb += self.product.eq(output)
            return m
        a, b = (
            side.as_signed() if is_signed else side
            for side, is_signed in zip((self.a, self.b), self._signed, strict=True)
        )
        m.d.comb += self.product.eq(a * b)
        return m
