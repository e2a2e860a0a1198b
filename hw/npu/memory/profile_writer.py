"""The profile writer: packs the words of profile records into beats and writes them to memory."""

from __future__ import annotations

from amaranth.hdl import Cat, Module, Signal
from amaranth.lib import stream
from amaranth.lib.wiring import Component, In, Out
from amaranth.utils import exact_log2

from tilewright.hw.npu.memory.bus_multiplexer import client_port
from tilewright.hw.npu.memory.registers import LOCK_BITS
from tilewright.hw.spec.npu_config import NpuConfig
from tilewright.hw.spec.profile import RECORD_BYTES
from tilewright.hw.spec.timing import OUTSTANDING


class ProfileWriter(Component):
    """Writes records of RECORD_WORDS words, each to the ``address`` of its time.

    Ports
    -----
    client: the bus.
    record: words of records, one a cycle, and one cycle or more for each beat of the bus.
    address: of the record at work, multiple of bus_bytes.
    advance: pulse, the last beat of a record has left; the next one goes behind it.
    lock: nothing is written below it (units of LOCK_BYTES). refused: pulse, a record lay there.
    idle: all records are in memory.
    """

    def __init__(self, config: NpuConfig) -> None:
        self._bus_bytes = config.bus_bytes
        super().__init__(
            {
                "client": Out(client_port(config.bus_bytes)),
                "record": In(stream.Signature(32)),
                "address": In(32),
                "advance": Out(1),
                "lock": In(LOCK_BITS),
                "refused": Out(1),
                "idle": Out(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        lanes, beats = self._bus_bytes // 4, RECORD_BYTES // self._bus_bytes
        request, answer = self.client.request, self.client.answer
        data, full = Signal(8 * self._bus_bytes), Signal()
        lane, beat = Signal(range(max(lanes, 2))), Signal(range(beats))
        outstanding = Signal(range(OUTSTANDING + 1))
        # The address stands still while a record comes.
        locked = Signal()
        m.d.sync += locked.eq(self.address[-LOCK_BITS:] < self.lock)
        requested, taken = request.valid & request.ready, self.record.valid & self.record.ready
        m.d.comb += [
            self.record.ready.eq(~full),
            request.valid.eq(full),
            request.payload.address.eq(self.address[exact_log2(self._bus_bytes) :] + beat),
            request.payload.write.eq(1),
            request.payload.select.eq(~locked.replicate(self._bus_bytes)),
            request.payload.data.eq(data),
            self.refused.eq(requested & locked),
            self.advance.eq(requested & (beat == beats - 1)),
            self.idle.eq(~full & (lane == 0) & (outstanding == 0)),
        ]
        m.d.sync += outstanding.eq(outstanding + requested - answer.valid)
        with m.If(requested):
            m.d.sync += [full.eq(0), beat.eq(beat + 1)]
        with m.If(self.advance):
            m.d.sync += beat.eq(0)
        with m.If(taken):
            m.d.sync += [
                data.eq(Cat(data, self.record.payload) >> 32),
                lane.eq(lane + 1),
            ]
            with m.If(lane == lanes - 1):
                m.d.sync += [full.eq(1), lane.eq(0)]
        return m
