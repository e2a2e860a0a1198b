"""Bus side of a peripheral's registers, built from its description in `hw.spec.registers`."""

from __future__ import annotations

from amaranth.hdl import Module
from amaranth.lib.wiring import Component, In, Out

from tilewright.hw.bus import register_bus
from tilewright.hw.spec.registers import Peripheral


class RegisterBlock(Component):
    """Answers each access in the next cycle; an address without a register is a bus error.

    Attributes
    ----------
    bus: the register bus.
    data: what is being written.
    read_NAME: value of register NAME, where it can be read.
    written_NAME: one cycle high while `data` is being written to NAME.
    taken_NAME: one cycle high when `read_NAME` is being taken.
    """

    def __init__(self, peripheral: Peripheral) -> None:
        self.peripheral = peripheral
        ports = {"bus": In(register_bus()), "data": Out(32)}
        for register in peripheral.registers:
            if "r" in register.access:
                ports |= {f"read_{register.name}": In(32), f"taken_{register.name}": Out(1)}
            if "w" in register.access:
                ports |= {f"written_{register.name}": Out(1)}
        super().__init__(ports)

    def elaborate(self, _platform) -> Module:
        m = Module()
        bus = self.bus
        request = bus.cyc & bus.stb
        m.d.comb += self.data.eq(bus.dat_w)
        m.d.sync += [bus.ack.eq(0), bus.err.eq(request)]
        with m.Switch(bus.adr):
            for register in self.peripheral.registers:
                with m.Case(register.offset // 4):
                    m.d.sync += [bus.ack.eq(request), bus.err.eq(0), bus.dat_r.eq(0)]
                    if "r" in register.access:
                        m.d.sync += bus.dat_r.eq(getattr(self, f"read_{register.name}"))
                        m.d.comb += getattr(self, f"taken_{register.name}").eq(request & ~bus.we)
                    if "w" in register.access:
                        m.d.comb += getattr(self, f"written_{register.name}").eq(request & bus.we)
        return m
