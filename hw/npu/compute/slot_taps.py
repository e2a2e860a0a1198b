"""Which part of the windows a slot holds: the walk over kernel rows, columns and along a run."""

from __future__ import annotations

from amaranth.hdl import Module, Mux, Signal, Value
from amaranth.lib.wiring import Component, In, Out

from tilewright.hw.npu.compute.feeder_decode import LoopsLayout
from tilewright.hw.npu.compute.pieces import Pieces
from tilewright.hw.spec.commands import ADDRESS_BITS
from tilewright.hw.spec.npu_config import NpuConfig

_OFFSETS = ("offset", "run_offset", "row_offset")


class SlotTaps(Component):
    """The slots of a tile, and after its last one the first again.

    Ports
    -----
    loops: the command's; row_pitch, tap_step: bytes from kernel row to kernel row and from run to
        run of a kernel row.
    restart: begin with a tile's first slot. take: go on to the next one.
    size: bytes of a convolution's slot. last: it is the tile's last.
    x, kernel_row: where the slot's part of a window lies, from its first byte.
    lower: bytes from a row of windows to this slot's part of the row of windows below.
    next_offset, next_kernel_row: where the next slot's part lies, in bytes and in rows.
    """

    def __init__(self, config: NpuConfig) -> None:
        self._config = config
        super().__init__(
            {
                "loops": In(LoopsLayout(config)),
                "row_pitch": In(ADDRESS_BITS),
                "tap_step": In(ADDRESS_BITS),
                "restart": In(1),
                "take": In(1),
                "size": Out(range(config.port_bytes + 1)),
                "last": Out(1),
                "x": Out(ADDRESS_BITS),
                "kernel_row": Out(16),
                "lower": Out(ADDRESS_BITS),
                "next_offset": Out(ADDRESS_BITS),
                "next_kernel_row": Out(16),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        loops = self.loops
        m.submodules.words = words = Pieces(ADDRESS_BITS, self._config.port_bytes)
        run_ends, row_ends = words.last, Signal()
        last_column, last_row = Signal(), Signal()
        offset, run_offset, row_offset = (Signal(ADDRESS_BITS, name=n) for n in _OFFSETS)
        run_x, next_x = Signal(ADDRESS_BITS), Signal(ADDRESS_BITS)
        m.d.comb += [
            words.length.eq(loops.run_length),
            words.piece.eq(loops.run_piece),
            words.restart.eq(self.restart),
            words.take.eq(self.take),
            row_ends.eq(run_ends & last_column),
            self.size.eq(words.size),
            self.last.eq(row_ends & last_row),
        ]
        # What is added to is chosen before the addition: all of it stands in registers.
        step = Mux(run_ends, self.tap_step, loops.word_step)
        base = Mux(row_ends, row_offset, Mux(run_ends, run_offset, offset))
        with m.If(~self.last):
            m.d.comb += self.next_offset.eq(base + Mux(row_ends, self.row_pitch, step))
            m.d.comb += self.next_kernel_row.eq(self.kernel_row + Mux(row_ends, loops.dilation, 0))
        with m.If(~row_ends):
            m.d.comb += next_x.eq(Mux(run_ends, run_x, self.x) + step)
        following = Mux(self.restart, 0, self.next_offset)
        with m.If(self.restart | self.take):
            m.d.sync += [
                offset.eq(following),
                self.lower.eq(following + loops.row_step),
                self.x.eq(Mux(self.restart, 0, next_x)),
            ]
            with m.If(self.restart | run_ends):
                m.d.sync += [run_offset.eq(following), run_x.eq(Mux(self.restart, 0, next_x))]
            with m.If(self.restart | row_ends):
                m.d.sync += row_offset.eq(following)
                m.d.sync += self.kernel_row.eq(Mux(self.restart, 0, self.next_kernel_row))
        row_begins = self.restart | (self.take & row_ends)
        tile_begins = self.restart | (self.take & self.last)
        _count(m, loops.kernel_cols, row_begins, self.take & run_ends, last_column)
        _count(m, loops.kernel_rows, tile_begins, row_begins, last_row)
        return m


def _count(m: Module, count: Signal, begins: Value, ends: Value, last: Signal) -> None:
    """``last`` of so many: from ``begins`` on the first one is at hand, with ``ends`` the next."""
    left = Signal.like(count, name=f"{last.name}_left")
    with m.If(begins):
        m.d.sync += [left.eq(count), last.eq(count == 1)]
    with m.Elif(ends):
        m.d.sync += [left.eq(left - 1), last.eq(left == 2)]
