"""How often each event happens in a compute command: the counters of the hardware, exactly."""

from __future__ import annotations

from collections import Counter
from functools import lru_cache
from math import prod

from tilewright.hw.spec.commands import (
    LSTM_FUNCTIONS,
    LSTM_GATE_BYTES,
    LSTM_PRODUCTS,
    MOVE_LOOPS,
    PARAMETER_WORDS,
    Command,
    Opcode,
    Operation,
)
from tilewright.hw.spec.npu_config import NpuConfig
from tilewright.sim.model.geometry import Geometry, first_pixels, strips


def window_events(command: Command, geometry: Geometry, config: NpuConfig) -> Counter[str]:
    """Events of a CONV or DEPTHWISE."""
    channels = command["channels"]
    pixels = command["output_rows"] * command["output_cols"]
    outputs, g = pixels * channels, geometry
    words = g.blocks * (PARAMETER_WORDS + g.tiles * g.units)
    return Counter(
        {
            "mac": 0 if g.maximum else g.taps * outputs,
            "accumulator_access": (g.taps + 1) * outputs,
            "scratchpad_read_words": g.blocks * _reads(g),
            "scratchpad_write_words": pixels * _writes(channels, config),
            "weight_buffer_read_words": words << g.paired,
            "requantise": outputs,
            "table": outputs if command["table"] else 0,
        }
    )


def unit_events(command: Command, config: NpuConfig) -> Counter[str]:
    """Events of an ELEMENTWISE, TABLE or SOFTMAX."""
    if command.opcode is Opcode.SOFTMAX:
        return _softmax_events(command, config)
    if command.opcode is Opcode.TABLE:
        words = command["words"]
        return Counter(scratchpad_read_words=words, table=words * config.requantiser_lanes)
    v, lanes = command.values, config.requantiser_lanes
    pixels, run = v["output_rows"] * v["output_cols"], v["run_bytes"]
    elements, words = pixels * run, pixels * -(-run // lanes)
    scaled, reads = elements, words
    if v["operation"] != Operation.B_ALONE:
        scaled += pixels * min(run, lanes) if v["a_repeat"] else elements
        reads += pixels if v["a_repeat"] else words
    return Counter(
        {
            "accumulator_access": elements,
            "scratchpad_read_words": reads,
            "scratchpad_write_words": words,
            "requantise": elements,
            "elementwise": scaled,
            "table": elements if v["table"] else 0,
        }
    )


def _softmax_events(command: Command, config: NpuConfig) -> Counter[str]:
    """Three reads of each group, two lookups of each element, seven products for each row."""
    rows, size = command["rows"], command["row_bytes"]
    elements, words = rows * size, rows * -(-size // config.requantiser_lanes)
    return Counter(
        {
            "accumulator_access": elements,
            "scratchpad_read_words": 3 * words,
            "scratchpad_write_words": words,
            "requantise": elements + 7 * rows,
            "table": 2 * elements,
        }
    )


def move_events(command: Command, config: NpuConfig) -> Counter[str]:
    """Events of a MOVE: an access of up to a port's width reads and writes."""
    extents = (command[f"extent_{loop}"] for loop in range(MOVE_LOOPS))
    accesses = -(-command["run_bytes"] // config.port_bytes) * prod(extents)
    reads = 0 if command["fill"] else accesses
    return Counter({"scratchpad_read_words": reads, "scratchpad_write_words": accesses})


def lstm_events(command: Command) -> Counter[str]:
    """Events of an LSTM: what it writes are the state, and the hidden state twice."""
    units = command["units"]
    return Counter(
        {
            "accumulator_access": units,
            "scratchpad_read_words": (LSTM_GATE_BYTES + 1) * units,
            "scratchpad_write_words": 3 * units,
            "requantise": units,
            "elementwise": LSTM_PRODUCTS * units,
            "table": LSTM_FUNCTIONS * units,
        }
    )


def _writes(channels: int, config: NpuConfig) -> int:
    """Words that the requantiser writes for a pixel."""
    blocks, rest = divmod(channels, config.rows)
    lanes = config.requantiser_lanes
    return blocks * -(-config.rows // lanes) + -(-rest // lanes)


def _reads(g: Geometry) -> int:
    """Scratchpad reads of a block; rows above and below the image are not read."""
    if g.window:
        height = (g.rows - 1) * g.stride_rows + g.kernel_rows
        rows = min(max(height - g.pad_top, 0), g.input_rows)
        stride = 2 if g.double else 1
        return rows * sum((pixels - 1) * stride + g.kernel_cols for pixels in strips(g))
    if g.tapwise:
        rows = sum(_kernel_rows_inside(g, row) for row in range(g.rows))
        return rows * g.kernel_cols * g.pixels
    return len(g.runs) * _convolution_reads(g)


def _kernel_rows_inside(g: Geometry, row: int) -> int:
    first = row * g.stride_rows - g.pad_top
    rows = range(first, first + g.kernel_rows * g.dilation_rows, g.dilation_rows)
    return sum(0 <= row < g.input_rows for row in rows)


@lru_cache(maxsize=1 << 12)
def _convolution_reads(g: Geometry) -> int:
    """Reads of a slot of all tiles and kernel rows."""
    return sum(
        _kernel_rows_inside(g, pixel // g.width)
        for pixel in first_pixels(g.pixels, g.tile_pixels, g.width, g.group)
    )
