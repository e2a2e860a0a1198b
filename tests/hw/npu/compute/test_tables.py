"""The table unit: loads from any address, results with and without a table, in every lane."""

import random

import pytest
from amaranth.sim import SimulatorContext

from tests.hw.npu.bench import CONFIGS, ReadPort, command_words, packed, simulate
from tests.hw.npu.commands import random_window
from tilewright.hw.npu.compute.tables import Tables
from tilewright.hw.spec.commands import EXPONENTIALS, TABLE_SLOTS, TABLE_WORDS, Command, Opcode
from tilewright.hw.spec.npu_config import NpuConfig
from tilewright.hw.spec.timing import SCRATCHPAD_READ_LATENCY, TABLE_LATENCY


class Tb:
    def __init__(self, config: NpuConfig, seed: int | str) -> None:
        self.config = config
        self.lanes = config.requantiser_lanes
        self.rng = random.Random(seed)
        self.dut = Tables(config)
        self.memory = self.rng.randbytes(2048)
        self.port = ReadPort(self.memory, config.port_bytes, self.rng)
        self.tables = [b""] * TABLE_SLOTS

    async def cycle(self, ctx: SimulatorContext) -> None:
        data = self.port.cycle(ctx, self.dut.read)
        await ctx.tick()
        ctx.set(self.dut.read.data, data)

    async def load_table(self, ctx: SimulatorContext, slot: int) -> None:
        self.tables[slot] = await self.load(ctx, slot, TABLE_WORDS)

    async def load(self, ctx: SimulatorContext, slot: int, words: int) -> bytes:
        """A word a cycle, then the scratchpad's latency; returns what was loaded."""
        dut, address = self.dut, self.rng.randint(0, 2048 - 4 * words)
        values = {"input_address": address, "slot": slot, "words": words}
        command = Command(Opcode.TABLE, values)
        ctx.set(dut.command, command_words(command))
        ctx.set(dut.start, 1)
        assert ctx.get(dut.busy)
        await self.cycle(ctx)
        ctx.set(dut.start, 0)
        accesses = 0
        for number in range(words + SCRATCHPAD_READ_LATENCY):
            assert ctx.get(dut.busy)
            assert ctx.get(dut.reading) == ctx.get(dut.read.valid) == (number < words)
            accesses += ctx.get(dut.accesses)
            await self.cycle(ctx)
        assert not ctx.get(dut.busy)
        assert accesses == words * self.lanes
        return self.memory[address : address + 4 * words]

    async def exponentials(self, ctx: SimulatorContext, words: int) -> None:
        """Words of any number, each lane's own, in the cycle behind the question."""
        dut, rng, lanes = self.dut, self.rng, range(self.lanes)
        loaded = await self.load(ctx, 0, words)
        ctx.set(dut.softmax, 1)
        expected = 0
        for number in range(40):
            places = [rng.randrange(words) for _ in lanes]
            lookups = rng.getrandbits(self.lanes)
            ctx.set(dut.differences, packed(places))
            ctx.set(dut.lookups, lookups)
            assert ctx.get(dut.accesses) == lookups.bit_count()
            assert not number or ctx.get(dut.words) == expected
            expected = int.from_bytes(b"".join(loaded[4 * p : 4 * p + 4] for p in places), "little")
            await self.cycle(ctx)
        ctx.set(dut.softmax, 0)

    async def results(self, ctx: SimulatorContext, table: int) -> None:
        """Results with gaps between them, of a command with that table."""
        dut, rng = self.dut, self.rng
        window, _ = random_window(rng, self.config)
        values = {**window.values, "table": table}
        ctx.set(dut.command, command_words(Command(window.opcode, values)))
        await self.cycle(ctx)
        late = TABLE_LATENCY if table else 0
        expected: list[tuple[int, int, bytes] | None] = [None] * late
        for number in range(60):
            given = None
            if number < 50 and rng.random() < 0.7:
                mask = rng.getrandbits(self.lanes)
                given = (rng.getrandbits(16), mask, rng.randbytes(self.lanes))
            data = given[2] if given else rng.randbytes(self.lanes)
            ctx.set(dut.results.valid, given is not None)
            ctx.set(dut.results.address, given[0] if given else rng.getrandbits(16))
            ctx.set(dut.results.mask, given[1] if given else rng.getrandbits(self.lanes))
            ctx.set(dut.results.data, packed(data))
            if given and table:
                given = (*given[:2], bytes(self.tables[table - 1][byte] for byte in data))
            expected.append(given)
            self.check(ctx, expected[number], table)
            ahead = [item for item in expected[number : number + late] if item]
            assert ctx.get(dut.looking_up) == bool(ahead)
            await self.cycle(ctx)

    def check(
        self, ctx: SimulatorContext, wanted: tuple[int, int, bytes] | None, table: int
    ) -> None:
        output = self.dut.output
        assert ctx.get(output.valid) == (wanted is not None)
        if wanted is None:
            assert ctx.get(self.dut.accesses) == 0
            return
        address, mask, data = wanted
        assert (ctx.get(output.address), ctx.get(output.mask)) == (address, mask)
        assert ctx.get(output.data) == packed(data)
        assert ctx.get(self.dut.accesses) == (mask.bit_count() if table else 0)


@pytest.mark.parametrize("name", CONFIGS)
def test_results_go_through_their_table(name: str) -> None:
    tb = Tb(CONFIGS[name], seed=name)

    async def run(ctx: SimulatorContext) -> None:
        for slot in range(TABLE_SLOTS):
            await tb.load_table(ctx, slot)
        for _ in range(12):
            await tb.results(ctx, tb.rng.randint(0, TABLE_SLOTS))
            if tb.rng.random() < 0.3:
                await tb.load_table(ctx, tb.rng.randrange(TABLE_SLOTS))

    simulate(tb.dut, run)


@pytest.mark.parametrize("name", CONFIGS)
def test_exponentials_take_the_place_of_tables(name: str) -> None:
    tb = Tb(CONFIGS[name], seed=name)

    async def run(ctx: SimulatorContext) -> None:
        for words in (EXPONENTIALS, tb.rng.randint(1, EXPONENTIALS), 1):
            await tb.exponentials(ctx, words)
            for slot in range(TABLE_SLOTS):
                await tb.load_table(ctx, slot)
                await tb.results(ctx, 1 + slot)

    simulate(tb.dut, run)


def test_every_byte() -> None:
    """A table of all results is each of them in turn."""
    tb = Tb(NpuConfig(requantiser_lanes=1), seed=3)

    async def run(ctx: SimulatorContext) -> None:
        await tb.load_table(ctx, 1)
        window, _ = random_window(tb.rng, tb.config)
        values = {**window.values, "table": 2}
        ctx.set(tb.dut.command, command_words(Command(window.opcode, values)))
        await tb.cycle(ctx)
        found = bytearray()
        for byte in range(256 + TABLE_LATENCY):
            ctx.set(tb.dut.results.valid, byte < 256)
            ctx.set(tb.dut.results.mask, 1)
            ctx.set(tb.dut.results.data, byte % 256)
            if ctx.get(tb.dut.output.valid):
                found.append(ctx.get(tb.dut.output.data))
            await tb.cycle(ctx)
        assert bytes(found) == tb.tables[1]

    simulate(tb.dut, run)
