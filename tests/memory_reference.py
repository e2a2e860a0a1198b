"""Main memory as docs/adr/0021-memory-system.md describes it, a cycle at a time.

Written from that text and with nothing of the model's or the RTL's: both are held against it.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np

BURST = 16
GOLDEN = 0x9E3779B1


@dataclass
class Timing:
    """Of a device, in cycles and bytes."""

    latency: int = 1
    word_cycles: int = 1
    page_bytes: int = 0
    banks: int = 1
    miss_cycles: int = 0
    write_cycles: int = 0
    refresh_period: int = 0
    refresh_cycles: int = 0
    contention: int = 0


@dataclass
class Device:
    """One memory: `cycle` is called in each cycle, from that of the reset's end on."""

    timing: Timing
    bus_bytes: int
    busy: int = 0
    pages: dict[int, int] = field(default_factory=dict)
    burst: tuple[int, bool] | None = None
    promised: bool = False
    refresh_waits: bool = False
    master_waits: bool = False
    opened: list[int] = field(default_factory=list)
    refreshed: list[int] = field(default_factory=list)

    def cycle(self, now: int, request: tuple[int, bool] | None) -> bool:
        """Whether the request (offset, writes) is taken in this cycle."""
        t, taken = self.timing, False
        self.refresh_waits |= bool(t.refresh_period) and now > 0 and now % t.refresh_period == 0
        if now and now % BURST == 0:
            part = (now // BURST * GOLDEN % 2**32 >> 16) / 2**16
            self.master_waits |= 100 * part < t.contention
        waits = self.refresh_waits or self.master_waits
        if self.busy:
            self.busy -= 1
            return False
        if request and self._is_open(request) and (self.promised or not waits):
            taken, self.promised = True, False
            offset, writes = request
            self.burst = (offset + self.bus_bytes, writes)
            self.busy = t.word_cycles + writes * t.write_cycles - 1
        elif self.refresh_waits:
            self.refresh_waits = self.promised = False
            self.pages, self.burst = {}, None
            self.busy = t.refresh_cycles - 1
            self.refreshed.append(now)
        elif self.master_waits:
            self.master_waits = self.promised = False
            self.pages.pop(now // BURST % t.banks, None)
            self.burst = None
            self.busy = BURST - 1
        elif request:
            self.promised, self.burst = True, request
            if t.page_bytes:
                page = request[0] // t.page_bytes
                self.pages[page % t.banks] = page
            self.busy = t.miss_cycles - 1
            self.opened.append(now)
        return taken

    def _is_open(self, request: tuple[int, bool]) -> bool:
        if not self.timing.miss_cycles:
            return True
        if not self.timing.page_bytes:
            return self.burst == request
        page = request[0] // self.timing.page_bytes
        return self.pages.get(page % self.timing.banks) == page


@dataclass
class ReferenceMemory:
    """Main memory and, from ``constants`` to ``constants_end``, the weight memory."""

    bus_bytes: int
    constants: int
    constants_end: int
    devices: tuple[Device, Device]
    last: int = 0

    def cycle(self, now: int, request: tuple[int, bool] | None) -> int:
        """The cycle of the answer to a request, 0 where it is not taken or there is none."""
        place = request is not None and self.constants <= request[0] < self.constants_end
        answer = 0
        for number, device in enumerate(self.devices):
            mine = request if number == place else None
            if device.cycle(now, mine):
                timing = device.timing
                own = now + timing.latency + timing.word_cycles - 1
                answer = self.last = max(own, self.last + 1)
        return answer


def random_timing(rng: np.random.Generator) -> Timing:
    """Of small numbers, odd ones among them."""

    def one_of(*values: int) -> int:
        return int(rng.choice(values))

    period = one_of(0, 0, 150, 211, 512)
    timing = Timing(
        latency=one_of(1, 2, 3, 8, 31),
        word_cycles=one_of(1, 1, 2, 5, 16),
        page_bytes=one_of(0, 64, 128, 1024),
        miss_cycles=one_of(0, 1, 2, 13),
        write_cycles=one_of(0, 0, 1, 20),
        refresh_period=period,
        refresh_cycles=one_of(1, 2, 29) if period else 0,
        contention=one_of(0, 0, 5, 50, 90),
    )
    return replace(timing, banks=one_of(1, 2, 4, 16) if timing.page_bytes else 1)


def random_requests(
    rng: np.random.Generator, count: int, bus_bytes: int, size: int
) -> list[tuple[int, int, bool]]:
    """Requests: cycles without one before it, offset, whether it writes.

    Runs of neighbours, jumps, pauses, and at times long ones.
    """
    found: list[tuple[int, int, bool]] = []
    offset, writes = 0, False
    for _ in range(count):
        if rng.random() < 0.2:
            offset = int(rng.integers(0, size // bus_bytes)) * bus_bytes
            writes = bool(rng.random() < 0.4)
        pause = int(rng.choice([0, 0, 0, 0, 1, 7, int(rng.integers(0, 400))]))
        found.append((pause, offset, writes))
        offset = (offset + bus_bytes) % size
    return found
