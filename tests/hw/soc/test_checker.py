"""The checker: zlib's CRC of what lies in main memory, whatever the bus does; the release."""

import random
import zlib

import pytest
from amaranth.hdl import ResetInserter, Signal
from amaranth.sim import Simulator

from tests.hw.npu.main_memory import BASE, MainMemory
from tests.hw.soc.test_peripherals import Registers
from tilewright.hw.soc.checker import Checker
from tilewright.hw.spec.registers import CHECKER

SIZE = 4096


def checked(bus_bytes, stretches, **memory_options):
    """(CRC that was told, the bytes, cycles) of each (place, bytes)."""
    dut = Checker(bus_bytes)
    memory = MainMemory(dut.memory, random.Random(bus_bytes), SIZE, **memory_options)
    found = []

    async def cpu(ctx):
        registers = Registers(ctx, dut.bus, CHECKER)
        for place, count in stretches:
            await registers.write("ADDRESS", BASE + place)
            await registers.write("BYTES", count)
            cycles = 0
            while await registers.read("BYTES"):
                cycles += 2
                assert cycles < 20_000
            data = bytes(memory.data[place : place + count])
            found.append((await registers.read("CRC"), data, cycles))

    simulator = Simulator(dut)
    simulator.add_clock(1e-6)
    simulator.add_testbench(memory.run, background=True)
    simulator.add_testbench(cpu)
    simulator.run()
    return found


@pytest.mark.parametrize("bus_bytes", [4, 8, 16, 32])
def test_it_tells_the_crc_of_what_lies_there(bus_bytes):
    stretches = [(0, 32), (64, 992), (SIZE - 96, 96), (0, SIZE)]
    for crc, data, _ in checked(bus_bytes, stretches):
        assert crc == zlib.crc32(data)


def test_it_reads_a_word_a_cycle():
    ((_, _, cycles),) = checked(8, [(0, SIZE)], latency=(20, 20), stall=0.0)
    assert cycles <= SIZE // 8 + 20 + 6


def test_an_error_of_main_memory_is_no_crc():
    (first, second) = checked(8, [(0, 512), (512, 512)], broken=range(256, 264))
    assert first[0] != zlib.crc32(first[1])
    assert second[0] == zlib.crc32(second[1])


def test_the_release_can_only_be_raised_and_survives_a_reset():
    dut, reset = Checker(8), Signal()

    async def bench(ctx):
        registers = Registers(ctx, dut.bus, CHECKER)
        assert await registers.read("RELEASE") == 0
        for written, found in ((7, 7), (6, 7), (0, 7), (300, 300)):
            await registers.write("RELEASE", written)
            assert await registers.read("RELEASE") == found
        ctx.set(reset, 1)
        await ctx.tick()
        ctx.set(reset, 0)
        assert await registers.read("RELEASE") == 300

    simulator = Simulator(ResetInserter(reset)(dut))
    simulator.add_clock(1e-6)
    simulator.add_testbench(bench)
    simulator.run()
