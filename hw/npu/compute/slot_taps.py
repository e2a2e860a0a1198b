"""Which part of the windows a slot holds: the walk over kernel rows and along each of them."""

from __future__ import annotations

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib.wiring import Component, In, Out

from hw.npu.compute.feeder_decode import LoopsLayout
from hw.npu.compute.pieces import Pieces
from hw.spec.commands import ADDRESS_BITS
from hw.spec.npu_config import NpuConfig


class SlotTaps(Component):
    """The slots of a tile, and after its last one the first again.

    Ports
    -----
    loops: the command's; row_pitch: bytes from input row to input row.
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
                "restart": In(1),
                "take": In(1),
                "size": Out(range(config.port_bytes + 1)),
                "last": Out(1),
                "x": Out(ADDRESS_BITS),
                "kernel_row": Out(8),
                "lower": Out(ADDRESS_BITS),
                "next_offset": Out(ADDRESS_BITS),
                "next_kernel_row": Out(8),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        loops = self.loops
        m.submodules.words = words = Pieces(ADDRESS_BITS, self._config.port_bytes)
        last_row, one_row, second_last = Signal(), Signal(), Signal()
        offset, row_offset = Signal(ADDRESS_BITS), Signal(ADDRESS_BITS)
        lower_row = Signal(ADDRESS_BITS)
        m.d.comb += [
            words.length.eq(loops.run_length),
            words.piece.eq(loops.run_piece),
            words.restart.eq(self.restart),
            words.take.eq(self.take),
            one_row.eq(loops.final_kernel_row == 0),
            second_last.eq(self.next_kernel_row == loops.final_kernel_row),
            self.size.eq(words.size),
            self.last.eq(words.last & last_row),
            lower_row.eq(row_offset + self.row_pitch),
        ]
        with m.If(~words.last):
            m.d.comb += self.next_offset.eq(offset + loops.word_step)
            m.d.comb += self.next_kernel_row.eq(self.kernel_row)
        with m.Elif(~last_row):
            m.d.comb += self.next_offset.eq(lower_row)
            m.d.comb += self.next_kernel_row.eq(self.kernel_row + 1)
        following = Mux(self.restart, 0, self.next_offset)
        with m.If(self.restart | self.take):
            m.d.sync += [offset.eq(following), self.lower.eq(following + loops.row_step)]
            m.d.sync += self.x.eq(self.x + loops.word_step)
            with m.If(self.restart | words.last):
                m.d.sync += [
                    self.x.eq(0),
                    row_offset.eq(following),
                    self.kernel_row.eq(Mux(self.restart, 0, self.next_kernel_row)),
                    last_row.eq(one_row | (~self.restart & second_last)),
                ]
        return m
