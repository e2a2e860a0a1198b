"""A FIFO behind the weight ring: takes lines of its memory and gives weight words, or pairs."""

from __future__ import annotations

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import data, stream
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import Component, In, Out

from tilewright.hw.npu.memory.weight_walk import UnitsLayout
from tilewright.hw.spec.npu_config import NpuConfig
from tilewright.hw.spec.timing import PREFETCH_LINES


class LineLayout(data.StructLayout):
    """A line of the weight ring's memory and what to take of it."""

    def __init__(self, config: NpuConfig) -> None:
        super().__init__({"data": 8 * config.weight_memory_bytes, "units": UnitsLayout(config)})


class WeightFifo(Component):
    """Lines wait in a small memory; the line at work is shifted out of a register.

    Ports
    -----
    reserve: a line will be written in a later cycle; only while ``room``.
    write, line: a line that was reserved.
    output: its units, one after the other: a word in the low half, or a pair.
    """

    def __init__(self, config: NpuConfig) -> None:
        self._config = config
        self._layout = LineLayout(config)
        super().__init__(
            {
                "room": Out(1),
                "reserve": In(1),
                "write": In(1),
                "line": In(self._layout),
                "output": Out(stream.Signature(8 * config.weight_pair_bytes)),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        word = 8 * self._config.weight_word_bytes
        m.submodules.memory = memory = Memory(
            shape=self._layout.size, depth=PREFETCH_LINES, init=[]
        )
        write, read = memory.write_port(), memory.read_port(domain="comb")
        # Lines counted modulo twice the depth, so that as many as it holds are not none.
        reserved, written, taken = (
            Signal(range(2 * PREFETCH_LINES), name=name)
            for name in ("reserved", "written", "taken")
        )
        waiting, line = Signal(self._layout), Signal(self._layout)
        waits, is_last, takes = Signal(), Signal(), Signal()
        m.d.comb += [
            self.room.eq(reserved ^ taken != PREFETCH_LINES),
            write.en.eq(self.write),
            write.addr.eq(written),
            write.data.eq(self.line),
            read.addr.eq(taken),
            waiting.eq(read.data),
            waits.eq(written != taken),
            takes.eq(~self.output.valid | (self.output.ready & is_last)),
            self.output.payload.eq(line.data),
        ]
        m.d.sync += reserved.eq(reserved + self.reserve)
        m.d.sync += written.eq(written + self.write)
        with m.If(takes & waits):
            m.d.sync += taken.eq(taken + 1)
        with m.If(takes):
            m.d.sync += [
                self.output.valid.eq(waits),
                line.data.eq(waiting.data >> (waiting.units.first * word)),
                line.units.eq(waiting.units),
                is_last.eq(waiting.units.left == 0),
            ]
        with m.Elif(self.output.ready):
            m.d.sync += [
                line.data.eq(Mux(line.units.paired, line.data >> 2 * word, line.data >> word)),
                line.units.left.eq(line.units.left - 1),
                is_last.eq(line.units.left == 1),
            ]
        return m
