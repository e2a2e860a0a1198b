"""The scratchpad against a byte array, with random accesses of both sides every cycle."""

import random

import pytest
from amaranth.sim import Simulator

from tilewright.hw.npu.memory.scratchpad import Scratchpad
from tilewright.hw.spec.npu_config import NpuConfig
from tilewright.hw.spec.timing import SCRATCHPAD_READ_LATENCY, SCRATCHPAD_WRITE_LATENCY

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
        # DMA reads that wait for their banks, and the write between its acceptance and its banks.
        self.waiting: list[tuple[int, list[int]]] = []
        self.late: tuple[tuple[int, list[int]], list[tuple[int, int]]] = ((0, []), [])
        self.compute_late: tuple[int, list[int]] = (0, [])

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
        ctx.set(port.crosses, address % self.config.port_bytes + size > self.config.port_bytes)
        return address, list(range(size)) if valid else []

    def commit(self, cycle: int, writes: list[tuple[int, int]]) -> None:
        for address, value in writes:
            self.before[address] = self.now[address]
            self.now[address] = value
            self.written[address] = cycle

    def expect(self, cycle: int, name: str, address: int, needed: list[int]) -> None:
        """Values as of this cycle's reads; a write of the cycle before leaves a choice."""
        places = [(address + i) % self.bytes for i in needed]
        self.expected[name][cycle + SCRATCHPAD_READ_LATENCY] = [
            {self.now[p]}
            | ({self.before[p]} if cycle - self.written[p] < SCRATCHPAD_WRITE_LATENCY else set())
            for p in places
        ]

    def check(self, ctx, cycle: int) -> None:
        arrives = cycle in self.expected["dma_read"]
        assert ctx.get(self.dut.dma_read.arrives) == arrives, cycle
        for name, port in (("read", self.dut.read), ("dma_read", self.dut.dma_read)):
            allowed = self.expected[name].pop(cycle, [])
            data = ctx.get(port.data).to_bytes(self.config.port_bytes, "little")
            for i, values in enumerate(allowed):
                assert data[i] in values, (name, cycle, i)
            self.checked += len(allowed)

    def serve_read(self, ctx, cycle: int, compute, dma) -> None:
        """The first of at most two waiting DMA reads, if its banks are free."""
        port = self.dut.dma_read
        assert ctx.get(port.ready) == (len(self.waiting) < 2)
        accepted = ctx.get(port.valid) and ctx.get(port.ready)
        if self.waiting:
            if self.banks(*compute) & self.banks(*self.waiting[0]):
                self.conflicts += 1
            else:
                self.expect(cycle, "dma_read", *self.waiting.pop(0))
        if accepted:
            self.waiting.append(dma)

    def serve_write(self, ctx, cycle: int, compute, dma) -> None:
        """A DMA write waits while the compute side's write beside it uses one of its banks."""
        port, free = (
            self.dut.dma_write,
            not self.banks(*self.compute_late) & self.banks(*self.late[0]),
        )
        assert ctx.get(port.ready) == free
        self.conflicts += not free
        if free:
            self.commit(cycle - 1, self.late[1])
            self.late = dma if ctx.get(port.valid) else ((0, []), [])
        self.compute_late = compute[0]

    async def run(self, ctx) -> None:
        dut = self.dut
        for cycle in range(1500):
            self.check(ctx, cycle)
            reads = [self.drive_read(ctx, dut.read), self.drive_read(ctx, dut.dma_read)]
            writes = [self.drive_write(ctx, dut.write), self.drive_write(ctx, dut.dma_write)]
            self.serve_write(ctx, cycle, *writes)
            if reads[0][1]:
                self.expect(cycle, "read", *reads[0])
            self.serve_read(ctx, cycle, *reads)
            self.commit(cycle, writes[0][1])
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
