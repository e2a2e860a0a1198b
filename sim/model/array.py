"""The compute side at work on one command, tile by tile: when it steps, waits, reads and drains.

Built from the latencies of the hardware: a slot of the column buffers is read when the one that
lay there before was used up, and stepped through when it has been read; a tile ends when the drain
can take it and its block's parameters are there; the weight ring is read ahead as far as the FIFO
behind it goes. Cycles count from the command's start.
"""

from __future__ import annotations

from typing import NamedTuple

from hw.spec.commands import PARAMETER_WORDS
from sim.model.geometry import Geometry
from sim.model.walk import READ_CYCLES, BlockReads, Ring, Section, Walk

FIRST_READ = 3
"""From the start to the feeder's first read: its states ORIGIN and STRIP."""

FIRST_STEP = 2
"""From the start to the first cycle in which the array could step."""

FILL_CYCLES = 3
"""From a slot's last read to its first step: bank, rotation, column buffer."""

FREE_CYCLES = 2
"""From a slot's last step to the read that fills it again."""

CAPTURE_LATENCY = 5
"""Fewest cycles from a tile's end to the next one's: the array's pipeline (hw.npu.array)."""

REQUANTISER_LATENCY = 9
"""From a beat of the drain to its result (hw.npu.requantiser)."""

WRITE_MARGIN = 2
"""From the last result to the command's completion (hw.npu.compute_control)."""

_LONG_AGO = -100


class Waits(NamedTuple):
    """Cycles in which the array waits, by cause."""

    activations: int = 0
    weights: int = 0
    parameters: int = 0
    drain: int = 0


class Array:
    """Feeder, array, drain and parameters while a command's tiles go by.

    ``read``, ``step``: cycle of the last read and of the last step.
    """

    def __init__(self, geometry: Geometry, ring: Ring | None) -> None:
        self.geometry = geometry
        self.walk = Walk(geometry, ring)
        self.read = FIRST_READ - 1
        self.step = FIRST_STEP - 1
        self.waits = [0, 0, 0, 0]  # as in Waits
        self.blocks: list[BlockReads] = []
        self.tile_ends: list[int] = []
        self.slot_ends: list[int] = []
        self._limited = ring is not None
        # Slots: when those given back last were, and when those that are held can be used.
        self._released = [_LONG_AGO] * geometry.slots
        self.filled: list[int] = []
        # The drain takes a tile from `_ready` on; blocks' parameters are not needed any more.
        self._ready = _LONG_AGO
        self._freed = [_LONG_AGO, _LONG_AGO]
        self._loading = self._loaded = _LONG_AGO
        # Of the tile at hand.
        self._parameters = Section(0, 0, 0, 0, 0)
        self._first: Section | None = None
        self._units = self._first_line = 0
        self._arrives = self._frees = False
        self._ends: list[int] = []
        self._times: list[int] = []

    def fill(self, reads: int) -> None:
        """The feeder reads the next slot."""
        free = self._released[len(self.filled) - self.geometry.slots] + FREE_CYCLES
        self.read = max(self.read + 1, free) + reads - 1
        self.slot_ends.append(self.read)
        self.filled.append(self.read + FILL_CYCLES)

    def release(self, count: int) -> None:
        """The last step gives back the oldest slots."""
        del self.filled[:count]
        self._released += [self.step] * count
        del self._released[:count]

    def last_released(self) -> None:
        """The slot given back last was given back by the tile's last step."""
        self._released[-1] = self.step

    def next_strip(self) -> None:
        """The feeder takes a cycle from strip to strip."""
        self.read += 1

    def begin_block(self, *, is_last: bool) -> None:
        """A block's parameters are read ahead of its weights; they load while a set is free."""
        geometry = self.geometry
        section = self.walk.parameters(ends_command=is_last and not geometry.units)
        self._loading = max(
            section.first + READ_CYCLES + PARAMETER_WORDS - 1,
            section.last + READ_CYCLES,
            self._loading + PARAMETER_WORDS,
            self._freed[-2] + PARAMETER_WORDS,
        )
        self._loaded = self._loading + 1
        self._parameters, self._first = section, None

    def begin_tile(self, *, ends_block: bool) -> None:
        """Nothing of the tile is done."""
        geometry = self.geometry
        self._units = 0
        self._ends, self._times = [], []
        self._arrives = self._limited and (self._first is None or geometry.stream)
        self._arrives = self._arrives and geometry.units > 0
        if self._arrives:
            self._frees = ends_block or geometry.stream
            self.walk.begin_arriving(self._ends, self._times, geometry.units)

    def take(self, ready: int, steps: int) -> None:
        """Steps on a slot that can be used from cycle ``ready`` on."""
        while self._arrives and steps > self.walk.piece:
            # What is read ahead for the rest depends on when these are taken.
            self._take(ready, self.walk.piece)
            steps -= self.walk.piece
        self._take(ready, steps)

    def _take(self, ready: int, steps: int) -> None:
        begin = self.step + 1
        if ready > begin:
            self.waits[0] += ready - begin
            begin = ready
        if self._arrives:
            begin = self._arrive(begin, steps)
        elif self.geometry.units and not self._units:
            begin = self._first_word(begin)
        self.step = begin + steps - 1
        self._units += steps
        self._ends.append(self._units)
        self._times.append(self.step)

    def end_tile(self, beats: int, *, ends_block: bool, is_last: bool) -> None:
        """The last step waits for the block's parameters, and until the drain takes the tile.

        ``beats``: of all its pixels.
        """
        step = max(self.step, self._loaded)
        self.waits[2] += step - self.step
        ended = max(step, self._ready)
        self.waits[3] += ended - step
        if ended > self.step and self.geometry.units:
            self._times[-1:] = [self.step - 1, ended]
            self._ends[-1:] = [self._units - 1, self._units]
        self.step = ended
        self.tile_ends.append(ended)
        self._ready = ended + max(beats, CAPTURE_LATENCY)
        section = None
        if self.geometry.units:
            replay = not ends_block and not self.geometry.stream
            ends_command = ends_block and is_last
            if self._arrives:
                section = self.walk.end_arriving(
                    self._first_line, replay=replay, ends_command=ends_command
                )
            else:
                section = self.walk.end(
                    self._first_line, self._ends, self._times,
                    replay=replay, ends_command=ends_command,
                )  # fmt: skip
            self._first = self._first or section
        if ends_block:
            self._freed = [self._freed[-1], ended + CAPTURE_LATENCY - 1 + beats]
            self.blocks.append(BlockReads(self._parameters, self._first, section))

    def completed(self, beats: int, *, half_empty: bool) -> int:
        """When the command completes, whose last tile has so many beats."""
        last = self.step + CAPTURE_LATENCY - 1 + beats
        drained = max(last + 1, last - half_empty + REQUANTISER_LATENCY + 1)
        return drained + WRITE_MARGIN

    def state(self) -> tuple[int, ...]:
        """Everything that the cycles from here on depend on, relative to the last step."""
        step = self.step
        return (
            self.read - step,
            self.walk.read - step,
            self.walk.lane,
            self._ready - step,
            *(max(time - step, _LONG_AGO) for time in self._released),
            *(time - step for time in self.filled),
            *(max(time - step, _LONG_AGO) for time in self._freed),
            max(self._loading - step, _LONG_AGO),
        )

    def repeat(self, tiles: int, slots: int, cycles: int, times: int) -> None:
        """The last tiles and slots come so many times more, each time so many cycles later."""
        for ends, count in ((self.tile_ends, tiles), (self.slot_ends, slots)):
            pattern = ends[-count:]
            for i in range(1, times + 1):
                ends += [end + i * cycles for end in pattern]

    def shift(self, cycles: int, *, passed: int = 0, lines: int = 0) -> None:
        """What repeats is over."""
        self.walk.shift(cycles, passed=passed, lines=lines)
        self.read += cycles
        self.step += cycles
        self._ready += cycles
        self._loading += cycles
        self._loaded += cycles
        self._released = [time + cycles for time in self._released]
        self.filled = [time + cycles for time in self.filled]
        self._freed = [time + cycles for time in self._freed]

    def _first_word(self, begin: int) -> int:
        """The tile's first step: not before its first word is there."""
        self._first_line = self.walk.begin()
        return self._wait_for_word(begin, self._first_line + READ_CYCLES)

    def _wait_for_word(self, begin: int, there: int) -> int:
        late = max(there - begin, 0)
        reading = 0
        if late and self._first is None:
            reading = min(max(self._parameters.last + READ_CYCLES + 1 - begin, 0), late)
        self.waits[2] += reading
        self.waits[1] += late - reading
        return begin + late

    def _arrive(self, begin: int, steps: int) -> int:
        """Where a slot's steps would begin if they waited for words of main memory before them."""
        unit = self._units
        first, last = self.walk.arrive(unit, unit + steps, free=self._frees)
        if not unit:
            self._first_line = first - READ_CYCLES
        begin = self._wait_for_word(begin, first) if not unit else begin + self._late(first - begin)
        return begin + self._late(last - begin - steps + 1)

    def _late(self, cycles: int) -> int:
        self.waits[1] += max(cycles, 0)
        return max(cycles, 0)
