"""Addresses of a transfer: a LOAD or STORE taken apart into beats of the bus."""

from __future__ import annotations

from amaranth.hdl import Module, Mux, Signal, signed
from amaranth.lib import stream
from amaranth.lib.data import StructLayout
from amaranth.lib.fifo import SyncFIFO
from amaranth.lib.wiring import Component, In, Out
from amaranth.utils import exact_log2

from tilewright.hw.spec.commands import ADDRESS_BITS
from tilewright.hw.spec.npu_config import NpuConfig
from tilewright.hw.spec.timing import BEATS_FIFO

TRANSFER_DESCRIPTOR = StructLayout(
    {
        "store": 1,
        "wait": 16,
        "memory_address": 32,
        "scratchpad_address": 20,
        "row_bytes": 20,
        "rows": 16,
        "memory_pitch": 24,
        "scratchpad_pitch": 20,
    }
)
"""``store``: STORE, else LOAD. The rest are the command's fields."""


def beat_layout(bus_bytes: int) -> StructLayout:
    """A beat: bus word ``word`` lies at scratchpad byte ``address``, as far as ``select`` goes.

    ``size``: bytes up to the last selected one. ``last``: of the descriptor.
    """
    return StructLayout(
        {
            "store": 1,
            "last": 1,
            "word": 32 - exact_log2(bus_bytes),
            "address": ADDRESS_BITS,
            "select": bus_bytes,
            "size": range(bus_bytes + 1),
        }
    )


class TransferBeats(Component):
    """Descriptors in, beats out, one a cycle, over the ends of rows and descriptors.

    An empty descriptor gives one beat that selects nothing.
    """

    def __init__(self, config: NpuConfig) -> None:
        self._config = config
        self._shift = exact_log2(config.bus_bytes)
        self._row = StructLayout(
            {
                "store": 1,
                "empty": 1,
                "last": 1,
                # `word` is its last.
                "ends": 1,
                "word": 32 - self._shift,
                # Of the first byte of `word`, which may lie before byte 0.
                "address": signed(ADDRESS_BITS + 1),
                # Bytes of `word` and behind: those from `first` to `end` are the row.
                "first": self._shift,
                "end": ADDRESS_BITS + 1,
            }
        )
        super().__init__(
            {
                "descriptors": In(stream.Signature(TRANSFER_DESCRIPTOR)),
                "beats": Out(stream.Signature(beat_layout(config.bus_bytes))),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        row, valid, take = Signal(self._row), Signal(), Signal()
        self._rows(m, row, valid, take)
        self._beats(m, row, valid, take)
        return m

    def _rows(self, m: Module, row: Signal, valid: Signal, take: Signal) -> None:
        """Stage 1: the next row, into ``row`` in cycles with ``take``."""
        at, active = Signal(TRANSFER_DESCRIPTOR), Signal()
        offset, last, empty = Signal(self._shift), Signal(), Signal()
        end, starts = Signal(ADDRESS_BITS + 1), Signal()
        following = Signal(TRANSFER_DESCRIPTOR)
        is_empty = (following.rows == 0) | (following.row_bytes == 0)
        m.d.comb += [
            offset.eq(at.memory_address),
            end.eq(Mux(empty, offset, offset + at.row_bytes - 1)),
            self.descriptors.ready.eq(~active | (take & last)),
            following.eq(self.descriptors.payload),
            starts.eq(self.descriptors.valid & self.descriptors.ready),
        ]
        with m.If(take):
            m.d.sync += [
                valid.eq(active),
                row.store.eq(at.store),
                row.empty.eq(empty),
                row.last.eq(last),
                row.word.eq(at.memory_address[self._shift :]),
                row.address.eq(at.scratchpad_address - offset),
                row.first.eq(offset),
                row.end.eq(end),
                row.ends.eq(end[self._shift :] == 0),
                at.memory_address.eq(at.memory_address + at.memory_pitch),
                at.scratchpad_address.eq(at.scratchpad_address + at.scratchpad_pitch),
                at.rows.eq(at.rows - 1),
                last.eq(at.rows == 2),
            ]
            with m.If(last):
                m.d.sync += active.eq(0)
        with m.If(starts):
            m.d.sync += [
                at.eq(following),
                active.eq(1),
                empty.eq(is_empty),
                last.eq(is_empty | (following.rows == 1)),
            ]

    def _beats(self, m: Module, row: Signal, valid: Signal, take: Signal) -> None:
        """Stage 2: the beats of ``row``, into a FIFO that ends the path of ``ready``."""
        bus_bytes = self._config.bus_bytes
        layout = beat_layout(bus_bytes)
        beat = Signal(layout)
        m.submodules.fifo = fifo = SyncFIFO(width=layout.size, depth=BEATS_FIFO)
        end = Signal(self._shift)
        every = (1 << bus_bytes) - 1
        m.d.comb += [
            end.eq(Mux(row.ends, row.end, ~0)),
            take.eq(~valid | (fifo.w_rdy & row.ends)),
            fifo.w_en.eq(valid),
            fifo.w_data.eq(beat),
            self.beats.payload.eq(fifo.r_data),
            self.beats.valid.eq(fifo.r_rdy),
            fifo.r_en.eq(self.beats.ready),
            beat.store.eq(row.store),
            beat.last.eq(row.last & row.ends),
            beat.word.eq(row.word),
            beat.address.eq(Mux(row.address < 0, self._config.scratchpad_bytes, 0) + row.address),
            beat.size.eq(end + 1),
            beat.select.eq(Mux(row.empty, 0, (every << row.first)[:bus_bytes] & (every >> ~end))),
        ]
        with m.If(valid & fifo.w_rdy & ~row.ends):
            m.d.sync += [
                row.word.eq(row.word + 1),
                row.address.eq(row.address + bus_bytes),
                row.end.eq(row.end - bus_bytes),
                row.ends.eq(row.end[self._shift :] == 1),
                row.first.eq(0),
            ]
