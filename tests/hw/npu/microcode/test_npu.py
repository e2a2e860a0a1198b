"""The accelerator under microprogrammed control: streams, their ends and errors, copies, records.

Its convolutions are held against the functional backend by tests/verification/test_microcode.py.
"""

import random

import numpy as np
from amaranth.sim import Simulator

from hw.npu.microcode.npu import MicrocodeNpu
from hw.spec.commands import Command, Opcode
from hw.spec.profile import RECORD, RECORD_WORDS
from hw.spec.registers import ERROR_CODES, NPU
from hw.spec.settings import load_config
from tests.hw.npu.main_memory import BASE, MainMemory

COMMANDS, PROFILE = 0x1000, 0x2000
CONFIG = load_config("icebreaker")
SCRATCHPAD = CONFIG.main_memory_bytes


class Bench:
    """The NPU with a stream in main memory; ``run`` starts it and waits for its interrupt."""

    def __init__(self, commands: list[Command | int], **memory) -> None:
        self.dut = MicrocodeNpu(CONFIG)
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
