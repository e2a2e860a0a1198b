"""The compute side with a Python scratchpad and weight stream, random stalls, odd sizes."""

import random

import pytest
from amaranth.sim import Simulator, SimulatorContext

from tests.hw.npu.commands import (
    random_elementwise,
    random_exponentials,
    random_softmax,
    random_table,
    random_window,
    table_of,
)
from tests.hw.npu.lstm import random_lstm
from tests.hw.npu.moves import random_move
from tests.hw.npu.reference import Reference
from tilewright.hw.npu.compute.compute_side import ComputeSide
from tilewright.hw.spec.commands import (
    EXPONENTIALS,
    MAX_LENGTH,
    TABLE_SLOTS,
    Command,
    Opcode,
    Operation,
)
from tilewright.hw.spec.npu_config import NpuConfig
from tilewright.hw.spec.profile import CAUSES, RECORD, RECORD_WORDS
from tilewright.hw.spec.timing import SCRATCHPAD_READ_LATENCY

SCRATCHPAD_BYTES = 16384
EXPONENTIALS_AT = SCRATCHPAD_BYTES - 4 * EXPONENTIALS
"""Behind all that random commands touch."""


class TB:
    """Runs a list of commands and keeps the scratchpad and the profile records."""

    def __init__(self, config: NpuConfig, seed: int) -> None:
        self.config = config
        self.dut = ComputeSide(config)
        self.rng = random.Random(seed)
        self.memory = bytearray(self.rng.randrange(256) for _ in range(SCRATCHPAD_BYTES))
        words = random_exponentials(self.rng, EXPONENTIALS)
        self.memory[EXPONENTIALS_AT : EXPONENTIALS_AT + len(words)] = words
        self.words: list[bytes] = []
        self.read = 0
        self.record: list[int] = []
        self.cycles = 0
        self.stall = 0.2

    async def scratchpad(self, ctx: SimulatorContext) -> None:
        port = self.config.port_bytes
        pipeline = [0] * (SCRATCHPAD_READ_LATENCY - 1)
        read, write = self.dut.read, self.dut.write
        while True:
            _, _, valid, address, size, wv, wa, wd, wm = await ctx.tick().sample(
                *(read.valid, read.address, read.size),
                *(write.valid, write.address, write.data, write.mask),
            )
            self.cycles += 1
            got = bytearray(self.rng.randbytes(port))
            for i in range(size if valid else 0):
                got[i] = self.memory[(address + i) % SCRATCHPAD_BYTES]
            pipeline.append(int.from_bytes(got, "little"))
            ctx.set(read.data, pipeline.pop(0))
            if wv:
                for i in range(port):
                    if wm >> i & 1:
                        self.memory[wa + i] = wd >> 8 * i & 255

    async def weights(self, ctx: SimulatorContext) -> None:
        """Offers weights, and parameters up to the block after the one whose weights are next."""
        request = self.dut.weights
        ctx.set(request.ready, 1)
        streams = {True: self.dut.parameters, False: self.dut.words}
        queue: list[tuple[bool, int]] = []
        offered: dict[bool, int | None] = {True: None, False: None}
        while True:
            _, _, start, payload, *ready = await ctx.tick().sample(
                request.valid, request.payload, *(s.ready for s in streams.values())
            )
            for kind, taken in zip(streams, ready, strict=True):
                if taken:
                    offered[kind] = None
            if start:
                assert not queue
                queue = self._replay(
                    payload.blocks, payload.tiles, payload.block_words, paired=payload.paired
                )
            # In order within a kind; the reader may be ahead in the other one.
            while queue and offered[queue[0][0]] is None and self.rng.random() >= self.stall:
                kind, word = queue.pop(0)
                offered[kind] = word
            for kind, stream in streams.items():
                word = offered[kind]
                ctx.set(stream.valid, word is not None)
                ctx.set(stream.payload, word or 0)
            ctx.set(self.dut.reading_parameters, bool(queue) and queue[0][0])

    def _replay(
        self, blocks: int, tiles: int, taps: int, *, paired: bool
    ) -> list[tuple[bool, int]]:
        """(whether it is parameters, payload) in the order in which the ring reads."""
        size = 2 if paired else 1
        units = [
            int.from_bytes(b"".join(self.words[i : i + size]), "little")
            for i in range(0, len(self.words), size)
        ]
        result: list[tuple[bool, int]] = []
        for block in range(blocks):
            mine = units[block * (9 + taps) : (block + 1) * (9 + taps)]
            result += [(True, unit) for unit in mine[:9]]
            result += [(False, unit) for unit in mine[9:]] * tiles
            self.read += (9 + taps * tiles) * size
        return result

    async def execute(self, ctx: SimulatorContext, command: Command, words: list[bytes]) -> None:
        self.words = words
        dut = self.dut
        encoded = command.encode()
        ctx.set(dut.compute.payload, encoded + [0] * (MAX_LENGTH - len(encoded)))
        ctx.set(dut.compute.valid, 1)
        await ctx.tick().until(dut.compute.ready)
        ctx.set(dut.compute.valid, 0)
        await ctx.tick().until(dut.completed)

    async def profile(self, ctx: SimulatorContext) -> dict[str, int]:
        await self.execute(ctx, Command(Opcode.MARK, {"layer": 7}), [])
        words = []
        ctx.set(self.dut.record.ready, 1)
        for _ in range(RECORD_WORDS):
            (word,) = await ctx.tick().sample(self.dut.record.payload).until(self.dut.record.valid)
            words.append(word)
        ctx.set(self.dut.record.ready, 0)
        return dict(zip(RECORD, words, strict=False))


def operands_scaled(c: Command, config: NpuConfig) -> int:
    """Of an ELEMENTWISE, in all lanes; products of an LSTM."""
    if c.opcode is Opcode.LSTM:
        return 3 * c["units"]
    if c.opcode is not Opcode.ELEMENTWISE:
        return 0
    pixels, run = c["output_rows"] * c["output_cols"], c["run_bytes"]
    first = min(run, config.requantiser_lanes) if c["a_repeat"] else run
    return pixels * (run + (0 if c["operation"] == Operation.B_ALONE else first))


def table_accesses(c: Command, config: NpuConfig) -> int:
    """Words written into all lanes' tables, elements looked up, functions of an LSTM."""
    if c.opcode is Opcode.LSTM:
        return 5 * c["units"]
    if c.opcode is Opcode.TABLE:
        return c["words"] * config.requantiser_lanes
    if c.opcode is Opcode.SOFTMAX:
        return 2 * c["rows"] * c["row_bytes"]
    if c.opcode is Opcode.MOVE:
        return 0
    elements = c.values.get("channels") or c["run_bytes"]
    return c["output_rows"] * c["output_cols"] * elements if c.values.get("table") else 0


def run(config: NpuConfig, seed: int, count: int, stall: float) -> None:
    tb = TB(config, seed)
    tb.stall = stall

    async def run_all(ctx: SimulatorContext, reference: Reference, commands: list[Command]) -> int:
        """Those that write nothing; returns how often they access tables."""
        for command in commands:
            reference.run(command, [])
            await tb.execute(ctx, command, [])
        return sum(table_accesses(command, config) for command in commands)

    async def main(ctx: SimulatorContext) -> None:
        products = scaled = accesses = 0
        reference = Reference(config, tb.memory)
        slots = [table_of(40 + slot, slot) for slot in range(TABLE_SLOTS * config.table_unit)]
        values = {"input_address": EXPONENTIALS_AT, "slot": 0, "words": EXPONENTIALS}
        exponentials = Command(Opcode.TABLE, values)
        accesses += await run_all(ctx, reference, slots)
        for number in range(count):
            kind = tb.rng.random()
            if kind < 0.25 and config.elementwise_unit:
                command, words = random_elementwise(tb.rng, config), []
            elif kind < 0.4 and config.table_unit:
                command, words = random_table(tb.rng), []
            elif kind < 0.5 and config.softmax_unit:
                accesses += await run_all(ctx, reference, [exponentials])
                command, words = random_softmax(tb.rng, EXPONENTIALS), []
            elif kind < 0.6 and config.move_unit:
                command, words = random_move(tb.rng, read=range(2048), write=range(2048, 9000)), []
            elif kind < 0.65 and config.wide_results:
                command, words = random_lstm(tb.rng, read=range(2048), write=range(2048, 9000)), []
            else:
                command, words = random_window(tb.rng, config)
                if not command.values.get("maximum"):
                    products += (
                        command["block_words"]
                        * command["channels"]
                        * command["output_rows"]
                        * command["output_cols"]
                    )
            expected = reference.scratchpad = bytearray(tb.memory)
            reference.run(command, words)
            await tb.execute(ctx, command, words)
            scaled += operands_scaled(command, config)
            accesses += table_accesses(command, config)
            if command.opcode is Opcode.SOFTMAX:
                accesses += await run_all(ctx, reference, slots)
            wrong = [i for i in range(SCRATCHPAD_BYTES) if expected[i] != tb.memory[i]]
            assert not wrong, f"command {number}: {command}, first wrong byte {wrong[0]}"
        before = tb.cycles
        record = await tb.profile(ctx)
        assert record["layer"] == 7
        assert record["events_mac"] == products
        assert record["events_elementwise"] == scaled
        assert record["events_table"] == accesses
        assert record["events_weight_buffer_read_words"] == tb.read
        counted = sum(record[f"cycles_{name}"] for name, _ in CAUSES)
        assert before <= counted <= before + 4

    simulator = Simulator(tb.dut)
    simulator.add_clock(1e-6)
    simulator.add_testbench(main)
    simulator.add_testbench(tb.scratchpad, background=True)
    simulator.add_testbench(tb.weights, background=True)
    simulator.run()


@pytest.mark.parametrize("seed", range(6))
def test_random_commands(seed: int) -> None:
    rng = random.Random(seed + 100)
    rows = rng.randint(2, 6)
    config = NpuConfig(
        rows=rows,
        cols=rng.randint(2, 6),
        port_bytes=rng.choice([8, 16]),
        requantiser_lanes=rng.randint(1, rows),
        depthwise_kernel=rng.choice([2, 3, 3, 4]),
        elementwise_unit=seed != 2,
        table_unit=seed not in (2, 3),
        softmax_unit=seed != 4,
    )
    run(config, seed, 12, rng.choice([0.0, 0.3]))


def test_default_shape() -> None:
    run(NpuConfig(), 1, 4, 0.0)
