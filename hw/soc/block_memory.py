"""Main memory in a chip's own RAM, for chips with none beside them."""

from __future__ import annotations

from amaranth.hdl import Cat, Module, Mux, Signal
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import Component, In
from amaranth.utils import exact_log2

from hw.bus import memory_bus
from hw.spec.config import Config
from hw.spec.registers import MEMORY_BASE

BLOCK_MEMORY_LATENCY = 3
"""Cycles from a request to its answer."""


class BlockMemory(Component):
    """``memory_bytes`` from MEMORY_BASE on, a request a cycle; other addresses answer an error.

    There is a register before and one behind the memory, which is spread over a whole device.

    Attributes
    ----------
    bus: slave of the main memory bus.
    """

    def __init__(self, config: Config) -> None:
        self._bytes = config.soc.memory_bytes
        self._bus_bytes = config.npu.bus_bytes
        super().__init__({"bus": In(memory_bus(self._bus_bytes))})

    def elaborate(self, _platform) -> Module:
        m = Module()
        bus, depth = self.bus, self._bytes // self._bus_bytes
        m.submodules.words = words = Memory(shape=8 * self._bus_bytes, depth=depth, init=[])
        read, write = words.read_port(), words.write_port(granularity=8)
        inside, place = Signal(), Signal(exact_log2(depth))
        found, missing, writing = Signal(2), Signal(2), Signal()
        select = Signal(self._bus_bytes)
        m.d.comb += [
            inside.eq(bus.adr[len(place) :] == MEMORY_BASE // self._bytes),
            read.addr.eq(place),
            read.en.eq(found[0] & ~writing),
            write.addr.eq(place),
            write.en.eq(Mux(found[0] & writing, select, 0)),
        ]
        m.d.sync += [
            place.eq(bus.adr),
            writing.eq(bus.we),
            select.eq(bus.sel),
            write.data.eq(bus.dat_w),
            found.eq(Cat(bus.cyc & bus.stb & inside, found)),
            missing.eq(Cat(bus.cyc & bus.stb & ~inside, missing)),
            bus.dat_r.eq(read.data),
            bus.ack.eq(found[1]),
            bus.err.eq(missing[1]),
        ]
        return m
