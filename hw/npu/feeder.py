"""The feeder: reads activations from the scratchpad into the column buffers, ahead of the array.

It walks the same loops as the array's control, a slot of the column buffers at a time, and goes
ahead as far as there are free slots. From the outermost loop:

- block of output channels;
- strip of output columns (depthwise; a convolution is one strip);
- convolution: tile of ``cols`` consecutive pixels, across row ends;
  depthwise: input row of the strip (window on chip), or output row (tapwise);
- kernel row, then word of the kernel row (convolution) or kernel column (depthwise, tapwise);
- column: one scratchpad read a cycle; or, where windows of neighbouring pixels lie in the same
  word (``group`` of the command), one read for all of them every other cycle, the cycle before
  being taken to find out how many they are.

A depthwise slot whose row lies outside the input is filled at once, when the first column has
shown it. An access that lies partly or wholly outside the input gets the pad value in the bytes
that do.
"""

from __future__ import annotations

from amaranth.hdl import Cat, Const, Module, Mux, Signal, signed
from amaranth.lib import data
from amaranth.lib.wiring import Component, In, Out
from amaranth.utils import exact_log2

from hw.npu.columns import FillLayout
from hw.npu.command_view import COMMAND_LAYOUT, CommandView, opcode_of
from hw.npu.scratchpad import SCRATCHPAD_READ_LATENCY, read_port
from hw.spec.commands import ADDRESS_BITS, Opcode
from hw.spec.config import NpuConfig

FILL_LATENCY = SCRATCHPAD_READ_LATENCY + 1
"""Cycles from a scratchpad read to its bytes standing in the column buffer."""

X_BITS = ADDRESS_BITS + 2
"""Signed byte position in a row: left of it, inside, or right of it."""

ROW_BITS = 18
"""Signed row number: above the input, inside, or below it."""


def _position() -> data.StructLayout:
    """Where a column's window lies: byte address, byte in the row, row; and output column."""
    return data.StructLayout(
        {
            "address": ADDRESS_BITS,
            "row_address": ADDRESS_BITS,
            "x": signed(X_BITS),
            "row": signed(ROW_BITS),
            "output_col": 16,
            "left": 24,
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
        self._decode(m)
        self._count_slots(m)
        self._issue(m)
        self._deliver(m)
        with m.FSM():
            with m.State("IDLE"), m.If(self.start):
                m.d.sync += self._pad_offset.eq(
                    self._conv["pad_top"] * self._conv["input_row_pitch"]
                )
                m.next = "ORIGIN"
            with m.State("ORIGIN"):
                self._begin_command(m)
                m.next = "STRIP"
            with m.State("STRIP"):
                self._begin_strip(m)
                m.next = "RUN"
            with m.State("RUN"):
                m.d.comb += self._running.eq(1)
                with m.If(self._go):
                    self._advance(m)
        return m

    def _declare(self) -> None:
        config = self._config
        self._offset_bits = exact_log2(config.port_bytes)
        self._conv = CommandView(self.command, Opcode.CONV)
        self._dw = CommandView(self.command, Opcode.DEPTHWISE)
        self._depthwise = Signal()
        self._window = Signal()
        self._pad_offset = Signal(ADDRESS_BITS)
        self._running = Signal()
        self._go = Signal()
        self._last_column = Signal()
        self._row_missing, self._rest_at_once = Signal(), Signal()
        self._grouped, self._prepared = Signal(), Signal()
        self._group = Signal(range(config.cols + 1), init=1)
        self._group_step = Signal(2 * self._offset_bits)
        self._blocks_left = Signal(16)
        self._block_address = Signal(ADDRESS_BITS)
        self._block_x = Signal(signed(X_BITS))
        self._strip_address = Signal(ADDRESS_BITS)
        self._strip_x = Signal(signed(X_BITS))
        self._strip_left = Signal(16)
        self._outer_left = Signal(18)
        self._columns = Signal(range(config.columns + 1))
        self._tile = Signal(_position())
        self._current = Signal(_position())
        self._column = Signal(range(config.columns))
        self._kernel_row = Signal(8)
        self._tap_row_address = Signal(ADDRESS_BITS)
        self._tap_x = Signal(ADDRESS_BITS)
        self._run_left = Signal(ADDRESS_BITS)
        self._slot = Signal(range(config.depthwise_slots))
        self._slots_free = Signal(range(config.depthwise_slots + 1))

    def _decode(self, m: Module) -> None:
        m.d.comb += self._depthwise.eq(opcode_of(self.command) == Opcode.DEPTHWISE)
        m.d.comb += self._window.eq(self._depthwise & ~self._dw["tapwise"])
        self._double = self._dw["stride_cols"] == 2

    def _count_slots(self, m: Module) -> None:
        config = self._config
        taken = Signal()
        m.d.comb += taken.eq(self._go & (self._column == 0))
        with m.If(self.start):
            m.d.sync += self._slot.eq(0)
            m.d.sync += self._slots_free.eq(
                Mux(self._depthwise, config.depthwise_slots, config.convolution_slots)
            )
        with m.Else():
            m.d.sync += self._slots_free.eq(self._slots_free + self.released - taken)

    def _begin_command(self, m: Module) -> None:
        origin = self._conv["input_address"] - self._pad_offset + self._conv["x_start"]
        m.d.sync += [
            self._blocks_left.eq(self._conv["blocks"]),
            self._block_address.eq(origin),
            self._block_x.eq(self._conv["x_start"]),
            self._strip_address.eq(origin),
            self._strip_x.eq(self._conv["x_start"]),
            self._strip_left.eq(self._conv["output_cols"]),
            self._grouped.eq(~self._depthwise & (self._conv["group"] != 1)),
            self._prepared.eq(0),
            self._group.eq(1),
        ]

    def _begin_strip(self, m: Module) -> None:
        conv, dw = self._conv, self._dw
        pixels = Signal(8)
        strip_cols = dw["strip_cols"]
        m.d.comb += pixels.eq(Mux(self._strip_left < strip_cols, self._strip_left, strip_cols))
        stride = Mux(self._double, 2, 1)
        spanned = Mux(self._double, pixels << 1, pixels) + dw["kernel_cols"] - stride
        rows = conv["output_rows"]
        spanned_rows = Mux(self._double, rows << 1, rows) + conv["kernel_rows"] - stride
        m.d.sync += [
            self._columns.eq(Mux(self._window, spanned, pixels)),
            self._outer_left.eq(Mux(self._window, spanned_rows, rows)),
            self._column.eq(0),
        ]
        start = {
            "address": self._strip_address,
            "row_address": self._strip_address,
            "x": self._strip_x,
            "row": -conv["pad_top"],
            "output_col": 0,
            "left": conv["pixels"],
        }
        for name, value in start.items():
            m.d.sync += self._tile[name].eq(value)
            m.d.sync += self._current[name].eq(value)
        self._restart_taps(m)

    def _restart_taps(self, m: Module) -> None:
        m.d.sync += [
            self._kernel_row.eq(0),
            self._tap_row_address.eq(0),
            self._tap_x.eq(0),
            self._run_left.eq(self._run_length()),
        ]

    def _run_length(self) -> Mux:
        """Length of a kernel row: bytes of a convolution, taps of a depthwise one."""
        return Mux(self._depthwise, self._dw["kernel_cols"], self._conv["run_bytes"])

    def _issue(self, m: Module) -> None:
        """A read, when the slot that it goes to is free."""
        m.d.comb += self._go.eq(
            self._running
            & (self._prepared | ~self._grouped)
            & ((self._column != 0) | (self._slots_free != 0))
        )
        with m.If(self._go):
            m.d.sync += self._prepared.eq(0)
        with m.Elif(self._running & self._grouped):
            self._prepare_group(m)
        # All of a depthwise slot is in one row, and its columns follow one another in each cycle.
        m.d.comb += self._rest_at_once.eq(self._depthwise & (self._column != 0) & self._row_missing)
        m.d.comb += self._last_column.eq(
            Mux(
                self._depthwise,
                (self._column == self._columns - 1) | self._rest_at_once,
                (self._column + self._group == self._config.cols)
                | (self._current.left == self._group),
            )
        )
        port = self._config.port_bytes
        short = ~self._grouped & (self._run_left < port)
        m.d.comb += [
            self.read.address.eq(self._current.address + self._tap_row_address + self._tap_x),
            self.read.size.eq(
                Mux(self._depthwise, self._config.rows, Mux(short, self._run_left, port))
            ),
        ]

    def _prepare_group(self, m: Module) -> None:
        """Columns that the next read serves: no further than the tile and the row of pixels."""
        limits = (
            self._config.cols - self._column,
            self._current.left,
            self._conv["output_cols"] - self._current.output_col,
        )
        group = self._conv["group"]
        for limit in limits:
            group = Mux(limit < group, limit, group)
        # Windows of a group lie in one word, so that the step between them is small.
        step = self._conv["x_step"][: self._offset_bits]
        m.d.sync += [
            self._group.eq(group),
            self._group_step.eq(group[: self._offset_bits + 1] * step),
            self._prepared.eq(1),
        ]

    def _advance(self, m: Module) -> None:
        """Step the innermost loop; at its end the next outer one, and so on."""
        conv, dw = self._conv, self._dw
        following = self._following_column(m)
        step = Mux(self._depthwise, 1, self._config.port_bytes)
        last_word = self._window | (self._run_left <= step)
        last_kernel_row = self._window | (self._kernel_row == conv["kernel_rows"] - 1)
        m.d.sync += self._column.eq(self._column + self._group)
        m.d.sync += self._current.eq(following)
        with m.If(self._last_column):
            m.d.sync += self._column.eq(0)
            self._next_slot(m)
            m.d.sync += self._current.eq(self._tile)
            with m.If(~last_word):
                m.d.sync += self._tap_x.eq(
                    self._tap_x + Mux(self._depthwise, dw["pixel_bytes"], step)
                )
                m.d.sync += self._run_left.eq(self._run_left - step)
            with m.Elif(~last_kernel_row):
                m.d.sync += [
                    self._tap_x.eq(0),
                    self._run_left.eq(self._run_length()),
                    self._tap_row_address.eq(self._tap_row_address + conv["input_row_pitch"]),
                    self._kernel_row.eq(self._kernel_row + 1),
                ]
            with m.Else():
                self._restart_taps(m)
                self._next_tile(m, following)

    def _following_column(self, m: Module) -> data.View[data.StructLayout]:
        """The position of the next read: of the next pixel, in the next row at a row's end."""
        conv, current = self._conv, self._current
        following = Signal(_position())
        next_col = Signal(17)
        m.d.comb += next_col.eq(current.output_col + self._group)
        wrap = ~self._depthwise & (next_col == conv["output_cols"])
        step = Signal(ADDRESS_BITS)
        m.d.comb += step.eq(Mux(self._window, self._dw["pixel_bytes"], conv["x_step"]))
        with m.If(self._group != 1):
            m.d.comb += step.eq(self._group_step)
        m.d.comb += [
            following.address.eq(current.address + step),
            following.row_address.eq(current.row_address),
            following.x.eq(current.x + step),
            following.row.eq(current.row),
            following.output_col.eq(next_col),
            following.left.eq(current.left - self._group),
        ]
        with m.If(wrap):
            m.d.comb += [
                following.address.eq(current.row_address + conv["row_step"]),
                following.row_address.eq(current.row_address + conv["row_step"]),
                following.x.eq(conv["x_start"]),
                following.row.eq(current.row + conv["stride_rows"]),
                following.output_col.eq(0),
            ]
        return following

    def _next_slot(self, m: Module) -> None:
        config = self._config
        last = Mux(self._depthwise, config.depthwise_slots - 1, config.convolution_slots - 1)
        m.d.sync += self._slot.eq(Mux(self._slot == last, 0, self._slot + 1))

    def _next_tile(self, m: Module, following: data.View[data.StructLayout]) -> None:
        conv, dw = self._conv, self._dw
        lower = Signal(_position())
        row_step = Mux(self._window, conv["input_row_pitch"], conv["row_step"])
        m.d.comb += lower.eq(self._tile)
        m.d.comb += lower.address.eq(self._tile.address + row_step)
        m.d.comb += lower.row.eq(self._tile.row + Mux(self._window, 1, conv["stride_rows"]))
        tile = Mux(self._depthwise, lower.as_value(), following.as_value())
        last_tile = Mux(self._depthwise, self._outer_left == 1, self._current.left == self._group)
        last_strip = ~self._depthwise | (self._strip_left <= dw["strip_cols"])
        m.d.sync += self._tile.eq(tile)
        m.d.sync += self._current.eq(tile)
        m.d.sync += self._outer_left.eq(self._outer_left - 1)
        with m.If(last_tile):
            with m.If(~last_strip):
                m.d.sync += [
                    self._strip_left.eq(self._strip_left - dw["strip_cols"]),
                    self._strip_address.eq(self._strip_address + dw["strip_input_step"]),
                    self._strip_x.eq(self._strip_x + dw["strip_input_step"]),
                ]
                m.next = "STRIP"
            with m.Elif(self._blocks_left == 1):
                m.next = "IDLE"
            with m.Else():
                self._next_block(m)
                m.next = "STRIP"

    def _next_block(self, m: Module) -> None:
        step = Mux(self._depthwise, self._config.rows, 0)
        m.d.sync += [
            self._blocks_left.eq(self._blocks_left - 1),
            self._block_address.eq(self._block_address + step),
            self._block_x.eq(self._block_x + step),
            self._strip_address.eq(self._block_address + step),
            self._strip_x.eq(self._block_x + step),
            self._strip_left.eq(self._conv["output_cols"]),
        ]

    def _deliver(self, m: Module) -> None:
        """Follow each read to its data, put padding in, and write the column."""
        config = self._config
        port = config.port_bytes
        row = Signal(signed(ROW_BITS))
        row_exists = Signal()
        m.d.comb += row.eq(self._current.row + self._kernel_row)
        m.d.comb += row_exists.eq((row >= 0) & (row < self._conv["input_rows"]))
        m.d.comb += self.read.valid.eq(self._go & row_exists)
        m.d.sync += self._row_missing.eq(~row_exists)
        layout = data.StructLayout(
            {
                "valid": 1,
                "slot": range(config.depthwise_slots),
                "last": 1,
                "row_exists": 1,
            }
        )
        issued, arrived = Signal(layout), Signal(layout)
        x = Signal(signed(X_BITS))
        m.d.sync += [
            issued.valid.eq(self._go),
            issued.slot.eq(self._slot),
            issued.last.eq(self._last_column),
            issued.row_exists.eq(row_exists),
            x.eq(self._current.x + self._tap_x),
            arrived.eq(issued),
        ]
        self._mark_columns(m)
        before, until = Signal(range(port + 1)), Signal(range(port + 1))
        remaining = Signal(signed(X_BITS))
        m.d.comb += remaining.eq(self._conv["input_row_bytes"] - x)
        m.d.sync += before.eq(Mux(x >= 0, 0, Mux(x <= -port, port, -x)))
        m.d.sync += until.eq(Mux(remaining <= 0, 0, Mux(remaining >= port, port, remaining)))
        pad = self._conv["pad_value"]
        data_ = [
            Mux(
                arrived.row_exists & (before <= Const(j)) & (until > j),
                self.read.data.word_select(j, 8),
                pad,
            )
            for j in range(port)
        ]
        m.d.comb += [
            self.fill.slot.eq(arrived.slot),
            self.fill.depthwise.eq(self._depthwise),
            self.fill.data.eq(Cat(value[:8] for value in data_)),
            self.slot_filled.eq(arrived.valid & arrived.last),
        ]

    def _mark_columns(self, m: Module) -> None:
        """Which columns the read of two cycles ago is for, and where their windows start in it."""
        config = self._config
        x_step = self._conv["x_step"][: self._offset_bits]
        for c in range(config.columns):
            hit = Signal(name=f"hit_{c}")
            distance = Signal(range(config.columns), name=f"distance_{c}")
            within = self._rest_at_once | (self._column + self._group > c)
            taken = (self._column <= c) & within
            m.d.sync += hit.eq(self._go & taken)
            m.d.sync += distance.eq(c - self._column)
            arrived = Signal(name=f"arrived_{c}")
            m.d.sync += arrived.eq(hit)
            m.d.comb += self.fill.columns[c].eq(arrived)
            if c < config.cols:
                offset = Signal(self._offset_bits, name=f"offset_{c}")
                m.d.sync += offset.eq(distance * x_step)
                m.d.comb += self.fill.offsets[c].eq(offset)
