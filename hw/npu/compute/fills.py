"""From scratchpad reads to fills of the column buffers: padding, channels, columns, offsets."""

from __future__ import annotations

from amaranth.hdl import Array, Const, Module, Mux, Signal, signed
from amaranth.lib import data
from amaranth.lib.wiring import Component, In, Out
from amaranth.utils import exact_log2

from tilewright.hw.npu.compute.columns import FillLayout
from tilewright.hw.npu.compute.feeder_decode import LoopsLayout, sources_of
from tilewright.hw.spec.commands import ADDRESS_BITS
from tilewright.hw.spec.npu_config import NpuConfig

X_BITS = ADDRESS_BITS + 2
"""Signed byte position in a row: left of it, inside, or right of it."""


class ReadLayout(data.StructLayout):
    """What a read is for.

    ``slot``; columns ``first`` up to ``end``, excluded, or all from first on where ``rest`` (a
    convolution: pixels of the tile); ``last``: it completes its slot; ``x``: byte of the row that
    it starts at; ``row_exists``: otherwise nothing is read, and all of it is padding.
    """

    def __init__(self, config: NpuConfig) -> None:
        super().__init__(
            {
                "valid": 1,
                "slot": range(config.depthwise_slots),
                "first": range(config.columns + 1),
                "end": range(config.columns + 1),
                "rest": 1,
                "last": 1,
                "x": signed(X_BITS),
                "row_exists": 1,
            }
        )


class Fills(Component):
    """Follows each read to its data, puts padding in, and writes the columns.

    Ports
    -----
    loops, row_bytes, pad_value: the command's; row_bytes: bytes of an input row that exist.
    read: in the cycle of the scratchpad read; data: what that delivers.
    fill: column buffers. slot_filled: this fill completes its slot.
    """

    def __init__(self, config: NpuConfig) -> None:
        self._config = config
        self._offset_bits = exact_log2(config.port_bytes)
        super().__init__(
            {
                "loops": In(LoopsLayout(config)),
                "row_bytes": In(ADDRESS_BITS),
                "pad_value": In(8),
                "read": In(ReadLayout(config)),
                "data": In(8 * config.port_bytes),
                "fill": Out(FillLayout(config)),
                "slot_filled": Out(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        read, arrived = Signal(ReadLayout(self._config)), Signal(ReadLayout(self._config))
        m.d.sync += [read.eq(self.read), arrived.eq(read)]
        m.d.comb += [
            self.fill.slot.eq(arrived.slot),
            self.fill.depthwise.eq(self.loops.depthwise),
            self.slot_filled.eq(arrived.valid & arrived.last),
        ]
        self._spread(m, self._pad(m, read, arrived))
        self._mark_columns(m, read)
        return m

    def _pad(
        self, m: Module, read: data.View[ReadLayout], arrived: data.View[ReadLayout]
    ) -> Signal:
        """The word, with the pad value in all of its bytes that lie outside the input's row."""
        port = self._config.port_bytes
        before, until = Signal(range(port + 1)), Signal(range(port + 1))
        remaining = Signal(signed(X_BITS))
        x = read.x
        m.d.comb += remaining.eq(self.row_bytes - x)
        m.d.sync += before.eq(Mux(x >= 0, 0, Mux(x <= -port, port, -x)))
        m.d.sync += until.eq(Mux(remaining <= 0, 0, Mux(remaining >= port, port, remaining)))
        padded = Signal(8 * port)
        for j in range(port):
            exists = arrived.row_exists & (before <= Const(j)) & (until > j)
            byte = Mux(exists, self.data.word_select(j, 8), self.pad_value)
            m.d.comb += padded.word_select(j, 8).eq(byte)
        return padded

    def _spread(self, m: Module, padded: Signal) -> None:
        """Each channel of a depthwise pixel to all rows that take it."""
        for row in range(self._config.port_bytes):
            byte = padded.word_select(row, 8)
            if row < self._config.depthwise_bytes:
                sources = Array(padded.word_select(source, 8) for source in sources_of(row))
                byte = sources[self.loops.sources[str(row)]]
            m.d.comb += self.fill.data.word_select(row, 8).eq(byte)

    def _mark_columns(self, m: Module, read: data.View[ReadLayout]) -> None:
        """Which columns a read is for, and where in its word their windows start."""
        config, loops, bits = self._config, self.loops, self._offset_bits
        base = Signal(bits)
        m.d.sync += base.eq(Array(list(loops.multiples))[self.read.first])
        columns = Signal(config.columns)
        for c in range(config.columns):
            own, shared = (
                (read.first <= Const(pixel)) & (read.rest | (read.end > pixel))
                for pixel in (c, c // 2)
            )
            m.d.sync += columns[c].eq(read.valid & Mux(loops.shared, shared, own))
            if c < config.cols:
                offset = Signal(bits, name=f"offset_{c}")
                multiple = Mux(loops.shared, loops.multiples[c // 2], loops.multiples[c])
                m.d.sync += offset.eq(multiple[:bits] - base)
                m.d.comb += self.fill.offsets[c].eq(offset)
        m.d.comb += self.fill.columns.eq(columns)
