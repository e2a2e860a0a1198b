import pytest
from amaranth.hdl import Module
from amaranth.lib.wiring import Component
from amaranth.sim import Simulator

from tilewright.hw.soc.finisher import Finisher
from tilewright.hw.soc.system import System
from tilewright.hw.soc.timer import Timer
from tilewright.hw.soc.uart import BIT_CYCLES, FRAME_BITS, WAITING, Uart
from tilewright.hw.spec.registers import FINISHER, SYSTEM, TIMER, UART, Peripheral
from tilewright.hw.spec.settings import load_config
from tilewright.hw.spec.system import told_config

SYNCHRONISER_CYCLES = 3
VALID, RX_VALID, RX_OVERRUN = 1 << 8, 2, 4


class Registers:
    """Reads and writes registers by name over the pipelined bus."""

    def __init__(self, ctx, bus, peripheral: Peripheral):
        self.ctx, self.bus, self.peripheral = ctx, bus, peripheral

    async def access(self, address, store=None):
        ctx, bus = self.ctx, self.bus
        ctx.set(bus.cyc, 1)
        ctx.set(bus.stb, 1)
        ctx.set(bus.adr, address // 4)
        ctx.set(bus.we, store is not None)
        ctx.set(bus.dat_w, store or 0)
        await ctx.tick()
        ctx.set(bus.stb, 0)
        *_, ack, err, data = await ctx.tick().sample(bus.ack, bus.err, bus.dat_r)
        assert ack != err
        return data if ack else None

    async def read(self, name):
        return await self.access(self.peripheral.register(name).offset)

    async def write(self, name, value):
        await self.access(self.peripheral.register(name).offset, value)


def simulate(dut, peripheral, bench):
    async def run(ctx):
        await bench(ctx, Registers(ctx, dut.bus, peripheral))

    simulator = Simulator(dut)
    simulator.add_clock(1e-6)
    simulator.add_testbench(run)
    simulator.run()


def test_uart_sends_frames_and_says_when_it_is_ready():
    dut = Uart()

    async def bench(ctx, registers):
        for byte in (0x00, 0xA5, 0xFF, ord("T")):
            assert await registers.read("STATUS") & 1
            await registers.write("DATA", byte)
            # The frame began with the write, two cycles ago.
            assert not await registers.read("STATUS") & 1
            await ctx.tick().repeat(BIT_CYCLES // 2 - 3)
            bits = []
            for _ in range(FRAME_BITS):
                bits.append(ctx.get(dut.tx))
                await ctx.tick().repeat(BIT_CYCLES)
            assert bits == [0, *(byte >> i & 1 for i in range(8)), 1]

    simulate(dut, UART, bench)


def test_uart_drops_a_byte_written_while_it_sends():
    dut = Uart()

    async def bench(ctx, registers):
        await registers.write("DATA", 1)
        sent = 0
        ctx.set(dut.bus.stb, 1)
        ctx.set(dut.bus.we, 1)
        for _ in range(20):
            *_, flag = await ctx.tick().sample(dut.sent)
            sent += flag
        assert sent == 0

    simulate(dut, UART, bench)


class Loopback(Component):
    """A UART that hears itself."""

    def __init__(self):
        self.uart = Uart()
        super().__init__({})

    def elaborate(self, _platform):
        m = Module()
        m.submodules.uart = self.uart
        m.d.comb += self.uart.rx.eq(self.uart.tx)
        return m


def test_uart_receives_what_it_sends():
    dut = Loopback()

    async def run(ctx):
        registers = Registers(ctx, dut.uart.bus, UART)
        for byte in (0x00, 0x81, 0x7E, 0xFF):
            assert not await registers.read("STATUS") & 2
            await registers.write("DATA", byte)
            await ctx.tick().repeat(BIT_CYCLES * FRAME_BITS + 4)
            assert await registers.read("STATUS") & 2
            assert await registers.read("DATA") == VALID | byte
            assert await registers.read("DATA") == 0

    simulator = Simulator(dut)
    simulator.add_clock(1e-6)
    simulator.add_testbench(run)
    simulator.run()


async def send(ctx, line, byte, bit_cycles, stop=1):
    for bit in (0, *(byte >> i & 1 for i in range(8)), stop):
        ctx.set(line, bit)
        await ctx.tick().repeat(bit_cycles)
    ctx.set(line, 1)
    await ctx.tick().repeat(SYNCHRONISER_CYCLES)


@pytest.mark.parametrize("bit_cycles", [4, 7, 8, 12, 104])
def test_uart_queues_bytes_and_says_when_one_is_lost(bit_cycles):
    dut = Uart(bit_cycles)

    async def bench(ctx, registers):
        assert await registers.read("BIT_CYCLES") == bit_cycles
        sent = [0x00, 0xFF, 0x5A, 0x81][:WAITING]
        for byte in sent:
            await send(ctx, dut.rx, byte, bit_cycles)
        assert await registers.read("STATUS") == 1 | RX_VALID
        await send(ctx, dut.rx, 0x33, bit_cycles)
        assert await registers.read("STATUS") == 1 | RX_VALID | RX_OVERRUN
        assert await registers.read("STATUS") == 1 | RX_VALID, "said once"
        for byte in sent:
            assert await registers.read("DATA") == VALID | byte
        assert await registers.read("DATA") == 0
        await send(ctx, dut.rx, 0x44, bit_cycles)
        assert await registers.read("DATA") == VALID | 0x44, "it goes on after an overrun"

    simulate(dut, UART, bench)


@pytest.mark.parametrize("permille", [970, 1030])
def test_uart_receives_at_a_rate_three_percent_off(permille):
    """Both ends round clock / baud, so neither bit is exact."""
    bit_cycles = 100
    dut = Uart(bit_cycles)

    async def bench(ctx, registers):
        for byte in (0x00, 0xFF, 0xA5):
            await send(ctx, dut.rx, byte, bit_cycles * permille // 1000)
            await ctx.tick().repeat(bit_cycles)
            assert await registers.read("DATA") == VALID | byte

    simulate(dut, UART, bench)


def test_uart_takes_noise_for_nothing():
    dut = Uart()

    async def bench(ctx, registers):
        ctx.set(dut.rx, 0)
        await ctx.tick().repeat(BIT_CYCLES // 4)
        ctx.set(dut.rx, 1)
        await ctx.tick().repeat(BIT_CYCLES * FRAME_BITS)
        await send(ctx, dut.rx, 0x5A, BIT_CYCLES, stop=0)
        await ctx.tick().repeat(BIT_CYCLES * FRAME_BITS)
        assert await registers.read("STATUS") == 1
        await send(ctx, dut.rx, 0x5A, BIT_CYCLES)
        assert await registers.read("DATA") == VALID | 0x5A

    simulate(dut, UART, bench)


@pytest.mark.parametrize("preset", ["default", "tiny", "cpu-only"])
def test_system_tells_the_configuration_it_was_built_from(preset):
    """Clock and main memory are told from outside, whatever it was built with."""
    told = {"clock_hz": 25_000_000, "memory_bytes": 3 << 19, "memory_latency": 11}
    config = load_config(preset, None, [f"{name}={value}" for name, value in told.items()])
    dut = System(load_config(preset))

    async def bench(ctx, registers):
        ctx.set(dut.preloaded, 1)
        for name, value in told.items():
            ctx.set(getattr(dut, name), value)
        words = [await registers.read(register.name) for register in SYSTEM.registers]
        assert words[:2] == [1, 25_000_000]
        assert told_config(words) == config

    simulate(dut, SYSTEM, bench)


def test_timer_counts_and_interrupts_from_the_compared_cycle_on():
    dut = Timer()

    async def bench(ctx, registers):
        first = await registers.read("CYCLES")
        second = await registers.read("CYCLES")
        assert second - first == 2
        assert await registers.read("CYCLES_HIGH") == 0
        await registers.write("COMPARE", second + 40)
        assert await registers.read("COMPARE") == second + 40
        await registers.write("CONTROL", 1)
        assert await registers.read("CONTROL") == 1
        while not ctx.get(dut.interrupt):
            await ctx.tick()
        assert ctx.get(dut.cycles) - (second + 40) in (0, 1)
        await registers.write("CONTROL", 0)
        await ctx.tick()
        assert not ctx.get(dut.interrupt)

    simulate(dut, TIMER, bench)


def test_timer_takes_a_compare_value_far_behind_as_ahead():
    dut = Timer()

    async def bench(ctx, registers):
        await registers.write("COMPARE", 0x7FFF_FFFF)
        await registers.write("CONTROL", 1)
        await ctx.tick().repeat(5)
        assert not ctx.get(dut.interrupt)
        await registers.write("COMPARE", 0xFFFF_FFF0)
        await ctx.tick().repeat(2)
        assert ctx.get(dut.interrupt)

    simulate(dut, TIMER, bench)


def test_finisher_keeps_the_trap_record_and_pulses_once():
    dut = Finisher()

    async def bench(ctx, registers):
        for name, value in (("CAUSE", 5), ("PC", 0x4000_0010), ("VALUE", 0xDEAD_BEEF)):
            await registers.write(name, value)
            assert await registers.read(name) == value
        assert not ctx.get(dut.finish)
        ctx.set(dut.bus.adr, 0)
        ctx.set(dut.bus.we, 1)
        ctx.set(dut.bus.dat_w, 3)
        ctx.set(dut.bus.stb, 1)
        await ctx.tick()
        ctx.set(dut.bus.stb, 0)
        pulses = 0
        for _ in range(5):
            *_, finish = await ctx.tick().sample(dut.finish)
            pulses += finish
        assert pulses == 1
        assert ctx.get(dut.status) == await registers.read("EXIT") == 3

    simulate(dut, FINISHER, bench)


def test_addresses_without_a_register_are_errors():
    dut = Finisher()

    async def bench(_ctx, registers):
        assert await registers.access(0x10) is None
        assert await registers.access(0x10, store=1) is None

    simulate(dut, FINISHER, bench)
