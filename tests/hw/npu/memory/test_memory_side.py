"""The memory side: random command streams against their execution in order, and its errors."""

import random

import pytest
from amaranth.sim import Simulator

from tests.hw.npu.main_memory import BASE, MainMemory
from tests.hw.npu.moves import move_command
from tests.hw.npu.streams import COMMANDS, DATA, RECORDS, SIZE, WEIGHTS, ComputeWork, Stream
from tilewright.hw.npu.memory.memory_side import MemorySide
from tilewright.hw.spec.commands import Command, Opcode
from tilewright.hw.spec.npu_config import NpuConfig
from tilewright.hw.spec.profile import RECORD_BYTES
from tilewright.hw.spec.registers import ERROR_CODES, LIMIT_CYCLES, NPU, NPU_IDENTIFIER
from tilewright.hw.spec.timing import SCRATCHPAD_READ_LATENCY, SCRATCHPAD_WRITE_LATENCY

SMALL = {"scratchpad_bytes": 4096, "weight_buffer_bytes": 1024}
CONFIGS = {
    "default": NpuConfig(**SMALL),
    "narrow bus": NpuConfig(
        **{**SMALL, "scratchpad_bytes": 4608}, rows=17, cols=3, bus_bytes=4, move_unit=False
    ),
    "wide bus": NpuConfig(**SMALL, rows=3, cols=20, bus_bytes=32, scratchpad_banks=2),
}
FAST = {"latency": (8, 8), "stall": 0.0}


async def until(ctx, ready, value=None):
    """Ticks up to and including the first cycle with ``ready``; returns ``value`` in it."""
    while True:
        _, _, done, result = await ctx.tick().sample(ready, ready if value is None else value)
        if done:
            return result


class Tb:
    """The memory side between a main memory, a CPU and a compute side made of Python."""

    def __init__(self, config: NpuConfig, seed: int, **memory) -> None:
        self.config, self.rng = config, random.Random(seed)
        self.dut = MemorySide(config)
        self.memory = MainMemory(self.dut.bus, self.rng, SIZE, **memory)
        self.eager = memory.get("stall") == 0.0
        self.work: list[ComputeWork] = []
        self.cycle = 0
        self.beats = [0, 0]

    def run(self, *cpu) -> None:
        simulator = Simulator(self.dut)
        simulator.add_clock(1e-6)
        for process in (self.memory.run, self.compute, self.clock):
            simulator.add_testbench(process, background=True)
        for process in cpu:
            simulator.add_testbench(process)
        simulator.run()

    async def clock(self, ctx) -> None:
        while True:
            beats = ctx.tick().sample(self.dut.read_beat, self.dut.write_beat)
            _, _, read, write = await beats
            self.cycle += 1
            ctx.set(self.dut.time, self.cycle % LIMIT_CYCLES)
            assert self.cycle < 60_000
            self.beats[0] += read
            self.beats[1] += write

    async def access(self, ctx, name: str, value: int | None = None) -> int:
        bus = self.dut.registers
        for port, state in (
            (bus.adr, NPU.register(name).offset // 4),
            (bus.we, value is not None),
            (bus.dat_w, value or 0),
            (bus.sel, 15),
            (bus.cyc, 1),
            (bus.stb, 1),
        ):
            ctx.set(port, state)
        assert not ctx.get(bus.stall)
        await ctx.tick()
        ctx.set(bus.stb, 0)
        ctx.set(bus.cyc, 0)
        assert ctx.get(bus.ack)
        return ctx.get(bus.dat_r)

    async def start(self, ctx, stream: Stream) -> None:
        self.work = list(stream.work)
        await self.access(ctx, "COMMAND_ADDRESS", BASE + COMMANDS)
        await self.access(ctx, "PROFILE_ADDRESS", BASE + RECORDS)
        await self.access(ctx, "CONTROL", 1)

    async def finish(self, ctx) -> int:
        """Waits for the interrupt, acknowledges it; returns STATUS.error."""
        await until(ctx, self.dut.interrupt)
        status = await self.access(ctx, "STATUS")
        assert status & 15 == 2
        await self.access(ctx, "CONTROL", 2)
        await ctx.tick()
        assert not ctx.get(self.dut.interrupt)
        assert await self.access(ctx, "STATUS") == status & ~2
        return status >> 4

    async def run_stream(self, ctx, stream: Stream) -> None:
        expected = bytes(stream.memory)
        await self.start(ctx, stream)
        assert await self.finish(ctx) == ERROR_CODES["none"]
        assert not self.work
        assert self.memory.data == expected
        completed = len(stream.work) << 16 | stream.transfers
        assert await self.access(ctx, "COMPLETED") == completed
        records = BASE + RECORDS + stream.records * RECORD_BYTES
        assert await self.access(ctx, "PROFILE_ADDRESS") == records
        assert await self.dump(ctx) == stream.scratchpad

    async def dump(self, ctx) -> bytearray:
        """The whole scratchpad, a read a cycle."""
        port, step, content = self.dut.read, self.config.port_bytes, bytearray()
        ctx.set(port.size, step)
        ctx.set(port.valid, 1)
        for place in range(0, self.config.scratchpad_bytes + SCRATCHPAD_READ_LATENCY * step, step):
            if place >= SCRATCHPAD_READ_LATENCY * step:
                content += ctx.get(port.data).to_bytes(step, "little")
            ctx.set(port.address, place % self.config.scratchpad_bytes)
            await ctx.tick()
        ctx.set(port.valid, 0)
        return content

    async def read(self, ctx, place: int, expected: bytes) -> None:
        port = self.dut.read
        ctx.set(port.address, place)
        ctx.set(port.size, len(expected))
        ctx.set(
            port.crosses, place % self.config.port_bytes + len(expected) > self.config.port_bytes
        )
        ctx.set(port.valid, 1)
        await ctx.tick()
        ctx.set(port.valid, 0)
        await ctx.tick().repeat(SCRATCHPAD_READ_LATENCY - 1)
        data = ctx.get(port.data).to_bytes(self.config.port_bytes, "little")
        assert data[: len(expected)] == expected, hex(place)

    async def pause(self, ctx) -> None:
        while not self.eager and self.rng.random() < 0.5:
            await ctx.tick()

    async def compute(self, ctx) -> None:
        dut = self.dut
        while True:
            ctx.set(dut.compute_idle, 1)
            ctx.set(dut.compute_completed, 0)
            await self.pause(ctx)
            ctx.set(dut.compute.ready, 1)
            words = await until(ctx, dut.compute.valid, dut.compute.payload)
            ctx.set(dut.compute.ready, 0)
            ctx.set(dut.compute_idle, 0)
            work = self.work.pop(0)
            assert [words[i] for i in range(len(work.command.encode()))] == work.command.encode()
            await self.execute(ctx, work)
            ctx.set(dut.compute_completed, 1)
            await ctx.tick()

    async def execute(self, ctx, work: ComputeWork) -> None:
        dut = self.dut
        for place, data, mask in work.accesses:
            await self.pause(ctx)
            if mask is None:
                await self.read(ctx, place, data)
                continue
            ctx.set(dut.write.address, place)
            ctx.set(dut.write.data, int.from_bytes(data, "little"))
            ctx.set(dut.write.mask, mask)
            ctx.set(dut.write.valid, 1)
            await ctx.tick()
            ctx.set(dut.write.valid, 0)
            await ctx.tick().repeat(SCRATCHPAD_WRITE_LATENCY - 1)
        for word in work.record:
            ctx.set(dut.record.payload, word)
            ctx.set(dut.record.valid, 1)
            await until(ctx, dut.record.ready)
            ctx.set(dut.record.valid, 0)
        if work.parameters:
            values = work.command.values
            names = ("blocks", "tiles", "block_words", "stream", "paired")
            ctx.set(dut.start.payload, {name: values[name] for name in names})
            ctx.set(dut.start.valid, 1)
            await until(ctx, dut.start.ready)
            ctx.set(dut.start.valid, 0)
            await self.take(ctx, work)

    async def take(self, ctx, work: ComputeWork) -> None:
        """A block's parameters, then its weights, as the array needs both."""
        dut, blocks = self.dut, work.command.values["blocks"]
        for block in range(blocks):
            for port, units in ((dut.parameters, work.parameters), (dut.words, work.words)):
                count = len(units) // blocks
                for unit in units[block * count :][:count]:
                    await self.pause(ctx)
                    ctx.set(port.ready, 1)
                    data = await until(ctx, port.valid, port.payload)
                    ctx.set(port.ready, 0)
                    size = len(unit)
                    assert data.to_bytes(self.config.weight_pair_bytes, "little")[:size] == unit


def new_stream(tb: Tb, seed: int, scratchpad: bytearray | None = None) -> Stream:
    """A stream to fill; its memory is a copy of main memory as it will be at the end."""
    stream = Stream(tb.config, bytearray(tb.memory.data), seed)
    stream.scratchpad = scratchpad or stream.scratchpad
    return stream


def load_program(tb: Tb, stream: Stream) -> None:
    """Puts the stream's commands where the hardware reads them."""
    tb.memory.data[COMMANDS:RECORDS] = stream.memory[COMMANDS:RECORDS]


@pytest.mark.parametrize("name", CONFIGS)
@pytest.mark.parametrize("seed", [1, 2])
def test_random_streams_equal_their_execution_in_order(name: str, seed: int) -> None:
    """Two streams, one behind the other."""
    latency = (60, 64) if seed == 2 else (1, 20)
    tb = Tb(CONFIGS[name], seed, latency=latency, stall=0.3)

    async def cpu(ctx):
        scratchpad = None
        for part in range(2):
            stream = new_stream(tb, 10 * seed + part, scratchpad)
            stream.random(40)
            load_program(tb, stream)
            await tb.run_stream(ctx, stream)
            scratchpad = stream.scratchpad

    tb.run(cpu)
    assert tb.beats == [tb.memory.reads, tb.memory.writes]


def test_registers_say_what_was_built() -> None:
    tb = Tb(CONFIGS["default"], 1, **FAST)

    async def cpu(ctx):
        assert await tb.access(ctx, "ID") == NPU_IDENTIFIER
        assert await tb.access(ctx, "CONFIG") == 8 | 8 << 8 | 16 << 16 | 8 << 24
        assert await tb.access(ctx, "STATUS") == 0
        assert await tb.access(ctx, "DEBUG") == 1 << NPU.register("DEBUG").field("ring_empty").lsb
        bus = tb.dut.registers
        ctx.set(bus.adr, 0x100)
        ctx.set(bus.cyc, 1)
        ctx.set(bus.stb, 1)
        await ctx.tick()
        assert ctx.get(bus.err)

    tb.run(cpu)


def transfer(opcode: Opcode, memory: int, place: int, size: int, rows: int = 1) -> Command:
    values = {
        "memory_address": BASE + memory,
        "scratchpad_address": place,
        "row_bytes": size,
        "rows": rows,
        "memory_pitch": size + 1,
        "scratchpad_pitch": size,
    }
    return Command(opcode, values)


@pytest.mark.parametrize("opcode", [Opcode.LOAD, Opcode.STORE])
@pytest.mark.parametrize(("size", "rows", "beats"), [(2048, 1, 257), (7, 100, 200), (25, 40, 160)])
def test_transfers_move_a_beat_a_cycle(opcode: Opcode, size: int, rows: int, beats: int) -> None:
    """At the longest memory latency, over unaligned rows."""
    tb = Tb(CONFIGS["default"], 1, latency=(64, 64), stall=0.0)
    memory = DATA + 3
    touched = [(memory + r * (size + 1)) % 8 + size for r in range(rows)]
    assert beats == sum(-(-bytes_ // 8) for bytes_ in touched)

    async def cpu(ctx):
        stream = new_stream(tb, 1)
        stream.commands.append(transfer(opcode, memory, 21, size, rows))
        stream.end()
        load_program(tb, stream)
        begin = tb.cycle
        await tb.start(ctx, stream)
        assert await tb.finish(ctx) == 0
        # Two latencies, of the commands and of the data, and the stages on the way.
        assert tb.cycle - begin <= beats + 2 * 64 + 50

    tb.run(cpu)


def test_weights_stream_at_a_beat_a_cycle() -> None:
    tb = Tb(NpuConfig(weight_buffer_bytes=4096), 1, latency=(64, 64), stall=0.0)
    region = {"memory_address": BASE + WEIGHTS, "bytes": 2048}

    async def cpu(ctx):
        stream = new_stream(tb, 1)
        stream.commands += [Command(Opcode.WEIGHTS, region)] * 2
        stream.end()
        load_program(tb, stream)
        begin = tb.cycle
        await tb.start(ctx, stream)
        assert await tb.finish(ctx) == 0
        assert tb.cycle - begin <= 512 + 2 * 64 + 50

    tb.run(cpu)


def fails(words: list[int], error: str, broken: range = range(0), config: str = "default") -> None:
    """A stream of ``words`` ends with ``error``, and a good one after it works."""
    tb = Tb(CONFIGS[config], 5, latency=(1, 20), stall=0.3, broken=broken)

    async def cpu(ctx):
        stream = new_stream(tb, 5)
        stream.place(words)
        load_program(tb, stream)
        await tb.start(ctx, stream)
        assert await tb.finish(ctx) == ERROR_CODES[error]
        tb.memory.broken = range(0)
        stream = new_stream(tb, 6, await tb.dump(ctx))
        stream.conv()
        stream.transfer(Opcode.LOAD)
        stream.conv()
        stream.transfer(Opcode.STORE)
        stream.end()
        load_program(tb, stream)
        await tb.run_stream(ctx, stream)

    tb.run(cpu)


GOOD = transfer(Opcode.LOAD, DATA, 0, 100)
FULL = Command(Opcode.WEIGHTS, {"memory_address": BASE + WEIGHTS, "bytes": 1 << 14})
END = Command(Opcode.END, {})


@pytest.mark.parametrize("header", [0x0000_0000, 0x0000_0177, 0x0000_0201, 0x0000_0603])
def test_unknown_commands_end_the_stream(header: int) -> None:
    """Also when weights are left that fill the ring."""
    fails([*FULL.encode(), *GOOD.encode(), header, *END.encode()], "opcode")


def test_a_move_without_its_unit_is_unknown() -> None:
    words = [*GOOD.encode(), *move_command(0, 100, 8, []).encode(), *END.encode()]
    fails(words, "opcode", config="narrow bus")


@pytest.mark.parametrize(
    ("opcode", "error"), [(Opcode.LOAD, "bus_read"), (Opcode.STORE, "bus_write")]
)
def test_bus_errors_end_the_stream(opcode: Opcode, error: str) -> None:
    bad = DATA + 0x2000
    words = [*transfer(opcode, bad - 100, 0, 150).encode(), *FULL.encode(), *END.encode()]
    fails(words, error, range(bad, bad + 8))


def test_broken_weights_end_the_stream() -> None:
    bad = WEIGHTS + (1 << 14) - 8
    region = {"memory_address": BASE + bad - 64, "bytes": 128}
    words = [*Command(Opcode.WEIGHTS, region).encode(), *END.encode()]
    fails(words, "bus_read", range(bad, bad + 8))


def test_broken_commands_end_the_stream() -> None:
    """An error behind END, which is only read ahead, is none."""
    words = GOOD.encode() * 30
    fails([*words, *END.encode()], "bus_read", range(800, 808))
    fails(END.encode() * 200, "none", range(4 * 60, 4 * 80))
