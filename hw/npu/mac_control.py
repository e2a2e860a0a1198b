"""The array's control: presents one reduction step a cycle while operands are there.

It walks the loops of a CONV or DEPTHWISE command in step with the feeder (which fills column
slots) and the weight ring (which delivers weight words in order of use), and hands every
finished tile to the drain. In each cycle it says what it does or waits for.
"""

from __future__ import annotations

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import data, stream
from amaranth.lib.wiring import Component, In, Out

from hw.npu.array import StepControl
from hw.npu.columns import SelectLayout
from hw.npu.command_view import COMMAND_LAYOUT, CommandView, opcode_of
from hw.spec.commands import PARAMETER_WORDS, Opcode
from hw.spec.config import NpuConfig
from hw.spec.profile import CAUSES

CAUSE = {name: number for number, (name, _) in enumerate(CAUSES)}
"""Number of each cause."""


class TileLayout(data.StructLayout):
    """A tile for the drain: its pixels, the parameter set, and where it stands in the loops."""

    def __init__(self, config: NpuConfig) -> None:
        super().__init__(
            {
                "valid": 1,
                "pixels": range(config.cols + 1),
                "parameter_set": 1,
                "ends_strip": 1,
                "ends_block": 1,
            }
        )


class ParameterWrite(data.StructLayout):
    """A weight word that is byte plane ``plane`` of parameter set ``set``."""

    def __init__(self, config: NpuConfig) -> None:
        super().__init__(
            {
                "valid": 1,
                "set": 1,
                "plane": range(PARAMETER_WORDS),
                "data": 8 * config.weight_word_bytes,
            }
        )


class MacControl(Component):
    """See the module's text.

    Ports
    -----
    start: pulse; ``command`` is stable from then on.
    slot_filled, released: the column buffers' slots, from and to the feeder.
    words: weights and parameters in order of use.
    select, step, weights: a step, to the column buffers and the array.
    parameters: to the drain, into the set that is not among ``parameters_in_use``.
    tile: announced with its last step, only while ``drain_ready``.
    cause: what this cycle counts as, index into CAUSES; done: pulse, the last step was taken.
    active_pixels, active_rows: pixels and channels of the tile at work.
    """

    def __init__(self, config: NpuConfig) -> None:
        self._config = config
        super().__init__(
            {
                "start": In(1),
                "command": In(COMMAND_LAYOUT),
                "slot_filled": In(1),
                "released": Out(range(config.depthwise_kernel + 2)),
                "words": In(stream.Signature(8 * config.weight_word_bytes)),
                "select": Out(SelectLayout(config)),
                "step": Out(StepControl()),
                "weights": Out(8 * config.rows),
                "parameters": Out(ParameterWrite(config)),
                "tile": Out(TileLayout(config)),
                "drain_ready": In(1),
                "parameters_in_use": In(2),
                "active_pixels": Out(range(config.cols + 1)),
                "active_rows": Out(range(config.rows + 1)),
                "cause": Out(range(len(CAUSES))),
                "done": Out(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        self._declare()
        m.d.comb += self._depthwise.eq(opcode_of(self.command) == Opcode.DEPTHWISE)
        m.d.comb += self._window.eq(self._depthwise & ~self._dw["tapwise"])
        m.d.comb += self._maximum.eq(self._depthwise & self._dw["maximum"])
        m.d.comb += self.cause.eq(CAUSE["command"])
        self._count_slots(m)
        self._present(m)
        with m.FSM():
            with m.State("IDLE"), m.If(self.start):
                self._begin_command(m)
                m.next = "PARAMETERS"
            with m.State("PARAMETERS"):
                self._take_parameters(m)
            with m.State("RUN"):
                self._run(m)
        return m

    def _declare(self) -> None:
        config = self._config
        self._conv = CommandView(self.command, Opcode.CONV)
        self._dw = CommandView(self.command, Opcode.DEPTHWISE)
        self._depthwise, self._window, self._maximum = Signal(), Signal(), Signal()
        self._plane = Signal(range(PARAMETER_WORDS))
        self._set = Signal()
        self._blocks_left = Signal(16)
        self._channels_left = Signal(16)
        self._pixels_left = Signal(24)
        self._strip_left = Signal(16)
        self._rows_left = Signal(16)
        self._kernel_row = Signal(8)
        self._kernel_col = Signal(8)
        self._run_left = Signal(20)
        self._first = Signal()
        self._filled = Signal(range(config.depthwise_slots + 1))
        self._base = Signal(range(config.depthwise_slots))
        self._in_slot = Signal(range(config.port_bytes))
        self._taken = Signal()
        self._pixels = Signal(range(config.cols + 1))

    def _count_slots(self, m: Module) -> None:
        with m.If(self.start):
            m.d.sync += self._filled.eq(0)
        with m.Else():
            m.d.sync += self._filled.eq(self._filled + self.slot_filled - self.released)

    def _begin_command(self, m: Module) -> None:
        m.d.sync += [
            self._blocks_left.eq(self._conv["blocks"]),
            self._channels_left.eq(self._conv["channels"]),
            self._plane.eq(0),
            self._base.eq(0),
        ]
        self._begin_block(m)

    def _begin_block(self, m: Module) -> None:
        m.d.sync += [
            self._pixels_left.eq(self._conv["pixels"]),
            self._strip_left.eq(self._conv["output_cols"]),
            self._rows_left.eq(self._conv["output_rows"]),
        ]
        self._begin_tile(m)

    def _begin_tile(self, m: Module) -> None:
        m.d.sync += [
            self._first.eq(1),
            self._kernel_row.eq(0),
            self._kernel_col.eq(0),
            self._run_left.eq(self._conv["run_bytes"]),
            self._in_slot.eq(0),
        ]

    def _take_parameters(self, m: Module) -> None:
        in_use = self.parameters_in_use.bit_select(self._set, 1)
        m.d.comb += self.words.ready.eq(~in_use)
        with m.If(in_use):
            m.d.comb += self.cause.eq(CAUSE["drain"])
        with m.Elif(~self.words.valid):
            m.d.comb += self.cause.eq(CAUSE["weights"])
        with m.Else():
            m.d.comb += self.cause.eq(CAUSE["parameters"])
            m.d.comb += self.parameters.valid.eq(1)
            m.d.sync += self._plane.eq(self._plane + 1)
            with m.If(self._plane == PARAMETER_WORDS - 1):
                m.d.sync += self._plane.eq(0)
                m.next = "RUN"

    def _present(self, m: Module) -> None:
        """What is presented whenever a step is taken."""
        config = self._config
        wide = Signal(range(2 * config.depthwise_slots))
        slots = config.depthwise_slots
        m.d.comb += wide.eq(self._base + self._kernel_row)
        row_slot = Mux(wide >= slots, wide - slots, wide)
        m.d.comb += [
            self.select.valid.eq(self._taken),
            self.select.depthwise.eq(self._depthwise),
            self.select.double.eq(self._window & (self._dw["stride_cols"] == 2)),
            self.select.byte.eq(self._in_slot),
            self.select.tap.eq(Mux(self._window, self._kernel_col, 0)),
            self.select.slot.eq(Mux(self._window, row_slot, self._base)),
            self.step.valid.eq(self._taken),
            self.step.first.eq(self._first),
            self.step.maximum.eq(self._maximum),
            self.weights.eq(self.words.payload),
            self.parameters.plane.eq(self._plane),
            self.parameters.set.eq(self._set),
            self.parameters.data.eq(self.words.payload),
            self.tile.pixels.eq(self._pixels),
            self.tile.parameter_set.eq(self._set),
            self.active_pixels.eq(self._pixels),
            self.active_rows.eq(
                Mux(self._channels_left < config.rows, self._channels_left, config.rows)
            ),
        ]
        cols, strip_cols = config.cols, self._dw["strip_cols"]
        strip = Mux(self._strip_left < strip_cols, self._strip_left, strip_cols)
        flat = Mux(self._pixels_left < cols, self._pixels_left, cols)
        m.d.comb += self._pixels.eq(Mux(self._depthwise, strip, flat))

    def _run(self, m: Module) -> None:
        last_col = self._kernel_col == self._dw["kernel_cols"] - 1
        last_row = self._kernel_row == self._conv["kernel_rows"] - 1
        last = last_row & Mux(self._depthwise, last_col, self._run_left == 1)
        row_release = Signal(range(self._config.depthwise_kernel + 2))
        m.d.comb += row_release.eq(
            Mux(self._rows_left == 1, self._dw["kernel_rows"], self._dw["stride_rows"])
        )
        needed = Mux(last & (row_release > self._kernel_row), row_release, self._kernel_row + 1)
        have_slot = Mux(self._window, self._filled >= needed, self._filled != 0)
        have_weight = self._maximum | self.words.valid
        have_drain = ~last | self.drain_ready
        m.d.comb += self._taken.eq(have_slot & have_weight & have_drain)
        m.d.comb += self.words.ready.eq(self._taken & ~self._maximum)
        m.d.comb += self.step.last.eq(last)
        with m.If(self._taken):
            m.d.comb += self.cause.eq(CAUSE["busy"])
            m.d.sync += self._first.eq(0)
            with m.If(self._depthwise):
                self._advance_depthwise(m, last, last_col, row_release)
            with m.Else():
                self._advance_convolution(m)
            with m.If(last):
                m.d.comb += self.tile.valid.eq(1)
                self._begin_tile(m)
                self._next_tile(m)
        with m.Elif(~have_slot):
            m.d.comb += self.cause.eq(CAUSE["activations"])
        with m.Elif(~have_weight):
            m.d.comb += self.cause.eq(CAUSE["weights"])
        with m.Else():
            m.d.comb += self.cause.eq(CAUSE["drain"])

    def _advance_convolution(self, m: Module) -> None:
        """Next byte of the slot; next slot at its end or the kernel row's."""
        config = self._config
        run_ends = self._run_left == 1
        m.d.sync += self._in_slot.eq(self._in_slot + 1)
        m.d.sync += self._run_left.eq(self._run_left - 1)
        with m.If(run_ends):
            m.d.sync += self._run_left.eq(self._conv["run_bytes"])
            m.d.sync += self._kernel_row.eq(self._kernel_row + 1)
        with m.If(run_ends | (self._in_slot == config.port_bytes - 1)):
            last = self._base == config.convolution_slots - 1
            m.d.comb += self.released.eq(1)
            m.d.sync += self._in_slot.eq(0)
            m.d.sync += self._base.eq(Mux(last, 0, self._base + 1))

    def _advance_depthwise(self, m: Module, last: Signal, last_col: Signal, rows: Signal) -> None:
        """Next tap; tapwise, each step uses up its slot; else a tile its stride of rows."""
        slots = self._config.depthwise_slots
        m.d.sync += self._kernel_col.eq(self._kernel_col + 1)
        with m.If(last_col):
            m.d.sync += self._kernel_col.eq(0)
            m.d.sync += self._kernel_row.eq(self._kernel_row + 1)
        used = Signal.like(self.released)
        m.d.comb += used.eq(Mux(self._window, Mux(last, rows, 0), 1))
        m.d.comb += self.released.eq(used)
        moved = Signal(range(2 * slots + 1))
        m.d.comb += moved.eq(self._base + used)
        m.d.sync += self._base.eq(Mux(moved >= slots, moved - slots, moved))

    def _next_tile(self, m: Module) -> None:
        ends_strip = self._rows_left == 1
        ends_block = Mux(
            self._depthwise,
            ends_strip & (self._strip_left <= self._dw["strip_cols"]),
            self._pixels_left <= self._config.cols,
        )
        m.d.comb += self.tile.ends_strip.eq(ends_strip)
        m.d.comb += self.tile.ends_block.eq(ends_block)
        m.d.sync += self._pixels_left.eq(self._pixels_left - self._config.cols)
        m.d.sync += self._rows_left.eq(self._rows_left - 1)
        with m.If(self._depthwise & ends_strip):
            m.d.sync += self._rows_left.eq(self._conv["output_rows"])
            m.d.sync += self._strip_left.eq(self._strip_left - self._dw["strip_cols"])
        with m.If(ends_block):
            self._begin_block(m)
            m.d.sync += self._set.eq(~self._set)
            m.d.sync += self._blocks_left.eq(self._blocks_left - 1)
            m.d.sync += self._channels_left.eq(self._channels_left - self._config.rows)
            m.next = "PARAMETERS"
            with m.If(self._blocks_left == 1):
                m.d.comb += self.done.eq(1)
                m.next = "IDLE"
