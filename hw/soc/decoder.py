"""Decoder of the CPU's data bus: main memory, or the registers of a peripheral."""

from __future__ import annotations

from collections.abc import Sequence

from amaranth.hdl import Array, Module, Mux, Signal
from amaranth.lib.wiring import Component, In, Out

from tilewright.hw.bus import register_bus
from tilewright.hw.soc.classic import ClassicWishbone
from tilewright.hw.spec.registers import Peripheral

REGISTER_SPACE = 0xF
"""Top four address bits of everything that is not main memory."""


class Decoder(Component):
    """Gives each access to main memory or to one peripheral, and answers those to nothing.

    Accesses to peripherals go one at a time and are answered no sooner than two cycles later.
    The first of them finds the peripheral, since all of the CPU waits for the answer. A second
    master, the debug port, reads and writes the peripherals only. Its accesses come
    before the CPU's.

    Parameters
    ----------
    peripherals: the blocks that exist.

    Attributes
    ----------
    cpu, debug: masters; ``err`` comes with ``ack``.
    memory: what is not in REGISTER_SPACE; whether memory is there is for the memory to say.
    hold: keeps accesses to peripherals from starting: a store to memory is on its way.
    registers: one register bus for each of `peripherals`.
    store_error: one cycle high when a store to REGISTER_SPACE was answered with an error.
    """

    def __init__(self, peripherals: Sequence[Peripheral]) -> None:
        self.peripherals = tuple(peripherals)
        super().__init__(
            {
                "cpu": In(ClassicWishbone),
                "debug": In(ClassicWishbone),
                "memory": Out(ClassicWishbone),
                "hold": In(1),
                "registers": Out(register_bus()).array(len(self.peripherals)),
                "store_error": Out(1),
            }
        )

    def elaborate(self, _platform) -> Module:
        m = Module()
        to_registers = Signal()
        m.d.comb += to_registers.eq(self.cpu.adr[26:] == REGISTER_SPACE)
        self._to_memory(m, ~to_registers)

        debugging = Signal()
        done, failed, data = Signal(), Signal(), Signal(32)
        wanted = self.cpu.cyc & self.cpu.stb & to_registers & ~self.hold
        asking = self.debug.cyc & self.debug.stb
        asked = Mux(asking, self.debug.adr, self.cpu.adr)
        chosen = Signal(len(self.peripherals))
        master = {
            name: Array((getattr(self.cpu, name), getattr(self.debug, name)))[debugging]
            for name in ("adr", "we", "sel", "dat_w")
        }
        for bus in self.registers:
            m.d.comb += [getattr(bus, name).eq(value) for name, value in master.items()]
        with m.FSM():
            with m.State("IDLE"):
                m.d.sync += debugging.eq(asking)
                for i, peripheral in enumerate(self.peripherals):
                    m.d.sync += chosen[i].eq(asked >> 10 == peripheral.base >> 12)
                with m.If(wanted | asking):
                    m.next = "REQUEST"
            with m.State("REQUEST"):
                with m.If(chosen == 0):
                    m.d.comb += [done.eq(1), failed.eq(1)]
                    m.next = "IDLE"
                for select, bus in zip(chosen, self.registers, strict=True):
                    m.d.comb += [bus.cyc.eq(select), bus.stb.eq(select)]
                    with m.If(select & ~bus.stall):
                        m.next = "ANSWER"
            with m.State("ANSWER"):
                for select, bus in zip(chosen, self.registers, strict=True):
                    m.d.comb += bus.cyc.eq(select)
                    with m.If(select):
                        m.d.comb += [
                            done.eq(bus.ack | bus.err),
                            failed.eq(bus.err),
                            data.eq(bus.dat_r),
                        ]
                with m.If(done):
                    m.next = "IDLE"

        with m.If(debugging):
            m.d.comb += [self.debug.ack.eq(done), self.debug.err.eq(failed)]
        with m.Elif(to_registers):
            m.d.comb += [
                self.cpu.ack.eq(done),
                self.cpu.err.eq(failed),
                self.cpu.dat_r.eq(data),
                self.store_error.eq(failed & self.cpu.we),
            ]
        m.d.comb += self.debug.dat_r.eq(data)
        return m

    def _to_memory(self, m: Module, chosen) -> None:
        cpu, memory = self.cpu, self.memory
        forward = ("we", "adr", "sel", "dat_w", "cti", "bte")
        m.d.comb += [
            *(getattr(memory, name).eq(getattr(cpu, name)) for name in forward),
            memory.cyc.eq(cpu.cyc & chosen),
            memory.stb.eq(cpu.stb & chosen),
        ]
        with m.If(chosen):
            m.d.comb += [
                cpu.ack.eq(memory.ack),
                cpu.err.eq(memory.err),
                cpu.dat_r.eq(memory.dat_r),
            ]
