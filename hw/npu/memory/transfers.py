"""The transfer engine: LOAD and STORE between main memory and the scratchpad."""

from __future__ import annotations

from typing import Any

from amaranth.hdl import Cat, Module, Mux, Signal
from amaranth.lib import stream
from amaranth.lib.data import StructLayout
from amaranth.lib.fifo import SyncFIFO, SyncFIFOBuffered
from amaranth.lib.wiring import Component, In, Out

from tilewright.hw.npu.memory.bus_multiplexer import client_port
from tilewright.hw.npu.memory.registers import LOCK_BITS
from tilewright.hw.npu.memory.scratchpad import dma_read_port, dma_write_port
from tilewright.hw.npu.memory.transfer_beats import TRANSFER_DESCRIPTOR, TransferBeats, beat_layout
from tilewright.hw.npu.ports import crosses_word
from tilewright.hw.spec.commands import ADDRESS_BITS, WAIT_BITS
from tilewright.hw.spec.npu_config import NpuConfig
from tilewright.hw.spec.timing import OUTSTANDING, QUEUE, REQUESTS, WHOLE_FIFO


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
    lock: a STORE writes nothing below it (units of LOCK_BYTES). refused: pulse, one has tried to.
    """

    def __init__(self, config: NpuConfig) -> None:
        self._config = config
        bus_bytes = config.bus_bytes
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
                "lock": In(LOCK_BITS),
                "refused": Out(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.beats = beats = TransferBeats(self._config)
        self._admit(m, beats)
        loaded = Signal()
        tags = self._requests(m, beats.beats, loaded)
        self._answers(m, tags, loaded)
        return m

    def _admit(self, m: Module, beats: TransferBeats) -> None:
        """Holds the next transfer back until the compute commands it waits for have completed."""
        m.submodules.queue = queue = SyncFIFO(width=TRANSFER_DESCRIPTOR.size, depth=QUEUE)
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

    def _requests(self, m: Module, beats: Any, loaded: Signal) -> SyncFIFOBuffered:
        """From beats to the bus; returns the FIFO of what to do with the answers."""
        layout = beat_layout(self._config.bus_bytes)
        m.submodules.requests = fifo = SyncFIFO(width=layout.size, depth=REQUESTS)
        # Data of the STOREs among them; every read has its place here by its beat's place there.
        m.submodules.stored = stored = SyncFIFO(width=8 * self._config.bus_bytes, depth=REQUESTS)
        m.submodules.tags = tags = SyncFIFOBuffered(width=self._tag.size, depth=OUTSTANDING)
        loading = Signal(range(REQUESTS + OUTSTANDING + 5))
        beat, read, may_read = beats.payload, self.dma_read, Signal()
        loads = beats.valid & ~beat.store & fifo.w_rdy
        m.d.comb += [
            may_read.eq(fifo.w_rdy & (loading == 0)),
            read.valid.eq(beats.valid & beat.store & may_read),
            read.address.eq(beat.address),
            read.size.eq(beat.size),
            read.crosses.eq(crosses_word(beat.address, beat.size, self._config.port_bytes)),
            beats.ready.eq(Mux(beat.store, may_read & read.ready, fifo.w_rdy)),
            fifo.w_data.eq(beat),
            fifo.w_en.eq(beats.valid & beats.ready),
            stored.w_data.eq(read.data),
            stored.w_en.eq(read.arrives),
        ]
        m.d.sync += loading.eq(loading + loads - loaded)
        self._request_bus(m, fifo, stored, tags)
        return tags

    def _request_bus(
        self, m: Module, fifo: SyncFIFO, stored: SyncFIFO, tags: SyncFIFOBuffered
    ) -> None:
        """Whole requests wait in a FIFO of their own, since all of the bus waits for who asks."""
        request, layout = self.client.request, beat_layout(self._config.bus_bytes)
        m.submodules.whole = whole = SyncFIFO(width=fifo.width + stored.width, depth=WHOLE_FIFO)
        following, beat, tag = Signal(layout), Signal(layout), Signal(self._tag)
        below = following.word[-LOCK_BITS:] < self.lock
        locked, admitted = Signal(), Signal(layout)
        complete, room = Signal(), Signal()
        m.d.comb += [
            following.eq(fifo.r_data),
            locked.eq(following.store & below & following.select.any()),
            complete.eq(fifo.r_rdy & (~following.store | stored.r_rdy)),
            fifo.r_en.eq(whole.w_rdy & complete),
            stored.r_en.eq(whole.w_rdy & complete & following.store),
            whole.w_en.eq(complete),
            whole.w_data.eq(Cat(admitted, stored.r_data)),
            Cat(beat, request.payload.data).eq(whole.r_data),
            request.valid.eq(whole.r_rdy & room),
            whole.r_en.eq(request.ready & room),
            request.payload.address.eq(beat.word),
            request.payload.write.eq(beat.store),
            request.payload.select.eq(beat.select),
            tags.w_en.eq(request.valid & request.ready),
            tag.store.eq(beat.store),
            tag.last.eq(beat.last),
            tag.address.eq(beat.address),
            tag.select.eq(beat.select),
            tags.w_data.eq(tag),
        ]
        # What is refused is asked for nevertheless, so that its answer is counted.
        m.d.comb += admitted.eq(following)
        with m.If(locked):
            m.d.comb += admitted.select.eq(0)
        m.d.sync += self.refused.eq(fifo.r_en & locked)
        # Known a cycle ahead: one more may have come since.
        m.d.sync += room.eq(tags.level < OUTSTANDING - 2)

    def _answers(self, m: Module, tags: SyncFIFOBuffered, loaded: Signal) -> None:
        """From the bus to the scratchpad; an answer's place is reserved by its tag."""
        data_bits = 8 * self._config.bus_bytes
        m.submodules.answers = answers = SyncFIFOBuffered(width=data_bits, depth=OUTSTANDING)
        valid, tag, data = Signal(), Signal(self._tag), Signal(data_bits)
        take = Signal()
        write = self.dma_write
        m.d.comb += [
            answers.w_en.eq(self.client.answer.valid),
            answers.w_data.eq(self.client.answer.data),
            take.eq(~valid | write.ready),
            answers.r_en.eq(take & tags.r_rdy),
            tags.r_en.eq(take & answers.r_rdy),
            write.valid.eq(valid & ~tag.store),
            write.address.eq(tag.address),
            write.data.eq(data),
            write.mask.eq(tag.select),
        ]
        with m.If(take):
            m.d.sync += [
                valid.eq(answers.r_rdy & tags.r_rdy),
                tag.eq(tags.r_data),
                data.eq(answers.r_data),
            ]
        # The scratchpad is done with an answer when it can take the next one.
        load, last, completes = Signal(), Signal(), Signal()
        with m.If(write.ready):
            m.d.sync += [load.eq(write.valid), last.eq(valid & tag.last)]
        m.d.comb += [loaded.eq(load & write.ready), completes.eq(last & write.ready)]
        self._count(m, completes)

    def _count(self, m: Module, completes: Signal) -> None:
        pending = Signal(range(QUEUE + REQUESTS + OUTSTANDING + 8))
        accepted = self.descriptors.valid & self.descriptors.ready
        # Kept when the watchdog has ended a stream: see NPU.COMPLETED.
        completed = Signal(WAIT_BITS, reset_less=True)
        m.d.comb += [self.idle.eq(pending == 0), self.completed.eq(completed)]
        m.d.sync += [
            pending.eq(pending + accepted - completes),
            completed.eq(Mux(self.clear, 0, completed + completes)),
        ]
