"""Cycle counter since reset, and the timer interrupt."""

from amaranth.hdl import Module, Signal
from amaranth.lib.wiring import Component, In, Out, connect, flipped

from hw.bus import register_bus
from hw.soc.registers import RegisterBlock
from hw.spec.registers import TIMER


class Timer(Component):
    """Registers of `hw.spec.registers.TIMER`.

    Attributes
    ----------
    bus: register bus.
    cycles: low 32 bits of the counter.
    interrupt: high while enabled and ``cycles - COMPARE`` is not negative (as a signed number).
    """

    bus: In(register_bus())
    cycles: Out(32)
    interrupt: Out(1)

    def elaborate(self, _platform) -> Module:
        m = Module()
        m.submodules.registers = registers = RegisterBlock(TIMER)
        connect(m, flipped(self.bus), registers.bus)
        enable = TIMER.register("CONTROL").field("enable").lsb
        count = Signal(64)
        high = Signal(32)
        compare = Signal(32)
        enabled = Signal()
        m.d.sync += [
            count.eq(count + 1),
            self.interrupt.eq(enabled & ((self.cycles - compare)[31] == 0)),
        ]
        with m.If(registers.taken_CYCLES):
            m.d.sync += high.eq(count[32:])
        with m.If(registers.written_COMPARE):
            m.d.sync += compare.eq(registers.data)
        with m.If(registers.written_CONTROL):
            m.d.sync += enabled.eq(registers.data[enable])
        m.d.comb += [
            self.cycles.eq(count[:32]),
            registers.read_CYCLES.eq(self.cycles),
            registers.read_CYCLES_HIGH.eq(high),
            registers.read_COMPARE.eq(compare),
            registers.read_CONTROL.eq(enabled << enable),
        ]
        return m
