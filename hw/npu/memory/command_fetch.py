"""Command fetch: reads the command stream ahead of the sequencer."""

from __future__ import annotations

from amaranth.hdl import Cat, Module, ResetInserter, Signal
from amaranth.lib import stream
from amaranth.lib.data import StructLayout
from amaranth.lib.fifo import SyncFIFO
from amaranth.lib.wiring import Component, In, Out
from amaranth.utils import exact_log2

from tilewright.hw.npu.memory.bus_multiplexer import client_port
from tilewright.hw.spec.npu_config import NpuConfig
from tilewright.hw.spec.timing import FETCH_BYTES

COMMAND_WORD = StructLayout({"word": 32, "error": 1})
"""A word of the stream; ``error``: main memory answered its read with an error."""


class CommandFetch(Component):
    """Reads linearly from ``address``, a multiple of bus_bytes, from ``start`` until ``stop``.

    Ports
    -----
    client: the bus.
    start: pulse while ``idle``, drops what was read before.
    stop: no reads from the next cycle on.
    words: the stream, a word a cycle.
    idle: stopped, and no read is on its way.
    """

    def __init__(self, config: NpuConfig) -> None:
        self._bus_bytes = config.bus_bytes
        super().__init__(
            {
                "client": Out(client_port(config.bus_bytes)),
                "start": In(1),
                "address": In(32),
                "stop": In(1),
                "words": Out(stream.Signature(COMMAND_WORD)),
                "idle": Out(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        depth = FETCH_BYTES // self._bus_bytes
        fifo = SyncFIFO(width=8 * self._bus_bytes + 1, depth=depth)
        m.submodules.fifo = ResetInserter(self.start)(fifo)
        request, answer = self.client.request, self.client.answer
        address = Signal.like(request.payload.address)
        # The bus waits for who asks, so room is known a cycle ahead: one may have come since.
        enabled, room = Signal(), Signal()
        # Reads on their way, and those with the beats that wait in the FIFO.
        outstanding, reserved = Signal(range(depth + 1)), Signal(range(depth + 1))
        requested, popped = request.valid & request.ready, fifo.r_rdy & fifo.r_en
        m.d.comb += [
            request.valid.eq(enabled & room),
            request.payload.address.eq(address),
            fifo.w_en.eq(answer.valid),
            fifo.w_data.eq(Cat(answer.data, answer.error)),
            self.idle.eq(~enabled & (outstanding == 0)),
        ]
        m.d.sync += [
            room.eq(reserved < depth - 1),
            address.eq(address + requested),
            outstanding.eq(outstanding + requested - answer.valid),
            reserved.eq(reserved + requested - popped),
        ]
        with m.If(self.start):
            m.d.sync += [
                enabled.eq(1),
                reserved.eq(0),
                address.eq(self.address[exact_log2(self._bus_bytes) :]),
            ]
        with m.Elif(self.stop):
            m.d.sync += enabled.eq(0)
        self._unpack(m, fifo)
        return m

    def _unpack(self, m: Module, fifo: SyncFIFO) -> None:
        """Beats into words, each held in a register: it is decoded in the cycle that takes it."""
        lanes = self._bus_bytes // 4
        lane = Signal(range(max(lanes, 2)))
        take = Signal()
        m.d.comb += [
            take.eq(~self.words.valid | self.words.ready),
            fifo.r_en.eq(take & (lane == lanes - 1)),
        ]
        with m.If(take):
            m.d.sync += [
                self.words.valid.eq(fifo.r_rdy),
                self.words.payload.word.eq(fifo.r_data[:-1].word_select(lane, 32)),
                self.words.payload.error.eq(fifo.r_data[-1]),
            ]
            if lanes > 1:
                m.d.sync += lane.eq(lane + fifo.r_rdy)
        with m.If(self.start):
            m.d.sync += [lane.eq(0), self.words.valid.eq(0)]
