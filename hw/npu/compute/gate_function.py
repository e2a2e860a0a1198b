"""LOGISTIC and TANH of int16 as hw.spec.arithmetic.sigmoid_int16 defines them, one a cycle.

Both are read from one table of the logistic function, whose upper half is stored: entry i less
2**15, and how much larger the next one is. The operand's magnitude chooses an entry and a place
on the line to the next one; its sign turns the result, which both functions are symmetrical for.

====  ==================================================================
0     three = 3 * operand
1     scaled = (three << shift) / 8, rounded half up
2     magnitude: entry and place on its line, 9 bits
3     entry and step from the table
4     place * step
5     result, rounded half up before its sign
====  ==================================================================

The table is logic: it is smooth, and costs a fifth of what a memory of its bits does.
"""

from __future__ import annotations

from collections.abc import Sequence

from amaranth.hdl import Const, Module, Mux, Signal, Value, signed
from amaranth.lib.wiring import Component, In, Out
from amaranth.utils import exact_log2

from tilewright.hw.spec.arithmetic.sigmoid_int16 import table
from tilewright.hw.spec.timing import FUNCTION_LATENCY

UNSHIFTED = 3
"""The ``shift`` that leaves an operand of 2**-12 as it is."""

_PLACE_BITS = 9


class GateFunction(Component):
    """See the module's text.

    Ports
    -----
    operand: counts in 2**(``shift`` - 15). symmetric: TANH is wanted, not LOGISTIC; the operand of
        a LOGISTIC has ``shift`` `UNSHIFTED`.
    result: counts in 2**-15, `FUNCTION_LATENCY` cycles later.
    """

    def __init__(self) -> None:
        super().__init__(
            {
                "operand": In(signed(16)),
                "shift": In(3),
                "symmetric": In(1),
                "result": Out(signed(16)),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        symmetric = _delayed(m, self.symmetric, FUNCTION_LATENCY - 1, "symmetric")
        three, shift = Signal(signed(18)), Signal(3)
        scaled = Signal(signed(22))
        m.d.sync += [
            three.eq(self.operand + (self.operand << 1)),
            shift.eq(self.shift),
            scaled.eq(((three << shift) + 4) >> 3),
        ]
        negative = _delayed(m, scaled[-1], 3, "negative")[-1]
        entry, place = self._magnitude(m, scaled, symmetric[1])
        base, step, late_place = Signal(15), Signal(10), Signal(_PLACE_BITS)
        m.d.sync += [base.eq(_BASES(entry)), step.eq(_STEPS(entry)), late_place.eq(place)]
        product, late_base = Signal(_PLACE_BITS + 10), Signal(15)
        m.d.sync += [product.eq(late_place * step), late_base.eq(base)]
        # In 2**-24 of the table's upper half.
        line, tanh, logistic = Signal(24), Signal(signed(17)), Signal(signed(17))
        m.d.comb += [
            line.eq((late_base << _PLACE_BITS) + product),
            tanh.eq((line + (1 << 8)) >> 9),
            logistic.eq((1 << 14) + ((line + (1 << 9)) >> 10)),
        ]
        size = Mux(symmetric[-1], tanh, logistic)
        whole = Mux(symmetric[-1], 0, 1 << 15)
        m.d.sync += self.result.eq(Mux(negative, whole - size, size))
        return m

    def _magnitude(self, m: Module, scaled: Signal, symmetric: Signal) -> tuple[Signal, Signal]:
        """The entry that an operand lies behind, the last one if it is beyond, and its place."""
        size = Signal(22)
        # Entries are 256 units of a TANH apart, of a LOGISTIC 512.
        units = Mux(symmetric, size << 1, size)
        entry, place = Signal(8), Signal(_PLACE_BITS)
        m.d.comb += size.eq(Mux(scaled < 0, -scaled, scaled))
        m.d.sync += entry.eq(units[_PLACE_BITS:][:8] | units[_PLACE_BITS + 8 :].any().replicate(8))
        m.d.sync += place.eq(units[:_PLACE_BITS])
        return entry, place


def _delayed(m: Module, value: Value, cycles: int, name: str) -> list[Signal]:
    """``value`` 1, 2, ... cycles later."""
    stages = [Signal(len(value), name=f"{name}_{i}") for i in range(cycles)]
    for stage, before in zip(stages, [value, *stages], strict=False):
        m.d.sync += stage.eq(before)
    return stages


class _Constants:
    """A table of constants as a tree of multiplexers, which synthesis makes logic of."""

    def __init__(self, values: Sequence[int], bits: int) -> None:
        self._values, self._bits = values, bits

    def __call__(self, index: Signal) -> Value:
        return self._choice(index, self._values)

    def _choice(self, index: Signal, values: Sequence[int]) -> Value:
        if len(set(values)) == 1:
            return Const(values[0], self._bits)
        half = len(values) // 2
        upper, lower = (self._choice(index, part) for part in (values[half:], values[:half]))
        return Mux(index[exact_log2(half)], upper, lower)


_TABLE = [int(value) for value in table()]
_BASES = _Constants([value - (1 << 15) for value in _TABLE], 15)
_STEPS = _Constants([b - a for a, b in zip(_TABLE, [*_TABLE[1:], _TABLE[-1]], strict=True)], 10)
