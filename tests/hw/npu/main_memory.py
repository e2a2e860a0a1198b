"""Main memory for benches: answers in order, after a latency, with random stalls and errors."""

from __future__ import annotations

import random
from collections import deque

BASE = 0x4000_0000


class MainMemory:
    """``data`` from BASE on; requests that touch ``broken`` bytes are answered with an error."""

    def __init__(
        self, bus, rng: random.Random, size: int, *, latency=(1, 20), stall=0.3, broken=range(0)
    ) -> None:
        self.bus, self.rng, self.latency, self.stall = bus, rng, latency, stall
        self.data = bytearray(rng.randbytes(size))
        self.broken = broken
        self.width = len(bus.sel)
        self.reads = self.writes = 0

    def access(self, word: int, we: int, sel: int, value: int) -> tuple[bool, int]:
        """(error, data read) of one request, executed now."""
        start = word * self.width - BASE
        if not 0 <= start < len(self.data) or start in self.broken:
            return True, 0
        if not we:
            self.reads += 1
            return False, int.from_bytes(self.data[start : start + self.width], "little")
        self.writes += 1
        for i, byte in enumerate(value.to_bytes(self.width, "little")):
            if sel >> i & 1:
                self.data[start + i] = byte
        return False, self.rng.getrandbits(8 * self.width)

    async def run(self, ctx) -> None:
        """Background process."""
        bus, cycle, queue = self.bus, 0, deque()
        while True:
            stall = self.rng.random() < self.stall
            due = bool(queue) and queue[0][0] <= cycle
            error, value = queue.popleft()[1] if due else (False, self.rng.getrandbits(8))
            ctx.set(bus.stall, stall)
            ctx.set(bus.ack, due and not error)
            ctx.set(bus.err, due and error)
            ctx.set(bus.dat_r, value)
            _, _, cyc, stb, we, adr, sel, dat_w = await ctx.tick().sample(
                bus.cyc, bus.stb, bus.we, bus.adr, bus.sel, bus.dat_w
            )
            assert cyc or not (queue or due)
            if cyc and stb and not stall:
                delay = self.rng.randint(*self.latency)
                queue.append((cycle + delay, self.access(adr, we, sel, dat_w)))
            cycle += 1
