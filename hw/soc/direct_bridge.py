"""Bridge from the bus of a CPU without caches to a main memory bus of the same width."""

from __future__ import annotations

from amaranth.hdl import Module, Signal
from amaranth.lib.wiring import Component, In, Out

from tilewright.hw.bus import memory_bus
from tilewright.hw.soc.classic import ClassicWishbone


class DirectBridge(Component):
    """Hands on one access at a time and its answer with it, and keeps nothing.

    Bit 31 of the address (uncached) is dropped.

    Attributes
    ----------
    cpu: the classic bus; ``err`` comes with ``ack``, for reads only.
    memory: master of the memory bus.
    holding: low, since a store is answered when it is done.
    store_error: one cycle high when a store was answered with an error.
    """

    def __init__(self) -> None:
        super().__init__(
            {
                "cpu": In(ClassicWishbone),
                "memory": Out(memory_bus(4)),
                "holding": Out(1),
                "store_error": Out(1),
            }
        )

    def elaborate(self, _platform) -> Module:
        m = Module()
        cpu, memory = self.cpu, self.memory
        waiting, answer = Signal(), Signal()
        with m.If(answer):
            m.d.sync += waiting.eq(0)
        with m.Elif(memory.stb & ~memory.stall):
            m.d.sync += waiting.eq(1)
        m.d.comb += [
            answer.eq(memory.ack | memory.err),
            memory.cyc.eq(memory.stb | waiting),
            memory.stb.eq(cpu.cyc & cpu.stb & ~waiting),
            memory.we.eq(cpu.we),
            memory.adr.eq(cpu.adr[:29]),
            memory.sel.eq(cpu.sel),
            memory.dat_w.eq(cpu.dat_w),
            cpu.ack.eq(answer),
            cpu.err.eq(memory.err & ~cpu.we),
            cpu.dat_r.eq(memory.dat_r),
            self.store_error.eq(memory.err & cpu.we),
        ]
        return m
