"""The transfer engine: LOAD and STORE between main memory and the scratchpad."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from amaranth.hdl import Cat, Module, Mux, Signal
from amaranth.lib import stream
from amaranth.lib.data import StructLayout
from amaranth.lib.fifo import SyncFIFO, SyncFIFOBuffered
from amaranth.lib.wiring import Component, In, Out

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
        self._tag = StructLayout(
            {"store": 1, "last": 1, "address": ADDRESS_BITS, "select": bus_bytes}
        )
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
        load_written = Signal()
        tags = self._requests(m, beats.beats, load_written)
        self._answers(m, tags, load_written)
        return m

    def _admit(self, m: Module, beats: TransferBeats) -> None:
        """Holds the next transfer back until the compute commands it waits for have completed."""
        m.submodules.queue = queue = SyncFIFO(width=TRANSFER_DESCRIPTOR.size, depth=TRANSFERS_QUEUE)
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

    def _requests(self, m: Module, beats: Any, load_written: Signal) -> SyncFIFOBuffered:
        """From beats to the bus; returns the FIFO of what to do with the answers."""
        m.submodules.requests = fifo = SyncFIFO(width=self._request.size, depth=REQUESTS)
        m.submodules.tags = tags = SyncFIFOBuffered(width=self._tag.size, depth=OUTSTANDING)
        reserved, loading = Signal(range(REQUESTS + 1)), Signal(range(REQUESTS + OUTSTANDING + 2))
        room, loads, stores = Signal(), Signal(), Signal()
        reads = [
            Signal(beat_layout(self._config.bus_bytes)) for _ in range(SCRATCHPAD_READ_LATENCY)
        ]
        reading = Signal(SCRATCHPAD_READ_LATENCY)
        beat, read, pushed = beats.payload, self.dma_read, Signal(self._request)
        m.d.comb += [
            room.eq(reserved != REQUESTS),
            loads.eq(beats.valid & ~beat.store & room & ~reading.any()),
            read.valid.eq(beats.valid & beat.store & room & (loading == 0)),
            read.address.eq(beat.address),
            read.size.eq(beat.size),
            stores.eq(read.valid & read.ready),
            beats.ready.eq(loads | stores),
            pushed.beat.eq(Mux(reading[-1], reads[-1], beat)),
            pushed.data.eq(read.data),
            fifo.w_data.eq(pushed),
            fifo.w_en.eq(reading[-1] | loads),
        ]
        m.d.sync += [
            reading.eq(Cat(stores, reading)),
            reads[0].eq(beat),
            *(after.eq(before) for before, after in pairwise(reads)),
            reserved.eq(reserved + (loads | stores) - (fifo.r_rdy & fifo.r_en)),
            loading.eq(loading + loads - load_written),
        ]
        self._request_bus(m, fifo, tags)
        return tags

    def _request_bus(self, m: Module, fifo: SyncFIFO, tags: SyncFIFOBuffered) -> None:
        request, head, tag = self.client.request, Signal(self._request), Signal(self._tag)
        m.d.comb += [
            head.eq(fifo.r_data),
            request.valid.eq(fifo.r_rdy & tags.w_rdy),
            request.payload.address.eq(head.beat.word),
            request.payload.write.eq(head.beat.store),
            request.payload.select.eq(head.beat.select),
            request.payload.data.eq(head.data),
            fifo.r_en.eq(request.ready & tags.w_rdy),
            tags.w_en.eq(request.valid & request.ready),
            tag.store.eq(head.beat.store),
            tag.last.eq(head.beat.last),
            tag.address.eq(head.beat.address),
            tag.select.eq(head.beat.select),
            tags.w_data.eq(tag),
        ]

    def _answers(self, m: Module, tags: SyncFIFOBuffered, load_written: Signal) -> None:
        """From the bus to the scratchpad; an answer's place is reserved by its tag."""
        data_bits = 8 * self._config.bus_bytes
        m.submodules.answers = answers = SyncFIFOBuffered(width=data_bits, depth=OUTSTANDING)
        valid, tag, data = Signal(), Signal(self._tag), Signal(data_bits)
        load, done, take = Signal(), Signal(), Signal()
        write = self.dma_write
        m.d.comb += [
            answers.w_en.eq(self.client.answer.valid),
            answers.w_data.eq(self.client.answer.data),
            take.eq(~valid | done),
            answers.r_en.eq(take & tags.r_rdy),
            tags.r_en.eq(take & answers.r_rdy),
            load.eq(valid & ~tag.store),
            write.valid.eq(load),
            write.address.eq(tag.address),
            write.data.eq(data),
            write.mask.eq(tag.select),
            done.eq(valid & (tag.store | write.ready)),
        ]
        with m.If(take):
            m.d.sync += [
                valid.eq(answers.r_rdy & tags.r_rdy),
                tag.eq(tags.r_data),
                data.eq(answers.r_data),
            ]
        # One cycle later than the write, so that who sees the count also reads what was written.
        completes = Signal()
        m.d.sync += [load_written.eq(load & write.ready), completes.eq(done & tag.last)]
        self._count(m, completes)

    def _count(self, m: Module, completes: Signal) -> None:
        pending = Signal(range(TRANSFERS_QUEUE + REQUESTS + OUTSTANDING + 8))
        accepted = self.descriptors.valid & self.descriptors.ready
        m.d.comb += self.idle.eq(pending == 0)
        m.d.sync += [
            pending.eq(pending + accepted - completes),
            self.completed.eq(Mux(self.clear, 0, self.completed + completes)),
        ]
