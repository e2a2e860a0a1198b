"""The lock and the watchdog of the hardwired accelerator's memory side, under back-pressure."""

import pytest

from tests.hw.npu.main_memory import BASE
from tests.hw.npu.memory.test_memory_side import (
    CONFIGS,
    END,
    FULL,
    GOOD,
    Tb,
    load_program,
    new_stream,
    transfer,
)
from tests.hw.npu.streams import DATA, RECORDS
from tilewright.hw.spec.commands import Command, Opcode
from tilewright.hw.spec.registers import ERROR_CODES, LIMIT_CYCLES, NPU

LOCK = DATA + 0x140
SLOW = {"latency": (1, 20), "stall": 0.3}


async def good_stream(ctx, tb: Tb, seed: int = 6) -> None:
    """A stream with transfers and weights, compared with its execution in order."""
    stream = new_stream(tb, seed, await tb.dump(ctx))
    stream.conv()
    stream.transfer(Opcode.LOAD)
    stream.conv()
    stream.end()
    load_program(tb, stream)
    await tb.run_stream(ctx, stream)


@pytest.mark.parametrize("name", CONFIGS)
def test_nothing_is_stored_below_the_lock(name: str) -> None:
    """Rows on both sides: those above are stored, and a transfer behind them is not begun."""
    tb = Tb(CONFIGS[name], 3, **SLOW)
    rows, size, pitch = 6, 37, 71
    begin = LOCK - 2 * pitch - 11

    async def cpu(ctx):
        stream = new_stream(tb, 3)
        store = Command(
            Opcode.STORE,
            transfer(Opcode.STORE, begin, 5, size, rows).values | {"memory_pitch": pitch},
        )
        stream.commands += [transfer(Opcode.LOAD, DATA + 0x2000, 0, 300), store, END]
        stream.place([word for command in stream.commands for word in command.encode()])
        load_program(tb, stream)
        expected = bytearray(tb.memory.data)
        loaded = expected[DATA + 0x2000 :][:300]
        width = tb.config.bus_bytes
        for row in range(rows):
            for i in range(size):
                at = begin + row * pitch + i
                if at // width * width >= LOCK:
                    expected[at] = loaded[5 + row * size + i]
        await tb.access(ctx, "LOCK", BASE + LOCK)
        assert await tb.access(ctx, "LOCK") == BASE + LOCK
        await tb.start(ctx, stream)
        assert await tb.finish(ctx) == ERROR_CODES["locked"]
        assert tb.memory.data == expected
        await good_stream(ctx, tb)

    tb.run(cpu)


def test_an_empty_store_below_the_lock_is_none() -> None:
    tb = Tb(CONFIGS["default"], 3, **SLOW)

    async def cpu(ctx):
        stream = new_stream(tb, 3)
        stream.place([*transfer(Opcode.STORE, 0, 0, 0).encode(), *END.encode()])
        load_program(tb, stream)
        await tb.access(ctx, "LOCK", BASE + LOCK)
        await tb.start(ctx, stream)
        assert await tb.finish(ctx) == ERROR_CODES["none"]

    tb.run(cpu)


def test_no_record_is_written_below_the_lock() -> None:
    tb = Tb(CONFIGS["default"], 4, **SLOW)

    async def cpu(ctx):
        stream = new_stream(tb, 4)
        while not stream.records:
            stream.mark()
        stream.end()
        load_program(tb, stream)
        before = bytes(tb.memory.data)
        await tb.access(ctx, "LOCK", BASE + RECORDS + 0x40)
        await tb.start(ctx, stream)
        assert await tb.finish(ctx) == ERROR_CODES["locked"]
        assert tb.memory.data == before

    tb.run(cpu)


def test_the_lock_can_only_be_raised() -> None:
    tb = Tb(CONFIGS["default"], 1, **SLOW)

    async def cpu(ctx):
        for written, found in ((0x4001_0000, 0x4001_0000), (0, 0x4001_0000), (0x4001_0040,) * 2):
            await tb.access(ctx, "LOCK", written)
            assert await tb.access(ctx, "LOCK") == found

    tb.run(cpu)


@pytest.mark.parametrize("name", CONFIGS)
def test_a_stream_that_hangs_is_ended(name: str) -> None:
    """Weights fill the ring, and a transfer waits for a command that never comes."""
    tb = Tb(CONFIGS[name], 5, **SLOW)
    waits = Command(Opcode.STORE, transfer(Opcode.STORE, DATA, 0, 100).values, 3)

    async def cpu(ctx):
        stream = new_stream(tb, 5)
        stream.place([*GOOD.encode(), *FULL.encode(), *waits.encode(), *END.encode()])
        load_program(tb, stream)
        before = bytes(tb.memory.data)
        await tb.access(ctx, "LIMIT", 2)
        for _ in range(2):
            begin = tb.cycle
            await tb.start(ctx, stream)
            assert await tb.finish(ctx) == ERROR_CODES["timeout"]
            assert LIMIT_CYCLES < tb.cycle - begin < 2 * LIMIT_CYCLES + 200
            debug = await tb.access(ctx, "DEBUG")
            fields = NPU.register("DEBUG")
            assert fields.field("transfer_busy").extract(debug) == 1
            assert fields.field("weights_busy").extract(debug) == 1
            assert fields.field("ring_full").extract(debug) == 1
            assert await tb.access(ctx, "COMPLETED") == 1
        assert tb.memory.data == before
        await good_stream(ctx, tb)

    tb.run(cpu)


def test_a_stream_at_work_is_ended_between_two_answers() -> None:
    """The limit falls into a long LOAD: nothing is left of it in the next stream."""
    tb = Tb(CONFIGS["default"], 5, latency=(60, 64), stall=0.3)
    long = Command(
        Opcode.LOAD, transfer(Opcode.LOAD, DATA, 0, 2000, 40).values | {"memory_pitch": 8}
    )

    async def cpu(ctx):
        stream = new_stream(tb, 5)
        stream.place([*long.encode(), *END.encode()])
        load_program(tb, stream)
        await tb.access(ctx, "LIMIT", 1)
        await tb.start(ctx, stream)
        assert await tb.finish(ctx) == ERROR_CODES["timeout"]
        await tb.access(ctx, "LIMIT", 0)
        assert await tb.access(ctx, "LIMIT") == 0
        await good_stream(ctx, tb)

    tb.run(cpu)
