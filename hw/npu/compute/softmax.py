"""The softmax unit: rows of int8 to probabilities, bit for bit as TFLM's kernel.

An exponential depends on a difference from the row's maximum alone, 0 to 255, and stands in the
tables' memories (`hw.npu.compute.tables`). A batch of rows is read three times, in the order of
`hw.npu.compute.softmax_walk`: for maxima, for sums of exponentials, which
`hw.npu.compute.reciprocal` turns into factors on the multiplier of the requantiser's lane 0, and
for exponentials that the requantiser multiplies by them. Cycles from a read:

====  ==============================================================================
2     its bytes; from here on a tree of lanes takes a cycle a level, then the maximum
3     differences, which their words are looked up by
5     exponentials: to the requantiser, or into a tree of lanes, then into the sum
====  ==============================================================================
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import TypeVar

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value, signed
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import Component, In, Out, connect, flipped

from tilewright.hw.npu.command_view import COMMAND_LAYOUT, CommandView
from tilewright.hw.npu.compute.reciprocal import Reciprocal
from tilewright.hw.npu.compute.requantiser import RequantiserInput
from tilewright.hw.npu.compute.softmax_walk import RowGroup, SoftmaxWalk, tree_levels
from tilewright.hw.npu.ports import read_port
from tilewright.hw.spec.commands import ADDRESS_BITS, SOFTMAX_BATCH, Opcode
from tilewright.hw.spec.npu_config import NpuConfig
from tilewright.hw.spec.softmax import SUM_BITS
from tilewright.hw.spec.timing import SCRATCHPAD_READ_LATENCY, SOFTMAX_LATENCY

ZERO_POINT = -128
"""Of the results."""

_WORD_BITS = 32
_Item = TypeVar("_Item")
_Term = tuple[Value, Value]
"""A number, and what is to be added to it."""


class SoftmaxUnit(Component):
    """See the module's text.

    Ports
    -----
    start: pulse; ``command`` (SOFTMAX) is stable from then on.
    read: scratchpad. reading: from the first read to the last one; busy: from start until the last
        exponential is at the requantiser.
    differences: 8 bits a lane, which the tables give ``words`` for in the next cycle; lookups: the
        lanes that count as an access to the tables in this cycle.
    output: to the requantiser. In cycles without ``valid`` lane 0 has a product of a reciprocal,
        which comes back as ``product``; multiplying: one of a row begins.
    """

    def __init__(self, config: NpuConfig) -> None:
        self._config = config
        lanes = config.requantiser_lanes
        super().__init__(
            {
                "start": In(1),
                "command": In(COMMAND_LAYOUT),
                "read": Out(read_port(config.port_bytes)),
                "reading": Out(1),
                "busy": Out(1),
                "differences": Out(8 * lanes),
                "lookups": Out(lanes),
                "words": In(_WORD_BITS * lanes),
                "output": Out(RequantiserInput(config)),
                "product": In(signed(32)),
                "multiplying": Out(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        config = self._config
        levels = tree_levels(config.requantiser_lanes)
        m.submodules.walk = walk = SoftmaxWalk(config)
        m.submodules.reciprocal = reciprocal = Reciprocal()
        connect(m, walk.read, flipped(self.read))
        count = SOFTMAX_LATENCY + levels + 1
        groups = [walk.group, *(Signal(RowGroup(config), name=f"group_{i}") for i in range(count))]
        for before, after in pairwise(groups):
            m.d.sync += after.eq(before)
        begins = groups[levels]
        under_way = Cat(group.valid for group in groups[: SOFTMAX_LATENCY + 1]).any()
        self._find_largest(m, groups)
        exponentials = self._look_up(m, groups)
        self._add(m, groups, exponentials, reciprocal)
        m.d.comb += [
            walk.start.eq(self.start),
            walk.command.eq(self.command),
            self.reading.eq(walk.working),
            self.busy.eq(self.start | walk.working | under_way),
            reciprocal.first_place.eq(walk.first_place),
            reciprocal.begin.eq(
                begins.valid & begins.total & begins.closes & (begins.place == SOFTMAX_BATCH - 1)
            ),
            reciprocal.product.eq(self.product),
            reciprocal.place.eq(groups[SOFTMAX_LATENCY - 1].place),
            self.multiplying.eq(reciprocal.multiplying),
        ]
        self._present(m, groups[SOFTMAX_LATENCY], exponentials, reciprocal)
        return m

    def _bytes(self) -> list[Value]:
        """Of the read that arrives, one a lane."""
        lanes = range(self._config.requantiser_lanes)
        return [self.read.data.word_select(lane, 8).as_signed() for lane in lanes]

    def _find_largest(self, m: Module, groups: Sequence[Signal]) -> None:
        """The maximum of each row, into the memory that `_look_up` reads."""
        arrived = groups[SCRATCHPAD_READ_LATENCY]
        lowest = Const(-128, signed(8))
        values = [Mux(arrived.mask[i], byte, lowest) for i, byte in enumerate(self._bytes())]

        def larger(a: Value, b: Value) -> Value:
            return Mux(a > b, a, b)

        def kept(value: Value) -> Value:
            register = Signal(signed(8), name="larger")
            m.d.sync += register.eq(value)
            return register

        of_group = _reduced(values, larger, kept)
        group = groups[SCRATCHPAD_READ_LATENCY + tree_levels(len(values))]
        largest, so_far = Signal(signed(8)), Signal(signed(8))
        m.d.comb += so_far.eq(Mux(group.opens, of_group, larger(of_group, largest)))
        m.d.sync += largest.eq(so_far)
        m.submodules.maxima = self._maxima = Memory(shape=8, depth=SOFTMAX_BATCH, init=[])
        write = self._maxima.write_port()
        m.d.comb += [
            write.en.eq(group.valid & group.largest & group.closes),
            write.addr.eq(group.place),
            write.data.eq(so_far),
        ]

    def _look_up(self, m: Module, groups: Sequence[Signal]) -> list[Signal]:
        """Each lane's exponential, 31 bits, `SOFTMAX_LATENCY` cycles after its read."""
        last = CommandView(self.command, Opcode.SOFTMAX)["last_exponential"]
        arrived, differs = groups[SCRATCHPAD_READ_LATENCY], groups[SCRATCHPAD_READ_LATENCY + 1]
        maximum = self._maxima.read_port(domain="comb")
        m.d.comb += maximum.addr.eq(arrived.place)
        counted = differs.valid & ~differs.largest
        m.d.comb += self.lookups.eq(Mux(counted, differs.mask, 0))
        found: list[Signal] = []
        for lane, byte in enumerate(self._bytes()):
            difference, counts = Signal(8, name=f"difference_{lane}"), Signal(name=f"counts_{lane}")
            exponential = Signal(_WORD_BITS - 1, name=f"exponential_{lane}")
            word = self.words.word_select(lane, _WORD_BITS)[: _WORD_BITS - 1]
            m.d.comb += self.differences.word_select(lane, 8).eq(difference)
            m.d.sync += [
                difference.eq(maximum.data - byte),
                counts.eq(differs.mask[lane] & (difference <= last)),
                exponential.eq(Mux(counts, word, 0)),
            ]
            found.append(exponential)
        return found

    def _add(
        self,
        m: Module,
        groups: Sequence[Signal],
        exponentials: Sequence[Signal],
        reciprocal: Reciprocal,
    ) -> None:
        """The sum of each row's exponentials, each rounded to Q12.19.

        What rounding adds to one of them is the carry of the addition that it goes into.
        """
        terms: list[_Term] = [(e[SUM_BITS:], e[SUM_BITS - 1]) for e in exponentials]

        def added(a: _Term, b: _Term) -> _Term:
            return _with_carry(a[0], b[0], a[1]), b[1]

        def kept(term: _Term) -> _Term:
            value, carry = Signal(len(term[0]), name="partial_sum"), Signal(name="partial_carry")
            m.d.sync += [value.eq(term[0]), carry.eq(term[1])]
            return value, carry

        value, carry = _reduced(terms, added, kept)
        level = SOFTMAX_LATENCY + tree_levels(len(exponentials))
        group, done = groups[level], groups[level + 1]
        total = Signal(len(reciprocal.sum))
        m.d.sync += total.eq(_with_carry(Mux(group.opens, 0, total), value, carry))
        m.d.comb += [
            reciprocal.sum_valid.eq(done.valid & done.total & done.closes),
            reciprocal.sum_place.eq(done.place),
            reciprocal.sum.eq(total),
        ]

    def _present(
        self, m: Module, group: Signal, exponentials: Sequence[Signal], reciprocal: Reciprocal
    ) -> None:
        """Exponentials with their row's factor and address; else a product of a reciprocal."""
        v = CommandView(self.command, Opcode.SOFTMAX)
        lanes, output = self._config.requantiser_lanes, self.output
        address, row, following = (
            Signal(ADDRESS_BITS, name=n) for n in ("address", "row", "following")
        )
        base = Mux(group.closes, row, address)
        step = Mux(group.closes, v["output_row_pitch"], lanes)
        m.d.comb += [
            output.valid.eq(group.valid & group.result),
            following.eq(Mux(self.start, v["output_address"], base + step)),
            output.address.eq(address),
            output.mask.eq(group.mask),
        ]
        with m.If(self.start | output.valid):
            m.d.sync += address.eq(following)
            with m.If(self.start | group.closes):
                m.d.sync += row.eq(following)
        for lane, exponential in enumerate(exponentials):
            value = exponential if lane else Mux(output.valid, exponential, reciprocal.value)
            m.d.comb += [
                output.lanes[lane].value.eq(value),
                output.lanes[lane].multiplier.eq(reciprocal.multiplier),
                output.lanes[lane].shift.eq(reciprocal.shift),
            ]


def _reduced(
    items: Sequence[_Item], pair: Callable[[_Item, _Item], _Item], kept: Callable[[_Item], _Item]
) -> _Item:
    """One of all items, `tree_levels` cycles later: in each cycle two become one."""
    for _ in range(tree_levels(len(items))):
        pairs = [items[i : i + 2] for i in range(0, len(items), 2)]
        items = [kept(pair(some[0], some[1]) if len(some) > 1 else some[0]) for some in pairs]
    return items[0]


def _with_carry(a: Value, b: Value, carry: Value) -> Value:
    """a + b + carry, all unsigned, by one adder."""
    return (Cat(carry, a) + Cat(carry, b))[1:]
