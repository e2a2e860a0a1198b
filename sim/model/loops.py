"""A command's blocks, strips and tiles on the array; those that repeat are counted once."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from math import gcd

from sim.model.array import Array, Waits
from sim.model.geometry import Geometry, convolution_tiles, strips
from sim.model.walk import AHEAD_LINES, BlockReads, Ring


@dataclass(frozen=True)
class ArrayTime:
    """A command from its start: array waits, the cycle of its last step and of its completion.

    ``lines``, ``blocks``: how the weight ring is read. ``tile_ends``: each tile's last step;
    ``slot_ends``: each slot's last read.
    """

    steps: int
    waits: Waits
    last_step: int
    completed: int
    lines: int
    blocks: tuple[BlockReads, ...]
    tile_ends: tuple[int, ...]
    slot_ends: tuple[int, ...]


@lru_cache(maxsize=1 << 10)
def array_time(geometry: Geometry) -> ArrayTime:
    """A command of which all weights lie in the ring when it starts."""
    return limited_time(geometry, None)


def limited_time(geometry: Geometry, ring: Ring | None) -> ArrayTime:
    """A command whose weights arrive meanwhile."""
    array = Array(geometry, ring)
    seen: dict[tuple[int, ...], tuple[int, ...]] = {}
    block = 0
    while block < geometry.blocks:
        is_last = block == geometry.blocks - 1
        array.begin_block(is_last=is_last)
        _block(array, is_last=is_last)
        block += 1
        if not (is_last or (geometry.stream and ring)):
            block = _skip_blocks(array, ring, seen, block)
    beats = geometry.final_beats * geometry.last_pixels
    return ArrayTime(
        steps=geometry.blocks * geometry.tiles * geometry.taps,
        waits=Waits(*array.waits),
        last_step=array.step,
        completed=array.completed(beats, half_empty=geometry.half_empty),
        lines=array.walk.line,
        blocks=tuple(array.blocks),
        tile_ends=tuple(array.tile_ends),
        slot_ends=tuple(array.slot_ends),
    )


def _skip_blocks(
    array: Array, ring: Ring | None, seen: dict[tuple[int, ...], tuple[int, ...]], block: int
) -> int:
    """Passes over blocks as soon as the array's state is one that was there before.

    With a ``ring`` that still fills, as far as these blocks' weights are there in time.
    """
    state = array.state()
    now = (block, array.step, array.walk.line, array.walk.passed, *array.waits)
    before = seen.get(state)
    seen[state] = now
    if before is None:
        return block
    period, cycles, lines, passed, *waits = (b - a for a, b in zip(before, now, strict=True))
    times = (array.geometry.blocks - 1 - block) // period
    if not times:
        return block
    pattern = array.blocks[-period:]
    for i in range(1, times + 1):
        reads = [block_reads.shifted(i * lines, i * cycles) for block_reads in pattern]
        if ring and not all(ring.serves_block(block_reads) for block_reads in reads):
            times = i - 1
            break
        array.blocks += reads
    slots = len(array.slot_ends) // block
    array.repeat(period * array.geometry.tiles, period * slots, cycles, times)
    array.shift(times * cycles, passed=times * passed, lines=times * lines)
    array.waits = [a + times * b for a, b in zip(array.waits, waits, strict=True)]
    return block + times * period


def _block(array: Array, *, is_last: bool) -> None:
    geometry = array.geometry
    if not (geometry.window or geometry.tapwise):
        _convolution(array, is_last=is_last)
        return
    strip = _window_strip if geometry.window else _tap_strip
    sizes = list(strips(geometry))
    for number, pixels in enumerate(sizes, 1):
        strip(array, pixels, ends_block=number == len(sizes), is_last=is_last)
        array.next_strip()


class _Repeats:
    """Finds out when tiles repeat with a period, and passes over those that would."""

    def __init__(self, array: Array, period: int, slots: int) -> None:
        self._array, self._period, self._slots = array, period, slots
        self._marks: list[tuple[int, ...]] = []
        self._counts: list[tuple[int, ...]] = []
        lines = max(array.walk.lines_of(max(array.geometry.units, 1)) - 1, 1)
        self._needed = max(period, AHEAD_LINES // lines + 2)
        self.done = array.geometry.stream

    def skip(self, left: int) -> int:
        """Tiles passed over, of ``left`` that are like those before."""
        array, period, needed = self._array, self._period, self._needed
        state = array.state()
        before = self._counts[-1][0] if self._counts else 0
        self._marks.append((array.step - before, *state))
        self._counts.append((array.step, array.walk.passed, *array.waits))
        if self.done or len(self._marks) < needed + period:
            return 0
        if self._marks[-needed:] != self._marks[-needed - period : -period]:
            return 0
        self.done = True
        times = left // period
        cycles, passed, *waits = (
            b - a for a, b in zip(self._counts[-1 - period], self._counts[-1], strict=True)
        )
        array.repeat(period, period * self._slots, cycles, times)
        array.shift(times * cycles, passed=times * passed)
        array.waits = [a + times * b for a, b in zip(array.waits, waits, strict=True)]
        return times * period


def _convolution(array: Array, *, is_last: bool) -> None:
    g = array.geometry
    tiles = convolution_tiles(g.pixels, g.tile_pixels, g.width, g.group)
    beats = g.final_beats if is_last else g.beats
    full = g.pixels // g.tile_pixels
    period = 1 if g.group == 1 else g.width // gcd(g.tile_pixels, g.width)
    repeats = _Repeats(array, period, g.kernel_rows * len(g.runs))
    i = 0
    while i < len(tiles):
        pixels, reads = tiles[i]
        array.begin_tile(ends_block=i == len(tiles) - 1)
        for _ in range(g.kernel_rows):
            for steps in g.runs:
                array.fill(reads)
                array.take(array.filled[0], steps)
                array.release(1)
        i += 1
        array.end_tile(pixels * beats, ends_block=i == len(tiles), is_last=is_last)
        array.last_released()
        if i < full:
            i += repeats.skip(min(full, len(tiles) - 1) - i)
    array.next_strip()


def _window_strip(array: Array, pixels: int, *, ends_block: bool, is_last: bool) -> None:
    g = array.geometry
    stride = 2 if g.double else 1
    columns = (pixels - 1) * stride + g.kernel_cols
    beats = pixels * (g.final_beats if is_last else g.beats)
    most = max(g.stride_rows, g.kernel_rows)
    inside = (g.input_rows + g.pad_top - most) // g.stride_rows  # rows up to this one
    repeats = _Repeats(array, 1, g.stride_rows)
    row = slot = 0
    while row < g.rows:
        last_row = row == g.rows - 1
        needed = g.kernel_rows if last_row else most
        while slot < row * g.stride_rows + needed:
            exists = 0 <= slot - g.pad_top < g.input_rows
            array.fill(columns if exists else min(columns, 2))
            slot += 1
        array.begin_tile(ends_block=ends_block and last_row)
        for kernel_row in range(g.kernel_rows - 1):
            array.take(array.filled[kernel_row], g.kernel_cols)
        array.take(array.filled[needed - 1], g.kernel_cols)
        array.end_tile(beats, ends_block=ends_block and last_row, is_last=is_last)
        array.release(g.kernel_rows if last_row else g.stride_rows)
        row += 1
        if row * g.stride_rows > g.pad_top and row < g.rows - 1:
            passed = repeats.skip(max(min(inside, g.rows - 2) - row + 1, 0))
            row += passed
            slot += passed * g.stride_rows


def _tap_strip(array: Array, pixels: int, *, ends_block: bool, is_last: bool) -> None:
    g = array.geometry
    beats = pixels * (g.final_beats if is_last else g.beats)
    for row in range(g.rows):
        last_row = row == g.rows - 1
        array.begin_tile(ends_block=ends_block and last_row)
        for kernel_row in range(g.kernel_rows):
            exists = 0 <= row * g.stride_rows + kernel_row - g.pad_top < g.input_rows
            reads = pixels if exists else min(pixels, 2)
            for _ in range(g.kernel_cols):
                array.fill(reads)
                array.take(array.filled[0], 1)
                array.release(1)
        array.end_tile(beats, ends_block=ends_block and last_row, is_last=is_last)
        array.last_released()
