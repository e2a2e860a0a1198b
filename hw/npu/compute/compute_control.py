"""The compute queue's head: starts one command at a time and waits until it has fully drained."""

from __future__ import annotations

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import stream
from amaranth.lib.wiring import Component, In, Out

from tilewright.hw.npu.command_view import COMMAND_LAYOUT, CommandView, opcode_of
from tilewright.hw.npu.compute.mac_control import CAUSE
from tilewright.hw.npu.ports import WEIGHT_START
from tilewright.hw.spec.commands import Opcode
from tilewright.hw.spec.profile import CAUSES
from tilewright.hw.spec.timing import WRITE_MARGIN

_BESIDE = (Opcode.ELEMENTWISE, Opcode.TABLE, Opcode.SOFTMAX)
"""Commands of the units that share the feeder's read port."""


class ComputeControl(Component):
    """See the module's text.

    Ports
    -----
    compute, blocked: commands from the sequencer; blocked: one waits for transfers.
    command: the command at work, stable until the next one is accepted. is_elementwise, is_table,
        is_move, is_softmax, is_lstm: it is an ELEMENTWISE, a TABLE, a MOVE, a SOFTMAX, an LSTM;
        is_unit: one of these but a MOVE or an LSTM.
    start_window: CONV or DEPTHWISE begins; start_elementwise, start_table, start_move,
        start_softmax, start_lstm.
    weights: what the weight ring shall deliver.
    mac_done: the array has taken the last step; mac_cause: what it counts.
    unit_reading: the unit of such a command reads; unit_busy, drain_busy,
        requantiser_busy: not finished yet.
    mark, layer: take a profile record, while ``mark_ready``: the one before has been sent.
    cause: what this cycle counts as. completed: pulse. opcode: of the command at work, or 0.
    idle: no command is at work, and all records have been sent.
    """

    def __init__(self) -> None:
        super().__init__(
            {
                "compute": In(stream.Signature(COMMAND_LAYOUT)),
                "blocked": In(1),
                "command": Out(COMMAND_LAYOUT),
                "is_elementwise": Out(1),
                "is_table": Out(1),
                "is_move": Out(1),
                "is_softmax": Out(1),
                "is_lstm": Out(1),
                "is_unit": Out(1),
                "start_window": Out(1),
                "start_elementwise": Out(1),
                "start_table": Out(1),
                "start_move": Out(1),
                "start_softmax": Out(1),
                "start_lstm": Out(1),
                "weights": Out(stream.Signature(WEIGHT_START)),
                "mac_done": In(1),
                "mac_cause": In(range(len(CAUSES))),
                "unit_reading": In(1),
                "unit_busy": In(1),
                "drain_busy": In(1),
                "requantiser_busy": In(1),
                "mark": Out(1),
                "layer": Out(16),
                "mark_ready": In(1),
                "cause": Out(range(len(CAUSES))),
                "completed": Out(1),
                "idle": Out(1),
                "opcode": Out(8),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        conv = CommandView(self.command, Opcode.CONV)
        opcode = opcode_of(self.command)
        m.d.comb += [
            self.cause.eq(CAUSE["command"]),
            self.weights.payload.blocks.eq(conv["blocks"]),
            self.weights.payload.tiles.eq(conv["tiles"]),
            self.weights.payload.block_words.eq(conv["block_words"]),
            self.weights.payload.paired.eq(conv["paired"]),
            self.weights.payload.stream.eq((opcode == Opcode.CONV) & conv["stream"]),
            self.weights.payload.keep.eq((opcode == Opcode.CONV) & conv["keep"]),
            self.layer.eq(CommandView(self.command, Opcode.MARK)["layer"]),
            self.opcode.eq(opcode),
        ]
        margin = Signal(range(WRITE_MARGIN + 1))
        with m.FSM() as fsm:
            m.d.comb += self.idle.eq(fsm.ongoing("IDLE") & self.mark_ready)
            with m.State("IDLE"):
                m.d.comb += self.opcode.eq(0)
                m.d.comb += self.compute.ready.eq(1)
                m.d.comb += self.cause.eq(Mux(self.blocked, CAUSE["transfer"], CAUSE["command"]))
                with m.If(self.compute.valid):
                    m.d.sync += self.command.eq(self.compute.payload)
                    following = opcode_of(self.compute.payload)
                    m.d.sync += self.is_elementwise.eq(following == Opcode.ELEMENTWISE)
                    m.d.sync += self.is_table.eq(following == Opcode.TABLE)
                    m.d.sync += self.is_move.eq(following == Opcode.MOVE)
                    m.d.sync += self.is_softmax.eq(following == Opcode.SOFTMAX)
                    m.d.sync += self.is_lstm.eq(following == Opcode.LSTM)
                    m.d.sync += self.is_unit.eq(following.matches(*_BESIDE))
                    m.next = "START"
            with m.State("START"), m.Switch(opcode):
                with m.Case(Opcode.MARK):
                    m.d.comb += self.mark.eq(self.mark_ready)
                    with m.If(self.mark_ready):
                        m.d.comb += self.completed.eq(1)
                        m.next = "IDLE"
                with m.Case(*_BESIDE, Opcode.MOVE, Opcode.LSTM):
                    m.d.comb += self.start_elementwise.eq(self.is_elementwise)
                    m.d.comb += self.start_table.eq(self.is_table)
                    m.d.comb += self.start_move.eq(self.is_move)
                    m.d.comb += self.start_softmax.eq(self.is_softmax)
                    m.d.comb += self.start_lstm.eq(self.is_lstm)
                    m.next = "UNIT"
                with m.Default():
                    m.d.comb += self.weights.valid.eq(1)
                    m.d.comb += self.start_window.eq(self.weights.ready)
                    with m.If(self.weights.ready):
                        m.next = "WINDOW"
            with m.State("WINDOW"):
                m.d.comb += self.cause.eq(self.mac_cause)
                with m.If(self.mac_done):
                    m.next = "DRAIN"
            with m.State("UNIT"):
                m.d.comb += self.cause.eq(Mux(self.unit_reading, CAUSE["busy"], CAUSE["drain"]))
                with m.If(~self.unit_busy):
                    m.next = "DRAIN"
            with m.State("DRAIN"):
                m.d.comb += self.cause.eq(CAUSE["drain"])
                m.d.sync += margin.eq(WRITE_MARGIN)
                with m.If(~self.drain_busy & ~self.requantiser_busy):
                    m.next = "MARGIN"
            with m.State("MARGIN"):
                m.d.comb += self.cause.eq(CAUSE["drain"])
                m.d.sync += margin.eq(margin - 1)
                with m.If(margin == 1):
                    m.d.comb += self.completed.eq(1)
                    m.next = "IDLE"
        return m
