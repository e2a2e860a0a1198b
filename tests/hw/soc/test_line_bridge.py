import random
from collections import deque

import pytest
from amaranth.sim import Simulator

from tilewright.hw.soc.line_bridge import LineBridge

WORDS = 64
BAD = 48
"""Words from here on are answered with an error."""


class Memory:
    """Answers in order after a random time, and stalls at random."""

    def __init__(self, bus, bus_bytes, seed):
        self.bus, self.lanes = bus, bus_bytes // 4
        self.random = random.Random(seed)
        self.words = [self.random.getrandbits(32) for _ in range(WORDS)]
        self.requests = 0

    def _access(self, adr, we, sel, dat_w):
        first = adr * self.lanes % WORDS
        if first >= BAD:
            return None
        data = 0
        for lane in range(self.lanes):
            for byte in range(4):
                position = 4 * lane + byte
                if we and sel >> position & 1:
                    shift = 8 * byte
                    new = dat_w >> 8 * position & 0xFF
                    word = self.words[first + lane]
                    self.words[first + lane] = word & ~(0xFF << shift) | new << shift
            data |= self.words[first + lane] << 32 * lane
        return data

    async def run(self, ctx):
        bus, answers, stall = self.bus, deque(), False
        ctx.set(bus.stall, 0)
        while True:
            *_, stb, we, adr, sel, dat_w = await ctx.tick().sample(
                bus.stb, bus.we, bus.adr, bus.sel, bus.dat_w
            )
            if stb and not stall:
                self.requests += 1
                answers.append(self._access(adr, we, sel, dat_w))
            ctx.set(bus.ack, 0)
            ctx.set(bus.err, 0)
            if answers and self.random.random() < 0.5:
                data = answers.popleft()
                ctx.set(bus.err if data is None else bus.ack, 1)
                ctx.set(bus.dat_r, data or 0)
            stall = self.random.random() < 0.4
            ctx.set(bus.stall, stall)


async def access(ctx, cpu, address, *, burst=False, store=None, sel=15):
    """One classic access: the words read, and whether one of them failed."""
    words, failed = [], False
    count = 8 if burst else 1
    ctx.set(cpu.cyc, 1)
    ctx.set(cpu.stb, 1)
    ctx.set(cpu.we, store is not None)
    ctx.set(cpu.dat_w, store or 0)
    ctx.set(cpu.sel, sel)
    while len(words) < count:
        ctx.set(cpu.adr, address + len(words))
        ctx.set(cpu.cti, (2 if len(words) < 7 else 7) if burst else 0)
        *_, ack, err, data = await ctx.tick().sample(cpu.ack, cpu.err, cpu.dat_r)
        if ack:
            words.append(data)
            failed |= bool(err)
    ctx.set(cpu.stb, 0)
    ctx.set(cpu.cyc, 0)
    return words, failed


def run(bus_bytes, seed, bench):
    dut = LineBridge(bus_bytes)
    memory = Memory(dut.memory, bus_bytes, seed)
    simulator = Simulator(dut)
    simulator.add_clock(1e-6)

    async def answer(ctx):
        await memory.run(ctx)

    async def drive(ctx):
        await bench(ctx, dut, memory)

    simulator.add_testbench(answer, background=True)
    simulator.add_testbench(drive)
    simulator.run()


@pytest.mark.parametrize("bus_bytes", [4, 8, 16, 32])
def test_reads_refills_and_stores_with_back_pressure(bus_bytes):
    async def bench(ctx, dut, memory):
        choose = random.Random(bus_bytes)
        expected = list(memory.words)
        for _ in range(150):
            kind = choose.choice(("load", "refill", "store", "wait"))
            address = choose.randrange(BAD)
            if kind == "load":
                assert await access(ctx, dut.cpu, address) == ([expected[address]], False)
            elif kind == "refill":
                line = address & ~7
                got = await access(ctx, dut.cpu, line, burst=True)
                assert got == (expected[line : line + 8], False)
            elif kind == "store":
                value, sel = choose.getrandbits(32), choose.choice((1, 2, 4, 8, 3, 12, 15))
                await access(ctx, dut.cpu, address, store=value, sel=sel)
                mask = sum(0xFF << 8 * i for i in range(4) if sel >> i & 1)
                expected[address] = expected[address] & ~mask | value & mask
            else:
                await ctx.tick().repeat(choose.randrange(1, 6))

    run(bus_bytes, 1, bench)


def test_bit_31_is_dropped():
    async def bench(ctx, dut, memory):
        got, _ = await access(ctx, dut.cpu, (0x8000_0000 >> 2) + 5)
        assert got == [memory.words[5]]

    run(8, 2, bench)


def test_a_refill_asks_for_each_beat_once():
    async def bench(ctx, dut, memory):
        await access(ctx, dut.cpu, 16, burst=True)
        assert memory.requests == 4

    run(8, 3, bench)


def test_errors_reach_loads_refills_and_the_store_flag():
    async def bench(ctx, dut, memory):
        assert (await access(ctx, dut.cpu, BAD + 1))[1]
        assert (await access(ctx, dut.cpu, BAD, burst=True))[1]
        assert not (await access(ctx, dut.cpu, 3))[1]
        await access(ctx, dut.cpu, BAD, store=1)
        flags = [(await ctx.tick().sample(dut.store_error))[-1] for _ in range(60)]
        assert flags.count(1) == 1
        assert not (await access(ctx, dut.cpu, 3))[1]

    run(8, 4, bench)


def test_a_store_is_answered_while_memory_is_busy_and_keeps_its_place():
    dut = LineBridge(8)
    taken = []

    async def bench(ctx):
        cpu, bus = dut.cpu, dut.memory
        ctx.set(bus.stall, 1)
        for name, value in {"cyc": 1, "stb": 1, "we": 1, "adr": 5, "sel": 15, "dat_w": 77}.items():
            ctx.set(getattr(cpu, name), value)
        assert not ctx.get(dut.holding)
        assert (await ctx.tick().sample(cpu.ack))[-1]
        # A load comes behind it: no answer, and no request of its own.
        ctx.set(cpu.we, 0)
        ctx.set(cpu.adr, 9)
        for _ in range(4):
            assert ctx.get(dut.holding)
            assert not ctx.get(cpu.ack)
            await ctx.tick()
        ctx.set(bus.stall, 0)
        while len(taken) < 2:
            if ctx.get(bus.stb):
                taken.append([ctx.get(getattr(bus, n)) for n in ("we", "adr", "sel", "dat_w")])
            await ctx.tick()
        assert not ctx.get(dut.holding)

    simulator = Simulator(dut)
    simulator.add_clock(1e-6)
    simulator.add_testbench(bench)
    simulator.run()
    (we, adr, sel, data), (load, load_adr, *_) = taken
    assert (we, adr, sel, data >> 32) == (1, 2, 0xF0, 77)
    assert (load, load_adr) == (0, 4)
