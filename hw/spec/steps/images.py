"""Fields and readings that steps on images share: int8 or int16, NHWC with batch 1, dense."""

from __future__ import annotations

from math import prod

import numpy as np
from numpy.typing import NDArray

from tilewright.hw.spec import numerics as nm
from tilewright.hw.spec.steps.kind import Bound, MainMemory, Values

IMAGE_IN = ("input*", "input_rows", "input_cols", "channels")
IMAGE_OUT = ("output*", "output_rows", "output_cols")
WINDOW = ("kernel_rows", "kernel_cols", "stride_rows", "stride_cols", "pad_top", "pad_left")
DILATION = ("dilation_rows", "dilation_cols")
TABLES = ("weights*", "bias*", "multipliers*", "shifts*")
CLAMP = ("clamp_low", "clamp_high")
QUANT = ("input_zero_point", "output_zero_point", *CLAMP)


def read_image(v: Values, memory: MainMemory) -> nm.Int8Array:
    """Return the input, int8 [1, input_rows, input_cols, channels]."""
    return memory.read(v["input"], prod(_input_shape(v))).reshape(_input_shape(v))


def read_wide_image(v: Values, memory: MainMemory) -> NDArray[np.int16]:
    """Return the input, int16 [1, input_rows, input_cols, channels]."""
    return memory.int16(v["input"], prod(_input_shape(v))).reshape(_input_shape(v))


def _input_shape(v: Values) -> tuple[int, int, int, int]:
    return 1, v["input_rows"], v["input_cols"], v["channels"]


def padding(v: Values) -> tuple[int, int, int, int]:
    """Return (top, left, bottom, right) pixels, so that the output has its rows and columns.

    Rows and columns that no window reaches are cut off by the kernels' strides.
    """
    bottom, right = (_behind(v, axis) for axis in ("rows", "cols"))
    return v["pad_top"], v["pad_left"], max(bottom, 0), max(right, 0)


def _behind(v: Values, axis: str) -> int:
    """Return the padding behind one axis; negative where no window reaches the end."""
    dilation, upsampling = v.get(f"dilation_{axis}", 1), v.get(f"upsampling_{axis}", 1)
    before = v["pad_top"] if axis == "rows" else v["pad_left"]
    last = (v[f"output_{axis}"] - 1) * v[f"stride_{axis}"]
    end = last + (v[f"kernel_{axis}"] - 1) * dilation + 1
    return end - before - ((v[f"input_{axis}"] - 1) * upsampling + 1)


def pair(v: Values, name: str) -> tuple[int, int]:
    """Return the (vertical, horizontal) values of a parameter: stride, kernel, dilation."""
    return v[f"{name}_rows"], v[f"{name}_cols"]


def write_requantised(v: Values, memory: MainMemory, sums: nm.Int32Array) -> None:
    """Requantise int32 [..., channels] by channel and store the int8 result."""
    channels = sums.shape[-1]
    result = nm.requantise(
        sums,
        memory.int32(v["multipliers"], channels),
        memory.int32(v["shifts"], channels),
        v["output_zero_point"],
        v["clamp_low"],
        v["clamp_high"],
    )
    memory.write(v["output"], result.reshape(-1))


def window_bound(v: Values, channels: int, taps: int) -> Bound:
    """Return the bound of so many products for each output element."""
    elements = v["output_rows"] * v["output_cols"] * channels
    return Bound(elements, elements * taps)
