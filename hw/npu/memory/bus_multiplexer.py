"""One bus for the DMA's clients: requests of all of them pipelined, answers routed in order."""

from __future__ import annotations

from typing import Any

from amaranth.hdl import Array, Cat, Module, Mux, Signal, Value
from amaranth.lib import stream
from amaranth.lib.data import StructLayout
from amaranth.lib.fifo import SyncFIFO
from amaranth.lib.wiring import Component, In, Out, Signature
from amaranth.utils import exact_log2

from tilewright.hw.bus import memory_bus
from tilewright.hw.spec.npu_config import NpuConfig
from tilewright.hw.spec.timing import OUTSTANDING

CLIENTS = ("fetch", "record", "transfers", "weights")
"""By priority. Each is also favoured in one of four grants, so that none starves."""


def request_layout(bus_bytes: int) -> StructLayout:
    """``address`` counts words of the bus; ``select`` and ``data`` matter to writes only."""
    return StructLayout(
        {
            "address": 32 - exact_log2(bus_bytes),
            "write": 1,
            "select": bus_bytes,
            "data": 8 * bus_bytes,
        }
    )


def client_port(bus_bytes: int) -> Signature:
    """A client's port. Every request is answered once, in order; answers cannot be held off."""
    answer = Signature({"valid": Out(1), "data": Out(8 * bus_bytes), "error": Out(1)})
    return Signature(
        {"request": Out(stream.Signature(request_layout(bus_bytes))), "answer": In(answer)}
    )


class BusMultiplexer(Component):
    """Accepts a request a cycle; adds a cycle to requests and one to answers.

    A request that comes while the bus stalls has a register of its own, so that no client waits
    for the bus in the same cycle.

    Ports
    -----
    bus: main memory.
    fetch, record, transfers, weights: clients.
    stop: no more requests. quiet: none is on its way, and no answer.
    read_beat, write_beat: pulse for each answered request.
    read_error, write_error: pulse for each failed one, but those of ``fetch``, which may read
        ahead beyond the end of memory.
    """

    def __init__(self, config: NpuConfig) -> None:
        self._bus_bytes = config.bus_bytes
        super().__init__(
            {
                "bus": Out(memory_bus(config.bus_bytes)),
                **{name: In(client_port(config.bus_bytes)) for name in CLIENTS},
                "stop": In(1),
                "quiet": Out(1),
                "read_beat": Out(1),
                "write_beat": Out(1),
                "read_error": Out(1),
                "write_error": Out(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        clients = [getattr(self, name) for name in CLIENTS]
        tag = StructLayout({"client": range(len(CLIENTS)), "write": 1})
        m.submodules.tags = tags = SyncFIFO(width=tag.size, depth=OUTSTANDING)
        self._grant(m, clients, tags)
        self._answer(m, clients, tags, tag)
        return m

    def _grant(self, m: Module, clients: list[Any], tags: SyncFIFO) -> None:
        valid = Cat(client.request.valid for client in clients)
        favoured, chosen = Signal(range(len(clients))), Signal(range(len(clients)))
        free, strobe, spare_strobe, room = Signal(), Signal(), Signal(), Signal(init=1)
        request, spare, payload, following = (
            Signal(request_layout(self._bus_bytes), name=name)
            for name in ("request", "spare", "payload", "following")
        )
        for index in reversed(range(len(clients))):
            with m.If(valid[index]):
                m.d.comb += chosen.eq(index)
        with m.If(valid.bit_select(favoured, 1)):
            m.d.comb += chosen.eq(favoured)
        m.d.comb += [
            free.eq(~spare_strobe & room & ~self.stop),
            self.quiet.eq(~strobe & ~spare_strobe & ~tags.r_rdy),
            tags.w_en.eq(free & valid.any()),
            self.bus.cyc.eq(tags.r_rdy),
            self.bus.stb.eq(strobe),
            self.bus.we.eq(request.write),
            self.bus.adr.eq(request.address),
            self.bus.sel.eq(request.select),
            self.bus.dat_w.eq(request.data),
        ]
        # Known a cycle ahead: one more may have come since.
        m.d.sync += room.eq(tags.level < OUTSTANDING - 1)
        for index, client in enumerate(clients):
            m.d.comb += client.request.ready.eq(free & (chosen == index))
        m.d.comb += [
            payload.eq(Array(Value.cast(client.request.payload) for client in clients)[chosen]),
            tags.w_data.eq(Cat(chosen, payload.write)),
            following.eq(payload),
            following.select.eq(Mux(payload.write, payload.select, ~0)),
        ]
        with m.If(tags.w_en):
            m.d.sync += favoured.eq(favoured + 1)
        with m.If(~spare_strobe):
            m.d.sync += spare.eq(following)
        with m.If(~strobe | ~self.bus.stall):
            m.d.sync += [
                strobe.eq(tags.w_en | spare_strobe),
                spare_strobe.eq(0),
                request.eq(Mux(spare_strobe, spare, following)),
            ]
        with m.Elif(tags.w_en):
            m.d.sync += spare_strobe.eq(1)

    def _answer(self, m: Module, clients: list[Any], tags: SyncFIFO, tag: StructLayout) -> None:
        arrives = self.bus.ack | self.bus.err
        data = Signal(8 * self._bus_bytes)
        error, answered = Signal(), Signal()
        who = Signal(tag)
        m.d.comb += tags.r_en.eq(arrives)
        m.d.sync += [answered.eq(arrives), error.eq(self.bus.err)]
        with m.If(arrives):
            m.d.sync += [data.eq(self.bus.dat_r), who.eq(tags.r_data)]
        for index, client in enumerate(clients):
            m.d.comb += [
                client.answer.valid.eq(answered & (who.client == index)),
                client.answer.data.eq(data),
                client.answer.error.eq(error),
            ]
        counted = answered & error & (who.client != CLIENTS.index("fetch"))
        m.d.comb += [
            self.read_beat.eq(answered & ~who.write),
            self.write_beat.eq(answered & who.write),
            self.read_error.eq(counted & ~who.write),
            self.write_error.eq(counted & who.write),
        ]
