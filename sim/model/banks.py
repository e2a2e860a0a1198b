"""Which banks of the scratchpad the compute side uses in each cycle, so that the DMA waits.

Addresses and cycles are those of `hw.npu.feeder`, `hw.npu.drain` and `hw.npu.adder`.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from hw.spec.commands import Command
from hw.spec.config import NpuConfig
from sim.model.array import CAPTURE_LATENCY, REQUANTISER_LATENCY
from sim.model.geometry import Geometry, first_pixels, strips
from sim.model.loops import ArrayTime

Cycles = NDArray[np.int64]

Banks = NDArray[np.uint16]
"""A bit for each bank that is in use, by cycle or by beat."""

ADD_CYCLES = 8
"""From an operand's read to the sum: scratchpad and scaler (hw.npu.adder)."""


def bank_masks(addresses: Cycles, size: Cycles | int, config: NpuConfig) -> Banks:
    """A bit for each bank that accesses of ``size`` bytes at these addresses need: one or two."""
    port, banks = config.port_bytes, config.scratchpad_banks
    first, last = addresses // port % banks, (addresses + size - 1) // port % banks
    return ((1 << first) | (1 << last)).astype(np.uint16)


def add_writes(command: Command, config: NpuConfig) -> Banks:
    """Banks that an ADD writes, by cycle from its start on."""
    lanes = config.requantiser_lanes
    words = np.arange(-(-command["bytes"] // lanes))
    times = 2 + 2 * words + ADD_CYCLES + REQUANTISER_LATENCY
    sizes = np.minimum(lanes, command["bytes"] - lanes * words)
    masks = bank_masks(command["output_address"] + lanes * words, sizes, config)
    return _by_cycle(times, masks)


def window_writes(command: Command, g: Geometry, time: ArrayTime, config: NpuConfig) -> Banks:
    """Banks that a CONV or DEPTHWISE writes, by cycle from its start on."""
    tiles, places, addresses = (
        _depthwise_pixels(command, g) if g.window or g.tapwise else _pixels(command, g)
    )
    ends = np.array(time.tile_ends, dtype=np.int64).reshape(g.blocks, g.tiles)
    block_channels = config.rows << g.paired
    times: list[Cycles] = []
    masks: list[Banks] = []
    for block in range(g.blocks):
        channels = min(command["channels"] - block * block_channels, block_channels)
        beats = g.final_beats if block == g.blocks - 1 else g.beats
        begin = ends[block, tiles] + CAPTURE_LATENCY + REQUANTISER_LATENCY + places * beats
        for beat, offset, size in _beats(channels, config):
            times.append(begin + beat)
            masks.append(bank_masks(addresses + block * block_channels + offset, size, config))
    return _by_cycle(np.concatenate(times), np.concatenate(masks))


def add_reads(command: Command, config: NpuConfig) -> Banks:
    """Banks that an ADD reads, by cycle from its start on: its operands in turns."""
    lanes = config.requantiser_lanes
    words = lanes * np.arange(-(-command["bytes"] // lanes))
    addresses = np.stack([command["a_address"] + words, command["b_address"] + words], axis=1)
    masks = bank_masks(addresses.ravel(), lanes, config)
    return _by_cycle(1 + np.arange(len(masks)), masks)


def window_reads(command: Command, g: Geometry, time: ArrayTime, config: NpuConfig) -> Banks:
    """Banks that the feeder reads for a CONV or DEPTHWISE, by cycle from its start on."""
    if g.window:
        slots, places, addresses, rows = _window_slots(command, g)
    elif g.tapwise:
        slots, places, addresses, rows = _tap_slots(command, g)
    else:
        slots, places, addresses, rows = _convolution_slots(command, g, config.port_bytes)
    inside = (rows >= 0) & (rows < g.input_rows)
    reads = np.bincount(slots)
    ends = np.array(time.slot_ends, dtype=np.int64).reshape(g.blocks, -1)
    size = config.port_bytes
    step = 0
    if g.window or g.tapwise:
        size = step = config.rows << g.paired
    times: list[Cycles] = []
    masks: list[Banks] = []
    for block in range(g.blocks):
        cycles = ends[block, slots] - reads[slots] + 1 + places
        times.append(cycles[inside])
        masks.append(bank_masks(addresses[inside] + block * step, size, config))
    return _by_cycle(np.concatenate(times), np.concatenate(masks))


def _origin(command: Command) -> int:
    """Address at which the first window starts."""
    pad = command["pad_top"] * command["input_row_pitch"]
    return command["input_address"] - pad + command["x_start"]


def _window_slots(command: Command, g: Geometry) -> tuple[Cycles, Cycles, Cycles, Cycles]:
    """Of each read of a block: slot, place in the slot, address, input row."""
    stride = 2 if g.double else 1
    height = (g.rows - 1) * g.stride_rows + g.kernel_rows
    parts: list[tuple[Cycles, ...]] = []
    for strip, pixels in enumerate(strips(g)):
        columns = (pixels - 1) * stride + g.kernel_cols
        rows, cols = (axis.ravel() for axis in np.indices((height, columns)))
        addresses = _origin(command) + strip * command["strip_input_step"]
        addresses = addresses + rows * command["input_row_pitch"] + cols * command["pixel_bytes"]
        parts.append((strip * height + rows, cols, addresses, rows - g.pad_top))
    return _joined(parts)


def _tap_slots(command: Command, g: Geometry) -> tuple[Cycles, Cycles, Cycles, Cycles]:
    """As `_window_slots`, of taps read one by one."""
    taps = g.kernel_rows * g.kernel_cols
    parts: list[tuple[Cycles, ...]] = []
    for strip, pixels in enumerate(strips(g)):
        shape = (g.rows, g.kernel_rows, g.kernel_cols, pixels)
        rows, kernel_rows, kernel_cols, cols = (axis.ravel() for axis in np.indices(shape))
        addresses = _origin(command) + strip * command["strip_input_step"]
        addresses = addresses + rows * command["row_step"] + cols * command["x_step"]
        addresses += kernel_rows * command["input_row_pitch"]
        addresses += kernel_cols * command["pixel_bytes"]
        slots = (strip * g.rows + rows) * taps + kernel_rows * g.kernel_cols + kernel_cols
        parts.append((slots, cols, addresses, rows * g.stride_rows + kernel_rows - g.pad_top))
    return _joined(parts)


def _convolution_slots(
    command: Command, g: Geometry, port: int
) -> tuple[Cycles, Cycles, Cycles, Cycles]:
    """As `_window_slots`, of shared reads: those of a tile lie side by side in each slot."""
    first = np.array(first_pixels(g.pixels, g.tile_pixels, g.width, g.group), dtype=np.int64)
    tiles = first // g.tile_pixels
    places = np.arange(len(first)) - np.searchsorted(tiles, tiles)
    rows, cols = np.divmod(first, g.width)
    windows = _origin(command) + rows * command["row_step"] + cols * command["x_step"]
    words = len(g.runs)
    parts: list[tuple[Cycles, ...]] = []
    for kernel_row in range(g.kernel_rows):
        for word in range(words):
            slots = tiles * g.kernel_rows * words + kernel_row * words + word
            offset = kernel_row * command["input_row_pitch"] + word * port
            row = rows * g.stride_rows + kernel_row - g.pad_top
            parts.append((slots, places, windows + offset, row))
    return _joined(parts)


def _joined(parts: list[tuple[Cycles, ...]]) -> tuple[Cycles, Cycles, Cycles, Cycles]:
    slots, places, addresses, rows = (np.concatenate(part) for part in zip(*parts, strict=True))
    return slots, places, addresses, rows


def _by_cycle(times: Cycles, masks: Banks) -> Banks:
    found = np.zeros(int(times.max(initial=-1)) + 1, dtype=np.uint16)
    found[times] = masks
    return found


def _pixels(command: Command, g: Geometry) -> tuple[Cycles, Cycles, Cycles]:
    """Of each output pixel of a CONV: tile, place in the tile, address."""
    pixels = np.arange(g.pixels)
    rows, cols = np.divmod(pixels, g.width)
    addresses = command["output_address"] + rows * command["output_row_pitch"]
    addresses += cols * command["output_pixel_pitch"]
    tiles, places = np.divmod(pixels, g.tile_pixels)
    return tiles, places, addresses


def _depthwise_pixels(command: Command, g: Geometry) -> tuple[Cycles, Cycles, Cycles]:
    """Of each output pixel of a DEPTHWISE: tile, place in the tile, address."""
    parts: list[tuple[Cycles, Cycles, Cycles]] = []
    for strip, pixels in enumerate(strips(g)):
        rows, cols = (axis.ravel() for axis in np.indices((g.rows, pixels)))
        first = command["output_address"] + strip * command["strip_output_step"]
        addresses = first + rows * command["output_row_pitch"]
        addresses += cols * command["output_pixel_pitch"]
        parts.append((strip * g.rows + rows, cols, addresses))
    tiles, places, addresses = (np.concatenate(part) for part in zip(*parts, strict=True))
    return tiles, places, addresses


def _beats(channels: int, config: NpuConfig) -> Iterator[tuple[int, int, int]]:
    """(cycle, byte, bytes) of each write of a pixel: first and second half in beats."""
    cycle = 0
    for half, count in enumerate((min(channels, config.rows), channels - config.rows)):
        for first in range(0, max(count, 0), config.requantiser_lanes):
            size = min(config.requantiser_lanes, count - first)
            yield cycle, half * config.rows + first, size
            cycle += 1


def transfer_beats(command: Command, bus_bytes: int) -> int:
    """Beats of a LOAD or STORE: each of its rows begins with one of its own."""
    rows, size, pitch = command["rows"], command["row_bytes"], command["memory_pitch"]
    if not rows or not size:
        return 1
    offset = command["memory_address"] % bus_bytes
    if pitch % bus_bytes == 0:
        return rows * -(-(offset + size) // bus_bytes)
    return sum(-(-((offset + row * pitch) % bus_bytes + size) // bus_bytes) for row in range(rows))


def last_row_beats(command: Command, bus_bytes: int) -> int:
    """Beats of the last row of a LOAD or STORE."""
    rows, size = command["rows"], command["row_bytes"]
    if not rows or not size:
        return 1
    offset = (command["memory_address"] + (rows - 1) * command["memory_pitch"]) % bus_bytes
    return -(-(offset + size) // bus_bytes)


def beat_masks(command: Command, npu: NpuConfig) -> Banks:
    """Banks of each beat of a LOAD or STORE."""
    bus, size = npu.bus_bytes, command["row_bytes"]
    if not command["rows"] or not size:
        return np.zeros(1, dtype=np.uint16)
    parts: list[Banks] = []
    for row in range(command["rows"]):
        offset = (command["memory_address"] + row * command["memory_pitch"]) % bus
        first = command["scratchpad_address"] + row * command["scratchpad_pitch"] - offset
        beats = np.arange(-(-(offset + size) // bus)) * bus
        low, high = np.maximum(beats, offset), np.minimum(beats + bus, offset + size)
        parts.append(bank_masks(first + low, high - low, npu))
    return np.concatenate(parts)
