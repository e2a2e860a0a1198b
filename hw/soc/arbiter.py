"""Arbiter of the main memory bus: several masters, one memory, reads of all of them in flight."""

from __future__ import annotations

from amaranth.hdl import Array, Module, Signal
from amaranth.lib.fifo import SyncFIFO
from amaranth.lib.wiring import Component, In, Out

from tilewright.hw.bus import memory_bus


class Arbiter(Component):
    """Grants the bus each cycle, round-robin among the masters that ask.

    A queue of master numbers remembers to whom each answer belongs; the memory answers in order.
    No cycle is added in either direction.

    Parameters
    ----------
    bus_bytes: width of the bus.
    masters: how many, at least 2.
    depth: requests that may be in flight; at least the memory's latency + 1 for full speed.

    Attributes
    ----------
    masters: one memory bus for each master.
    memory: master of the memory bus.
    """

    def __init__(self, bus_bytes: int, *, masters: int, depth: int) -> None:
        self.count = masters
        self.depth = depth
        bus = memory_bus(bus_bytes)
        super().__init__({"masters": In(bus).array(masters), "memory": Out(bus)})

    def elaborate(self, _platform) -> Module:
        m = Module()
        m.submodules.owners = owners = SyncFIFO(
            width=(self.count - 1).bit_length(), depth=self.depth
        )
        memory = self.memory
        asking = Signal(self.count)
        m.d.comb += asking.eq(sum((bus.cyc & bus.stb) << i for i, bus in enumerate(self.masters)))

        last = Signal(range(self.count))
        grant = Signal(range(self.count))
        with m.Switch(last):
            for previous in range(self.count):
                with m.Case(previous):
                    # The last assignment wins: the master after the previous one comes first.
                    for i in reversed(range(self.count)):
                        candidate = (previous + 1 + i) % self.count
                        with m.If(asking[candidate]):
                            m.d.comb += grant.eq(candidate)

        accepted = Signal()
        chosen = {
            name: Array(getattr(bus, name) for bus in self.masters)[grant]
            for name in ("we", "adr", "sel", "dat_w")
        }
        m.d.comb += [
            memory.cyc.eq(asking.any() | (owners.level != 0)),
            memory.stb.eq(asking.any() & owners.w_rdy),
            *(getattr(memory, name).eq(value) for name, value in chosen.items()),
            accepted.eq(memory.stb & ~memory.stall),
            owners.w_en.eq(accepted),
            owners.w_data.eq(grant),
            owners.r_en.eq(memory.ack | memory.err),
        ]
        with m.If(accepted):
            m.d.sync += last.eq(grant)
        for i, bus in enumerate(self.masters):
            m.d.comb += [
                bus.stall.eq(~(accepted & (grant == i))),
                bus.ack.eq(memory.ack & (owners.r_data == i)),
                bus.err.eq(memory.err & (owners.r_data == i)),
                bus.dat_r.eq(memory.dat_r),
            ]
        return m
