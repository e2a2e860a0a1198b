"""The weight ring: filled by DMA ahead of use, read in the order of use."""

from __future__ import annotations

from amaranth.hdl import Cat, Const, Module, Mux, Signal
from amaranth.lib import stream
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import Component, In, Out, connect, flipped
from amaranth.utils import exact_log2

from tilewright.hw.npu.memory.weight_fifo import WeightFifo
from tilewright.hw.npu.memory.weight_walk import UnitsLayout, WeightWalk
from tilewright.hw.npu.ports import WEIGHT_START
from tilewright.hw.spec.npu_config import NpuConfig
from tilewright.hw.spec.timing import READ_CYCLES


class WeightRing(Component):
    """Ring memory between the weight DMA and the array.

    A line of the memory is read in each cycle that has one to read. A line holds two or more weight
    words, so that the reads of unpaired commands run ahead of the array, which takes one a cycle,
    and bring the next block's parameters meanwhile.

    Ports
    -----
    beats: beats of the bus, in the order of the weight stream.
    room: beats that the ring can take.
    start: one compute command's reads, accepted while no other is being read. It begins at the next
        multiple of ``weight_memory_bytes`` in the weight stream. ``blocks`` and ``tiles`` are at
        least 1; ``block_words`` may be 0. ``keep``: the next command reads the same once more; the
        ring holds all of it, and ``tiles`` is 1.
    words: for each tile of each block ``block_words`` weights: a word in the low half of the
        payload, the other half being undefined, or a pair of words if ``paired``. Replayed from
        the ring for every tile, or new ones for every tile with ``stream``.
    parameters: for each block its PARAMETER_WORDS parameters, in the same layout.
    reading_parameters: parameters are being read where a missing word could have been.
    clear: forgets all contents; nothing may be being read.
    empty, full: nothing stored; no room for a beat.
    """

    def __init__(self, config: NpuConfig) -> None:
        self._config = config
        self.ring_beats = config.weight_buffer_bytes // config.bus_bytes
        payload = 8 * config.weight_pair_bytes
        super().__init__(
            {
                "beats": In(stream.Signature(8 * config.bus_bytes)),
                "room": Out(range(self.ring_beats + 1)),
                "start": In(stream.Signature(WEIGHT_START)),
                "words": Out(stream.Signature(payload)),
                "parameters": Out(stream.Signature(payload)),
                "reading_parameters": Out(1),
                "clear": In(1),
                "empty": Out(1),
                "full": Out(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        config = self._config
        lines = config.weight_buffer_bytes // config.weight_memory_bytes
        m.submodules.memory = memory = Memory(
            shape=8 * config.weight_memory_bytes, depth=lines, init=[]
        )
        m.submodules.walk = walk = WeightWalk(config)
        connect(m, flipped(self.start), walk.start)
        m.d.comb += walk.clear.eq(self.clear)
        filled = self._fill(m, memory, walk.freed)
        self._read(m, memory, walk, filled)
        return m

    def _fill(self, m: Module, memory: Memory, freed: Signal) -> Signal:
        """Returns the line that is being filled, counted like ``freed``."""
        port = memory.write_port(granularity=8 * self._config.bus_bytes)
        beat_bits = exact_log2(self._config.weight_memory_bytes // self._config.bus_bytes)
        # Both count beats modulo twice the ring: equal ones mean empty, not full.
        filled, end = Signal.like(self.room), Signal.like(self.room)
        taken = Signal()
        m.d.comb += [
            end.eq(Cat(Const(0, beat_bits), freed[:-1], ~freed[-1])),
            self.room.eq(end - filled),
            self.full.eq(filled == end),
            self.empty.eq(self.room[-1]),
            self.beats.ready.eq(~self.full),
            taken.eq(self.beats.valid & self.beats.ready),
            port.addr.eq(filled[beat_bits:]),
            port.data.eq(self.beats.payload.replicate(1 << beat_bits)),
            port.en.eq(Mux(taken, 1 << filled[:beat_bits], 0)),
        ]
        m.d.sync += filled.eq(Mux(self.clear, 0, filled + taken))
        return filled[beat_bits:]

    def _read(self, m: Module, memory: Memory, walk: WeightWalk, filled: Signal) -> None:
        """A line is read, and enters one of the FIFOs a cycle later."""
        port = memory.read_port(domain="sync")
        m.submodules.words_fifo = words = WeightFifo(self._config)
        m.submodules.parameters_fifo = parameters = WeightFifo(self._config)
        connect(m, words.output, flipped(self.words))
        connect(m, parameters.output, flipped(self.parameters))
        room = Mux(walk.parameters, parameters.room, words.room)
        units, delay = Signal(UnitsLayout(self._config)), Signal(READ_CYCLES)
        m.d.comb += [
            walk.step.eq(walk.active & room & (walk.line != filled)),
            port.en.eq(walk.step),
            port.addr.eq(walk.line),
            self.reading_parameters.eq(delay[-1]),
        ]
        m.d.sync += units.eq(walk.units)
        m.d.sync += delay.eq(Cat(walk.active & walk.parameters, delay))
        for fifo, mine in ((words, ~walk.parameters), (parameters, walk.parameters)):
            m.d.comb += [
                fifo.reserve.eq(walk.step & mine),
                fifo.line.data.eq(port.data),
                fifo.line.units.eq(units),
            ]
            m.d.sync += fifo.write.eq(fifo.reserve)
