"""A FIFO behind the weight ring: takes lines of its memory and gives weight words, or pairs."""

from __future__ import annotations

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import data, stream
from amaranth.lib.fifo import SyncFIFO
from amaranth.lib.wiring import Component, In, Out

from hw.npu.weight_walk import UnitsLayout
from hw.spec.npu_config import NpuConfig

PREFETCH_LINES = 16
"""Lines read ahead of their use, a power of two. Holds nine parameters if a line is one pair, and
weights for longer than the nine lines take."""


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
        m.submodules.fifo = fifo = SyncFIFO(width=self._layout.size, depth=PREFETCH_LINES)
        reserved = Signal(range(PREFETCH_LINES + 1))
        waiting, line = Signal(self._layout), Signal(self._layout)
        done = Signal()
        m.d.comb += [
            # The counter's top bit is set by the last line alone.
            self.room.eq(~reserved[-1]),
            fifo.w_en.eq(self.write),
            fifo.w_data.eq(self.line),
            waiting.eq(fifo.r_data),
            done.eq(self.output.ready & (line.units.left == 0)),
            fifo.r_en.eq(~self.output.valid | done),
            self.output.payload.eq(line.data),
        ]
        m.d.sync += reserved.eq(reserved + self.reserve - (fifo.r_rdy & fifo.r_en))
        with m.If(fifo.r_en):
            m.d.sync += [
                self.output.valid.eq(fifo.r_rdy),
                line.data.eq(waiting.data >> (waiting.units.first * word)),
                line.units.eq(waiting.units),
            ]
        with m.Elif(self.output.ready):
            m.d.sync += [
                line.data.eq(Mux(line.units.paired, line.data >> 2 * word, line.data >> word)),
                line.units.left.eq(line.units.left - 1),
            ]
        return m
