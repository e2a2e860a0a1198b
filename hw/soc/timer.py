"""Cycle counter since reset, and the timer interrupt."""

from amaranth.hdl import Module, Signal, Value
from amaranth.lib.wiring import Component, In, Out, connect, flipped

from tilewright.hw.bus import register_bus
from tilewright.hw.soc.registers import RegisterBlock
from tilewright.hw.spec.registers import TIMER


class Timer(Component):
    """Registers of `hw.spec.registers.TIMER`.

    Parameters
    ----------
    small: the counter has 32 bits, and there is no interrupt: other registers read as 0.

    Attributes
    ----------
    bus: register bus.
    cycles: low 32 bits of the counter.
    interrupt: high while enabled and ``cycles - COMPARE`` is not negative (as a signed number).
    """

    bus: In(register_bus())
    cycles: Out(32)
    interrupt: Out(1)

    def __init__(self, *, small: bool = False) -> None:
        self._small = small
        super().__init__()

    def elaborate(self, _platform) -> Module:
        m = Module()
        m.submodules.registers = registers = RegisterBlock(TIMER)
        connect(m, flipped(self.bus), registers.bus)
        count = Signal(32 if self._small else 64)
        m.d.sync += count.eq(count + 1)
        m.d.comb += [self.cycles.eq(count[:32]), registers.read_CYCLES.eq(self.cycles)]
        if not self._small:
            self._latch(m, registers, count[32:])
            self._compare(m, registers)
        return m

    def _latch(self, m: Module, registers: RegisterBlock, upper: Value) -> None:
        """The upper half, as it was when the lower one was read."""
        high = Signal(32)
        with m.If(registers.taken_CYCLES):
            m.d.sync += high.eq(upper)
        m.d.comb += registers.read_CYCLES_HIGH.eq(high)

    def _compare(self, m: Module, registers: RegisterBlock) -> None:
        enable = TIMER.register("CONTROL").field("enable").lsb
        compare, enabled = Signal(32), Signal()
        m.d.sync += self.interrupt.eq(enabled & ((self.cycles - compare)[31] == 0))
        with m.If(registers.written_COMPARE):
            m.d.sync += compare.eq(registers.data)
        with m.If(registers.written_CONTROL):
            m.d.sync += enabled.eq(registers.data[enable])
        m.d.comb += [
            registers.read_COMPARE.eq(compare),
            registers.read_CONTROL.eq(enabled << enable),
        ]
