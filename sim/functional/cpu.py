"""The CPU's steps, with the kernels of `hw.spec`."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
from numpy.lib.stride_tricks import as_strided

from hw.spec import kernels
from hw.spec import numerics as nm
from hw.spec.numerics import Int8Array
from hw.spec.program import Step, StepKind
from hw.spec.softmax import SoftmaxParameters, softmax
from sim.functional.memory import Memory

_Values = Mapping[str, int]


def run_step(step: Step, memory: Memory) -> None:
    """Execute one step on main memory."""
    _RUN[step.kind](step.values, memory)


def _image(v: _Values, memory: Memory) -> Int8Array:
    shape = (1, v["input_rows"], v["input_cols"], v["channels"])
    return memory.read(v["input"], int(np.prod(shape))).reshape(shape)


def _padding(v: _Values) -> tuple[int, int, int, int]:
    """(top, left, bottom, right), so that the output has the rows and columns it should have.

    Rows and columns that no window reaches are cut off by the kernels' strides.
    """
    bottom, right = (
        (v[f"output_{axis}"] - 1) * v[f"stride_{axis}"] + v[f"kernel_{axis}"]
        - v[f"input_{axis}"] - before
        for axis, before in (("rows", v["pad_top"]), ("cols", v["pad_left"]))
    )  # fmt: skip
    return v["pad_top"], v["pad_left"], max(bottom, 0), max(right, 0)


def _stride(v: _Values) -> tuple[int, int]:
    return v["stride_rows"], v["stride_cols"]


def _requantised(v: _Values, memory: Memory, sums: nm.Int32Array) -> None:
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


def _conv_2d(v: _Values, memory: Memory) -> None:
    shape = (v["output_channels"], v["kernel_rows"], v["kernel_cols"], v["channels"])
    weights = memory.read(v["weights"], int(np.prod(shape))).reshape(shape)
    sums = kernels.conv_2d(
        _image(v, memory),
        weights,
        memory.int32(v["bias"], shape[0]),
        input_zero_point=v["input_zero_point"],
        stride=_stride(v),
        padding=_padding(v),
    )
    _requantised(v, memory, sums)


def _depthwise_conv_2d(v: _Values, memory: Memory) -> None:
    channels = v["channels"] * v["depth_multiplier"]
    shape = (v["kernel_rows"], v["kernel_cols"], channels)
    weights = memory.read(v["weights"], int(np.prod(shape))).reshape(shape)
    sums = kernels.depthwise_conv_2d(
        _image(v, memory),
        weights,
        memory.int32(v["bias"], channels),
        input_zero_point=v["input_zero_point"],
        stride=_stride(v),
        padding=_padding(v),
    )
    _requantised(v, memory, sums)


def _fully_connected(v: _Values, memory: Memory) -> None:
    shape = (v["output_channels"], v["channels"])
    sums = kernels.fully_connected(
        memory.read(v["input"], shape[1]),
        memory.read(v["weights"], shape[0] * shape[1]).reshape(shape),
        memory.int32(v["bias"], shape[0]),
        input_zero_point=v["input_zero_point"],
    )
    _requantised(v, memory, sums)


def _add(v: _Values, memory: Memory) -> None:
    names = (
        "a_multiplier", "a_shift", "b_multiplier", "b_shift", "output_multiplier", "output_shift",
    )  # fmt: skip
    total = nm.add(
        memory.read(v["a"], v["count"]),
        v["a_zero_point"],
        memory.read(v["b"], v["count"]),
        v["b_zero_point"],
        nm.AddParameters(**{name: v[name] for name in names}),
        v["output_zero_point"],
        v["clamp_low"],
        v["clamp_high"],
    )
    memory.write(v["output"], total)


def _average_pool(v: _Values, memory: Memory) -> None:
    _pool(v, memory, kernels.average_pool_2d)


def _max_pool(v: _Values, memory: Memory) -> None:
    _pool(v, memory, kernels.max_pool_2d)


def _pool(v: _Values, memory: Memory, kernel: Callable[..., Int8Array]) -> None:
    result = kernel(
        _image(v, memory),
        window=(v["kernel_rows"], v["kernel_cols"]),
        stride=_stride(v),
        padding=_padding(v),
        lo=v["clamp_low"],
        hi=v["clamp_high"],
    )
    memory.write(v["output"], result.reshape(-1))


def _requantise(v: _Values, memory: Memory) -> None:
    result = nm.rescale(
        memory.read(v["input"], v["count"]),
        v["input_zero_point"],
        v["multiplier"],
        v["shift"],
        v["output_zero_point"],
        v["clamp_low"],
        v["clamp_high"],
    )
    memory.write(v["output"], result)


def _pad(v: _Values, memory: Memory) -> None:
    padding = (v["top"], v["left"], v["bottom"], v["right"])
    memory.write(v["output"], kernels.pad(_image(v, memory), padding, v["value"]).reshape(-1))


def _softmax(v: _Values, memory: Memory) -> None:
    x = memory.read(v["input"], v["rows"] * v["cols"]).reshape(v["rows"], v["cols"])
    parameters = SoftmaxParameters(
        multiplier=v["multiplier"], left_shift=v["left_shift"], smallest_difference=v["diff_min"]
    )
    memory.write(v["output"], softmax(x, parameters).reshape(-1))


def _copy(v: _Values, memory: Memory) -> None:
    count, size = v["chunks"], v["chunk_bytes"]
    views: list[Int8Array] = []
    for place, pitch in (("input", "input_pitch"), ("output", "output_pitch")):
        start = memory.offset(v[place], (count - 1) * v[pitch] + size)
        views.append(as_strided(memory.data[start:], (count, size), (v[pitch], 1)))
    views[1][:] = views[0]


def _mean(v: _Values, memory: Memory) -> None:
    x = _image(v, memory)
    result = nm.requantise(
        nm.wrap_int32(
            x.sum(axis=(1, 2), dtype=np.int64) - v["input_zero_point"] * x.shape[1] * x.shape[2]
        ),
        v["multiplier"],
        v["shift"],
        v["output_zero_point"],
        v["clamp_low"],
        v["clamp_high"],
    )
    memory.write(v["output"], result.reshape(-1))


_RUN: dict[StepKind, Callable[[_Values, Memory], None]] = {
    StepKind.CONV_2D: _conv_2d,
    StepKind.DEPTHWISE_CONV_2D: _depthwise_conv_2d,
    StepKind.FULLY_CONNECTED: _fully_connected,
    StepKind.ADD: _add,
    StepKind.AVERAGE_POOL_2D: _average_pool,
    StepKind.MAX_POOL_2D: _max_pool,
    StepKind.REQUANTISE: _requantise,
    StepKind.PAD: _pad,
    StepKind.SOFTMAX: _softmax,
    StepKind.COPY: _copy,
    StepKind.MEAN: _mean,
}
