"""The compute queue: one decoded command that waits for its transfers and for the array."""

from __future__ import annotations

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import stream
from amaranth.lib.wiring import Component, In, Out

from tilewright.hw.npu.command_view import COMMAND_LAYOUT
from tilewright.hw.spec.commands import HEADER, WAIT_BITS

AT_WORK = 15
"""Commands taken but not completed, at most."""


class ComputeQueue(Component):
    """Holds one command.

    Ports
    -----
    commands: from the decoder.
    compute: to the compute side; valid once the transfers it waits for have completed.
    blocked: a command is here, but still waits for transfers.
    transfers_completed: since the start, modulo 65536.
    completed: pulse, a compute command has ended.
    count: commands that have ended since ``clear``, modulo 65536.
    idle: none is here or at work.
    """

    def __init__(self) -> None:
        super().__init__(
            {
                "commands": In(stream.Signature(COMMAND_LAYOUT)),
                "compute": Out(stream.Signature(COMMAND_LAYOUT)),
                "blocked": Out(1),
                "transfers_completed": In(WAIT_BITS),
                "completed": In(1),
                "clear": In(1),
                "count": Out(WAIT_BITS),
                "idle": Out(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        wait_field = next(field for field in HEADER if field.name == "wait")
        # Kept when the watchdog has ended a stream: see NPU.COMPLETED.
        count = Signal(WAIT_BITS, reset_less=True)
        full, ahead, at_work = Signal(), Signal(WAIT_BITS), Signal(range(AT_WORK + 1))
        taken = self.compute.valid & self.compute.ready
        wait = self.compute.payload[0][wait_field.lsb :][: wait_field.width]
        m.d.comb += [
            ahead.eq(self.transfers_completed - wait),
            self.compute.valid.eq(full & ~ahead[-1]),
            self.blocked.eq(full & ahead[-1]),
            self.commands.ready.eq(~full | taken),
            self.idle.eq(~full & (at_work == 0)),
            self.count.eq(count),
        ]
        with m.If(self.commands.ready):
            m.d.sync += [
                full.eq(self.commands.valid),
                self.compute.payload.eq(self.commands.payload),
            ]
        m.d.sync += [
            at_work.eq(at_work + taken - self.completed),
            count.eq(Mux(self.clear, 0, count + self.completed)),
        ]
        return m
