"""Operators as steps of the CPU (`hw.spec.program.STEPS`), with their tables in main memory."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from hw.spec import numerics as nm
from hw.spec.errors import RequestError
from hw.spec.kernels import mean_parameters
from hw.spec.program import Step
from hw.spec.softmax import softmax_parameters
from hw.spec.steps import (
    ADD,
    BY_NAME,
    CONV_2D,
    COPY,
    DEPTHWISE_CONV_2D,
    FULLY_CONNECTED,
    MEAN,
    PAD,
    REQUANTISE,
    SOFTMAX,
    StepKind,
)
from mapper import attributes as at
from mapper.attributes import OpKind
from mapper.buffers import Slices
from mapper.concatenation import chunks
from mapper.graph import Graph, Op, Tensor
from mapper.lower import channel_factors, image_shape


@dataclass(frozen=True)
class CpuLowering:
    """Makes steps. ``address`` finds a tensor in main memory, ``constant`` places a table."""

    graph: Graph
    slices: Slices
    address: Callable[[str], int]
    constant: Callable[[bytes], int]

    def steps(self, op: Op, layer: int) -> list[Step]:
        """The steps of one operator, as layer number ``layer``."""
        return [Step(kind, layer, values) for kind, values in _LOWER[op.kind](self, op)]

    def ends(self, op: Op) -> tuple[Tensor, Tensor, dict[str, int]]:
        """(first input, result, their addresses as parameters)."""
        x, result = self.graph.operands(op)[0], self.graph.result(op)
        places = {"input": self.address(x.name), "output": self.address(result.name)}
        return x, result, places


_Steps = list[tuple[StepKind, dict[str, int]]]


def _image(x: Tensor) -> dict[str, int]:
    rows, cols, channels = image_shape(x)
    return {"input_rows": rows, "input_cols": cols, "channels": channels}


def _window(
    result: Tensor, kernel: tuple[int, ...], stride: tuple[int, int], pad: at.Padding
) -> dict[str, int]:
    rows, cols, _ = image_shape(result)
    return {
        "output_rows": rows,
        "output_cols": cols,
        "kernel_rows": kernel[0],
        "kernel_cols": kernel[1],
        "stride_rows": stride[0],
        "stride_cols": stride[1],
        "pad_top": pad.top,
        "pad_left": pad.left,
    }


def _range(op: Op) -> dict[str, int]:
    return {
        "clamp_low": getattr(op.attrs, "lo", at.INT8_MIN),
        "clamp_high": getattr(op.attrs, "hi", at.INT8_MAX),
    }


def _quant(op: Op, x: Tensor, result: Tensor) -> dict[str, int]:
    zero_points = {"input_zero_point": x.zero_point, "output_zero_point": result.zero_point}
    return zero_points | _range(op)


def _convolution(cpu: CpuLowering, op: Op) -> _Steps:
    x, result, values = cpu.ends(op)
    _, weights, bias = cpu.graph.operands(op)
    assert weights.data is not None
    assert bias.data is not None
    multipliers, shifts = channel_factors(cpu.graph, op)
    values |= _quant(op, x, result)
    values["weights"] = cpu.constant(weights.data.tobytes())
    for name, table in (("bias", bias.data), ("multipliers", multipliers), ("shifts", shifts)):
        values[name] = cpu.constant(np.asarray(table).astype("<i4").tobytes())
    attrs = op.attrs
    if isinstance(attrs, at.FullyConnected):
        values |= {"channels": x.elements, "output_channels": result.elements}
        return [(FULLY_CONNECTED, values)]
    values |= _image(x)
    if isinstance(attrs, at.DepthwiseConv2d):
        values |= _window(result, weights.shape[:2], attrs.stride, attrs.padding)
        values["depth_multiplier"] = attrs.multiplier
        return [(DEPTHWISE_CONV_2D, values)]
    assert isinstance(attrs, at.Conv2d)
    values |= _window(result, weights.shape[1:3], attrs.stride, attrs.padding)
    values["output_channels"] = weights.shape[0]
    return [(CONV_2D, values)]


def _pool(cpu: CpuLowering, op: Op) -> _Steps:
    assert isinstance(op.attrs, at.Pool2d)
    x, result, values = cpu.ends(op)
    values |= _image(x) | _range(op)
    values |= _window(result, op.attrs.window, op.attrs.stride, op.attrs.padding)
    return [(BY_NAME[op.kind.value], values)]


def _mean(cpu: CpuLowering, op: Op) -> _Steps:
    x, result, values = cpu.ends(op)
    values |= _image(x) | _quant(op, x, result)
    pixels = values["input_rows"] * values["input_cols"]
    values["multiplier"], values["shift"] = mean_parameters(x.scale, result.scale, pixels)
    return [(MEAN, values)]


def _requantise(cpu: CpuLowering, op: Op) -> _Steps:
    x, result, values = cpu.ends(op)
    values |= _quant(op, x, result) | {"count": x.elements}
    values["multiplier"], values["shift"] = nm.rescale_parameters(x.scale, result.scale)
    return [(REQUANTISE, values)]


def _pad(cpu: CpuLowering, op: Op) -> _Steps:
    assert isinstance(op.attrs, at.Pad)
    x, _, values = cpu.ends(op)
    pad = op.attrs.padding
    values |= _image(x) | {"top": pad.top, "left": pad.left}
    values |= {"bottom": pad.bottom, "right": pad.right, "value": x.zero_point}
    return [(PAD, values)]


def _add(cpu: CpuLowering, op: Op) -> _Steps:
    a, b = cpu.graph.operands(op)
    result = cpu.graph.result(op)
    p = nm.add_parameters(a.scale, b.scale, result.scale)
    values = {
        "a": cpu.address(a.name),
        "b": cpu.address(b.name),
        "output": cpu.address(result.name),
        "count": result.elements,
        "a_zero_point": a.zero_point,
        "b_zero_point": b.zero_point,
        "output_zero_point": result.zero_point,
        "a_multiplier": p.a_multiplier,
        "a_shift": p.a_shift,
        "b_multiplier": p.b_multiplier,
        "b_shift": p.b_shift,
        "output_multiplier": p.output_multiplier,
        "output_shift": p.output_shift,
    }
    return [(ADD, values | _range(op))]


def _softmax(cpu: CpuLowering, op: Op) -> _Steps:
    assert isinstance(op.attrs, at.Softmax)
    x, result, values = cpu.ends(op)
    if abs(result.scale - 1 / 256) > 1e-9 or result.zero_point != -128:
        raise RequestError(
            f"SOFTMAX '{op.name}': output '{result.name}' has scale {result.scale:g} and zero "
            f"point {result.zero_point}; the nearest supported form has scale 1/256 and -128"
        )
    p = softmax_parameters(x.scale, op.attrs.beta)
    cols = x.shape[-1]
    values |= {"rows": x.elements // cols, "cols": cols, "multiplier": p.multiplier}
    values |= {"left_shift": p.left_shift, "diff_min": p.smallest_difference}
    return [(SOFTMAX, values)]


def _concatenation(cpu: CpuLowering, op: Op) -> _Steps:
    result = cpu.address(op.outputs[0])
    return [
        (
            COPY,
            {
                "input": cpu.address(chunk.tensor),
                "output": result + chunk.offset,
                "chunks": chunk.outer,
                "chunk_bytes": chunk.length,
                "input_pitch": chunk.length,
                "output_pitch": chunk.pitch,
            },
        )
        for index, chunk in enumerate(chunks(cpu.graph, op))
        if not cpu.slices.in_place(op, index)
    ]


_LOWER: dict[OpKind, Callable[[CpuLowering, Op], _Steps]] = {
    OpKind.CONV_2D: _convolution,
    OpKind.DEPTHWISE_CONV_2D: _convolution,
    OpKind.FULLY_CONNECTED: _convolution,
    OpKind.AVERAGE_POOL_2D: _pool,
    OpKind.MAX_POOL_2D: _pool,
    OpKind.MEAN: _mean,
    OpKind.RELU: _requantise,
    OpKind.QUANTIZE: _requantise,
    OpKind.PAD: _pad,
    OpKind.ADD: _add,
    OpKind.SOFTMAX: _softmax,
    OpKind.CONCATENATION: _concatenation,
}
