"""Runs an imported graph with hw.spec's arithmetic, any number of inputs at a time.

`execute(graph, {input: int8 [N, ...]})` returns every computed tensor with N as its first extent.
"""

from collections.abc import Callable, Mapping

import numpy as np

from tilewright.hw.spec import kernels, softmax
from tilewright.hw.spec import numerics as nm
from tilewright.mapper.graph.graph import Graph
from tilewright.mapper.graph.op import Op
from tilewright.mapper.graph.tensor import Tensor

Values = dict[str, np.ndarray]


def execute(graph: Graph, inputs: Mapping[str, np.ndarray]) -> Values:
    values: Values = {t.name: t.data for t in graph.tensors.values() if t.data is not None}
    values.update(inputs)
    batch = next(iter(inputs.values())).shape[0]
    for op in graph.ops:
        result = graph.result(op)
        values[result.name] = execute_op(graph, op, values).reshape(batch, *result.shape[1:])
    return {n: v for n, v in values.items() if graph.tensors[n].data is None}


def execute_op(graph: Graph, op: Op, values: Values) -> np.ndarray:
    """The result of one operator; `values` holds its operands, constants included."""
    return _RUN[op.kind](graph, op, values)


def _edges(op: Op):
    pad = op.operator.padding
    return (pad.top, pad.left, pad.bottom, pad.right)


def _requantised(accumulator, op: Op, result: Tensor, factors):
    return nm.requantise(accumulator, *factors, result.zero_point, op.operator.lo, op.operator.hi)


def _convolution(kernel, graph: Graph, op: Op, values: Values):
    x, w, _ = graph.operands(op)
    result = graph.result(op)
    accumulator = kernel(
        *(values[name] for name in op.inputs),
        input_zero_point=x.zero_point,
        stride=op.operator.stride,
        padding=_edges(op),
        dilation=op.operator.dilation,
    )
    factors = nm.conv_multipliers(x.scale, w.quant.scale, result.scale, result.shape[-1])
    return _requantised(accumulator, op, result, factors)


def _conv_2d(graph, op, values):
    return _convolution(kernels.conv_2d, graph, op, values)


def _transpose_conv(graph: Graph, op: Op, values: Values):
    """A convolution over the upsampled image, cut off where the result ends."""
    x, w, _ = graph.operands(op)
    result, stride, pad = graph.result(op), op.operator.stride, op.operator.padding
    reach = [(w.shape[1 + i] - 1) * op.operator.dilation[i] + 1 for i in (0, 1)]
    before = [reach[i] - 1 - (pad.top, pad.left)[i] for i in (0, 1)]
    behind = [max(result.shape[1 + i], reach[i]) for i in (0, 1)]  # more than enough
    data, weights, bias = (values[name] for name in op.inputs)
    accumulator = kernels.conv_2d(
        data,
        weights[:, ::-1, ::-1],
        bias,
        input_zero_point=x.zero_point,
        stride=(1, 1),
        padding=(*before, *behind),
        dilation=op.operator.dilation,
        upsampling=stride,
    )[:, : result.shape[1], : result.shape[2]]
    factors = nm.conv_multipliers(x.scale, w.quant.scale, result.scale, result.shape[-1])
    return _requantised(accumulator, op, result, factors)


def _depthwise_conv_2d(graph, op, values):
    return _convolution(kernels.depthwise_conv_2d, graph, op, values)


def _fully_connected(graph: Graph, op: Op, values: Values):
    x, w, _ = graph.operands(op)
    result = graph.result(op)
    operands = (values[name] for name in op.inputs)
    accumulator = kernels.fully_connected(*operands, input_zero_point=x.zero_point)
    factors = nm.conv_multipliers(x.scale, w.quant.scale, result.scale, w.shape[0])
    return _requantised(accumulator, op, result, factors)


def _add(graph: Graph, op: Op, values: Values):
    a, b = graph.operands(op)
    result = graph.result(op)
    parameters = nm.add_parameters(a.scale, b.scale, result.scale)
    x, y = (values[name] for name in op.inputs)
    lo, hi = op.operator.lo, op.operator.hi
    return nm.add(x, a.zero_point, y, b.zero_point, parameters, result.zero_point, lo, hi)


def _pool(graph: Graph, op: Op, values: Values):
    kernel = {
        "AVERAGE_POOL_2D": kernels.average_pool_2d,
        "MAX_POOL_2D": kernels.max_pool_2d,
    }[op.kind]
    attrs = op.operator
    return kernel(
        values[op.inputs[0]],
        window=attrs.window,
        stride=attrs.stride,
        padding=_edges(op),
        lo=attrs.lo,
        hi=attrs.hi,
    )


def _rescale(graph: Graph, op: Op, values: Values):
    (x,), result = graph.operands(op), graph.result(op)
    factor = nm.rescale_parameters(x.scale, result.scale)
    lo, hi = (op.operator.lo, op.operator.hi) if op.kind == "RELU" else (-128, 127)
    difference = values[x.name].astype(np.int32) - np.int32(x.zero_point)
    return nm.requantise(difference, *factor, result.zero_point, lo, hi)


def _mean(graph: Graph, op: Op, values: Values):
    (x,), result = graph.operands(op), graph.result(op)
    multiplier, shift = kernels.mean_parameters(x.scale, result.scale, x.shape[1] * x.shape[2])
    return kernels.mean(
        values[x.name],
        input_zero_point=x.zero_point,
        multiplier=multiplier,
        shift=shift,
        output_zero_point=result.zero_point,
    )


def _pad(graph: Graph, op: Op, values: Values):
    (x,) = graph.operands(op)
    return kernels.pad(values[x.name], _edges(op), x.zero_point)


def _softmax(graph: Graph, op: Op, values: Values):
    (x,) = graph.operands(op)
    return softmax.softmax(values[x.name], softmax.softmax_parameters(x.scale, op.operator.beta))


def _reshape(graph: Graph, op: Op, values: Values):
    return values[op.inputs[0]]


def _slice(graph: Graph, op: Op, values: Values):
    """Forward, within the image: the first axis is the batch."""
    operator = op.operator
    cut = [
        slice(begin, begin + stride * size, stride)
        for begin, stride, size in zip(
            operator.begins, operator.strides, operator.sizes, strict=True
        )
    ]
    return values[op.inputs[0]][:, *cut[1:]]


def _concatenation(graph: Graph, op: Op, values: Values):
    return np.concatenate([values[name] for name in op.inputs], axis=op.operator.axis)


_RUN: dict[str, Callable[[Graph, Op, Values], np.ndarray]] = {
    "CONV_2D": _conv_2d,
    "DEPTHWISE_CONV_2D": _depthwise_conv_2d,
    "FULLY_CONNECTED": _fully_connected,
    "ADD": _add,
    "AVERAGE_POOL_2D": _pool,
    "MAX_POOL_2D": _pool,
    "TRANSPOSE_CONV": _transpose_conv,
    "RELU": _rescale,
    "PAD": _pad,
    "RESHAPE": _reshape,
    "TRANSPOSE": lambda graph, op, v: v[op.inputs[0]].transpose(op.operator.permutation),
    "SLICE": _slice,
    "SOFTMAX": _softmax,
    "QUANTIZE": _rescale,
    "CONCATENATION": _concatenation,
    "MEAN": _mean,
}
