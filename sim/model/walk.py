"""The weight ring's reader ahead of the array: when each part of the weight stream is read."""

from __future__ import annotations

from collections import deque
from typing import NamedTuple, Protocol

from hw.spec.commands import PARAMETER_WORDS
from sim.model.geometry import Geometry

FIRST_LINE = 1
"""From a command's start to the first read."""

READ_CYCLES = 3
"""From a read to its first word at the array (hw.npu.weight_ring)."""

AHEAD_LINES = 17
"""Lines that are read but not used up: those of the FIFO and the one at its output."""

_REMEMBERED = 24
"""Tiles of which the steps are remembered: each has a line of its own at least."""


class Section(NamedTuple):
    """Lines read without a jump: parameters, or a tile's weights.

    ``start`` to ``end``, the end excluded, in the cycles ``first`` to ``last``. Lines before
    ``freed`` are not read again when the section is its block's last one, or parameters.
    """

    start: int
    end: int
    freed: int
    first: int
    last: int

    def shifted(self, lines: int, cycles: int) -> Section:
        """The section of a later block that is like this one."""
        return Section(
            self.start + lines,
            self.end + lines,
            self.freed + lines,
            self.first + cycles,
            self.last + cycles,
        )


class BlockReads(NamedTuple):
    """How a block's part of the weight stream is read; no tiles' weights for a maximum."""

    parameters: Section
    first: Section | None
    last: Section | None

    def shifted(self, lines: int, cycles: int) -> BlockReads:
        """A later block that is like this one."""
        return BlockReads(*(section and section.shifted(lines, cycles) for section in self))  # type: ignore[arg-type]


class Ring(Protocol):
    """The weight ring as a command sees it: its lines, and cycles from its start on."""

    lines: int
    """So many lines have room."""

    def available(self, line: int) -> int:
        """The first cycle in which a line can be read."""
        ...

    def free(self, section: Section) -> None:
        """A section's lines were read for the last time."""
        ...

    def serves_block(self, block: BlockReads) -> bool:
        """Whether a block's lines are there when they are read; if so they are freed."""
        ...


class _Tile(NamedTuple):
    """Steps of a tile: units up to ``ends[i]``, the end excluded, were taken by ``times[i]``."""

    passed: int
    lane: int
    units: int
    ends: list[int]
    times: list[int]


class Walk:
    """The reader's position, and the lines of the FIFO that wait for the array.

    ``read``: cycle of the last read. ``line``, ``lane``: where the next one begins.
    ``piece``: units whose lines can be read before any of them is taken.
    """

    def __init__(self, geometry: Geometry, ring: Ring | None) -> None:
        self._lanes = geometry.lanes
        self._shift = int(geometry.paired)
        ahead = AHEAD_LINES - 1 if ring is None else min(AHEAD_LINES - 1, ring.lines // 2)
        self.piece = ahead * (self._lanes >> self._shift)
        self._ring = ring
        self.read = FIRST_LINE - 1
        self.line = self.lane = 0
        self._home = (0, 0)
        self._passed = 0  # lines that went into the words' FIFO
        self._tiles: deque[_Tile] = deque(maxlen=_REMEMBERED)
        self._arrived = 0

    def lines_of(self, units: int) -> int:
        """Lines of a tile that begins here."""
        return -(-(self.lane + (units << self._shift)) // self._lanes)

    def parameters(self, *, ends_command: bool) -> Section:
        """Read a block's parameters."""
        first = self.read + 1
        last = first + self.lines_of(PARAMETER_WORDS) - 1
        section = self._section(PARAMETER_WORDS, first, last, ends_command=ends_command)
        self._home = (self.line, self.lane)
        if self._ring:
            self._ring.free(section)
        return section

    def begin(self) -> int:
        """First read of the next tile's weights."""
        first = max(self.read + 1, self._taken(self._passed - AHEAD_LINES) + 1)
        return max(first, self._ring.available(self.line)) if self._ring else first

    def begin_arriving(self, ends: list[int], times: list[int], units: int) -> None:
        """The next tile's weights come from main memory meanwhile: see `arrive`."""
        self._tiles.append(_Tile(self._passed, self.lane, units, ends, times))
        self._arrived = self.line - 1

    def arrive(self, begin: int, end: int, *, free: bool) -> tuple[int, int]:
        """Read the lines of units ``begin`` to ``end``, the end excluded, of the tile at hand.

        Returns the earliest steps of the first and of the last one. ``free``: it is the last time
        that they are read.
        """
        assert self._ring
        before = self._passed - self.line
        lane = self.lane + (begin << self._shift)
        line = self.line + lane // self._lanes
        last_lane = self.lane + ((end - 1) << self._shift)
        last_line, last_within = self.line + last_lane // self._lanes, last_lane % self._lanes
        earliest = 0
        if line > self._arrived:
            self._read_lines(line, line, before, free=free)
            earliest = self.read + READ_CYCLES
        if last_line > self._arrived:
            self._read_lines(self._arrived + 1, last_line, before, free=free)
            ahead = last_within if last_line > self.line else last_within - self.lane
            return earliest, self.read + READ_CYCLES + (ahead >> self._shift)
        return earliest, 0

    def _read_lines(self, first: int, last: int, passed: int, *, free: bool) -> None:
        assert self._ring
        begins = self._readable(first, passed, self.read + 1)
        self.read = self._readable(last, passed, begins + last - first)
        self._arrived = last
        if free:
            self._ring.free(Section(first, last + 1, last, begins, self.read))

    def _readable(self, line: int, passed: int, earliest: int) -> int:
        """When a line of the tile at hand can be read."""
        assert self._ring
        room = self._taken(passed + line - AHEAD_LINES) + 1
        return max(earliest, self._ring.available(line), room)

    def end_arriving(self, first: int, *, replay: bool, ends_command: bool) -> Section:
        """As `end`."""
        units = self._tiles[-1].units
        self._passed += self.lines_of(units)
        section = self._section(units, first, self.read, ends_command=ends_command)
        if replay:
            self.line, self.lane = self._home
        elif self._ring:
            self._ring.free(section)
        return section

    def end(
        self,
        first: int,
        ends: list[int],
        times: list[int],
        *,
        replay: bool,
        ends_command: bool,
    ) -> Section:
        """A tile's weights, first read in cycle ``first``, now that its steps are known."""
        units = ends[-1]
        self._tiles.append(_Tile(self._passed, self.lane, units, ends, times))
        lines = self.lines_of(units)
        self._passed += lines
        last = max(first + lines - 1, self._taken(self._passed - 1 - AHEAD_LINES) + 1)
        section = self._section(units, first, last, ends_command=ends_command)
        if replay:
            self.line, self.lane = self._home
        elif self._ring:
            self._ring.free(section)
        return section

    def shift(self, cycles: int, *, passed: int = 0, lines: int = 0) -> None:
        """What repeats is over: so many cycles, lines that passed the FIFO, lines of the ring."""
        self.read += cycles
        self.line += lines
        self._passed += passed
        for i, tile in enumerate(self._tiles):
            times = [time + cycles for time in tile.times]
            self._tiles[i] = tile._replace(passed=tile.passed + passed, times=times)

    @property
    def passed(self) -> int:
        """Lines that went into the words' FIFO."""
        return self._passed

    def _section(self, units: int, first: int, last: int, *, ends_command: bool) -> Section:
        start, words = self.line, self.lane + (units << self._shift)
        end = start - (-words // self._lanes)
        if self._ring:
            first = max(first, self._ring.available(start))
            last = max(first + end - start - 1, last, self._ring.available(end - 1))
        self.read = last
        self.line, self.lane = start + words // self._lanes, words % self._lanes
        if ends_command:
            self.line, self.lane = end, 0
        return Section(start, end, self.line, first, last)

    def _taken(self, line: int) -> int:
        """When the last unit of a line was taken, counted as they went into the FIFO."""
        for passed, lane, units, ends, times in reversed(self._tiles):
            if line < passed:
                continue
            unit = min(((line - passed + 1) * self._lanes - lane) >> self._shift, units) - 1
            i = len(ends) - 1
            while i and ends[i - 1] > unit:
                i -= 1
            return times[i] - (ends[i] - 1 - unit)
        return -AHEAD_LINES
