"""CONV and DEPTHWISE commands from a work, a tile and addresses: pure geometry."""

from __future__ import annotations

from tilewright.hw.spec.commands import ADDRESS_BITS, Command, Opcode
from tilewright.mapper.array.arrangement import lay
from tilewright.mapper.array.array import Array
from tilewright.mapper.array.cycles import Arrangement, Window, block_tiles
from tilewright.mapper.works.geometry import Place, Region, Tile
from tilewright.mapper.works.weights import WeightsOrder
from tilewright.mapper.works.window_geometry import WindowGeometry
from tilewright.mapper.works.work import Emitted

_PITCH_BITS = 20


def _used(value: int, used: bool) -> int:
    """A step that may exceed its field where nothing takes it."""
    return value if used or value < 1 << _PITCH_BITS else 0


def _window_values(
    work: WindowGeometry, tile: Tile, inside: Region, channels: int, source: Place, target: Place
) -> dict[str, int]:
    region = tile.region
    row_start, row_end = source.span(1, inside.cols, channels)
    start_row = region.top * work.stride[0] - work.pad[0]
    start_col = region.left * work.stride[1] - work.pad[1]
    several_rows, several_cols = region.rows > 1, region.cols > 1
    requantisation = work.requantisation
    pad_top, row_pitch = max(-start_row, 0), _used(source.row_pitch, inside.rows > 1)
    return {
        "input_address": (source.address - pad_top * row_pitch) % (1 << ADDRESS_BITS),
        "input_row_pitch": work.dilation[0] * row_pitch,
        "input_rows": inside.rows,
        "pad_top": pad_top,
        "input_row_bytes": row_end - row_start,
        "x_start": min(start_col, 0) * source.pixel_pitch,
        "x_step": _used(work.stride[1] * source.pixel_pitch, several_cols),
        "row_step": _used(work.stride[0] * source.row_pitch, several_rows),
        "stride_rows": work.stride[0],
        "kernel_rows": work.kernel[0],
        "dilation_rows": work.dilation[0],
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


def _conv_values(
    work: WindowGeometry, window: Window, arrangement: Arrangement, source: Place
) -> dict[str, int]:
    columns = work.tap_columns(source.pixel_pitch)
    return {
        "kernel_cols": columns,
        "tap_step": work.dilation[1] * source.pixel_pitch if columns > 1 else 0,
        "runs": window.runs,
        "group": arrangement.group,
        "stream": int(arrangement.stream),
        "run_bytes": window.run_bytes,
        "pixels": window.rows * window.cols,
        "wide": int(work.wide),
        "keep": 0,
    }


def _depthwise_values(
    work: WindowGeometry, window: Window, arrangement: Arrangement, source: Place, target: Place,
    array: Array,
) -> dict[str, int]:  # fmt: skip
    strip = arrangement.strip_cols
    several = window.cols > strip
    block = array.tiles[arrangement.paired].channels
    return {
        "kernel_cols": work.kernel[1],
        "stride_cols": work.stride[1],
        "maximum": int(work.maximum),
        "tapwise": int(arrangement.tapwise),
        "pixel_bytes": _used(work.dilation[1] * source.pixel_pitch, work.kernel[1] > 1),
        "multiplier": min(work.multiplier, block),
        "block_step": block // work.multiplier,
        "strip_cols": strip,
        "strip_input_step": _used(strip * work.stride[1] * source.pixel_pitch, several),
        "strip_output_step": _used(strip * target.pixel_pitch, several),
    }


def window_command(
    work: WindowGeometry, tile: Tile, source: Place, target: Place, array: Array
) -> Emitted:
    """CONV or DEPTHWISE for one tile, with its weights as the command lies on the array.

    ``source`` is the place of the tile's input region (`input_region`) and, for a depthwise work,
    of the tile's first channel; ``target`` that of the tile's first output byte.
    """
    window = work.window(tile.region, tile.channels, source.pixel_pitch, source.row_pitch)
    arrangement = lay(window, array).arrangement
    values = _array_values(window, arrangement, array)
    inside = work.input_region(tile.region)
    channels = work.input_channels(tile.first_channel, tile.channels)[1]
    reads = source.span(inside.rows, inside.cols, channels)
    writes = target.span(tile.region.rows, tile.region.cols, tile.channels << work.wide)
    if arrangement.transposed:
        work, window, tile = work.turned, window.turned(), tile.turned()
        inside = inside.turned()
        source, target = source.turned(), target.turned()
    values |= _window_values(work, tile, inside, channels, source, target)
    if work.depthwise:
        values |= _depthwise_values(work, window, arrangement, source, target, array)
    else:
        values |= _conv_values(work, window, arrangement, source)
    opcode = Opcode.DEPTHWISE if work.depthwise else Opcode.CONV
    streamed = values["tiles"] if arrangement.stream and values["tiles"] > 1 else 0
    order = WeightsOrder(work, tile.first_channel, tile.channels, arrangement.paired, streamed)
    return Emitted(Command(opcode, values), (reads,), (writes,), order)
