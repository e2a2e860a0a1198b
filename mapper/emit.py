"""Commands of the NPU from works, tiles and addresses: pure geometry."""

from __future__ import annotations

from typing import NamedTuple

from hw.spec.commands import Command, Opcode, Operation
from mapper.arrangement import lay, window_of
from mapper.array import Array
from mapper.cycles import Arrangement, Window, block_tiles
from mapper.memory import Span
from mapper.tile import Tile, input_region
from mapper.work import AddWork, Region, WindowWork

_PITCH_BITS = 20


class Place(NamedTuple):
    """Where a rectangle of an image lies: address of its first byte, pitches in bytes."""

    address: int
    pixel_pitch: int
    row_pitch: int

    def turned(self) -> Place:
        """Rows and columns exchanged."""
        return Place(self.address, self.row_pitch, self.pixel_pitch)

    def span(self, rows: int, cols: int, pixel_bytes: int) -> Span:
        """The bytes from the first to the last of so many pixels; empty without pixels."""
        if not rows or not cols:
            return (self.address, self.address)
        last = (rows - 1) * self.row_pitch + (cols - 1) * self.pixel_pitch + pixel_bytes
        return (self.address, self.address + last)


class Emitted(NamedTuple):
    """A compute command, and the scratchpad bytes it reads and writes."""

    command: Command
    reads: tuple[Span, ...]
    writes: tuple[Span, ...]


def _used(value: int, used: bool) -> int:
    """A step that may exceed its field where nothing takes it."""
    return value if used or value < 1 << _PITCH_BITS else 0


def _window_values(
    work: WindowWork, tile: Tile, inside: Region, channels: int, source: Place, target: Place
) -> dict[str, int]:
    region = tile.region
    row_start, row_end = source.span(1, inside.cols, channels)
    start_row = region.top * work.stride[0] - work.pad[0]
    start_col = region.left * work.stride[1] - work.pad[1]
    several_rows, several_cols = region.rows > 1, region.cols > 1
    requantisation = work.requantisation
    return {
        "input_address": source.address,
        "input_row_pitch": _used(source.row_pitch, inside.rows > 1),
        "input_rows": inside.rows,
        "pad_top": max(-start_row, 0),
        "input_row_bytes": row_end - row_start,
        "x_start": min(start_col, 0) * source.pixel_pitch,
        "x_step": _used(work.stride[1] * source.pixel_pitch, several_cols),
        "row_step": _used(work.stride[0] * source.row_pitch, several_rows),
        "stride_rows": work.stride[0],
        "kernel_rows": work.kernel[0],
        "output_address": target.address,
        "output_pixel_pitch": _used(target.pixel_pitch, several_cols),
        "output_row_pitch": _used(target.row_pitch, several_rows),
        "output_cols": region.cols,
        "output_rows": region.rows,
        "channels": tile.channels,
        "block_words": work.weights.shape[1],
        "pad_value": work.pad_value,
        "output_zero_point": requantisation.zero_point,
        "clamp_low": requantisation.lo,
        "clamp_high": requantisation.hi,
        "table": 0,
    }


def _array_values(window: Window, arrangement: Arrangement, array: Array) -> dict[str, int]:
    channels = array.tiles[arrangement.paired].channels
    return {
        "paired": int(arrangement.paired),
        "blocks": -(-window.channels // channels),
        "tiles": block_tiles(window, arrangement, array),
    }


def _conv_values(window: Window, arrangement: Arrangement) -> dict[str, int]:
    return {
        "group": arrangement.group,
        "stream": int(arrangement.stream),
        "run_bytes": window.run_bytes,
        "pixels": window.rows * window.cols,
    }


def _depthwise_values(
    work: WindowWork, arrangement: Arrangement, source: Place, target: Place, several: bool
) -> dict[str, int]:
    strip = arrangement.strip_cols
    return {
        "kernel_cols": work.kernel[1],
        "stride_cols": work.stride[1],
        "maximum": int(work.maximum),
        "tapwise": int(arrangement.tapwise),
        "pixel_bytes": _used(source.pixel_pitch, work.kernel[1] > 1),
        "strip_cols": strip,
        "strip_input_step": _used(strip * work.stride[1] * source.pixel_pitch, several),
        "strip_output_step": _used(strip * target.pixel_pitch, several),
    }


def window_command(
    work: WindowWork, tile: Tile, source: Place, target: Place, array: Array
) -> tuple[Emitted, Arrangement]:
    """CONV or DEPTHWISE for one tile, and how it lies on the array.

    ``source`` is the place of the tile's input region (`input_region`) and, for a depthwise work,
    of the tile's first channel; ``target`` that of the tile's first output byte.
    """
    window = window_of(work, tile.region, tile.channels, source.pixel_pitch, source.row_pitch)
    arrangement = lay(window, array).arrangement
    values = _array_values(window, arrangement, array)
    inside = input_region(work, tile.region)
    channels = tile.channels if work.depthwise else work.input_shape[2]
    reads = source.span(inside.rows, inside.cols, channels)
    writes = target.span(tile.region.rows, tile.region.cols, tile.channels)
    if arrangement.transposed:
        work, window, tile = work.turned, window.turned(), tile.turned()
        inside = inside.turned()
        source, target = source.turned(), target.turned()
    values |= _window_values(work, tile, inside, channels, source, target)
    if work.depthwise:
        several = window.cols > arrangement.strip_cols
        values |= _depthwise_values(work, arrangement, source, target, several)
    else:
        values |= _conv_values(window, arrangement)
    opcode = Opcode.DEPTHWISE if work.depthwise else Opcode.CONV
    return Emitted(Command(opcode, values), (reads,), (writes,)), arrangement


def add_command(work: AddWork, elements: int, a: int, b: int, output: int) -> Emitted:
    """ELEMENTWISE of so many elements at scratchpad addresses a and b, dense."""
    p = work.parameters
    dense = (f"{name}_{level}_pitch" for name in ("a", "b", "output") for level in ("pixel", "row"))
    values = {
        "operation": int(Operation.ADD),
        "a_address": a,
        "a_repeat": 0,
        "b_address": b,
        "output_address": output,
        "run_bytes": elements,
        "output_cols": 1,
        "output_rows": 1,
        **dict.fromkeys(dense, 0),
        "table": 0,
        "a_zero_point": work.a_zero_point,
        "b_zero_point": work.b_zero_point,
        "output_zero_point": work.zero_point,
        "clamp_low": work.lo,
        "clamp_high": work.hi,
        "a_multiplier": p.a_multiplier,
        "b_multiplier": p.b_multiplier,
        "output_multiplier": p.output_multiplier,
        "a_shift": p.a_shift,
        "b_shift": p.b_shift,
        "output_shift": p.output_shift,
    }
    return Emitted(
        Command(Opcode.ELEMENTWISE, values),
        ((a, a + elements), (b, b + elements)),
        ((output, output + elements),),
    )
