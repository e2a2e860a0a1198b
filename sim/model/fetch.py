"""Words of a command stream on their way from the bus to the decoder."""

from __future__ import annotations

from sim.model.bus import FETCH, Bus

ANSWER_CYCLES = 2
"""From a grant to its answer, beside the memory's latency: the bus's registers either way."""

FIFO_CYCLES = 1
"""From a FIFO's input to its output."""

FETCH_BYTES = 256
"""Commands read ahead (hw.npu.command_fetch)."""


class Fetch:
    """A word a cycle, each held in a register before it is taken."""

    def __init__(self, bus: Bus, bus_bytes: int, latency: int) -> None:
        self._bus = bus
        self._lanes = bus_bytes // 4
        self._arrives = latency + ANSWER_CYCLES + FIFO_CYCLES
        self._at = 0
        self._taken = 0
        self._loaded: int | None = None  # the word at `_at`, if it is in the register already

    def take(self, words: int, free: int) -> int:
        """When the last of so many words is taken, the first one not before ``free``."""
        end = self._at + words
        while self._at < end:
            until = min(end, (self._at // self._lanes + 1) * self._lanes)
            count = until - self._at
            ahead = self._loaded is not None
            loaded = self._load() if self._loaded is None else self._loaded
            begin = max(loaded + 1, free)
            self._taken = begin + count - 1
            self._at, self._loaded = until, None
            if until % self._lanes == 0 and not (ahead and count == 1):
                self._bus.fetch.pop(loaded if count == 1 else self._taken - 1)
        self._load_ahead()
        return self._taken

    def _load(self) -> int:
        """When the next word enters the register."""
        granted = self._bus.granted(FETCH, self._at // self._lanes)
        return max(self._taken, granted + self._arrives)

    def _load_ahead(self) -> None:
        """The next command's first word does not wait for the decoder."""
        self._loaded = self._load()
        if (self._at + 1) % self._lanes == 0:
            self._bus.fetch.pop(self._loaded)
