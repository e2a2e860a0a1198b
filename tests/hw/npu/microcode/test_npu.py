"""The accelerator under microprogrammed control: streams, their ends and errors, copies, records.

Its convolutions are held against the functional backend by tests/verification/test_microcode.py.
"""

import random

import numpy as np
import pytest
from amaranth.sim import Simulator

from tests.hw.npu.main_memory import BASE, MainMemory
from tilewright.hw.npu.microcode.npu import MicrocodeNpu
from tilewright.hw.spec.commands import Command, Opcode
from tilewright.hw.spec.profile import RECORD, RECORD_WORDS
from tilewright.hw.spec.registers import ERROR_CODES, NPU
from tilewright.hw.spec.settings import load_config

COMMANDS, PROFILE = 0x1000, 0x2000
CONFIG = load_config("icebreaker")
SCRATCHPAD = CONFIG.main_memory_bytes


class Bench:
    """The NPU with a stream in main memory; ``run`` starts it and waits for its interrupt.

    ``clock``: time goes on.
    """

    def __init__(self, commands: list[Command | int], *, clock: bool = False, **memory) -> None:
        self.dut, self.clock = MicrocodeNpu(CONFIG), clock
        self.memory = MainMemory(self.dut.bus, random.Random(7), CONFIG.soc.memory_bytes, **memory)
        words = [w for c in commands for w in (c.encode() if isinstance(c, Command) else [c])]
        self.put(COMMANDS, np.array(words, "<u4").tobytes())

    def put(self, place: int, data: bytes) -> None:
        self.memory.data[place : place + len(data)] = data

    async def access(self, ctx, name: str, value: int | None = None) -> int:
        bus = self.dut.registers
        ctx.set(bus.cyc, 1)
        ctx.set(bus.stb, 1)
        ctx.set(bus.we, value is not None)
        ctx.set(bus.dat_w, value or 0)
        ctx.set(bus.sel, 0xF)
        ctx.set(bus.adr, NPU.register(name).offset // 4)
        await ctx.tick()
        ctx.set(bus.cyc, 0)
        ctx.set(bus.stb, 0)
        assert ctx.get(bus.ack)
        return ctx.get(bus.dat_r)

    async def run(self, ctx) -> int:
        """STATUS after a stream."""
        await ctx.tick().repeat(8)
        await self.access(ctx, "COMMAND_ADDRESS", BASE + COMMANDS)
        await self.access(ctx, "PROFILE_ADDRESS", BASE + PROFILE)
        await self.access(ctx, "CONTROL", 1)
        cycles = 0
        while not ctx.get(self.dut.interrupt):
            await ctx.tick()
            cycles += 1
            if self.clock:
                ctx.set(self.dut.time, cycles)
            assert cycles < 50_000
        await ctx.tick().repeat(8)
        status = await self.access(ctx, "STATUS")
        await self.access(ctx, "CONTROL", 2)
        assert not ctx.get(self.dut.interrupt)
        return status

    def simulate(self, check) -> None:
        simulator = Simulator(self.dut)
        simulator.add_clock(1e-6)
        simulator.add_testbench(self.memory.run, background=True)
        simulator.add_testbench(check)
        simulator.run()


def error_of(status: int) -> int:
    field = NPU.register("STATUS").field("error")
    return status >> field.lsb & 0xF


def copy(opcode: Opcode, memory: int, scratchpad: int, **values: int) -> Command:
    rows = {"row_bytes": 5, "rows": 3, "memory_pitch": 11, "scratchpad_pitch": 7}
    addresses = {"memory_address": BASE + memory, "scratchpad_address": scratchpad}
    return Command(opcode, rows | addresses | values)


def test_rows_go_to_the_scratchpad_and_back() -> None:
    commands = [
        copy(Opcode.LOAD, 0x3001, 0x102),
        copy(Opcode.LOAD, 0x3001, 0x300, rows=0),
        copy(Opcode.STORE, 0x3403, 0x102, memory_pitch=5),
        Command(Opcode.END, {}),
    ]
    bench = Bench(commands)
    before = bytes(bench.memory.data)

    async def check(ctx):
        assert await bench.run(ctx) == 0b10
        data, expected = bench.memory.data, bytearray(before)
        for row in range(3):
            line = before[0x3001 + 11 * row :][:5]
            for place in (SCRATCHPAD + 0x102 + 7 * row, 0x3403 + 5 * row):
                expected[place : place + 5] = line
        assert data == expected

    bench.simulate(check)


def test_marks_write_records_one_behind_the_other() -> None:
    bench = Bench([Command(Opcode.MARK, {"layer": n}) for n in (0x1234, 7)] + [
        Command(Opcode.END, {})
    ])  # fmt: skip

    async def check(ctx):
        ctx.set(bench.dut.time, 0xCAFE0001)
        assert await bench.run(ctx) == 0b10
        found = np.frombuffer(bytes(bench.memory.data[PROFILE:]), "<u4", 2 * RECORD_WORDS)
        for layer, words in zip((0x1234, 7), found.reshape(2, -1), strict=True):
            expected = dict.fromkeys(RECORD, 0) | {"layer": layer, "time": 0xCAFE0001}
            assert dict(zip(RECORD, words.tolist(), strict=False)) == expected
        address = await bench.access(ctx, "PROFILE_ADDRESS")
        assert address == BASE + PROFILE + 2 * 4 * RECORD_WORDS

    bench.simulate(check)


def test_an_unknown_command_ends_the_stream() -> None:
    bench = Bench([0x0000_0477])

    async def check(ctx):
        status = await bench.run(ctx)
        assert (status & 3, error_of(status)) == (2, ERROR_CODES["opcode"])
        bench.put(COMMANDS, np.array(Command(Opcode.END, {}).encode(), "<u4").tobytes())
        assert await bench.run(ctx) == 0b10

    bench.simulate(check)


def test_a_read_that_fails_ends_the_stream() -> None:
    commands = [copy(Opcode.LOAD, 0x3001, 0), Command(Opcode.END, {})]
    bench = Bench(commands, broken=range(0x3000, 0x3008))

    async def check(ctx):
        status = await bench.run(ctx)
        assert (status & 3, error_of(status)) == (2, ERROR_CODES["bus_read"])
        bench.memory.broken = range(0)
        assert await bench.run(ctx) == 0b10

    bench.simulate(check)


def test_a_write_that_fails_ends_the_stream() -> None:
    commands = [copy(Opcode.STORE, 0x3401, 0), Command(Opcode.END, {})]
    bench = Bench(commands, broken=range(0x3400, 0x3408))

    async def check(ctx):
        status = await bench.run(ctx)
        assert (status & 3, error_of(status)) == (2, ERROR_CODES["bus_write"])

    bench.simulate(check)


def test_registers_tell_what_was_built() -> None:
    bench = Bench([])

    async def check(ctx):
        assert await bench.access(ctx, "CONFIG") == 4 | 16 << 8 | 4 << 16 | 4 << 24
        for name in ("DEBUG", "COMPLETED"):
            assert await bench.access(ctx, name) == 0

    bench.simulate(check)


def test_nothing_is_stored_below_the_lock() -> None:
    """The first row lies above, the second one below."""
    store = copy(Opcode.STORE, 0x3403, 0x102, memory_pitch=-0x3C & 0xFFFFFF)
    bench = Bench([store, Command(Opcode.END, {})])
    before = bytes(bench.memory.data)

    async def check(ctx):
        await bench.access(ctx, "LOCK", BASE + 0x3400)
        await bench.access(ctx, "LOCK", BASE)
        assert await bench.access(ctx, "LOCK") == BASE + 0x3400
        status = await bench.run(ctx)
        assert (status & 3, error_of(status)) == (2, ERROR_CODES["locked"])
        expected = bytearray(before)
        expected[0x3403:0x3408] = before[SCRATCHPAD + 0x102 :][:5]
        assert bench.memory.data == expected
        bench.put(COMMANDS, np.array(Command(Opcode.END, {}).encode(), "<u4").tobytes())
        assert await bench.run(ctx) == 0b10

    bench.simulate(check)


def test_no_record_is_written_below_the_lock() -> None:
    bench = Bench([Command(Opcode.MARK, {"layer": 1}), Command(Opcode.END, {})])

    async def check(ctx):
        await bench.access(ctx, "LOCK", BASE + PROFILE + 64)
        before = bytes(bench.memory.data)
        assert error_of(await bench.run(ctx)) == ERROR_CODES["locked"]
        assert bench.memory.data == before

    bench.simulate(check)


@pytest.mark.parametrize("latency", [(1, 1), (1, 20)])
def test_a_stream_that_takes_too_long_is_ended(latency: tuple[int, int]) -> None:
    """A copy of 65,535 rows is given up; the next stream works."""
    long = copy(Opcode.LOAD, 0x3001, 0, rows=0xFFFF, memory_pitch=0, scratchpad_pitch=0)
    bench = Bench([long, Command(Opcode.END, {})], clock=True, latency=latency)

    async def check(ctx):
        await bench.access(ctx, "LIMIT", 2)
        assert error_of(await bench.run(ctx)) == ERROR_CODES["timeout"]
        bench.put(COMMANDS, np.array(Command(Opcode.END, {}).encode(), "<u4").tobytes())
        assert await bench.run(ctx) == 0b10

    bench.simulate(check)
