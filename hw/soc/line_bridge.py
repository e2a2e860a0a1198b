"""Bridge from the CPU's classic bus to the wide pipelined bus of main memory."""

from __future__ import annotations

from amaranth.hdl import Array, Module, Mux, Signal
from amaranth.lib.data import ArrayLayout
from amaranth.lib.wiring import Component, In, Out
from amaranth.utils import exact_log2

from tilewright.hw.bus import memory_bus
from tilewright.hw.soc.classic import INCREMENTING_BURST, LINE_WORDS, ClassicWishbone

MAX_POSTED = 15
"""Stores that may be on their way."""


class LineBridge(Component):
    """Turns each cache line refill into back-to-back reads, and posts stores.

    A load or fetch is answered in the cycle after its beat has come; a line of eight words then
    streams at a word a cycle as fast as its beats arrive. A store is answered at once: one that
    memory does not accept in the same cycle is held here, so that the CPU, all of which waits for
    the answer, does not wait for the arbiter's decision. Bit 31 of the address (uncached) is
    dropped.

    Parameters
    ----------
    bus_bytes: width of the memory bus, 4..32 bytes.

    Attributes
    ----------
    cpu: the classic bus; ``err`` comes with ``ack``, for reads only.
    memory: master of the memory bus.
    holding: a store has been answered but not accepted by memory.
    store_error: one cycle high when a posted store was answered with an error.
    """

    def __init__(self, bus_bytes: int) -> None:
        self.bus_bytes = bus_bytes
        super().__init__(
            {
                "cpu": In(ClassicWishbone),
                "memory": Out(memory_bus(bus_bytes)),
                "holding": Out(1),
                "store_error": Out(1),
            }
        )

    def elaborate(self, _platform) -> Module:
        m = Module()
        lane_bits = exact_log2(self.bus_bytes // 4)
        beats = LINE_WORDS >> lane_bits
        cpu, memory = self.cpu, self.memory

        posted = Signal(range(MAX_POSTED + 1))
        answer = Signal()
        m.d.comb += [
            answer.eq(memory.ack | memory.err),
            self.store_error.eq(memory.err & (posted != 0)),
            memory.cyc.eq(1),
        ]

        address = Signal(30)
        issued = Signal(range(beats + 1))
        received = Signal(range(beats + 1))
        wanted = Signal(range(beats + 1))
        word = Signal(range(LINE_WORDS + 1))
        last_word = Signal(range(LINE_WORDS))
        # A word of a narrow bus is taken in the cycle after it has come, and need not be kept.
        kept = beats if lane_bits else 1
        line = Signal(ArrayLayout(8 * self.bus_bytes, kept))
        failed = Signal()
        refill = Signal()

        held = {name: Signal.like(getattr(memory, name)) for name in ("adr", "sel", "dat_w")}

        m.d.comb += [
            memory.sel.eq(-1),
            memory.dat_w.eq(cpu.dat_w.replicate(1 << lane_bits)),
        ]
        with m.FSM():
            with m.State("IDLE"):
                burst = Signal()
                m.d.comb += burst.eq(cpu.cti == INCREMENTING_BURST)
                m.d.comb += memory.adr.eq(cpu.adr[lane_bits:29])
                with m.If(self.holding):
                    m.d.comb += [memory.stb.eq(1), memory.we.eq(1)]
                    m.d.comb += [getattr(memory, name).eq(held[name]) for name in held]
                    m.d.sync += self.holding.eq(memory.stall)
                with m.Elif(cpu.cyc & cpu.stb & cpu.we):
                    lane = cpu.adr[:lane_bits]
                    room = posted != MAX_POSTED
                    m.d.comb += [
                        memory.stb.eq(room),
                        memory.we.eq(1),
                        memory.sel.eq(cpu.sel << (lane << 2)),
                        cpu.ack.eq(room),
                    ]
                    m.d.sync += self.holding.eq(room & memory.stall)
                    m.d.sync += [held[name].eq(getattr(memory, name)) for name in held]
                with m.Elif(cpu.cyc & cpu.stb):
                    m.d.comb += memory.stb.eq(1)
                    m.d.sync += [
                        address.eq(cpu.adr),
                        issued.eq(~memory.stall),
                        received.eq(0),
                        failed.eq(0),
                        refill.eq(burst),
                        wanted.eq(Mux(burst, beats, 1)),
                        # A single word is taken from where its beat is kept: the line's first.
                        word.eq(cpu.adr[:lane_bits]),
                        last_word.eq(cpu.adr[:lane_bits]),
                    ]
                    with m.If(burst):
                        m.d.sync += [word.eq(0), last_word.eq(LINE_WORDS - 1)]
                    m.next = "READ"
            with m.State("READ"):
                m.d.comb += [
                    memory.adr.eq(address[lane_bits:29] + issued),
                    memory.stb.eq(issued != wanted),
                ]
                m.d.sync += issued.eq(issued + (memory.stb & ~memory.stall))
                # Answers come in order, so those to posted stores come first.
                with m.If(answer & (posted == 0)):
                    m.d.sync += [
                        line[received if lane_bits else 0].eq(memory.dat_r),
                        received.eq(received + 1),
                        failed.eq(failed | memory.err),
                    ]
                with m.If((word >> lane_bits) < received):
                    words = Array(
                        line.as_value().word_select(i if lane_bits else 0, 32)
                        for i in range(LINE_WORDS)
                    )
                    m.d.comb += [
                        cpu.ack.eq(1),
                        # VexRiscv's instruction cache takes an error in a line's last word for
                        # the next line's as well. A line fails as a whole, so it is told before.
                        cpu.err.eq(failed & ~(refill & (word == last_word))),
                        cpu.dat_r.eq(words[word[:3]]),
                    ]
                    m.d.sync += word.eq(word + 1)
                    with m.If(word == last_word):
                        m.next = "IDLE"

        store = memory.stb & memory.we & ~memory.stall
        m.d.sync += posted.eq(posted + store - (answer & (posted != 0)))
        return m
