"""CONV and DEPTHWISE on the scratchpad, with checks of what the address generators rely on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

import numpy as np
from numpy.lib.stride_tricks import as_strided

from tilewright.hw.spec import numerics as nm
from tilewright.hw.spec.commands import ADDRESS_BITS, MAX_LEFT_SHIFT, PARAMETER_WORDS, Command
from tilewright.hw.spec.errors import CheckError
from tilewright.hw.spec.exact import exact_matmul
from tilewright.hw.spec.npu_config import NpuConfig
from tilewright.hw.spec.numerics import Int8Array
from tilewright.hw.spec.tile_shape import TileShape, tile_shape
from tilewright.sim.functional.hazards import Access
from tilewright.sim.functional.memory import Memory
from tilewright.sim.functional.ring import Blocks
from tilewright.sim.functional.units import Units

_LARGEST_PRODUCT = 128 * 128
"""Of two int8 values."""

Span = tuple[int, int]


def convolve(command: Command, blocks: Blocks, units: Units, counts: Counter[str]) -> Access:
    """CONV: [pixels, taps] x [taps, channels]."""
    v, config = command.values, units.config
    rows, cols, run = v["output_rows"], v["output_cols"], v["run_bytes"]
    taps, channels = v["runs"] * run, v["channels"]
    kernel = v["kernel_rows"], v["kernel_cols"]
    _need(v["runs"] == kernel[0] * kernel[1], "runs is not kernel_rows x kernel_cols")
    _need(v["pixels"] == rows * cols, "pixels is not output_rows x output_cols")
    tile = _tile(v, config)
    _need(v["tiles"] == -(-v["pixels"] // tile.pixels), "tiles does not match pixels")
    _need(v["block_words"] == taps, "block_words is not runs x run_bytes")
    shared = (v["group"] - 1) * v["x_step"] + run <= config.port_bytes
    _need(shared or v["group"] == 1, "group exceeds a word")
    _need(1 <= v["group"] <= tile.pixels, "group exceeds a tile")
    image, read = _window_image(command, (kernel[1] - 1) * v["tap_step"] + run, units.scratchpad)
    width = image.shape[1]
    strides = (v["stride_rows"] * width, v["x_step"], v["dilation_rows"] * width, v["tap_step"], 1)
    windows = as_strided(image, (rows, cols, *kernel, run), strides, writeable=False)
    patches = windows.reshape(rows * cols, taps)
    sums = exact_matmul(patches, blocks.weights[:, :channels], _LARGEST_PRODUCT)
    written = _finish(command, blocks, sums.reshape(rows, cols, channels), units, counts)
    counts["mac"] += rows * cols * channels * taps
    counts["weight_buffer_read_words"] += _words_read(v, tile)
    counts["requantise"] += rows * cols * channels
    return Access(reads=read, writes=written)


def depthwise(command: Command, blocks: Blocks, units: Units, counts: Counter[str]) -> Access:
    """DEPTHWISE: sum or maximum over the window, channel by channel."""
    v, config = command.values, units.config
    rows, cols, channels = v["output_rows"], v["output_cols"], v["channels"]
    tile = _tile(v, config)
    _check_strips(v, tile, config)
    taps = v["kernel_rows"] * v["kernel_cols"]
    _need(v["block_words"] == (0 if v["maximum"] else taps), "block_words does not match kernel")
    block = tile.channels
    _need(1 <= v["multiplier"] <= block, "multiplier exceeds a block")
    sources = np.arange(channels)
    sources = sources // block * v["block_step"] + sources % block // v["multiplier"]
    pixel = int(sources.max()) + 1
    run = (v["kernel_cols"] - 1) * v["pixel_bytes"] + pixel
    image, read = _window_image(command, run, units.scratchpad)
    width = image.shape[1]
    windows = as_strided(
        image,
        (v["kernel_rows"], v["kernel_cols"], rows, cols, pixel),
        (v["dilation_rows"] * width, v["pixel_bytes"], v["stride_rows"] * width, v["x_step"], 1),
        writeable=False,
    )[..., sources].reshape(taps, rows, cols, channels)
    if v["maximum"]:
        sums = windows.max(axis=0).astype(np.int32)
    else:
        sums = np.zeros((rows, cols, channels), dtype=np.int32)
        for tap in range(taps):
            sums += windows[tap] * blocks.weights[tap, :channels].astype(np.int32)
        counts["mac"] += rows * cols * channels * taps
    written = _finish(command, blocks, sums, units, counts)
    counts["weight_buffer_read_words"] += _words_read(v, tile)
    counts["requantise"] += rows * cols * channels
    return Access(reads=read, writes=written)


def _need(condition: bool, message: str) -> None:
    if not condition:
        raise CheckError(message)


def _tile(v: Mapping[str, int], config: NpuConfig) -> TileShape:
    tile = tile_shape(config, paired=bool(v["paired"]))
    _need(v["blocks"] == -(-v["channels"] // tile.channels), "blocks does not match channels")
    return tile


def _words_read(v: Mapping[str, int], tile: TileShape) -> int:
    """Weight words that the array takes: two a step of a paired command, parameters included."""
    return v["blocks"] * (PARAMETER_WORDS + v["tiles"] * v["block_words"]) * tile.step_words


def _check_strips(v: Mapping[str, int], tile: TileShape, config: NpuConfig) -> None:
    strip, kernel = v["strip_cols"], (v["kernel_rows"], v["kernel_cols"])
    _need(config.pairs_depthwise or not v["paired"], "a read does not bring a pair's channels")
    _need(1 <= strip <= tile.pixels, "strip_cols exceeds a tile or is 0")
    strips = -(-v["output_cols"] // strip)
    _need(v["tiles"] == strips * v["output_rows"], "tiles is not strips x output_rows")
    if strips > 1:
        _need(v["strip_input_step"] == strip * v["x_step"], "strip_input_step is wrong")
        _need(v["strip_output_step"] == strip * v["output_pixel_pitch"], "strip_output_step")
    if not v["tapwise"]:
        _need(v["dilation_rows"] == 1, "dilation needs tapwise")
        _need(max(kernel) <= config.depthwise_kernel, "the window does not fit on chip")
        equal = v["stride_rows"] == v["stride_cols"] and v["stride_cols"] in (1, 2)
        _need(equal, "this stride needs tapwise")
        single = v["stride_cols"] == 1 or v["paired"] == 1 or not config.pairs_depthwise
        _need(single, "this stride needs a paired command")
        needed = (strip - 1) * v["stride_cols"] + v["kernel_cols"]
        _need(needed <= config.columns, "a strip needs more columns than there are")


def _window_image(
    command: Command, run: int, scratchpad: Memory
) -> tuple[Int8Array, tuple[Span, ...]]:
    """The rows and bytes that all windows cover, padding filled in, and the bytes read."""
    v = command.values
    rows, cols, dilation = v["output_rows"], v["output_cols"], v["dilation_rows"]
    _need(dilation >= 1, "dilation_rows is 0")
    pitch, rest = divmod(v["input_row_pitch"], dilation)
    _need(rest == 0 or v["input_rows"] <= 1, "input_row_pitch is no multiple of dilation_rows")
    if rows > 1 and v["input_rows"] > 1:
        _need(v["row_step"] == v["stride_rows"] * pitch, "row_step is not stride x pitch")
    height = (rows - 1) * v["stride_rows"] + (v["kernel_rows"] - 1) * dilation + 1
    width = (cols - 1) * v["x_step"] + run
    image = np.full((height, width), v["pad_value"], dtype=np.int8)
    first_row, last_row = v["pad_top"], min(v["pad_top"] + v["input_rows"], height)
    left, right = max(-v["x_start"], 0), min(v["input_row_bytes"] - v["x_start"], width)
    if last_row <= first_row or right <= left:
        return image, ()
    first = v["input_address"] + v["pad_top"] * pitch
    address = first % (1 << ADDRESS_BITS) + v["x_start"] + left
    extent = (last_row - first_row - 1) * pitch + right - left
    start = scratchpad.offset(address, extent)
    image[first_row:last_row, left:right] = as_strided(
        scratchpad.data[start:], (last_row - first_row, right - left), (pitch, 1), writeable=False
    )
    return image, ((address, address + extent),)


def _finish(
    command: Command,
    blocks: Blocks,
    sums: nm.Int64Array | nm.Int32Array,
    units: Units,
    counts: Counter[str],
) -> tuple[Span, ...]:
    """Requantise [rows, cols, channels] and write them; returns the bytes written."""
    v, scratchpad = command.values, units.scratchpad
    rows, cols, channels = sums.shape
    limit = 1 << (units.config.accumulator_bits - 1)
    _need(bool(sums.max() < limit and sums.min() >= -limit), "an accumulator overflows")
    shifts = blocks.shifts[:channels]
    _need(bool(shifts.max() <= MAX_LEFT_SHIFT and shifts.min() >= -31), "shift out of range")
    totals = nm.wrap_int32(sums.astype(np.int64) + blocks.bias[:channels])
    factors = blocks.multipliers[:channels], shifts
    if v.get("wide", 0):
        _need(units.config.wide_results, "the design has no results of int16")
        _need(not v["output_zero_point"] and not v["table"], "wide results are as they are")
        wide = nm.requantise_int16(totals, *factors, -(1 << 15), (1 << 15) - 1)
        result = wide.astype("<i2").view(np.int8)
    else:
        limits = v["clamp_low"], v["clamp_high"]
        narrow = nm.requantise(totals, *factors, v["output_zero_point"], *limits)
        result = units.tables.through(command, narrow, counts)
    pixel, row, size = v["output_pixel_pitch"], v["output_row_pitch"], result.shape[2]
    extent = (rows - 1) * row + (cols - 1) * pixel + size
    start = scratchpad.offset(v["output_address"], extent)
    target = as_strided(scratchpad.data[start:], (rows, cols, size), (row, pixel, 1))
    target[:] = result
    return ((v["output_address"], v["output_address"] + extent),)
