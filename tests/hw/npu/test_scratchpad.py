"""The scratchpad against a byte array, with random accesses of both sides every cycle."""

import random

import pytest
from amaranth.sim import Simulator

from hw.npu.scratchpad import SCRATCHPAD_READ_LATENCY, SCRATCHPAD_WRITE_LATENCY, Scratchpad
from hw.spec.config import NpuConfig

CONFIGS = [
    NpuConfig(rows=2, cols=2, port_bytes=8, bus_bytes=4, scratchpad_bytes=4096, scratchpad_banks=2),
    NpuConfig(scratchpad_bytes=5 * 1024, scratchpad_banks=4),
    NpuConfig(rows=20, cols=3, scratchpad_bytes=4096 + 512, scratchpad_banks=16),
]


class Tb:
    """Drives all four ports; keeps each byte's value and the cycle of its latest write."""

    def __init__(self, config: NpuConfig, seed: int) -> None:
        self.config = config
        self.rng = random.Random(seed)
        self.dut = Scratchpad(config)
        self.bytes = config.scratchpad_bytes
        self.now = [0] * self.bytes
        self.before = [0] * self.bytes
        self.written = [-10] * self.bytes
        self.expected = {"read": {}, "dma_read": {}}
        self.checked = 0
        self.conflicts = 0

    def banks(self, address: int, needed: list[int]) -> set[int]:
        config = self.config
        return {
            (address + i) % self.bytes // config.port_bytes % config.scratchpad_banks
            for i in needed
        }

    def place(self) -> int:
        hot = self.rng.choice([0, self.bytes - 2 * self.config.port_bytes, 1000])
        return (hot + self.rng.randrange(6 * self.config.port_bytes)) % self.bytes

    def drive_write(self, ctx, port) -> list[tuple[int, int]]:
        width = self.config.port_bytes
        valid = self.rng.random() < 0.7
        address, data = self.place(), self.rng.randbytes(width)
        count = self.rng.randint(0, width)
        mask = self.rng.choice([(1 << count) - 1, self.rng.getrandbits(width), (1 << width) - 1])
        ctx.set(port.valid, valid)
        ctx.set(port.address, address)
        ctx.set(port.data, int.from_bytes(data, "little"))
        ctx.set(port.mask, mask)
        used = [i for i in range(width) if valid and mask >> i & 1]
        return [(address, used), [((address + i) % self.bytes, data[i]) for i in used]]

    def drive_read(self, ctx, port) -> tuple[int, list[int]]:
        valid = self.rng.random() < 0.7
        address, size = self.place(), self.rng.randint(1, self.config.port_bytes)
        ctx.set(port.valid, valid)
        ctx.set(port.address, address)
        ctx.set(port.size, size)
        return address, list(range(size)) if valid else []

    def commit(self, cycle: int, writes: list[tuple[int, int]]) -> None:
        for address, value in writes:
            self.before[address] = self.now[address]
            self.now[address] = value
            self.written[address] = cycle

    def expect(self, cycle: int, name: str, address: int, needed: list[int]) -> None:
        """Values as of this cycle's reads; a write of the cycle before leaves a choice."""
        if needed:
            places = [(address + i) % self.bytes for i in needed]
            self.expected[name][cycle + SCRATCHPAD_READ_LATENCY] = [
                {self.now[p]}
                | (
                    {self.before[p]}
                    if cycle - self.written[p] < SCRATCHPAD_WRITE_LATENCY
                    else set()
                )
                for p in places
            ]

    def check(self, ctx, cycle: int) -> None:
        for name, port in (("read", self.dut.read), ("dma_read", self.dut.dma_read)):
            allowed = self.expected[name].pop(cycle, [])
            data = ctx.get(port.data).to_bytes(self.config.port_bytes, "little")
            for i, values in enumerate(allowed):
                assert data[i] in values, (name, cycle, i)
            self.checked += len(allowed)

    async def run(self, ctx) -> None:
        dut = self.dut
        for cycle in range(1500):
            self.check(ctx, cycle)
            reads = [self.drive_read(ctx, dut.read), self.drive_read(ctx, dut.dma_read)]
            writes = [self.drive_write(ctx, dut.write), self.drive_write(ctx, dut.dma_write)]
            for port, (compute, dma) in (
                (dut.dma_read, reads),
                (dut.dma_write, (writes[0][0], writes[1][0])),
            ):
                free = not self.banks(*compute) & self.banks(*dma)
                if dma[1]:
                    assert ctx.get(port.ready) == free
                    self.conflicts += not free
            self.expect(cycle, "read", *reads[0])
            if ctx.get(dut.dma_read.ready):
                self.expect(cycle, "dma_read", *reads[1])
            self.commit(cycle, writes[0][1])
            if ctx.get(dut.dma_write.ready):
                self.commit(cycle, writes[1][1])
            await ctx.tick()


@pytest.mark.parametrize("config", CONFIGS)
def test_equals_a_byte_array(config: NpuConfig) -> None:
    tb = Tb(config, seed=config.scratchpad_banks)
    simulator = Simulator(tb.dut)
    simulator.add_clock(1e-6)
    simulator.add_testbench(tb.run)
    simulator.run()
    assert tb.checked > 5_000
    assert tb.conflicts > 25
