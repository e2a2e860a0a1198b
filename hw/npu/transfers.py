"""The transfer engine: LOAD and STORE between main memory and the scratchpad."""

from __future__ import annotations

from typing import Any

from amaranth.hdl import Cat, Module, Mux, Signal
from amaranth.lib import stream
from amaranth.lib.data import StructLayout
from amaranth.lib.fifo import SyncFIFO, SyncFIFOBuffered
from amaranth.lib.wiring import Component, In, Out, connect, flipped

from hw.npu.bus_multiplexer import OUTSTANDING, client_port
from hw.npu.scratchpad import ADDRESS_BITS, SCRATCHPAD_READ_LATENCY, dma_read_port, dma_write_port
from hw.npu.transfer_beats import TRANSFER_DESCRIPTOR, TransferBeats, beat_layout
from hw.spec.commands import WAIT_BITS
from hw.spec.config import NpuConfig

TRANSFERS_QUEUE = 4
"""LOAD and STORE commands that wait behind the one at work."""

REQUESTS = 8
"""Beats between their addresses and the bus; covers the scratchpad's read latency."""


class Transfers(Component):
    """Executes transfers strictly in order, a beat a cycle.

    A beat passes: addresses (`TransferBeats`), for a STORE the scratchpad, the request FIFO, the
    bus, the answer FIFO, for a LOAD the scratchpad. A transfer is counted when its last beat has
    passed all of it. A STORE reads the scratchpad only when all beats of LOADs before it are
    written; a LOAD follows a STORE at once, behind its requests.

    Ports
    -----
    client: the bus.
    descriptors: transfers; each begins when ``wait`` compute commands have completed.
    computes_completed: since the start, modulo 65536.
    completed: transfers since the start, modulo 65536; set to 0 by ``clear``.
    idle: all transfers have completed.
    dma_read, dma_write: scratchpad.
    """

    def __init__(self, config: NpuConfig) -> None:
        self._config = config
        bus_bytes = config.bus_bytes
        self._request = StructLayout({"beat": beat_layout(bus_bytes), "data": 8 * bus_bytes})
        self._tag = StructLayout({"store": 1, "last": 1, "address": ADDRESS_BITS, "select": bus_bytes})
        super().__init__(
            {
                "client": Out(client_port(bus_bytes)),
                "descriptors": In(stream.Signature(TRANSFER_DESCRIPTOR)),
                "computes_completed": In(WAIT_BITS),
                "completed": Out(WAIT_BITS),
                "clear": In(1),
                "idle": Out(1),
                "dma_read": Out(dma_read_port(config.port_bytes)),
                "dma_write": Out(dma_write_port(config.port_bytes)),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.beats = beats = TransferBeats(self._config)
        self._admit(m, beats)
        written = self._answers(m, *self._requests(m, beats.beats))
        self._count(m, written)
        return m

    def _admit(self, m: Module, beats: TransferBeats) -> None:
        """Holds the next transfer back until the compute commands it waits for have completed."""
        m.submodules.queue = queue = SyncFIFO(
            width=TRANSFER_DESCRIPTOR.size, depth=TRANSFERS_QUEUE
        )
        head, ahead = beats.descriptors.payload, Signal(WAIT_BITS)
        m.d.comb += [
            queue.w_data.eq(self.descriptors.payload),
            queue.w_en.eq(self.descriptors.valid),
            self.descriptors.ready.eq(queue.w_rdy),
            head.eq(queue.r_data),
            ahead.eq(self.computes_completed - head.wait),
            beats.descriptors.valid.eq(queue.r_rdy & ~ahead[-1]),
            queue.r_en.eq(beats.descriptors.ready & ~ahead[-1]),
        ]
'''
'''
