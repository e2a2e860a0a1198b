"""The register by which firmware ends a simulation, and the trap record beside it."""

from amaranth.hdl import Module
from amaranth.lib.wiring import Component, In, Out, connect, flipped

from hw.bus import register_bus
from hw.soc.registers import RegisterBlock
from hw.spec.registers import FINISHER


class Finisher(Component):
    """Registers of `hw.spec.registers.FINISHER`.

    Attributes
    ----------
    bus: register bus.
    finish: one cycle high after a write to EXIT.
    status: what was written.
    cause, pc, value: the trap record.
    """

    bus: In(register_bus())
    finish: Out(1)
    status: Out(32)
    cause: Out(32)
    pc: Out(32)
    value: Out(32)

    def elaborate(self, _platform) -> Module:
        m = Module()
        m.submodules.registers = registers = RegisterBlock(FINISHER)
        connect(m, flipped(self.bus), registers.bus)
        m.d.sync += self.finish.eq(registers.written_EXIT)
        with m.If(registers.written_EXIT):
            m.d.sync += self.status.eq(registers.data)
        for name, signal in (("CAUSE", self.cause), ("PC", self.pc), ("VALUE", self.value)):
            m.d.comb += getattr(registers, f"read_{name}").eq(signal)
            with m.If(getattr(registers, f"written_{name}")):
                m.d.sync += signal.eq(registers.data)
        return m
