"""The weight DMA: streams main memory into the weight ring, as far as the ring has room."""

from __future__ import annotations

from amaranth.hdl import Module, ResetInserter, Signal
from amaranth.lib import stream
from amaranth.lib.data import StructLayout
from amaranth.lib.fifo import SyncFIFO
from amaranth.lib.wiring import Component, In, Out
from amaranth.utils import exact_log2

from tilewright.hw.npu.memory.bus_multiplexer import client_port
from tilewright.hw.spec.npu_config import NpuConfig
from tilewright.hw.spec.timing import QUEUE

WEIGHTS_DESCRIPTOR = StructLayout({"memory_address": 32, "bytes": 32})
"""A linear region; both are multiples of weight_memory_bytes."""


class WeightsDma(Component):
    """Reads region after region, a beat a cycle.

    Ports
    -----
    client: the bus.
    descriptors: regions, in the order of the weight stream.
    beats, room: the weight ring, which always takes what ``room`` promised.
    abort: drops all regions; what was requested still arrives.
    idle: nothing to do and nothing on its way.
    """

    def __init__(self, config: NpuConfig) -> None:
        self._bus_bytes = config.bus_bytes
        self._ring_beats = config.weight_buffer_bytes // config.bus_bytes
        super().__init__(
            {
                "client": Out(client_port(config.bus_bytes)),
                "descriptors": In(stream.Signature(WEIGHTS_DESCRIPTOR)),
                "beats": Out(stream.Signature(8 * config.bus_bytes)),
                "room": In(range(self._ring_beats + 1)),
                "abort": In(1),
                "idle": Out(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        shift = exact_log2(self._bus_bytes)
        queue = SyncFIFO(width=WEIGHTS_DESCRIPTOR.size, depth=QUEUE)
        m.submodules.queue = ResetInserter(self.abort)(queue)
        region = Signal(WEIGHTS_DESCRIPTOR)
        request, answer = self.client.request, self.client.answer
        address = Signal.like(request.payload.address)
        # A region is at work, and its beats behind the next one.
        active, beyond = Signal(), Signal(32 - shift)
        # The bus waits for who asks, so that is decided a cycle ahead: ``may_request`` is exact
        # but for room that was freed meanwhile.
        outstanding, may_request = Signal(range(self._ring_beats + 1)), Signal()
        requested = request.valid & request.ready
        m.d.comb += [
            region.eq(queue.r_data),
            queue.w_data.eq(self.descriptors.payload),
            queue.w_en.eq(self.descriptors.valid),
            self.descriptors.ready.eq(queue.w_rdy),
            queue.r_en.eq(~active),
            request.valid.eq(active & may_request),
            request.payload.address.eq(address),
            self.beats.valid.eq(answer.valid),
            self.beats.payload.eq(answer.data),
            self.idle.eq(~active & ~queue.r_rdy & (outstanding == 0)),
        ]
        m.d.sync += [
            outstanding.eq(outstanding + requested - answer.valid),
            may_request.eq(self.room - outstanding != requested),
        ]
        with m.If(self.abort):
            m.d.sync += active.eq(0)
        with m.Elif(queue.r_rdy & queue.r_en):
            m.d.sync += [
                address.eq(region.memory_address[shift:]),
                active.eq(region.bytes[shift:] != 0),
                beyond.eq(region.bytes[shift:] - 1),
            ]
        with m.Elif(requested):
            m.d.sync += [
                address.eq(address + 1),
                active.eq(beyond != 0),
                beyond.eq(beyond - 1),
            ]
        return m
