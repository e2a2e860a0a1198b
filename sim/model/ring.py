"""The weight ring between the bus that fills it and the command at work that reads it."""

from __future__ import annotations

from collections.abc import Callable

from hw.spec.config import NpuConfig
from sim.model.bus import WEIGHTS, Bus
from sim.model.loops import ArrayTime
from sim.model.walk import BlockReads, Section

FILL_CYCLES = 1
"""From an answer until the weight ring can be read."""

FREE_CYCLES = 2
"""From a line's last read to a request that may take its place."""


class RingLines:
    """The weight ring as the command at work sees it (`sim.model.walk.Ring`).

    ``wait`` is told each beat that is waited for.
    """

    def __init__(
        self, bus: Bus, config: NpuConfig, answers: int, wait: Callable[[int], None]
    ) -> None:
        self._wait = wait
        self._bus, self._latency = bus, answers + FILL_CYCLES
        self._beats = config.weight_memory_bytes // config.bus_bytes
        self.lines = config.weight_buffer_bytes // config.weight_memory_bytes
        self._start = self._first = self._freed = 0

    def begin(self, start: int) -> None:
        """A command starts."""
        self._start = start

    def end(self, lines: int) -> None:
        """It has read so many lines."""
        self._first += lines

    def available(self, line: int) -> int:
        """The first cycle in which a line can be read."""
        beat = (self._first + line + 1) * self._beats - 1
        self._wait(beat)
        return self._bus.granted(WEIGHTS, beat) + self._latency - self._start

    def free(self, section: Section) -> None:
        """A section's lines were read for the last time."""
        lines = self._first + section.freed - self._freed
        if lines > 0:
            self._freed += lines
            first, last = (
                self._start + cycle + FREE_CYCLES for cycle in (section.first, section.last)
            )
            self._bus.weights.free(lines * self._beats, first, last)

    def serves(self, time: ArrayTime) -> bool:
        """Whether each line is there when a command reads it; those it is done with are freed."""
        room = self._freed + self.lines - self._first
        there = time.lines <= room and self.available(time.lines - 1) <= 1
        for block in time.blocks:
            if there:
                self._free_block(block)
            elif not self.serves_block(block):
                return False
        return True

    def serves_block(self, block: BlockReads) -> bool:
        """As `serves`, of a block."""
        for section in block:
            if section and not self._in_time(section):
                return False
        self._free_block(block)
        return True

    def _free_block(self, block: BlockReads) -> None:
        for section in (block.parameters, block.last):
            if section:
                self.free(section)

    def _in_time(self, section: Section) -> bool:
        return (
            self.available(section.start) <= section.first
            and self.available(section.end - 1) <= section.last
        )
