"""The weight ring: filled by DMA ahead of use, read as weight words in the order of use."""

from __future__ import annotations

from typing import Any

from amaranth.hdl import Cat, Const, Module, Mux, Signal
from amaranth.lib import stream
from amaranth.lib.data import StructLayout
from amaranth.lib.fifo import SyncFIFO
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import Component, In, Out
from amaranth.utils import exact_log2

from hw.spec.commands import PARAMETER_WORDS
from hw.spec.config import NpuConfig

PREFETCH_WORDS = 8
"""Words read ahead of their use; at least the three cycles until a slot can be reused."""

WEIGHT_START = StructLayout({"blocks": 16, "tiles": 24, "block_words": 24, "stream": 1})
"""What a compute command reads: fields as in its command."""


class WeightRing(Component):
    """Ring memory between the weight DMA and the array.

    Ports
    -----
    beats: beats of the bus, in the order of the weight stream.
    room: beats that the ring can take.
    start: one compute command's reads, accepted while the reader is idle. It begins at the next
        multiple of ``weight_memory_bytes`` in the weight stream.
    words: for each block the parameter words, then ``block_words`` words for each tile; replayed
        from the ring for every tile, or new ones for every tile with ``stream``. ``blocks``
        and ``tiles`` are at least 1; ``block_words`` may be 0.
    clear: forgets all contents; the reader must be idle.
    empty, full: nothing stored; no room for a beat.
    busy: a start is being read or words wait to be taken.
    """

    def __init__(self, config: NpuConfig) -> None:
        self._config = config
        self.ring_beats = config.weight_buffer_bytes // config.bus_bytes
        super().__init__(
            {
                "beats": In(stream.Signature(8 * config.bus_bytes)),
                "room": Out(range(self.ring_beats + 1)),
                "start": In(stream.Signature(WEIGHT_START)),
                "words": Out(stream.Signature(8 * config.weight_word_bytes)),
                "clear": In(1),
                "empty": Out(1),
                "full": Out(1),
                "busy": Out(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        config = self._config
        # Log2 of how many beats and weight words a memory word holds, and of the ring's size.
        self._beat_sub = exact_log2(config.weight_memory_bytes // config.bus_bytes)
        self._word_sub = exact_log2(config.weight_memory_bytes // config.weight_word_bytes)
        self._rows = exact_log2(config.weight_buffer_bytes // config.weight_memory_bytes)
        memory = Memory(shape=8 * config.weight_memory_bytes, depth=1 << self._rows, init=[])
        m.submodules.memory = memory

        # Positions count up modulo twice the ring: equal ones mean empty, not full.
        filled = Signal(self._rows + self._beat_sub + 1)
        freed = Signal(self._rows + self._word_sub + 1)
        self._fill(m, memory, filled, freed)
        self._read(m, memory, filled, freed)
        return m

    def _fill(self, m: Module, memory: Memory, filled: Signal, freed: Signal) -> None:
        port = memory.write_port(granularity=8 * self._config.bus_bytes)
        beats = 1 << self._beat_sub
        taken = self.beats.valid & self.beats.ready
        freed_beats = Signal.like(filled)
        m.d.comb += [
            # One of the two parts is of a single unit, so this only shifts.
            freed_beats.eq(Cat(Const(0, self._beat_sub), freed[self._word_sub :])),
            self.room.eq(self.ring_beats - (filled - freed_beats)[: len(filled)]),
            self.full.eq(self.room == 0),
            self.empty.eq(filled == freed_beats),
            self.beats.ready.eq(~self.full),
            port.addr.eq(filled[self._beat_sub :]),
            port.data.eq(self.beats.payload.replicate(beats)),
            port.en.eq(Mux(taken, 1 << filled[: self._beat_sub], 0)),
        ]
        m.d.sync += filled.eq(Mux(self.clear, 0, filled + taken))

    def _read(self, m: Module, memory: Memory, filled: Signal, freed: Signal) -> None:
        """Stage 1: the memory is read. Stage 2: the word enters the prefetch FIFO."""
        bits = 8 * self._config.weight_word_bytes
        port = memory.read_port(domain="sync")
        m.submodules.fifo = fifo = SyncFIFO(width=bits, depth=PREFETCH_WORDS)
        position = Signal.like(freed)
        reserved = Signal(range(PREFETCH_WORDS + 1))
        issue, active, arrives = Signal(), Signal(), Signal()
        lane = Signal(range(max(2, 1 << self._word_sub)))
        m.d.comb += [
            issue.eq(
                active
                & (reserved != PREFETCH_WORDS)
                & (position[self._word_sub :] != filled[self._beat_sub :])
            ),
            port.en.eq(issue),
            port.addr.eq(position[self._word_sub :]),
            fifo.w_en.eq(arrives),
            fifo.w_data.eq(port.data.word_select(lane, bits)),
            self.words.payload.eq(fifo.r_data),
            self.words.valid.eq(fifo.r_rdy),
            fifo.r_en.eq(self.words.ready),
            self.busy.eq(active | (reserved != 0)),
        ]
        m.d.sync += [
            arrives.eq(issue),
            lane.eq(position[: self._word_sub]),
            reserved.eq(reserved + issue - (fifo.r_rdy & fifo.r_en)),
        ]
        self._count(m, active, issue, position, freed)

    def _count(self, m: Module, active: Signal, issue: Signal, position: Any, freed: Any) -> None:
        """Steps through parameters, tiles and blocks with each word read."""
        command = Signal(WEIGHT_START)
        last_of_block = Signal.like(command.block_words)
        words_left, tiles_left = Signal.like(command.block_words), Signal.like(command.tiles)
        blocks_left, in_parameters = Signal.like(command.blocks), Signal()
        after, block_ends = Signal.like(position), Signal()
        no_words = Signal()
        m.d.comb += [
            self.start.ready.eq(~active),
            after.eq(position + 1),
            block_ends.eq((words_left == 0) & Mux(in_parameters, no_words, tiles_left == 0)),
        ]
        with m.If(issue):
            m.d.sync += [words_left.eq(words_left - 1), position.eq(after)]
            with m.If(in_parameters | command.stream | (tiles_left == 0)):
                m.d.sync += freed.eq(after)
            with m.If(block_ends):
                m.d.sync += [
                    blocks_left.eq(blocks_left - 1),
                    in_parameters.eq(1),
                    words_left.eq(PARAMETER_WORDS - 1),
                ]
                with m.If(blocks_left == 0):
                    start_of_next = Cat(
                        Const(0, self._word_sub),
                        position[self._word_sub :] + 1,
                    )
                    m.d.sync += [active.eq(0), position.eq(start_of_next), freed.eq(start_of_next)]
            with m.Elif(words_left == 0):
                m.d.sync += [in_parameters.eq(0), words_left.eq(last_of_block)]
                with m.If(in_parameters):
                    m.d.sync += tiles_left.eq(command.tiles - 1)
                with m.Else():
                    m.d.sync += tiles_left.eq(tiles_left - 1)
                    with m.If(~command.stream):
                        m.d.sync += position.eq(freed)
        with m.If(self.start.valid & self.start.ready):
            m.d.sync += [
                active.eq(1),
                command.eq(self.start.payload),
                last_of_block.eq(self.start.payload.block_words - 1),
                no_words.eq(self.start.payload.block_words == 0),
                blocks_left.eq(self.start.payload.blocks - 1),
                in_parameters.eq(1),
                words_left.eq(PARAMETER_WORDS - 1),
            ]
        with m.If(self.clear):
            m.d.sync += [position.eq(0), freed.eq(0)]
