"""Steps that slide a window over an image: convolutions and pools."""

from __future__ import annotations

from collections.abc import Callable
from math import prod

from hw.spec import kernels
from hw.spec import numerics as nm
from hw.spec.steps.images import (
    CLAMP,
    IMAGE_IN,
    IMAGE_OUT,
    QUANT,
    TABLES,
    WINDOW,
    padding,
    read_image,
    stride,
    window_bound,
    write_requantised,
)
from hw.spec.steps.kind import Bound, MainMemory, StepKind, Values


def _taps(v: Values) -> int:
    return v["kernel_rows"] * v["kernel_cols"]


def _conv_2d(v: Values, memory: MainMemory) -> None:
    shape = (v["output_channels"], v["kernel_rows"], v["kernel_cols"], v["channels"])
    sums = kernels.conv_2d(
        read_image(v, memory),
        memory.read(v["weights"], prod(shape)).reshape(shape),
        memory.int32(v["bias"], shape[0]),
        input_zero_point=v["input_zero_point"],
        stride=stride(v),
        padding=padding(v),
    )
    write_requantised(v, memory, sums)


def _conv_2d_bound(v: Values) -> Bound:
    return window_bound(v, v["output_channels"], _taps(v) * v["channels"])


CONV_2D = StepKind(
    "CONV_2D",
    # weights [out][kernel_rows][kernel_cols][channels] int8; bias int32 as in the network (zero
    # point not folded in), multipliers int32, shifts int32, one for each output channel
    (*IMAGE_IN, *IMAGE_OUT, "output_channels", *WINDOW, *TABLES, *QUANT),
    _conv_2d,
    _conv_2d_bound,
)


def _depthwise_conv_2d(v: Values, memory: MainMemory) -> None:
    channels = v["channels"] * v["depth_multiplier"]
    shape = (v["kernel_rows"], v["kernel_cols"], channels)
    sums = kernels.depthwise_conv_2d(
        read_image(v, memory),
        memory.read(v["weights"], prod(shape)).reshape(shape),
        memory.int32(v["bias"], channels),
        input_zero_point=v["input_zero_point"],
        stride=stride(v),
        padding=padding(v),
    )
    write_requantised(v, memory, sums)


def _depthwise_conv_2d_bound(v: Values) -> Bound:
    return window_bound(v, v["channels"] * v["depth_multiplier"], _taps(v))


DEPTHWISE_CONV_2D = StepKind(
    "DEPTHWISE_CONV_2D",
    # weights [kernel_rows][kernel_cols][channels * depth_multiplier]
    (*IMAGE_IN, *IMAGE_OUT, "depth_multiplier", *WINDOW, *TABLES, *QUANT),
    _depthwise_conv_2d,
    _depthwise_conv_2d_bound,
)


def _pool(v: Values, memory: MainMemory, kernel: Callable[..., nm.Int8Array]) -> None:
    result = kernel(
        read_image(v, memory),
        window=(v["kernel_rows"], v["kernel_cols"]),
        stride=stride(v),
        padding=padding(v),
        lo=v["clamp_low"],
        hi=v["clamp_high"],
    )
    memory.write(v["output"], result.reshape(-1))


def _average_pool_2d(v: Values, memory: MainMemory) -> None:
    _pool(v, memory, kernels.average_pool_2d)


def _max_pool_2d(v: Values, memory: MainMemory) -> None:
    _pool(v, memory, kernels.max_pool_2d)


def _pool_bound(v: Values) -> Bound:
    return window_bound(v, v["channels"], _taps(v))


AVERAGE_POOL_2D = StepKind(
    "AVERAGE_POOL_2D", (*IMAGE_IN, *IMAGE_OUT, *WINDOW, *CLAMP), _average_pool_2d, _pool_bound
)
MAX_POOL_2D = StepKind(
    "MAX_POOL_2D", (*IMAGE_IN, *IMAGE_OUT, *WINDOW, *CLAMP), _max_pool_2d, _pool_bound
)
