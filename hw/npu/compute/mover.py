"""The mover: copies runs of bytes within the scratchpad, or fills them.

An access a cycle: a read of up to ``port_bytes`` of a run, and ``SCRATCHPAD_READ_LATENCY`` cycles
later the write of the same bytes. Both ports take any address, so nothing is rotated here. The
loops' turns left and whether one is the last are registers, as are the addresses at which each
loop's turn began: going on is a choice among them and an addition.
"""

from __future__ import annotations

from itertools import pairwise

from amaranth.hdl import Cat, Module, Mux, Signal, Value
from amaranth.lib import data
from amaranth.lib.wiring import Component, In, Out

from tilewright.hw.npu.command_view import COMMAND_LAYOUT, CommandView
from tilewright.hw.npu.compute.pieces import Pieces
from tilewright.hw.npu.ports import crosses_word, read_port, write_port
from tilewright.hw.spec.commands import ADDRESS_BITS, MOVE_LOOPS, Opcode
from tilewright.hw.spec.npu_config import NpuConfig
from tilewright.hw.spec.timing import SCRATCHPAD_READ_LATENCY

_RUN_BITS = 20
_TURN_BITS = 16


class Mover(Component):
    """See the module's text.

    Ports
    -----
    start: pulse; ``command`` (MOVE) is stable from then on.
    read, write: scratchpad.
    moving: an access begins in this cycle. The last write is `SCRATCHPAD_READ_LATENCY` cycles
        behind the last one.
    """

    def __init__(self, config: NpuConfig) -> None:
        self._port_bytes = config.port_bytes
        super().__init__(
            {
                "start": In(1),
                "command": In(COMMAND_LAYOUT),
                "read": Out(read_port(config.port_bytes)),
                "write": Out(write_port(config.port_bytes)),
                "moving": Out(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        move = CommandView(self.command, Opcode.MOVE)
        m.submodules.pieces = pieces = Pieces(_RUN_BITS, self._port_bytes)
        run_ends, turns = Signal(), Signal(MOVE_LOOPS)
        m.d.comb += [
            pieces.length.eq(move["run_bytes"]),
            pieces.piece.eq(self._port_bytes),
            pieces.restart.eq(self.start),
            pieces.take.eq(self.moving),
            run_ends.eq(self.moving & pieces.last),
        ]
        ends = self._count(m, move, run_ends, turns)
        with m.If(self.start):
            m.d.sync += self.moving.eq(1)
        with m.Elif(run_ends & ends):
            m.d.sync += self.moving.eq(0)
        source = self._address(m, move, "input", run_ends, turns)
        target = self._address(m, move, "output", run_ends, turns)
        m.d.comb += [
            self.read.valid.eq(self.moving & ~move["fill"]),
            self.read.address.eq(source),
            self.read.size.eq(pieces.size),
            self.read.crosses.eq(crosses_word(source, pieces.size, self._port_bytes)),
        ]
        self._write(m, move, target, pieces.size)
        return m

    def _count(self, m: Module, move: CommandView, run_ends: Signal, turns: Signal) -> Value:
        """Sets the one bit of ``turns`` of the loop that goes on; returns that none does."""
        lasts = Signal(MOVE_LOOPS)
        for loop in range(MOVE_LOOPS):
            left = Signal(_TURN_BITS, name=f"left_{loop}")
            extent, restart = move[f"extent_{loop}"], Signal(name=f"restart_{loop}")
            inner_end = lasts[:loop].all()
            m.d.comb += turns[loop].eq(inner_end & ~lasts[loop])
            m.d.comb += restart.eq(self.start | (run_ends & turns[loop + 1 :].any()))
            with m.If(restart):
                m.d.sync += [left.eq(extent), lasts[loop].eq(extent == 1)]
            with m.Elif(run_ends & turns[loop]):
                m.d.sync += [left.eq(left - 1), lasts[loop].eq(left == 2)]
        return lasts.all()

    def _address(
        self, m: Module, move: CommandView, side: str, run_ends: Signal, turns: Signal
    ) -> Signal:
        """The address of one side's access at hand."""
        address, following = Signal(ADDRESS_BITS, name=side), Signal(ADDRESS_BITS, name=f"{side}_1")
        base, step = Signal.like(address), Signal.like(address)
        m.d.comb += [base.eq(address), step.eq(self._port_bytes)]
        for loop in range(MOVE_LOOPS):
            begun = Signal.like(address, name=f"{side}_{loop}")
            with m.If(run_ends & turns[loop]):
                m.d.comb += [base.eq(begun), step.eq(move[f"{side}_pitch_{loop}"])]
            # A turn of this loop or of one around it.
            with m.If(self.start | (run_ends & turns[loop:].any())):
                m.d.sync += begun.eq(following)
        with m.If(self.start):
            m.d.comb += following.eq(move[f"{side}_address"])
        with m.Else():
            m.d.comb += following.eq(base + step)
        with m.If(self.start | self.moving):
            m.d.sync += address.eq(following)
        return address

    def _write(self, m: Module, move: CommandView, target: Signal, size: Signal) -> None:
        """Write what was read when it arrives."""
        width = self._port_bytes
        tag = data.StructLayout({"valid": 1, "address": ADDRESS_BITS, "mask": width})
        tags = [Signal(tag, name=f"tag_{i}") for i in range(SCRATCHPAD_READ_LATENCY)]
        m.d.sync += [
            tags[0].valid.eq(self.moving),
            tags[0].address.eq(target),
            tags[0].mask.eq(Cat(size > i for i in range(width))),
        ]
        for before, after in pairwise(tags):
            m.d.sync += after.eq(before)
        m.d.comb += [
            self.write.valid.eq(tags[-1].valid),
            self.write.address.eq(tags[-1].address),
            self.write.mask.eq(tags[-1].mask),
            self.write.data.eq(Mux(move["fill"], move["value"].replicate(width), self.read.data)),
        ]
