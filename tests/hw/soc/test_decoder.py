import random

from amaranth.sim import Simulator

from tilewright.hw.soc.decoder import Decoder
from tilewright.hw.spec.registers import FINISHER, TIMER, UART

PERIPHERALS = (UART, TIMER, FINISHER)


def simulate(*benches, background=()):
    dut = Decoder(PERIPHERALS)
    simulator = Simulator(dut)
    simulator.add_clock(1e-6)
    for bench in (*background, *benches):
        simulator.add_testbench(_bound(bench, dut), background=bench in background)
    simulator.run()


def _bound(bench, dut):
    async def run(ctx):
        await bench(ctx, dut)

    return run


async def access(ctx, master, address, store=None):
    """One access; returns data and error."""
    ctx.set(master.cyc, 1)
    ctx.set(master.stb, 1)
    ctx.set(master.adr, address >> 2)
    ctx.set(master.sel, 15)
    ctx.set(master.we, store is not None)
    ctx.set(master.dat_w, store or 0)
    for _ in range(1000):
        *_, ack, err, data = await ctx.tick().sample(master.ack, master.err, master.dat_r)
        if ack:
            ctx.set(master.cyc, 0)
            ctx.set(master.stb, 0)
            return data, bool(err)
    raise AssertionError(f"no answer from {address:#x}")


def peripheral(number, log):
    """Answers after a random time with its number and the word address; address 9 is an error."""

    async def run(ctx, dut):
        choose, bus = random.Random(number), dut.registers[number]
        while True:
            stall = choose.random() < 0.5
            ctx.set(bus.stall, stall)
            *_, stb, we, adr, dat_w = await ctx.tick().sample(bus.stb, bus.we, bus.adr, bus.dat_w)
            if not stb or stall:
                continue
            log.append((number, adr, dat_w if we else None))
            ctx.set(bus.stall, 1)
            await ctx.tick().repeat(choose.randrange(1, 5))
            ctx.set(bus.err if adr == 9 else bus.ack, 1)
            ctx.set(bus.dat_r, 1000 * number + adr)
            await ctx.tick()
            ctx.set(bus.ack, 0)
            ctx.set(bus.err, 0)

    return run


async def memory(ctx, dut):
    bus = dut.memory
    while True:
        *_, cyc, stb, adr = await ctx.tick().sample(bus.cyc, bus.stb, bus.adr)
        ctx.set(bus.ack, 0)
        if cyc and stb and not ctx.get(bus.ack):
            ctx.set(bus.ack, 1)
            ctx.set(bus.dat_r, adr)
            await ctx.tick()
            ctx.set(bus.ack, 0)


def test_each_address_reaches_its_peripheral_only():
    log = []

    async def bench(ctx, dut):
        choose = random.Random(5)
        for _ in range(60):
            number, word = choose.randrange(3), choose.randrange(8)
            store = choose.choice((None, choose.getrandbits(32)))
            base = PERIPHERALS[number].base
            data, failed = await access(ctx, dut.cpu, base + 4 * word, store)
            assert not failed
            assert store is not None or data == 1000 * number + word
            assert log.pop() == (number, word, store)
            assert not log

    simulate(bench, background=[*(peripheral(i, log) for i in range(3)), memory])


def test_other_addresses_go_to_memory():
    async def bench(ctx, dut):
        for address in (0x4000_0010, 0xC000_0010, 0x1234_5678):
            assert await access(ctx, dut.cpu, address) == (address >> 2, False)

    simulate(bench, background=[memory])


def test_nothing_and_a_refusing_peripheral_are_bus_errors():
    async def bench(ctx, dut):
        for address in (0xF004_0000, UART.base + 0x1000, UART.base + 4 * 9):
            assert (await access(ctx, dut.cpu, address))[1]

    simulate(bench, background=[peripheral(0, []), memory])


def test_a_failed_store_raises_the_flag_once():
    async def bench(ctx, dut):
        count = 0
        ctx.set(dut.cpu.we, 1)
        ctx.set(dut.cpu.cyc, 1)
        ctx.set(dut.cpu.stb, 1)
        ctx.set(dut.cpu.adr, 0xFF00_0000 >> 2)
        for _ in range(20):
            *_, ack, flag = await ctx.tick().sample(dut.cpu.ack, dut.store_error)
            count += flag
            if ack:
                ctx.set(dut.cpu.stb, 0)
                ctx.set(dut.cpu.cyc, 0)
        assert count == 1

    simulate(bench)


def test_the_debug_port_and_the_cpu_do_not_disturb_each_other():
    log = []

    async def debugger(ctx, dut):
        for i in range(20):
            address = TIMER.base + 4 * (i % 8)
            assert await access(ctx, dut.debug, address) == (1000 + i % 8, False)

    async def cpu(ctx, dut):
        for i in range(20):
            address = UART.base + 4 * (i % 8)
            assert await access(ctx, dut.cpu, address) == (i % 8, False)

    simulate(debugger, cpu, background=[peripheral(0, log), peripheral(1, log)])
    assert len(log) == 40


def test_accesses_to_peripherals_wait_for_stores_that_are_held():
    log, times = [], []

    async def bench(ctx, dut):
        ctx.set(dut.hold, 1)
        assert await access(ctx, dut.cpu, 0x4000_0010) == (0x1000_0004, False)
        await access(ctx, dut.cpu, UART.base)
        assert times

    async def release(ctx, dut):
        await ctx.tick().repeat(30)
        assert not log
        ctx.set(dut.hold, 0)
        times.append(30)

    simulate(bench, release, background=[peripheral(0, log), memory])
    assert log == [(0, 0, None)]
