"""The feeder: reads activations from the scratchpad into the column buffers, ahead of the array.

It walks the same loops as the array's control, a slot of the column buffers at a time, and goes
ahead as far as there are free slots. From the outermost loop:

- block of output channels, or pair of blocks;
- strip of output columns (depthwise; a convolution is one strip);
- convolution: tile of consecutive pixels, across row ends, as many as there are columns or, if
  columns are paired, pairs of them;
  depthwise: input row of the strip (window on chip), or output row (tapwise);
- kernel row, then kernel column (convolution whose taps lie apart), then word of the run of
  consecutive bytes (convolution) or kernel column (depthwise, tapwise);
- column: one scratchpad read a cycle, which serves one column or a group of them.

The read's address is a register. What decides on the next one - the last read of a slot, the last
slot of a tile, and so on - is known from registers, too, so that a step of all loops is a choice
among them and an addition.
"""

from __future__ import annotations

from amaranth.hdl import Array, Module, Mux, Signal, signed
from amaranth.lib import data
from amaranth.lib.wiring import Component, In, Out

from tilewright.hw.npu.command_view import COMMAND_LAYOUT, CommandView
from tilewright.hw.npu.compute.column_groups import ColumnGroups
from tilewright.hw.npu.compute.columns import FillLayout
from tilewright.hw.npu.compute.feeder_decode import FeederDecode
from tilewright.hw.npu.compute.fills import X_BITS, Fills
from tilewright.hw.npu.compute.pieces import Pieces
from tilewright.hw.npu.compute.slot_taps import SlotTaps
from tilewright.hw.npu.ports import crosses_word, read_port
from tilewright.hw.spec.commands import ADDRESS_BITS, Opcode
from tilewright.hw.spec.npu_config import NpuConfig

ROW_BITS = 18
"""Signed row number: above the input, inside, or below it."""


def _position() -> data.StructLayout:
    """Where a window starts: byte address, byte in the row, row; address of its row of windows."""
    return data.StructLayout(
        {
            "address": ADDRESS_BITS,
            "row_address": ADDRESS_BITS,
            "x": signed(X_BITS),
            "row": signed(ROW_BITS),
        }
    )


class Feeder(Component):
    """See the module's text.

    Ports
    -----
    start: pulse; ``command`` (CONV or DEPTHWISE) is stable from then until the command's end.
    read: scratchpad; fill: column buffers.
    slot_filled: pulse, the oldest slot that was not yet announced is complete from the next
        cycle on.
    released: slots that the array gives back in this cycle.
    """

    def __init__(self, config: NpuConfig) -> None:
        self._config = config
        super().__init__(
            {
                "start": In(1),
                "command": In(COMMAND_LAYOUT),
                "read": Out(read_port(config.port_bytes)),
                "fill": Out(FillLayout(config)),
                "slot_filled": Out(1),
                "released": In(range(config.depthwise_kernel + 2)),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        self._declare()
        m.submodules.decode, m.submodules.fills = self._decode, self._fills
        m.submodules.strips, m.submodules.tiles = self._strips, self._tiles
        m.submodules.taps, m.submodules.groups = self._taps, self._groups
        self._connect(m)
        self._count_slots(m)
        self._issue(m)
        self._move(m)
        with m.FSM():
            with m.State("IDLE"), m.If(self.start):
                m.next = "ORIGIN"
            with m.State("ORIGIN"):
                self._begin_command(m)
                m.next = "STRIP"
            with m.State("STRIP"):
                m.d.comb += self._begin.eq(1)
                m.next = "RUN"
            with m.State("RUN"):
                m.d.comb += self._running.eq(1)
                with m.If(self._strip_ends):
                    self._next_strip(m)
        return m

    def _declare(self) -> None:
        config = self._config
        self._conv = CommandView(self.command, Opcode.CONV)
        self._dw = CommandView(self.command, Opcode.DEPTHWISE)
        self._decode = FeederDecode(config)
        self._loops = self._decode.loops
        self._strips, self._tiles = Pieces(16, config.cols), Pieces(24, config.cols)
        self._taps, self._groups = SlotTaps(config), ColumnGroups(config)
        self._fills = Fills(config)
        self._restart, self._begin, self._running = Signal(), Signal(), Signal()
        self._go, self._slot_ends = Signal(), Signal()
        self._tile_ends, self._strip_ends = Signal(), Signal()
        self._blocks_left, self._last_block = Signal(16), Signal()
        self._block_address, self._block_x = Signal(ADDRESS_BITS), Signal(signed(X_BITS))
        self._strip_address, self._strip_x = Signal(ADDRESS_BITS), Signal(signed(X_BITS))
        self._tile, self._current = Signal(_position()), Signal(_position())
        self._address = Signal(ADDRESS_BITS)
        self._row = Signal(signed(ROW_BITS))
        self._slot = Signal(range(config.depthwise_slots))
        self._slot_free = Signal()

    def _connect(self, m: Module) -> None:
        """The loops, innermost last: each goes on when the one inside it has ended."""
        conv, loops = self._conv, self._loops
        strips, tiles, taps, groups = self._strips, self._tiles, self._taps, self._groups
        m.d.sync += self._last_block.eq(self._blocks_left == 1)
        m.d.comb += [
            self._decode.command.eq(self.command),
            self._slot_ends.eq(self._go & groups.closes),
            self._tile_ends.eq(self._slot_ends & taps.last),
            self._strip_ends.eq(self._tile_ends & tiles.last),
            strips.length.eq(conv["output_cols"]),
            strips.piece.eq(self._dw["strip_cols"]),
            strips.restart.eq(self._restart),
            strips.take.eq(self._strip_ends),
            tiles.length.eq(loops.tile_length),
            tiles.piece.eq(loops.tile_piece),
            tiles.restart.eq(self._restart),
            tiles.take.eq(self._tile_ends),
            taps.loops.eq(loops),
            taps.row_pitch.eq(conv["input_row_pitch"]),
            taps.tap_step.eq(conv["tap_step"]),
            taps.restart.eq(self._restart),
            taps.take.eq(self._slot_ends),
        ]
        strip_columns = (strips.size << loops.double) + loops.overlap
        first_columns = Mux(loops.depthwise, strip_columns, tiles.size)
        m.d.comb += [
            groups.depthwise.eq(loops.depthwise),
            groups.group.eq(loops.group),
            groups.row_pixels.eq(conv["output_cols"]),
            groups.begin.eq(self._begin),
            groups.tile_columns.eq(Mux(self._begin, first_columns, tiles.upcoming)),
            groups.advance.eq(self._go),
            groups.tile_ends.eq(taps.last),
        ]

    def _begin_command(self, m: Module) -> None:
        m.d.comb += self._restart.eq(1)
        origin = self._conv["input_address"] + self._conv["x_start"]
        m.d.sync += [
            self._blocks_left.eq(self._conv["blocks"]),
            self._block_address.eq(origin),
            self._block_x.eq(self._conv["x_start"]),
            self._strip_address.eq(origin),
            self._strip_x.eq(self._conv["x_start"]),
        ]

    def _next_strip(self, m: Module) -> None:
        """Of this block or of the next one, if there is one."""
        step, loops = self._dw["strip_input_step"], self._loops
        with m.If(loops.depthwise & ~self._strips.last):
            m.d.sync += self._strip_address.eq(self._strip_address + step)
            m.d.sync += self._strip_x.eq(self._strip_x + step)
            m.next = "STRIP"
        with m.Else():
            for block, strip in (
                (self._block_address, self._strip_address),
                (self._block_x, self._strip_x),
            ):
                m.d.sync += block.eq(block + loops.block_step)
                m.d.sync += strip.eq(block + loops.block_step)
            m.d.sync += self._blocks_left.eq(self._blocks_left - 1)
            m.next = "STRIP"
            with m.If(self._last_block):
                m.next = "IDLE"

    def _count_slots(self, m: Module) -> None:
        config, depthwise = self._config, self._loops.depthwise
        slots = Mux(depthwise, config.depthwise_slots, config.convolution_slots)
        free, left = Signal(range(config.depthwise_slots + 1)), Signal()
        following = Signal.like(free)
        m.d.comb += left.eq(self._go & self._groups.opens)
        m.d.comb += following.eq(Mux(self._restart, slots, free + self.released - left))
        m.d.sync += [free.eq(following), self._slot_free.eq(following != 0)]
        with m.If(self._restart):
            m.d.sync += self._slot.eq(0)
        with m.Elif(self._slot_ends):
            m.d.sync += self._slot.eq(Mux(self._slot == slots - 1, 0, self._slot + 1))

    def _issue(self, m: Module) -> None:
        """A read, when the slot that it goes to is free."""
        groups, loops, taps, read = self._groups, self._loops, self._taps, self._fills.read
        exists, port_bytes = Signal(), self._config.port_bytes
        m.d.comb += [
            self._go.eq(self._running & (~groups.opens | self._slot_free)),
            exists.eq((self._row >= 0) & (self._row < self._conv["input_rows"])),
            groups.row_missing.eq(~exists),
            self.read.valid.eq(self._go & exists),
            self.read.address.eq(self._address),
            self.read.size.eq(Mux(loops.alike, loops.read_size, taps.size)),
            self.read.crosses.eq(crosses_word(self._address, self.read.size, port_bytes)),
            read.valid.eq(self._go),
            read.slot.eq(self._slot),
            read.first.eq(groups.first),
            read.end.eq(groups.end),
            read.rest.eq(groups.rest),
            read.last.eq(groups.closes),
            read.x.eq(self._current.x + taps.x),
            read.row_exists.eq(exists),
            self._fills.loops.eq(loops),
            self._fills.row_bytes.eq(self._conv["input_row_bytes"]),
            self._fills.pad_value.eq(self._conv["pad_value"]),
            self._fills.data.eq(self.read.data),
            self.fill.eq(self._fills.fill),
            self.slot_filled.eq(self._fills.slot_filled),
        ]

    def _move(self, m: Module) -> None:
        """Position and address of the next read."""
        groups, loops, taps = self._groups, self._loops, self._taps
        upcoming = Signal(_position())
        tile_begins = Signal()
        m.d.comb += tile_begins.eq(self._begin | (groups.closes & taps.last))
        with m.If(self._begin):
            m.d.comb += [
                upcoming.address.eq(self._strip_address),
                upcoming.row_address.eq(self._strip_address),
                upcoming.x.eq(self._strip_x),
                upcoming.row.eq(-self._conv["pad_top"]),
            ]
        with m.Elif(groups.closes & ~taps.last):
            m.d.comb += upcoming.eq(self._tile)
        with m.Else():
            self._follow(m, upcoming)
        # The address: within a tile not by way of the position, which would be two additions.
        base = Mux(groups.wraps, self._current.row_address, self._address)
        step = Mux(groups.wraps, taps.lower, loops.column_step)
        address = Mux(groups.closes, self._tile.address, base) + Mux(
            groups.closes, taps.next_offset, step
        )
        kernel_row = Mux(groups.closes & ~self._begin, taps.next_kernel_row, taps.kernel_row)
        with m.If(self._begin | self._go):
            m.d.sync += [
                self._current.eq(upcoming),
                self._address.eq(Mux(tile_begins, upcoming.address, address)),
                self._row.eq(upcoming.row + kernel_row),
            ]
            with m.If(tile_begins):
                m.d.sync += self._tile.eq(upcoming)

    def _follow(self, m: Module, upcoming: data.View[data.StructLayout]) -> None:
        """The window behind those of this read, or the first one of the next row of windows."""
        groups, loops, current = self._groups, self._loops, self._current
        lower = Signal(ADDRESS_BITS)
        m.d.comb += lower.eq(current.row_address + loops.row_step)
        with m.If(groups.wraps):
            m.d.comb += [
                upcoming.address.eq(lower),
                upcoming.row_address.eq(lower),
                upcoming.x.eq(self._strip_x),
                upcoming.row.eq(current.row + loops.rows),
            ]
        with m.Else():
            # A tile's last read may be of less than a group.
            part = Array(list(loops.multiples))[groups.count]
            step = Mux(groups.closes & loops.grouped, part, loops.column_step)
            m.d.comb += [
                upcoming.address.eq(current.address + step),
                upcoming.row_address.eq(current.row_address),
                upcoming.x.eq(current.x + step),
                upcoming.row.eq(current.row),
            ]
