"""The compute side with a Python scratchpad and weight stream, random stalls, odd sizes."""

import random

import pytest
from amaranth.sim import Simulator, SimulatorContext

from hw.npu.compute_side import ComputeSide
from hw.npu.scratchpad import SCRATCHPAD_READ_LATENCY
from hw.spec.commands import MAX_LENGTH, Command, Opcode
from hw.spec.config import NpuConfig
from hw.spec.profile import CAUSES, RECORD, RECORD_WORDS
from tests.hw.npu.commands import random_add, random_window
from tests.hw.npu.reference import Reference

SCRATCHPAD_BYTES = 16384


class TB:
    """Runs a list of commands and keeps the scratchpad and the profile records."""

    def __init__(self, config: NpuConfig, seed: int) -> None:
        self.config = config
        self.dut = ComputeSide(config)
        self.rng = random.Random(seed)
        self.memory = bytearray(self.rng.randrange(256) for _ in range(SCRATCHPAD_BYTES))
        self.words: list[bytes] = []
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
        stream, request = self.dut.words, self.dut.weights
        ctx.set(request.ready, 1)
        queue: list[int] = []
        offered = False
        while True:
            _, _, start, payload, ready = await ctx.tick().sample(
                request.valid, request.payload, stream.ready
            )
            if offered and ready:
                queue.pop(0)
                offered = False
            if start:
                queue += self._replay(payload.blocks, payload.tiles, payload.block_words)
            if queue and not offered:
                offered = self.rng.random() >= self.stall
            ctx.set(stream.valid, offered)
            ctx.set(stream.payload, queue[0] if offered else 0)

    def _replay(self, blocks: int, tiles: int, taps: int) -> list[int]:
        result, position = [], 0
        for _ in range(blocks):
            result += self.words[position : position + 9]
            result += self.words[position + 9 : position + 9 + taps] * tiles
            position += 9 + taps
        return [int.from_bytes(word, "little") for word in result]

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


def run(config: NpuConfig, seed: int, count: int, stall: float) -> None:
    tb = TB(config, seed)
    tb.stall = stall

    async def main(ctx: SimulatorContext) -> None:
        products = 0
        for number in range(count):
            if tb.rng.random() < 0.2:
                command, words = random_add(tb.rng), []
            else:
                command, words = random_window(tb.rng, config)
                if not command.values.get("maximum"):
                    products += (
                        command["block_words"]
                        * command["channels"]
                        * command["output_rows"]
                        * command["output_cols"]
                    )
            expected = bytearray(tb.memory)
            Reference(config, expected).run(command, words)
            await tb.execute(ctx, command, words)
            wrong = [i for i in range(SCRATCHPAD_BYTES) if expected[i] != tb.memory[i]]
            assert not wrong, f"command {number}: {command}, first wrong byte {wrong[0]}"
        before = tb.cycles
        record = await tb.profile(ctx)
        assert record["layer"] == 7
        assert record["events_mac"] == products
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
    )
    run(config, seed, 8, rng.choice([0.0, 0.3]))


def test_default_shape() -> None:
    run(NpuConfig(), 1, 4, 0.0)
