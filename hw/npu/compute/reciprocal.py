"""Reciprocals of the sums of a batch of rows, by gemmlowp's three Newton-Raphson steps.

A sum becomes half a denominator of 31 bits, in 1/2..1, and a binary exponent as it comes in. Then
each row takes a turn at a multiplier that is not this unit's own, a row a cycle: a product comes
back when all rows have had their turn, and is the row's operand of the next one. Seven turns give
the seven products, in an eighth one the last of them becomes the reciprocal.

====  =============================================  ==========================
turn  what the product before gives (Q2.29)          product
====  =============================================  ==========================
0                                                    half * -32/17
1     x = 48/17 + product                            half * x
2     error = 1 - product                            x * error
3     x = x + 4 * product                            half * x
4, 6  as 2                                           x * error
5     as 3                                           half * x
7     as 3; the reciprocal is 2 * x
====  =============================================  ==========================

No shift to the left leaves 31 bits but the last one, of a denominator of exactly 1/2.
"""

from __future__ import annotations

from amaranth.hdl import Const, Module, Mux, Signal, Value, signed
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import Component, In, Out
from amaranth.utils import exact_log2

from tilewright.hw.spec.commands import SOFTMAX_BATCH
from tilewright.hw.spec.timing import RECIPROCAL_TURNS, ROUNDED_LATENCY

assert ROUNDED_LATENCY + 1 == SOFTMAX_BATCH, "a product is there when its row's turn comes"

_PLACES = range(SOFTMAX_BATCH)
_LEAST_BITS, _MOST_BITS = 20, 31
"""Of a sum: its largest element alone gives 2**19."""

_MINUS_32_17, _48_17, _ONE = -1010580540, 1515870810, 1 << 29

_SHIFT = 23
"""Bits that a probability is shifted to the right, besides the exponent's."""


class Reciprocal(Component):
    """See the module's text.

    Ports
    -----
    sum_valid, sum_place, sum: of a row, 2**19 to 2**31 - 1.
    begin: pulse; the turn of place 0 is in the next cycle. Place p's sum has come
        `RECIPROCAL_TURNS` - p cycles after that at the latest.
    first_place: the first place that has a row, until the last turn.
    product: of the operands of `SOFTMAX_BATCH` cycles before.
    value, multiplier, shift: operands, from registers. Where no turn needs them they are, a cycle
        after ``place``, the factor of that row's exponentials.
    multiplying: a product of a row begins.
    """

    def __init__(self) -> None:
        super().__init__(
            {
                "sum_valid": In(1),
                "sum_place": In(_PLACES),
                "sum": In(_MOST_BITS),
                "begin": In(1),
                "first_place": In(_PLACES),
                "product": In(signed(32)),
                "place": In(_PLACES),
                "value": Out(signed(32)),
                "multiplier": Out(31),
                "shift": Out(signed(8)),
                "multiplying": Out(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        active, count = Signal(), Signal(range(RECIPROCAL_TURNS * SOFTMAX_BATCH))
        place_bits = exact_log2(SOFTMAX_BATCH)
        place, turn = count[:place_bits], count[place_bits:]
        at_last, multiplies = Signal(), Signal()
        m.d.comb += [
            at_last.eq(active & (turn == RECIPROCAL_TURNS - 1)),
            multiplies.eq(active & (turn != RECIPROCAL_TURNS - 1)),
            self.multiplying.eq(multiplies & (place >= self.first_place)),
        ]
        with m.If(self.begin):
            m.d.sync += [active.eq(1), count.eq(0)]
        with m.Elif(active):
            m.d.sync += [count.eq(count + 1), active.eq(~count.all())]
        factor, exponent = self._factors(m, multiplies, at_last, place)
        x = self._memory(m, "approximations", 31)
        read, write = x.read_port(domain="comb"), x.write_port()
        updated = self._update(m, turn, read.data)
        m.d.comb += [
            read.addr.eq(place),
            write.addr.eq(place),
            write.data.eq(updated),
            write.en.eq(active & turn[0]),
            self._reciprocal.eq(Mux(updated[30], Const((1 << 31) - 1, 31), updated[:30] << 1)),
        ]
        m.d.sync += self.value.eq(Mux(turn == 0, _MINUS_32_17, updated))
        with m.If(multiplies):
            of_error = ~turn[0] & (turn != 0)
            m.d.sync += [self.multiplier.eq(Mux(of_error, read.data, factor)), self.shift.eq(0)]
        with m.Else():
            # Shifted by more than 31 bits, nothing is left of an exponential.
            m.d.sync += self.multiplier.eq(Mux(exponent > 31 - _SHIFT, 0, factor))
            m.d.sync += self.shift.eq(-_SHIFT - exponent)
        return m

    def _factors(
        self, m: Module, multiplies: Signal, at_last: Signal, place: Value
    ) -> tuple[Value, Value]:
        """Half the denominators, whose places the reciprocals take; exponents.

        A sum's leading bit is found in one cycle, and is shifted to bit 30 in the next one.
        """
        valid, sum_place = Signal(), Signal(_PLACES)
        total, exponent = Signal(_MOST_BITS), Signal(range(_MOST_BITS - _LEAST_BITS + 1))
        self._reciprocal = Signal(31)
        m.d.sync += [valid.eq(self.sum_valid), sum_place.eq(self.sum_place), total.eq(self.sum)]
        for bits in range(_LEAST_BITS, _MOST_BITS + 1):
            with m.If(self.sum[bits - 1]):
                m.d.sync += exponent.eq(bits - _LEAST_BITS)
        half = Signal(31)
        m.d.comb += half.eq(total << (_MOST_BITS - _LEAST_BITS - exponent)[: len(exponent)])
        factors, exponents = self._memory(m, "factors", 31), self._memory(m, "exponents", 4)
        found: list[Value] = []
        for memory in (factors, exponents):
            read = memory.read_port(domain="comb")
            m.d.comb += read.addr.eq(Mux(multiplies, place, self.place))
            found.append(read.data)
        write, write_exponent = factors.write_port(), exponents.write_port()
        m.d.comb += [
            write.en.eq(valid | at_last),
            write.addr.eq(Mux(at_last, place, sum_place)),
            write.data.eq(Mux(at_last, self._reciprocal, half)),
            write_exponent.en.eq(valid),
            write_exponent.addr.eq(sum_place),
            write_exponent.data.eq(exponent),
        ]
        return found[0], found[1]

    def _update(self, m: Module, turn: Value, x: Value) -> Signal:
        """What a product gives in its row's turn, one addition."""
        base, addend, updated = (Signal(32, name=n) for n in ("base", "addend", "updated"))
        product = self.product
        with m.If(turn == 1):
            m.d.comb += [base.eq(_48_17), addend.eq(product)]
        with m.Elif(turn[0]):
            m.d.comb += [base.eq(x), addend.eq(product << 2)]
        with m.Else():
            # 1 - product, by the complement of product.
            m.d.comb += [base.eq(_ONE + 1), addend.eq(~product)]
        m.d.comb += updated.eq(base + addend)
        return updated

    def _memory(self, m: Module, name: str, width: int) -> Memory:
        memory = Memory(shape=width, depth=SOFTMAX_BATCH, init=[])
        m.submodules[name] = memory
        return memory
