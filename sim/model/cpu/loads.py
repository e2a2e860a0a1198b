"""Loads of each operator's kernel, in order: what its data cache sees.

A kernel repeats a unit: an output pixel, a channel, a block of elements. Loads from tensors, tables
and the step's values follow the kernel's loops; what the compiler keeps on the stack stands in
`sim.model.cpu.spills`. Stores are left out: they neither fill the cache nor clear it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hw.spec.program import Step
from hw.spec.steps import BY_NAME, StepKind
from sim.model.cpu.cache import Addresses, Units
from sim.model.cpu.paths import UNROLL, Values, windows
from sim.model.cpu.products import channel_loads, run_loads, spilled
from sim.model.cpu.softmax import KEPT
from sim.model.cpu.spills import (
    CONV_2D,
    DEPTHWISE_CONV_2D,
    FULLY_CONNECTED,
    SOFTMAX_KEPT,
    Block,
)

_ELEMENTS = 64
"""Elements that make a unit of a kernel without windows."""

_WINDOW = ("stride_cols", "pad_left", "input_cols", "kernel_cols", "channels", "input_zero_point")
"""Values that the kernels of convolutions read again for each pixel."""

_CHANNEL_OF_MEAN = ("input_zero_point", "multiplier", "shift", "output_zero_point", "clamp_high")
"""Values that the mean reads again for each channel."""


@dataclass(frozen=True)
class Places:
    """Where a kernel's step and its stack lie.

    Attributes
    ----------
    values: address of the step's first value.
    frame: lowest address of the kernel's frame on the stack.
    """

    values: int
    frame: int


def loads(step: Step, places: Places) -> Units:
    """Units of any operator but a softmax, whose loads depend on its input."""
    return _LOADS[step.kind](step.values, places)


def softmax_loads(step: Step, places: Places, counted: NDArray[np.bool_]) -> Units:
    """``counted``: elements (rows, columns) whose exponential is worked out, and kept."""
    cols = step.values["cols"]
    kept = spilled(places.frame, range(SOFTMAX_KEPT, SOFTMAX_KEPT + 4 * KEPT, 4))

    def unit(row: int) -> Addresses:
        elements = step.values["input"] + row * cols + np.arange(cols)
        again = np.stack([elements, elements], axis=1)
        taken = kept[: min(cols, KEPT)]
        again[: taken.size, 1] = np.where(counted[row, : taken.size], taken, elements[: taken.size])
        return np.concatenate([elements, elements, again.ravel()])

    return Units(step.values["rows"], unit)


def _values(kind: StepKind, names: Sequence[str], places: Places) -> Addresses:
    """Addresses of a step's values."""
    return places.values + 4 * np.array([kind.parameters.index(name) for name in names], np.int64)


def _origin(v: Values, position: int) -> tuple[int, int, int, int]:
    """First row and column of a window in the image, then in the kernel."""
    y, x = divmod(position, v["output_cols"])
    top = y * v["stride_rows"] - v["pad_top"]
    left = x * v["stride_cols"] - v["pad_left"]
    return max(top, 0), max(left, 0), max(-top, 0), max(-left, 0)


def _dot_products(
    v: Values, block: Block, frame: int, first: Addresses, rows: Sequence[Addresses], run: int
) -> Addresses:
    """Sums over ``run`` bytes of some rows; ``rows``: where they start in input and channel 0."""
    sources, weights = rows
    pitch = v.get("kernel_rows", 1) * v.get("kernel_cols", 1) * v["channels"]
    streams = np.empty((first.size, sources.size, 1 + block.channels), np.int64)
    streams[..., 0] = sources
    channel = first[:, None, None] + np.arange(block.channels)
    streams[..., 1:] = weights[:, None] + channel * pitch
    return channel_loads(v, block, frame, first, run_loads(streams, run, block, frame))


def _conv_2d(v: Values, places: Places) -> Units:
    counts, widths = windows(v)
    channels, outputs, frame = v["channels"], v["output_channels"], places.frame
    grouped = outputs - outputs % UNROLL
    groups, singles = np.arange(0, grouped, UNROLL), np.arange(grouped, outputs)
    pixel = np.concatenate(
        [_values(BY_NAME["CONV_2D"], _WINDOW, places), spilled(frame, CONV_2D.pixel)]
    )

    def unit(position: int) -> Addresses:
        top, left, above, beside = _origin(v, position)
        y, x = divmod(position, v["output_cols"])
        row = np.arange(counts[y])
        rows = (
            v["input"] + ((top + row) * v["input_cols"] + left) * channels,
            v["weights"] + ((above + row) * v["kernel_cols"] + beside) * channels,
        )
        run = int(widths[x]) * channels
        return np.concatenate(
            [
                pixel,
                _dot_products(v, CONV_2D.group, frame, groups, rows, run),
                _dot_products(v, CONV_2D.single, frame, singles, rows, run),
            ]
        )

    return Units(counts.size * widths.size, unit)


def _fully_connected(v: Values, places: Places) -> Units:
    outputs = v["output_channels"]
    groups = outputs // UNROLL
    rows = np.array([v["input"]]), np.array([v["weights"]])

    def unit(number: int) -> Addresses:
        block = FULLY_CONNECTED.group if number < groups else FULLY_CONNECTED.single
        channel = number * UNROLL if number < groups else number - groups + groups * UNROLL
        return _dot_products(v, block, places.frame, np.array([channel]), rows, v["channels"])

    return Units(groups + outputs % UNROLL, unit)


def _depthwise_conv_2d(v: Values, places: Places) -> Units:
    counts, widths = windows(v)
    channels, multiplier, frame = v["channels"], v["depth_multiplier"], places.frame
    outputs = channels * multiplier
    grouped = channels - channels % UNROLL if multiplier == 1 else 0
    groups, singles = np.arange(0, grouped, UNROLL), np.arange(grouped, outputs)
    pixel = np.concatenate(
        [
            _values(BY_NAME["DEPTHWISE_CONV_2D"], _WINDOW, places),
            spilled(frame, DEPTHWISE_CONV_2D.pixel),
        ]
    )

    def block_loads(
        block: Block, first: Addresses, sources: Addresses, weights: Addresses
    ) -> Addresses:
        """``sources``, ``weights``: of channel 0, (rows, columns)."""
        each = first[:, None, None]
        taps = np.stack([sources + each // multiplier, weights + each], axis=-1)
        ends = np.unique([0, block.channels - 1])
        rows = (taps[..., None] + ends).reshape(*taps.shape[:2], taps.shape[2] * 2 * ends.size)
        return channel_loads(v, block, frame, first, rows)

    def unit(position: int) -> Addresses:
        top, left, above, beside = _origin(v, position)
        y, x = divmod(position, v["output_cols"])
        row, col = np.arange(counts[y])[:, None], np.arange(widths[x])
        sources = v["input"] + ((top + row) * v["input_cols"] + left + col) * channels
        weights = v["weights"] + ((above + row) * v["kernel_cols"] + beside + col) * outputs
        return np.concatenate(
            [
                pixel,
                block_loads(DEPTHWISE_CONV_2D.group, groups, sources, weights),
                block_loads(DEPTHWISE_CONV_2D.single, singles, sources, weights),
            ]
        )

    return Units(counts.size * widths.size, unit)


def _pool_2d(v: Values, places: Places) -> Units:
    counts, widths = windows(v)
    channels = v["channels"]

    def unit(position: int) -> Addresses:
        top, left, _, _ = _origin(v, position)
        y, x = divmod(position, v["output_cols"])
        row, col = np.arange(counts[y])[:, None], np.arange(widths[x])
        taps = v["input"] + ((top + row) * v["input_cols"] + left + col).ravel() * channels
        return (taps + np.arange(channels)[:, None]).ravel()

    return Units(counts.size * widths.size, unit)


def _mean(v: Values, places: Places) -> Units:
    taps = v["input"] + np.arange(v["input_rows"] * v["input_cols"]) * v["channels"]
    read = _values(BY_NAME["MEAN"], _CHANNEL_OF_MEAN, places)
    return Units(v["channels"], lambda channel: np.concatenate([taps + channel, read]))


def _streams(sources: Sequence[int], count: int) -> Units:
    """Element by element, of each source one byte."""
    first = np.array(sources, np.int64)

    def unit(block: int) -> Addresses:
        begin = block * _ELEMENTS
        element = np.arange(begin, min(begin + _ELEMENTS, count))
        return (first + element[:, None]).ravel()

    return Units(-(-count // _ELEMENTS), unit)


def _add(v: Values, places: Places) -> Units:
    return _streams((v["a"], v["b"]), v["count"])


def _requantise(v: Values, places: Places) -> Units:
    return _streams((v["input"],), v["count"])


def _pad(v: Values, places: Places) -> Units:
    return _streams((v["input"],), v["input_rows"] * v["input_cols"] * v["channels"])


def _copy(v: Values, places: Places) -> Units:
    chunk = np.arange(v["chunk_bytes"])
    return Units(v["chunks"], lambda i: v["input"] + i * v["input_pitch"] + chunk)


_LOADS: Mapping[StepKind, Callable[[Values, Places], Units]] = {
    BY_NAME["CONV_2D"]: _conv_2d,
    BY_NAME["DEPTHWISE_CONV_2D"]: _depthwise_conv_2d,
    BY_NAME["FULLY_CONNECTED"]: _fully_connected,
    BY_NAME["ADD"]: _add,
    BY_NAME["REQUANTISE"]: _requantise,
    BY_NAME["AVERAGE_POOL_2D"]: _pool_2d,
    BY_NAME["MAX_POOL_2D"]: _pool_2d,
    BY_NAME["MEAN"]: _mean,
    BY_NAME["COPY"]: _copy,
    BY_NAME["PAD"]: _pad,
}
