"""Fields and readings that steps on images share: int8, NHWC with batch 1, dense."""

from __future__ import annotations

from math import prod

from hw.spec import numerics as nm
from hw.spec.steps.kind import Bound, MainMemory, Values

IMAGE_IN = ("input*", "input_rows", "input_cols", "channels")
IMAGE_OUT = ("output*", "output_rows", "output_cols")
WINDOW = ("kernel_rows", "kernel_cols", "stride_rows", "stride_cols", "pad_top", "pad_left")
TABLES = ("weights*", "bias*", "multipliers*", "shifts*")
CLAMP = ("clamp_low", "clamp_high")
QUANT = ("input_zero_point", "output_zero_point", *CLAMP)


def read_image(v: Values, memory: MainMemory) -> nm.Int8Array:
    """Return the input, int8 [1, input_rows, input_cols, channels]."""
    shape = (1, v["input_rows"], v["input_cols"], v["channels"])
    return memory.read(v["input"], prod(shape)).reshape(shape)


def padding(v: Values) -> tuple[int, int, int, int]:
    """Return (top, left, bottom, right) pixels, so that the output has its rows and columns.

    Rows and columns that no window reaches are cut off by the kernels' strides.
    """
    bottom, right = (
        (v[f"output_{axis}"] - 1) * v[f"stride_{axis}"] + v[f"kernel_{axis}"]
        - v[f"input_{axis}"] - before
        for axis, before in (("rows", v["pad_top"]), ("cols", v["pad_left"]))
    )  # fmt: skip
    return v["pad_top"], v["pad_left"], max(bottom, 0), max(right, 0)


def stride(v: Values) -> tuple[int, int]:
    """Return the (vertical, horizontal) stride in pixels."""
    return v["stride_rows"], v["stride_cols"]


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
