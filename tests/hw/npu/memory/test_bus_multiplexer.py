"""The bus multiplexer: every client gets its own answers, in order, and a share of the bus."""

import random
from collections import deque

import pytest

from tests.hw.npu.bench import simulate
from tilewright.hw.npu.memory.bus_multiplexer import CLIENTS, BusMultiplexer
from tilewright.hw.spec.npu_config import NpuConfig

CYCLES = 600
SHARE = 4


class Tb:
    """Clients that request at random, and a bus that answers with each request's address."""

    def __init__(self, seed: int, *, demand: float, stall: float, latency: int) -> None:
        self.rng = random.Random(seed)
        self.dut = BusMultiplexer(NpuConfig(bus_bytes=4))
        self.demand, self.stall, self.latency = demand, stall, latency
        self.sent = {name: deque() for name in CLIENTS}
        self.offered: dict[str, dict | None] = dict.fromkeys(CLIENTS)
        self.granted = dict.fromkeys(CLIENTS, 0)
        self.longest_wait = dict.fromkeys(CLIENTS, 0)
        self.waits = dict.fromkeys(CLIENTS, 0)
        self.answers = 0

    def offer(self, ctx, name: str) -> None:
        if self.offered[name] is None and self.rng.random() < self.demand:
            bits = self.rng.getrandbits
            self.offered[name] = {
                "address": bits(30),
                "write": bits(1),
                "select": bits(4),
                "data": bits(32),
            }
        request = getattr(self.dut, name).request
        ctx.set(request.valid, self.offered[name] is not None)
        if self.offered[name] is not None:
            ctx.set(request.payload, self.offered[name])

    def collect(self, ctx) -> int:
        """Notes who is granted in this cycle; returns the number of grants."""
        grants = 0
        for name, wanted in self.offered.items():
            if wanted is None:
                continue
            if ctx.get(getattr(self.dut, name).request.ready):
                self.sent[name].append(wanted)
                self.offered[name] = None
                self.granted[name] += 1
                self.waits[name] = 0
                grants += 1
        return grants

    def check_answers(self, ctx) -> None:
        for name in CLIENTS:
            answer = getattr(self.dut, name).answer
            if ctx.get(answer.valid):
                request = self.sent[name].popleft()
                assert ctx.get(answer.data) == request["address"] ^ 0xFFFF_FFFF
                failed = request["address"] % 5 == 0
                assert ctx.get(answer.error) == failed
                fetches, write = name == "fetch", request["write"]
                assert ctx.get(self.dut.read_error) == (failed and not fetches and not write)
                assert ctx.get(self.dut.write_error) == (failed and not fetches and write)
                assert ctx.get(self.dut.write_beat) == write
                assert ctx.get(self.dut.read_beat) == 1 - write
                self.answers += 1

    async def run(self, ctx) -> None:
        bus, queue = self.dut.bus, deque()
        for cycle in range(CYCLES):
            ctx.set(bus.stall, self.rng.random() < self.stall)
            due = bool(queue) and queue[0][0] <= cycle
            address = queue.popleft()[1] if due else 0
            ctx.set(bus.ack, due and address % 5 != 0)
            ctx.set(bus.err, due and address % 5 == 0)
            ctx.set(bus.dat_r, address ^ 0xFFFF_FFFF)
            for name in CLIENTS:
                self.offer(ctx, name)
            self.check_answers(ctx)
            waiting = [name for name in CLIENTS if self.offered[name] is not None]
            if self.collect(ctx):
                for name in waiting:
                    self.waits[name] += self.offered[name] is not None
                    self.longest_wait[name] = max(self.longest_wait[name], self.waits[name])
            if ctx.get(bus.cyc) and ctx.get(bus.stb) and not ctx.get(bus.stall):
                queue.append((cycle + self.latency, ctx.get(bus.adr)))
            await ctx.tick()


@pytest.mark.parametrize(
    ("demand", "stall", "latency"), [(0.2, 0.0, 1), (0.5, 0.4, 9), (1.0, 0.0, 64)]
)
def test_answers_return_to_their_clients(demand: float, stall: float, latency: int) -> None:
    tb = Tb(3, demand=demand, stall=stall, latency=latency)
    simulate(tb.dut, tb.run)
    assert tb.answers > 100
    if demand == 1.0:
        assert sum(tb.granted.values()) == CYCLES
        assert min(tb.granted.values()) >= CYCLES // SHARE - 1
    assert max(tb.longest_wait.values()) < 2 * SHARE


def test_a_request_that_comes_while_the_bus_stalls_is_kept_and_a_third_waits() -> None:
    dut = BusMultiplexer(NpuConfig(bus_bytes=4))
    taken: list[int] = []

    async def run(ctx) -> None:
        request, bus = dut.transfers.request, dut.bus
        ctx.set(bus.stall, 1)
        ctx.set(request.valid, 1)
        for address in (5, 6):
            ctx.set(request.payload.address, address)
            assert ctx.get(request.ready)
            await ctx.tick()
        ctx.set(request.payload.address, 7)
        for _ in range(3):
            assert not ctx.get(request.ready)
            assert ctx.get(bus.adr) == 5
            await ctx.tick()
        ctx.set(bus.stall, 0)
        for _ in range(6):
            if ctx.get(bus.stb):
                taken.append(ctx.get(bus.adr))
            accepted = ctx.get(request.ready) & ctx.get(request.valid)
            await ctx.tick()
            if accepted:
                ctx.set(request.valid, 0)

    simulate(dut, run)
    assert taken == [5, 6, 7]
