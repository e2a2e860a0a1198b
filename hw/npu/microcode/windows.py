"""The columns' windows: where each one's chunk lies, and which of its bytes exist."""

from __future__ import annotations

from amaranth.hdl import Cat, Module, Signal, signed
from amaranth.lib.wiring import Component, In, Out
from amaranth.utils import exact_log2

from tilewright.hw.block_ram import block_ram, read_block_ram
from tilewright.hw.npu.microcode.assembler import Out as Outputs
from tilewright.hw.npu.microcode.dot import CHUNK
from tilewright.hw.npu.microcode.sequencer import INDEX_BITS, WORD_BITS
from tilewright.hw.spec.npu_config import NpuConfig

ROW_BITS = 12
"""Signed number of an input row: above the input, inside, or below it."""


class Windows(Component):
    """A table of the columns' windows, and the offsets of the chunk at hand.

    Ports
    -----
    out, port, value, index: a port of `hw.npu.microcode.assembler.Out` is written.
    column: read the table. Of that column, a cycle later:
    address: scratchpad address of the chunk's first byte; exists: a bit for each of its bytes, the
        others being padding. advance: to the next chunk of a kernel row.
    """

    def __init__(self, config: NpuConfig) -> None:
        self._address_bits = exact_log2(config.scratchpad_bytes)
        super().__init__(
            {
                "out": In(1),
                "port": In(Outputs),
                "value": In(WORD_BITS),
                "index": In(INDEX_BITS),
                "column": In(INDEX_BITS),
                "address": Out(self._address_bits),
                "exists": Out(CHUNK),
                "advance": In(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        offset = Signal(self._address_bits)
        x_offset, row_bytes = Signal(signed(WORD_BITS)), Signal(signed(WORD_BITS))
        y_offset, rows = Signal(signed(ROW_BITS)), Signal(signed(ROW_BITS))
        with m.If(self.out), m.Switch(self.port):
            for port, register in (
                (Outputs.OFFSET, offset),
                (Outputs.X_OFFSET, x_offset),
                (Outputs.Y_OFFSET, y_offset),
                (Outputs.ROW_BYTES, row_bytes),
                (Outputs.ROWS, rows),
            ):
                with m.Case(port):
                    m.d.sync += register.eq(self.value)
        with m.If(self.advance):
            m.d.sync += [offset.eq(offset + CHUNK), x_offset.eq(x_offset + CHUNK)]
        x, y, left = Signal.like(x_offset), Signal.like(y_offset), Signal.like(row_bytes)
        m.d.comb += [
            self.address.eq(self._table(m, Outputs.ADDRESS, self._address_bits) + offset),
            x.eq(self._table(m, Outputs.X, WORD_BITS) + x_offset),
            y.eq(self._table(m, Outputs.Y, ROW_BITS) + y_offset),
            left.eq(row_bytes - x),
        ]
        self._exist(m, x, left, (y >= 0) & (y < rows))
        return m

    def _table(self, m: Module, port: Outputs, bits: int) -> Signal:
        memory = block_ram(m, port.name.lower(), bits, 1 << INDEX_BITS)
        write = memory.write_port()
        m.d.comb += [
            write.addr.eq(self.index),
            write.data.eq(self.value),
            write.en.eq(self.out & (self.port == port)),
        ]
        return read_block_ram(m, memory, self.column)

    def _exist(self, m: Module, x: Signal, left: Signal, row_exists: Signal) -> None:
        """Byte j, at x + j, exists if it is not below 0 and less than what is left of the row."""
        begun = Signal(CHUNK)  # from which byte on none is left of the row
        ended = Signal(CHUNK)
        m.d.comb += begun.eq((1 << CHUNK) - 1)
        with m.If(x[2:].all()):  # -4 to -1
            m.d.comb += begun.eq(Cat(x[:2] + j >= CHUNK for j in range(CHUNK)))
        with m.Elif(x[-1]):
            m.d.comb += begun.eq(0)
        with m.If(left[-1]):
            m.d.comb += ended.eq((1 << CHUNK) - 1)
        with m.Elif(left[2:] == 0):
            m.d.comb += ended.eq(Cat(left[:2] <= j for j in range(CHUNK)))
        m.d.comb += self.exists.eq(begun & ~ended & row_exists.replicate(CHUNK))
