"""Steps that slide a window over an image: convolutions and pools."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import prod
from typing import Any

from numpy.typing import NDArray

from tilewright.hw.spec import kernels
from tilewright.hw.spec import numerics as nm
from tilewright.hw.spec.steps.images import (
    CLAMP,
    DILATION,
    IMAGE_IN,
    IMAGE_OUT,
    QUANT,
    TABLES,
    WINDOW,
    padding,
    pair,
    read_image,
    read_wide_image,
    window_bound,
    write_requantised,
)
from tilewright.hw.spec.steps.kind import Bound, MainMemory, StepKind, Values


def _taps(v: Values) -> int:
    return prod(pair(v, "kernel"))


def _conv_2d(v: Values, memory: MainMemory) -> None:
    shape = (v["output_channels"], *pair(v, "kernel"), v["channels"] // v["groups"])
    weights = memory.read(v["weights"], prod(shape)).reshape(shape)
    windows = {name: pair(v, name) for name in ("stride", "dilation", "upsampling")}
    if v["element_bytes"] == 2:
        _conv_2d_16x8(v, memory, weights, windows)
        return
    sums = kernels.conv_2d(
        read_image(v, memory),
        weights,
        memory.int32(v["bias"], shape[0]),
        input_zero_point=v["input_zero_point"],
        weights_zero_point=v["weights_zero_point"],
        padding=padding(v),
        **windows,
    )
    write_requantised(v, memory, _within_output(v, sums))


def _within_output(v: Values, sums: NDArray[Any]) -> NDArray[Any]:
    """Leave out what a transposed convolution gives beyond the end of its result."""
    return sums[:, : v["output_rows"], : v["output_cols"]]


def _conv_2d_16x8(
    v: Values, memory: MainMemory, weights: nm.Int8Array, windows: Mapping[str, kernels.Window]
) -> None:
    wide = v["bias_bytes"] == 8
    bias = (memory.int64 if wide else memory.int32)(v["bias"], v["output_channels"])
    sums = kernels.conv_2d_16x8(
        read_wide_image(v, memory), weights, bias, padding=padding(v), **windows
    )
    sums = _within_output(v, sums)
    result = nm.requantise_int16(
        sums if wide else nm.wrap_int32(sums),
        memory.int32(v["multipliers"], v["output_channels"]),
        memory.int32(v["shifts"], v["output_channels"]),
        v["clamp_low"],
        v["clamp_high"],
    )
    memory.write(v["output"], result.reshape(-1))


def _conv_2d_bound(v: Values) -> Bound:
    products = _taps(v) * (v["channels"] // v["groups"])
    # A tap at a time is several times the work of a run of them.
    return window_bound(v, v["output_channels"], 8 * products if _spread(v) else products)


def _spread(v: Values) -> bool:
    """Tell whether the taps of a window are not all neighbours, or are wider than a byte."""
    apart = max(*pair(v, "dilation"), *pair(v, "upsampling"), v["groups"], v["element_bytes"])
    return apart > 1 or v["weights_zero_point"] != 0


CONV_2D = StepKind(
    "CONV_2D",
    # weights [out][kernel_rows][kernel_cols][channels / groups] int8; bias as in the network (zero
    # points not folded in), multipliers int32, shifts int32, one for each output channel.
    # Of dilation and upsampling one is 1. TRANSPOSE_CONV is a convolution with stride 1 over the
    # upsampled image (pixels that count nothing between its own), with the kernel turned around.
    # element_bytes 1: input and output int8, bias int32. 2: both int16 with zero points 0; bias
    # and sums have bias_bytes, 8 or 4.
    (
        *IMAGE_IN,
        *IMAGE_OUT,
        "output_channels",
        *WINDOW,
        *TABLES,
        *QUANT,
        *DILATION,
        "upsampling_rows",
        "upsampling_cols",
        "groups",
        "weights_zero_point",
        "element_bytes",
        "bias_bytes",
    ),
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
        weights_zero_point=v["weights_zero_point"],
        stride=pair(v, "stride"),
        dilation=pair(v, "dilation"),
        padding=padding(v),
    )
    write_requantised(v, memory, sums)


def _depthwise_conv_2d_bound(v: Values) -> Bound:
    return window_bound(v, v["channels"] * v["depth_multiplier"], _taps(v))


DEPTHWISE_CONV_2D = StepKind(
    "DEPTHWISE_CONV_2D",
    # weights [kernel_rows][kernel_cols][channels * depth_multiplier]
    (
        *IMAGE_IN,
        *IMAGE_OUT,
        "depth_multiplier",
        *WINDOW,
        *TABLES,
        *QUANT,
        *DILATION,
        "weights_zero_point",
    ),
    _depthwise_conv_2d,
    _depthwise_conv_2d_bound,
)


def _pool(v: Values, memory: MainMemory, kernel: Callable[..., NDArray[Any]]) -> None:
    result = kernel(
        (read_wide_image if v["element_bytes"] == 2 else read_image)(v, memory),
        window=pair(v, "kernel"),
        stride=pair(v, "stride"),
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


# element_bytes 1: int8, 2: int16
_POOL = (*IMAGE_IN, *IMAGE_OUT, *WINDOW, *CLAMP, "element_bytes")

AVERAGE_POOL_2D = StepKind("AVERAGE_POOL_2D", _POOL, _average_pool_2d, _pool_bound)
MAX_POOL_2D = StepKind("MAX_POOL_2D", _POOL, _max_pool_2d, _pool_bound)
