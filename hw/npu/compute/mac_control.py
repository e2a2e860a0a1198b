"""The array's control: presents one reduction step a cycle while operands are there.

It walks the loops of a CONV or DEPTHWISE command in step with the feeder (which fills column
slots) and the weight ring (which delivers weight words in order of use), and hands every
finished tile to the drain. In each cycle it says what it does or waits for.

Whether a step is the last of a row, of its tile or of its block is known from registers that are
set one step ahead, since all of the array waits for the decision to take a step.
"""

from __future__ import annotations

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import data, stream
from amaranth.lib.wiring import Component, In, Out

from tilewright.hw.npu.command_view import COMMAND_LAYOUT, CommandView, opcode_of
from tilewright.hw.npu.compute.array import StepControl
from tilewright.hw.npu.compute.columns import SelectLayout
from tilewright.hw.npu.compute.pieces import Pieces
from tilewright.hw.npu.compute.slot_walk import SlotWalk
from tilewright.hw.spec.commands import Opcode
from tilewright.hw.spec.npu_config import NpuConfig
from tilewright.hw.spec.profile import CAUSES

CAUSE = {name: number for number, (name, _) in enumerate(CAUSES)}
"""Number of each cause."""


class TileLayout(data.StructLayout):
    """A tile for the drain: its pixels, and where it stands in the loops."""

    def __init__(self, config: NpuConfig) -> None:
        super().__init__(
            {"valid": 1, "pixels": range(config.cols + 1), "ends_strip": 1, "ends_block": 1}
        )


class MacControl(Component):
    """See the module's text.

    Ports
    -----
    start: pulse; ``command`` is stable from then on.
    slot_filled, released: the column buffers' slots, from and (a cycle later) to the feeder.
    words: weights in order of use: a word in the low half, or a pair of words if paired.
    reading_parameters: the ring reads parameters, which is why weights are missing.
    parameters_loaded, parameters_taken: the block's parameters are there; its last tile ends.
    select, step, weights: a step, to the column buffers and the array. ``weights`` has a word for
        the even columns and one for the odd ones.
    tile: announced with its last step, only while ``drain_ready``.
    cause: what this cycle counts as, index into CAUSES; done: pulse, the last step was taken.
    active_pixels, active_channels: pixels and channels of the tile at work.
    """

    def __init__(self, config: NpuConfig) -> None:
        self._config = config
        super().__init__(
            {
                "start": In(1),
                "command": In(COMMAND_LAYOUT),
                "slot_filled": In(1),
                "released": Out(range(config.depthwise_kernel + 2)),
                "words": In(stream.Signature(8 * config.weight_pair_bytes)),
                "reading_parameters": In(1),
                "parameters_loaded": In(1),
                "parameters_taken": Out(1),
                "select": Out(SelectLayout(config)),
                "step": Out(StepControl()),
                "weights": Out(2 * 8 * config.rows),
                "tile": Out(TileLayout(config)),
                "drain_ready": In(1),
                "active_pixels": Out(range(config.cols + 1)),
                "active_channels": Out(range(2 * config.rows + 1)),
                "cause": Out(range(len(CAUSES))),
                "done": Out(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        self._declare()
        m.d.comb += self.cause.eq(CAUSE["command"])
        m.submodules.channels, m.submodules.pixels = self._channels, self._pixels
        self._decode(m)
        self._cut(m)
        self._connect_slots(m)
        self._present(m)
        with m.FSM():
            with m.State("IDLE"), m.If(self.start):
                m.next = "BEGIN"
            with m.State("BEGIN"):
                self._begin(m)
                m.next = "RUN"
            with m.State("RUN"):
                self._run(m)
        return m

    def _declare(self) -> None:
        config = self._config
        self._conv = CommandView(self.command, Opcode.CONV)
        self._dw = CommandView(self.command, Opcode.DEPTHWISE)
        # Constants of a command.
        self._depthwise, self._window, self._maximum = Signal(), Signal(), Signal()
        self._paired, self._double = Signal(), Signal()
        self._run_length, self._runs = Signal(20), Signal(12)
        self._single_tap, self._single_run, self._single_output_row = Signal(), Signal(), Signal()
        self._width = Signal(range(config.cols + 1))
        self._block_channels = Signal(range(2 * config.rows + 1))
        # Where the loops stand.
        self._channels = Pieces(16, 2 * config.rows)
        self._pixels = Pieces(24, config.cols)
        self._slots = SlotWalk(config)
        self._rows_left, self._last_output_row = Signal(16), Signal()
        self._following_last = Signal()
        self._runs_left, self._last_run = Signal(12), Signal()
        self._run_left, self._run_ends = Signal(20), Signal()
        self._tap = Signal(range(config.depthwise_kernel))
        self._first, self._last, self._taken = Signal(), Signal(), Signal()

    def _decode(self, m: Module) -> None:
        config, conv, dw = self._config, self._conv, self._dw
        depthwise = opcode_of(self.command) == Opcode.DEPTHWISE
        window = depthwise & ~dw["tapwise"]
        run_length = Mux(depthwise, dw["kernel_cols"], conv["run_bytes"])
        runs = Mux(depthwise, conv["kernel_rows"], conv["runs"])
        tile = Mux(conv["paired"], config.paired_pixels, config.cols)
        with m.If(self.start):
            m.d.sync += [
                self._depthwise.eq(depthwise),
                self._window.eq(window),
                self._maximum.eq(depthwise & dw["maximum"]),
                self._paired.eq(conv["paired"]),
                self._double.eq(window & (dw["stride_cols"] == 2)),
                self._run_length.eq(run_length),
                self._single_tap.eq(run_length == 1),
                self._runs.eq(runs),
                self._single_run.eq(runs == 1),
                self._single_output_row.eq(conv["output_rows"] == 1),
                self._width.eq(Mux(depthwise, dw["strip_cols"], tile)),
                self._block_channels.eq(config.rows << conv["paired"]),
            ]

    def _cut(self, m: Module) -> None:
        """Channels into blocks; pixels into tiles, or a row's into strips."""
        conv = self._conv
        m.d.comb += [
            self._channels.length.eq(conv["channels"]),
            self._channels.piece.eq(self._block_channels),
            self._pixels.length.eq(Mux(self._depthwise, conv["output_cols"], conv["pixels"])),
            self._pixels.piece.eq(self._width),
        ]

    def _connect_slots(self, m: Module) -> None:
        slots = self._slots
        m.submodules.slots = slots
        m.d.comb += [
            slots.start.eq(self.start),
            slots.depthwise.eq(self._depthwise),
            slots.window.eq(self._window),
            slots.single_row.eq(self._single_run),
            slots.kernel_rows.eq(self._conv["kernel_rows"]),
            slots.stride_rows.eq(self._conv["stride_rows"]),
            slots.slot_filled.eq(self.slot_filled),
            slots.taken.eq(self._taken),
            slots.run_ends.eq(self._run_ends),
            slots.to_last_row.eq(self._runs_left == 2),
            slots.last.eq(self._last),
            slots.last_output_row.eq(self._last_output_row),
            slots.following_last.eq(self._following_last),
            self.released.eq(slots.released),
            self.select.byte.eq(slots.byte),
            self.select.slot.eq(slots.slot),
        ]

    def _begin(self, m: Module) -> None:
        m.d.comb += [
            self._channels.restart.eq(1),
            self._pixels.restart.eq(1),
            self._slots.begin.eq(1),
            self._following_last.eq(self._single_output_row),
        ]
        m.d.sync += self._last_output_row.eq(self._single_output_row)
        self._begin_strip(m)
        self._begin_tile(m)

    def _begin_strip(self, m: Module) -> None:
        m.d.sync += self._rows_left.eq(self._conv["output_rows"])

    def _begin_tile(self, m: Module) -> None:
        m.d.sync += [
            self._first.eq(1),
            self._runs_left.eq(self._runs),
            self._last_run.eq(self._single_run),
        ]
        self._begin_run(m)

    def _begin_run(self, m: Module) -> None:
        m.d.sync += [
            self._run_left.eq(self._run_length),
            self._run_ends.eq(self._single_tap),
            self._tap.eq(0),
        ]

    def _present(self, m: Module) -> None:
        """What is presented whenever a step is taken."""
        rows, word = 8 * self._config.rows, 8 * self._config.weight_word_bytes
        ends_strip = ~self._depthwise | self._last_output_row
        low, high = self.words.payload[:rows], self.words.payload[word : word + rows]
        m.d.comb += [
            self.select.valid.eq(self._taken),
            self.select.depthwise.eq(self._depthwise),
            self.select.paired.eq(self._paired),
            self.select.double.eq(self._double),
            self.select.tap.eq(Mux(self._window, self._tap, 0)),
            self.step.valid.eq(self._taken),
            self.step.first.eq(self._first),
            self.step.last.eq(self._last),
            self.step.maximum.eq(self._maximum),
            self.weights[:rows].eq(low),
            self.weights[rows:].eq(Mux(self._paired, high, low)),
            self.tile.pixels.eq(self._pixels.size),
            self.tile.ends_strip.eq(ends_strip),
            self.tile.ends_block.eq(ends_strip & self._pixels.last),
            self._following_last.eq(Mux(ends_strip, self._single_output_row, self._rows_left == 2)),
            self.active_pixels.eq(self._pixels.size),
            self.active_channels.eq(self._channels.size),
        ]

    def _run(self, m: Module) -> None:
        have_slot = self._slots.enough
        have_weight = self._maximum | self.words.valid
        have_room = ~self._last | (self.drain_ready & self.parameters_loaded)
        m.d.comb += self._last.eq(self._run_ends & self._last_run)
        m.d.comb += self._taken.eq(have_slot & have_weight & have_room)
        m.d.comb += self.words.ready.eq(self._taken & ~self._maximum)
        with m.If(self._taken):
            m.d.comb += self.cause.eq(CAUSE["busy"])
            m.d.sync += self._first.eq(0)
            self._advance(m)
            with m.If(self._last):
                self._next_tile(m)
        with m.Elif(~have_slot):
            m.d.comb += self.cause.eq(CAUSE["activations"])
        with m.Elif(~have_weight):
            cause = Mux(self.reading_parameters, CAUSE["parameters"], CAUSE["weights"])
            m.d.comb += self.cause.eq(cause)
        with m.Elif(~self.parameters_loaded):
            m.d.comb += self.cause.eq(CAUSE["parameters"])
        with m.Else():
            m.d.comb += self.cause.eq(CAUSE["drain"])

    def _advance(self, m: Module) -> None:
        """Next tap of the run, or next run: of a kernel row, or of one of its columns."""
        m.d.sync += [
            self._run_left.eq(self._run_left - 1),
            self._run_ends.eq(self._run_left == 2),
            self._tap.eq(self._tap + 1),
        ]
        with m.If(self._run_ends):
            self._begin_run(m)
            m.d.sync += self._runs_left.eq(self._runs_left - 1)
            m.d.sync += self._last_run.eq(self._runs_left == 2)

    def _next_tile(self, m: Module) -> None:
        m.d.comb += self.tile.valid.eq(1)
        m.d.sync += self._rows_left.eq(self._rows_left - 1)
        m.d.sync += self._last_output_row.eq(self._following_last)
        self._begin_tile(m)
        with m.If(self.tile.ends_strip):
            self._begin_strip(m)
            m.d.comb += self._pixels.take.eq(1)
        with m.If(self.tile.ends_block):
            m.d.comb += [self._channels.take.eq(1), self.parameters_taken.eq(1)]
            with m.If(self._channels.last):
                m.d.comb += self.done.eq(1)
                m.next = "IDLE"
