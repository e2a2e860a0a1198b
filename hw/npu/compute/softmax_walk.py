"""The order in which the softmax unit reads its rows: batches, three passes, rows, groups of bytes.

A batch is up to `SOFTMAX_BATCH` rows, each with a place in the unit's memories; the last one of a
batch has the last place. A pass reads the batch's rows, ``requantiser_lanes`` bytes or what is left
of them a cycle: for their maxima, for the sums of their exponentials, for the results. Between two
passes it waits as long as the first row of a batch of one row needs.
"""

from __future__ import annotations

from amaranth.hdl import Cat, Module, Mux, Signal, Value
from amaranth.lib import data
from amaranth.lib.wiring import Component, In, Out

from tilewright.hw.npu.command_view import COMMAND_LAYOUT, CommandView
from tilewright.hw.npu.ports import crosses_word, read_port
from tilewright.hw.spec.commands import ADDRESS_BITS, SOFTMAX_BATCH, Opcode
from tilewright.hw.spec.npu_config import NpuConfig
from tilewright.hw.spec.timing import RESULTS_WAIT

_PLACES = range(SOFTMAX_BATCH)


def tree_levels(lanes: int) -> int:
    """Cycles in which the values of all lanes become one, 1 at least."""
    return max((lanes - 1).bit_length(), 1)


class RowGroup(data.StructLayout):
    """A read: its pass (``largest``, ``total`` or ``result``), the ``place`` of its row, whether
    it ``opens`` or ``closes`` the row, and which bytes are the row's (``mask``)."""

    def __init__(self, config: NpuConfig) -> None:
        flags = ("valid", "largest", "total", "result", "opens", "closes")
        super().__init__(
            {**dict.fromkeys(flags, 1), "place": _PLACES, "mask": config.requantiser_lanes}
        )


class SoftmaxWalk(Component):
    """See the module's text.

    Ports
    -----
    start: pulse; ``command`` (SOFTMAX) is stable from then on.
    working: from the first read to the last one. read: scratchpad; its data go to who asks for
        ``group``. first_place: of the batch at hand.
    """

    def __init__(self, config: NpuConfig) -> None:
        self._config = config
        super().__init__(
            {
                "start": In(1),
                "command": In(COMMAND_LAYOUT),
                "working": Out(1),
                "read": Out(read_port(config.port_bytes)),
                "group": Out(RowGroup(config)),
                "first_place": Out(_PLACES),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        lanes, read, group = self._config.requantiser_lanes, self.read, self.group
        v = CommandView(self.command, Opcode.SOFTMAX)
        levels = tree_levels(lanes)
        largest, total, result = Signal(), Signal(), Signal()
        place = Signal(_PLACES)
        reading, waits = Signal(), Signal(range(levels + RESULTS_WAIT + SOFTMAX_BATCH))
        left, closes, opens = Signal(len(v["row_bytes"])), Signal(), Signal()
        row_ends, pass_ends, batch_ends = Signal(), Signal(), Signal()
        final = self._count_rows(m, v, place, row_ends, batch_ends)
        m.d.comb += [
            row_ends.eq(reading & closes),
            pass_ends.eq(row_ends & (place == SOFTMAX_BATCH - 1)),
            batch_ends.eq(pass_ends & result),
            read.valid.eq(reading),
            read.address.eq(self._address(m, v, reading, row_ends, pass_ends, batch_ends)),
            read.size.eq(lanes),
            read.crosses.eq(crosses_word(read.address, lanes, self._config.port_bytes)),
            group.valid.eq(reading),
            Cat(group.largest, group.total, group.result).eq(Cat(largest, total, result)),
            Cat(group.opens, group.closes).eq(Cat(opens, closes)),
            group.place.eq(place),
            group.mask.eq(Cat(left > i for i in range(lanes))),
        ]
        following = Signal.like(left)
        m.d.comb += following.eq(Mux(self.start | row_ends, v["row_bytes"], left - lanes))
        with m.If(self.start | reading):
            m.d.sync += [left.eq(following), closes.eq(following <= lanes)]
            m.d.sync += opens.eq(self.start | row_ends)
        with m.If(self.start):
            m.d.sync += [Cat(largest, total, result).eq(1), self.working.eq(1), reading.eq(1)]
        with m.Elif(pass_ends):
            m.d.sync += Cat(largest, total, result).eq(Cat(result, largest, total))
            m.d.sync += waits.eq(levels + Mux(total, RESULTS_WAIT + self.first_place, 0))
            m.d.sync += [reading.eq(result & ~final), self.working.eq(~(result & final))]
        with m.Elif(self.working & ~reading):
            m.d.sync += [waits.eq(waits - 1), reading.eq(waits == 1)]
        return m

    def _count_rows(
        self, m: Module, v: CommandView, place: Signal, row_ends: Signal, batch_ends: Signal
    ) -> Value:
        """Sets the places; returns whether the batch at hand is the last one."""
        rows = Signal(len(v["rows"]))
        following, first = Signal.like(rows), Signal.like(place)
        m.d.comb += [
            following.eq(Mux(self.start, v["rows"], rows - SOFTMAX_BATCH)),
            first.eq(Mux(following >= SOFTMAX_BATCH, 0, -following)),
        ]
        with m.If(self.start | batch_ends):
            m.d.sync += [rows.eq(following), self.first_place.eq(first), place.eq(first)]
        with m.Elif(row_ends):
            last = place == SOFTMAX_BATCH - 1
            m.d.sync += place.eq(Mux(last, self.first_place, place + 1))
        return rows <= SOFTMAX_BATCH

    def _address(
        self,
        m: Module,
        v: CommandView,
        reading: Signal,
        row_ends: Signal,
        pass_ends: Signal,
        batch_ends: Signal,
    ) -> Signal:
        """Where the group at hand lies."""
        address, row, batch = (Signal(ADDRESS_BITS, name=n) for n in ("address", "row", "batch"))
        following = Signal(ADDRESS_BITS)
        base = Mux(row_ends, row, address)
        step = Mux(row_ends, v["input_row_pitch"], self._config.requantiser_lanes)
        with m.If(self.start):
            m.d.comb += following.eq(v["input_address"])
        with m.Elif(pass_ends & ~batch_ends):
            m.d.comb += following.eq(batch)
        with m.Else():
            m.d.comb += following.eq(base + step)
        for register, moves in ((address, reading), (row, row_ends), (batch, batch_ends)):
            with m.If(self.start | moves):
                m.d.sync += register.eq(following)
        return address
