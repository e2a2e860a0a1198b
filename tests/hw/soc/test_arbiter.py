import random
from collections import deque
from itertools import pairwise

import pytest
from amaranth.sim import Simulator

from tilewright.hw.soc.arbiter import Arbiter

REQUESTS = 120


def simulate(masters, depth, *benches, background=()):
    dut = Arbiter(8, masters=masters, depth=depth)
    simulator = Simulator(dut)
    simulator.add_clock(1e-6)
    for bench in background:
        simulator.add_testbench(bound(bench, dut), background=True)
    for bench in benches:
        simulator.add_testbench(bound(bench, dut))
    simulator.run()


def bound(bench, dut):
    async def run(ctx):
        await bench(ctx, dut)

    return run


def memory(seed, p_stall=0.3, p_answer=0.6):
    """Answers address a with data 3 * a, or an error where a % 7 is 0."""

    async def run(ctx, dut):
        choose, answers, stall = random.Random(seed), deque(), False
        bus = dut.memory
        while True:
            *_, stb, adr = await ctx.tick().sample(bus.stb, bus.adr)
            if stb and not stall:
                answers.append(adr)
            ctx.set(bus.ack, 0)
            ctx.set(bus.err, 0)
            if answers and choose.random() < p_answer:
                adr = answers.popleft()
                ctx.set(bus.ack, adr % 7 != 0)
                ctx.set(bus.err, adr % 7 == 0)
                ctx.set(bus.dat_r, 3 * adr)
            stall = choose.random() < p_stall
            ctx.set(bus.stall, stall)

    return run


def master(number, p_ask=0.7):
    """Asks for addresses of its own, several in flight, and checks its answers' order."""

    async def run(ctx, dut):
        choose, bus = random.Random(number), dut.masters[number]
        waiting, asked, answered, asking = deque(), 0, 0, False
        ctx.set(bus.cyc, 1)
        while answered < REQUESTS:
            if not asking and asked < REQUESTS and choose.random() < p_ask:
                asking = True
                ctx.set(bus.adr, 1000 * number + asked)
            ctx.set(bus.stb, asking)
            *_, stall, ack, err, data = await ctx.tick().sample(
                bus.stall, bus.ack, bus.err, bus.dat_r
            )
            if asking and not stall:
                waiting.append(1000 * number + asked)
                asked, asking = asked + 1, False
            if ack or err:
                address = waiting.popleft()
                assert data == 3 * address
                assert bool(err) == (address % 7 == 0)
                answered += 1
        ctx.set(bus.stb, 0)

    return run


@pytest.mark.parametrize(("masters", "depth"), [(2, 2), (3, 5), (3, 16)])
def test_each_master_gets_its_own_answers_in_order(masters, depth):
    simulate(masters, depth, *(master(i) for i in range(masters)), background=[memory(depth)])


def test_masters_that_always_ask_take_turns():
    grants = []

    async def watch(ctx, dut):
        for bus in dut.masters:
            ctx.set(bus.cyc, 1)
            ctx.set(bus.stb, 1)
        for _ in range(30):
            _, _, *stalls = await ctx.tick().sample(*(bus.stall for bus in dut.masters))
            grants.extend(i for i, stall in enumerate(stalls) if not stall)

    simulate(3, 8, watch, background=[memory(0, p_stall=0.0, p_answer=1.0)])
    assert len(grants) >= 28
    assert all((a + 1) % 3 == b for a, b in pairwise(grants))


def test_one_master_alone_gets_every_cycle():
    accepted = 0

    async def alone(ctx, dut):
        nonlocal accepted
        bus = dut.masters[1]
        ctx.set(bus.cyc, 1)
        ctx.set(bus.stb, 1)
        for _ in range(40):
            *_, stall = await ctx.tick().sample(bus.stall)
            accepted += not stall

    simulate(2, 8, alone, background=[memory(0, p_stall=0.0, p_answer=1.0)])
    assert accepted == 40
