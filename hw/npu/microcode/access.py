"""Main memory: what instructions read and write, and the chunks of the columns' windows.

There is one request at a time, and the next one goes out with its answer. A chunk is read as two
words, the one with its first byte and the one behind it, whatever its alignment.
"""

from __future__ import annotations

from enum import IntEnum

from amaranth.hdl import Cat, Module, Mux, Signal
from amaranth.lib import data
from amaranth.lib.wiring import Component, In, Out

from tilewright.hw.bus import memory_bus
from tilewright.hw.npu.microcode.assembler import ARGUMENT_BITS, Op, Size, Write
from tilewright.hw.npu.microcode.dot import CHUNK
from tilewright.hw.npu.microcode.registers import LOCK_BITS, LOCK_SHIFT
from tilewright.hw.npu.microcode.sequencer import INDEX_BITS, WORD_BITS
from tilewright.hw.spec.registers import MEMORY_BASE

_BASE_WORD = MEMORY_BASE >> 2


class Kind(IntEnum):
    """What becomes of an answer."""

    NONE = 0  # of a write
    VALUE = 1  # the accumulator's
    WEIGHTS = 2
    PARAMETER = 3
    LOWER = 4  # of a chunk
    UPPER = 5


class Tag(data.StructLayout):
    """Of a request: ``lane``: byte of the word; ``number``: of a weight word or column; ``exists``:
    bytes of a chunk that are read, others being padding; ``first``: it starts its column's sums;
    ``last``: it is the last column's."""

    def __init__(self) -> None:
        super().__init__(
            {"kind": Kind, "lane": 2, "number": INDEX_BITS, "exists": CHUNK, "first": 1, "last": 1}
        )


class Access(Component):
    """See the module's text.

    Ports
    -----
    bus: main memory.
    valid, op, argument, a: the instruction at hand. hold: it is not over yet.
    read: what `Op.READ` takes.
    columns, column, address, exists: windows (hw.npu.microcode.windows).
    first: chunks start sums. pad: padding's byte.
    chunk, bytes, number, starts: to the products; weight, word: a weight word, ``number``.
    parameter, byte: a byte of the requantiser's parameters.
    result: the requantiser's; data: port DATA; time: the time stamp.
    idle: nothing is on its way. failed, wrote: pulse, a request has failed; it was a write.
    beat: a request is answered.
    lock: nothing is written below it (units of LOCK_BYTES). locked: pulse, a write is refused.
    stop: no more requests. quiet: none is on its way. abort: pulse, the instruction is given up.
    """

    def __init__(self, scratchpad: int, scratchpad_bytes: int) -> None:
        """``scratchpad``: its address from the start of main memory, a multiple of its size."""
        self._scratchpad = scratchpad
        super().__init__(
            {
                "bus": Out(memory_bus(4)),
                "valid": In(1),
                "op": In(Op),
                "argument": In(ARGUMENT_BITS),
                "a": In(WORD_BITS),
                "hold": Out(1),
                "read": Out(WORD_BITS),
                "columns": In(INDEX_BITS),
                "column": Out(INDEX_BITS),
                "address": In(range(scratchpad_bytes)),
                "exists": In(CHUNK),
                "first": In(1),
                "pad": In(8),
                "chunk": Out(1),
                "bytes": Out(8 * CHUNK),
                "number": Out(INDEX_BITS),
                "starts": Out(1),
                "weight": Out(1),
                "word": Out(32),
                "parameter": Out(1),
                "byte": Out(8),
                "result": In(8),
                "result_busy": In(1),
                "data": In(8),
                "time": In(32),
                "idle": Out(1),
                "failed": Out(1),
                "wrote": Out(1),
                "beat": Out(1),
                "lock": In(LOCK_BITS),
                "locked": Out(1),
                "stop": In(1),
                "quiet": Out(1),
                "abort": In(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        bus = self.bus
        self._value_ready = Signal()
        tag, following = Signal(Tag()), Signal(Tag())
        outstanding, wanted, accepted, answered = Signal(), Signal(), Signal(), Signal()
        m.d.comb += [
            answered.eq(bus.ack | bus.err),
            bus.cyc.eq(wanted | outstanding),
            bus.stb.eq(wanted & (~outstanding | answered) & ~self.stop),
            self.quiet.eq(~outstanding),
            accepted.eq(bus.stb & ~bus.stall),
            self.beat.eq(answered),
            self.failed.eq(bus.err),
            self.wrote.eq(tag.kind == Kind.NONE),
        ]
        with m.If(accepted):
            m.d.sync += [tag.eq(following), outstanding.eq(1)]
        with m.Elif(answered):
            m.d.sync += outstanding.eq(0)
        address = Signal(WORD_BITS - 2)
        m.d.comb += [
            address.eq(self.a[2:]),
            bus.adr.eq(_BASE_WORD | address),
            following.lane.eq(self.a),
            following.number.eq(self.argument),
        ]
        with m.If(self.valid), m.Switch(self.op):
            with m.Case(Op.READ):
                self._value(m, following, wanted, accepted)
            with m.Case(Op.WEIGHTS, Op.PARAMETER):
                weights = self.op == Op.WEIGHTS
                m.d.comb += [
                    wanted.eq(1),
                    self.hold.eq(~accepted),
                    following.kind.eq(Mux(weights, Kind.WEIGHTS, Kind.PARAMETER)),
                ]
            with m.Case(Op.WRITE, Op.PUT):
                waits = (self.op == Op.PUT) & self.result_busy
                below = self.a[LOCK_SHIFT:] < self.lock
                m.d.comb += [
                    wanted.eq(~waits & ~below),
                    self.locked.eq(below & ~waits & ~outstanding),
                    self.hold.eq(~accepted),
                ]
                m.d.comb += [bus.we.eq(1), following.kind.eq(Kind.NONE)]
        self._write_data(m)
        self._chunks(m, address, tag, following, wanted, accepted, answered)
        self._answer(m, tag, answered)
        m.d.comb += self.idle.eq(~outstanding & ~self.parameter)
        return m

    def _value(self, m: Module, following: data.View, wanted: Signal, accepted: Signal) -> None:
        """A request, and the instruction waits for its answer."""
        asked = Signal()
        m.d.comb += [
            wanted.eq(~asked),
            following.kind.eq(Kind.VALUE),
            self.hold.eq(~self._value_ready),
        ]
        with m.If(accepted):
            m.d.sync += asked.eq(1)
        with m.If(self._value_ready | self.abort):
            m.d.sync += asked.eq(0)

    def _write_data(self, m: Module) -> None:
        """A byte at its place, or a whole word."""
        bus = self.bus
        words = (self.op == Op.WRITE) & (self.argument[:2] != Write.BYTE)
        timed = (self.op == Op.WRITE) & (self.argument[:2] == Write.TIME)
        byte = Mux(self.op == Op.PUT, self.result, self.data)
        m.d.comb += [
            bus.dat_w.eq(Mux(timed, self.time, byte.replicate(4))),
            bus.sel.eq(Mux(bus.we & ~words, 1 << self.a[:2], 0xF)),
        ]

    def _chunks(
        self,
        m: Module,
        address: Signal,
        tag: data.View,
        following: data.View,
        wanted: Signal,
        accepted: Signal,
        answered: Signal,
    ) -> None:
        """`Op.MACS`: both words of each column's chunk."""
        running, upper, left = Signal(), Signal(), Signal()
        place, last = Signal(INDEX_BITS), Signal()
        # Padding may lie around the end of the scratchpad.
        word = Signal(len(self.address) - 2)
        macs = self.valid & (self.op == Op.MACS)
        m.d.comb += [
            last.eq(place + 1 == self.columns),
            word.eq(self.address[2:] + upper),
            self.column.eq(Mux(running, place + (accepted & upper), 0)),
        ]
        # The table is read in the instruction's first cycle.
        with m.If(macs):
            m.d.comb += self.hold.eq(~(answered & (tag.kind == Kind.UPPER) & tag.last))
            with m.If(~running & ~left):
                m.d.sync += [running.eq(1), upper.eq(0), place.eq(0)]
            with m.If(running):
                m.d.comb += [
                    wanted.eq(1),
                    address.eq(self._scratchpad >> 2 | word),
                    following.kind.eq(Mux(upper, Kind.UPPER, Kind.LOWER)),
                    following.lane.eq(self.address),
                    following.number.eq(place),
                    following.exists.eq(self.exists),
                    following.first.eq(self.first),
                    following.last.eq(last),
                ]
            with m.If(accepted):
                m.d.sync += upper.eq(~upper)
                with m.If(upper):
                    m.d.sync += [place.eq(place + 1), running.eq(~last), left.eq(last)]
            with m.If(~self.hold):
                m.d.sync += left.eq(0)
        with m.If(self.abort):
            m.d.sync += [running.eq(0), left.eq(0)]

    def _answer(self, m: Module, tag: data.View, answered: Signal) -> None:
        bus, kind = self.bus, tag.kind
        lower, lane, late = Signal(32), Signal(2), Signal(Kind)
        m.d.sync += late.eq(Mux(answered, kind, Kind.NONE))
        with m.If(answered):
            m.d.sync += [lower.eq(bus.dat_r), lane.eq(tag.lane)]
        # A chunk begins in the word before; a value or parameter is taken a cycle later.
        start = Mux(kind == Kind.UPPER, tag.lane, lane)
        both = Cat(lower, bus.dat_r)
        shifted = Signal(8 * CHUNK)
        m.d.comb += shifted.eq(both >> (start << 3))
        for byte in range(CHUNK):
            chosen = Mux(tag.exists[byte], shifted.word_select(byte, 8), self.pad)
            m.d.comb += self.bytes.word_select(byte, 8).eq(chosen)
        m.d.comb += [
            self.chunk.eq(answered & (kind == Kind.UPPER)),
            self.weight.eq(answered & (kind == Kind.WEIGHTS)),
            self.word.eq(bus.dat_r),
            self.number.eq(tag.number),
            self.starts.eq(tag.first),
            self.parameter.eq(late == Kind.PARAMETER),
            self.byte.eq(shifted),
            self._value_ready.eq(late == Kind.VALUE),
        ]
        with m.Switch(self.argument[:2]):
            with m.Case(Size.BYTE):
                m.d.comb += self.read.eq(shifted[:8])
            with m.Case(Size.HALF):
                m.d.comb += self.read.eq(shifted[:16])
            with m.Default():
                m.d.comb += self.read.eq(shifted)
