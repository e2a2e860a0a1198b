"""Operators as works of the NPU. `mapper.supported` has said before that the NPU can do them."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from math import prod

import numpy as np

from hw.spec import numerics as nm
from hw.spec.errors import RequestError
from hw.spec.kernels import mean_parameters
from mapper import attributes as at
from mapper.attributes import OpKind
from mapper.graph import Graph, Op, Tensor
from mapper.work import AddWork, Operand, Region, Requantisation, Shape, WindowWork, Work, whole

IDENTITY = (1 << 30, 1)
"""(multiplier, shift) of a factor of 1."""


def image_shape(tensor: Tensor) -> Shape:
    """A tensor as (rows, columns, channels): missing extents in front are 1."""
    extents = (1, 1, *tensor.shape[1:]) if len(tensor.shape) < 4 else tensor.shape[1:]
    return (prod(extents[:-2]), extents[-2], extents[-1])


def channel_factors(graph: Graph, op: Op) -> tuple[nm.Int32Array, nm.Int32Array]:
    """(multipliers, shifts), both [output channels], of a convolution or fully connected layer."""
    x, weights = graph.operands(op)[:2]
    result = graph.result(op)
    if weights.quant is None or any(weights.quant.zero_point):
        raise RequestError(
            f"{op.kind.value} '{op.name}': weights '{weights.name}' need scales with zero point 0; "
            "quantise them symmetrically"
        )
    make = (
        nm.fully_connected_multipliers if op.kind is OpKind.FULLY_CONNECTED else nm.conv_multipliers
    )
    return make(x.scale, weights.quant.scale, result.scale, result.shape[-1])


def _flat_weights(op: Op, weights: nm.Int8Array) -> nm.Int8Array:
    """[output channels, taps] from the graph's layout."""
    if op.kind is OpKind.DEPTHWISE_CONV_2D:
        return np.ascontiguousarray(weights.reshape(-1, weights.shape[-1]).T)
    return weights.reshape(weights.shape[0], -1)


def _convolution(graph: Graph, op: Op) -> list[Work]:
    x, weights, bias = graph.operands(op)
    assert weights.data is not None
    assert bias.data is not None
    flat = _flat_weights(op, weights.data)
    depthwise = op.kind is OpKind.DEPTHWISE_CONV_2D
    multipliers, shifts = channel_factors(graph, op)
    folded = bias.data.astype(np.int64) - x.zero_point * flat.sum(axis=1, dtype=np.int64)
    result, attrs = graph.result(op), op.attrs
    if isinstance(attrs, at.FullyConnected):
        shapes: tuple[Shape, Shape] = (1, 1, x.elements), (1, 1, result.elements)
        kernel, stride, pad = (1, 1), (1, 1), (0, 0)
    else:
        assert isinstance(attrs, at.Conv2d | at.DepthwiseConv2d)
        shapes = image_shape(x), image_shape(result)
        kernel = weights.shape[:2] if depthwise else weights.shape[1:3]
        stride, pad = attrs.stride, (attrs.padding.top, attrs.padding.left)
    return [
        WindowWork(
            input=Operand(x.name),
            output=Operand(result.name),
            input_shape=shapes[0],
            output_shape=shapes[1],
            region=whole(shapes[1]),
            kernel=(kernel[0], kernel[1]),
            stride=stride,
            pad=pad,
            pad_value=x.zero_point,
            weights=flat,
            requantisation=Requantisation(
                bias=nm.wrap_int32(folded),
                multipliers=multipliers,
                shifts=shifts,
                zero_point=result.zero_point,
                lo=attrs.lo,
                hi=attrs.hi,
            ),
            depthwise=depthwise,
        )
    ]


def uniform(
    channels: int, bias: int, factor: tuple[int, int], zero_point: int = 0, lo: int = -128,
    hi: int = 127,
) -> Requantisation:  # fmt: skip
    """The same parameters for every channel."""
    return Requantisation(
        bias=nm.wrap_int32(np.full(channels, bias)),
        multipliers=np.full(channels, factor[0], dtype=np.int32),
        shifts=np.full(channels, factor[1], dtype=np.int32),
        zero_point=zero_point,
        lo=lo,
        hi=hi,
    )


def _runs(size: int, kernel: int, stride: int, before: int, outputs: int) -> list[tuple[int, ...]]:
    """Runs (first, end, taps) of output positions whose windows hold equally many pixels."""
    start = np.arange(outputs) * stride - before
    taps = np.minimum(start + kernel, size) - np.maximum(start, 0)
    cuts = [0, *(np.flatnonzero(np.diff(taps)) + 1).tolist(), outputs]
    return [(a, b, int(taps[a])) for a, b in pairwise(cuts)]


def average_pool_regions(graph: Graph, op: Op) -> list[tuple[Region, int]]:
    """Rectangles of output pixels whose windows hold equally many image pixels, and how many."""
    assert isinstance(op.attrs, at.Pool2d)
    attrs, pad = op.attrs, op.attrs.padding
    image, result = image_shape(graph.operands(op)[0]), image_shape(graph.result(op))
    vertical = _runs(image[0], attrs.window[0], attrs.stride[0], pad.top, result[0])
    horizontal = _runs(image[1], attrs.window[1], attrs.stride[1], pad.left, result[1])
    return [
        (Region(top, left, bottom, right), rows * cols)
        for top, bottom, rows in vertical
        for left, right, cols in horizontal
    ]


def average_factor(count: int) -> tuple[int, int]:
    """(multiplier, shift) that divides a sum of ``count`` (1..2047) int8 as the CPU does.

    That is, to nearest with halves away from zero; the factor is a little over 1 / count.
    """
    return IDENTITY if count == 1 else ((1 << 31) // count + 2, 0)


def _pool(graph: Graph, op: Op) -> list[Work]:
    assert isinstance(op.attrs, at.Pool2d)
    attrs, maximum = op.attrs, op.kind is OpKind.MAX_POOL_2D
    x, result = graph.operands(op)[0], graph.result(op)
    image, channels = image_shape(x), x.shape[-1]
    taps = 0 if maximum else attrs.window[0] * attrs.window[1]
    parts = [(whole(image_shape(result)), 1)] if maximum else average_pool_regions(graph, op)
    return [
        WindowWork(
            input=Operand(x.name),
            output=Operand(result.name),
            input_shape=image,
            output_shape=image_shape(result),
            region=region,
            kernel=attrs.window,
            stride=attrs.stride,
            pad=(attrs.padding.top, attrs.padding.left),
            pad_value=-128 if maximum else 0,
            weights=np.ones((channels, taps), dtype=np.int8),
            requantisation=uniform(
                channels, 0, IDENTITY if maximum else average_factor(count), 0, attrs.lo, attrs.hi
            ),
            depthwise=True,
            maximum=maximum,
        )
        for region, count in parts
    ]


def _mean(graph: Graph, op: Op) -> list[Work]:
    x, result = graph.operands(op)[0], graph.result(op)
    image = image_shape(x)
    pixels = image[0] * image[1]
    factor = mean_parameters(x.scale, result.scale, pixels)
    return [
        WindowWork(
            input=Operand(x.name),
            output=Operand(result.name),
            input_shape=image,
            output_shape=(1, 1, image[2]),
            region=Region(0, 0, 1, 1),
            kernel=image[:2],
            stride=(1, 1),
            pad=(0, 0),
            pad_value=0,
            weights=np.ones((image[2], pixels), dtype=np.int8),
            requantisation=uniform(image[2], -pixels * x.zero_point, factor, result.zero_point),
            depthwise=True,
        )
    ]


def pointwise(
    source: Operand, target: Operand, shapes: tuple[Shape, Shape], requantisation: Requantisation,
    *, pad: tuple[int, int] = (0, 0), pad_value: int = 0,
) -> WindowWork:  # fmt: skip
    """A depthwise work of one tap with weight 1: copy, pad, requantise."""
    return WindowWork(
        input=source,
        output=target,
        input_shape=shapes[0],
        output_shape=shapes[1],
        region=whole(shapes[1]),
        kernel=(1, 1),
        stride=(1, 1),
        pad=pad,
        pad_value=pad_value,
        weights=np.ones((shapes[1][2], 1), dtype=np.int8),
        requantisation=requantisation,
        depthwise=True,
    )


def flat_shape(elements: int, shape: Shape, rows: int) -> Shape:
    """A shape of the same elements whose channels fill the array's rows where they can."""
    return shape if elements % rows or shape[2] % rows == 0 else (1, elements // rows, rows)


def _requantise(graph: Graph, op: Op, rows: int) -> list[Work]:
    x, result = graph.operands(op)[0], graph.result(op)
    lo, hi = getattr(op.attrs, "lo", -128), getattr(op.attrs, "hi", 127)
    shape = flat_shape(x.elements, image_shape(x), rows)
    factor = nm.rescale_parameters(x.scale, result.scale)
    requantisation = uniform(shape[2], -x.zero_point, factor, result.zero_point, lo, hi)
    return [pointwise(Operand(x.name), Operand(result.name), (shape, shape), requantisation)]


def _pad(graph: Graph, op: Op) -> list[Work]:
    assert isinstance(op.attrs, at.Pad)
    x, result = graph.operands(op)[0], graph.result(op)
    pad, shapes = op.attrs.padding, (image_shape(x), image_shape(result))
    return [
        pointwise(
            Operand(x.name),
            Operand(result.name),
            shapes,
            uniform(shapes[1][2], 0, IDENTITY),
            pad=(pad.top, pad.left),
            pad_value=x.zero_point,
        )
    ]


def _add(graph: Graph, op: Op) -> list[Work]:
    assert isinstance(op.attrs, at.Add)
    a, b = graph.operands(op)
    result = graph.result(op)
    return [
        AddWork(
            a=Operand(a.name),
            b=Operand(b.name),
            output=Operand(result.name),
            elements=result.elements,
            a_zero_point=a.zero_point,
            b_zero_point=b.zero_point,
            zero_point=result.zero_point,
            lo=op.attrs.lo,
            hi=op.attrs.hi,
            parameters=nm.add_parameters(a.scale, b.scale, result.scale),
        )
    ]


_WITHOUT_CONFIG: dict[OpKind, Callable[[Graph, Op], list[Work]]] = {
    OpKind.CONV_2D: _convolution,
    OpKind.DEPTHWISE_CONV_2D: _convolution,
    OpKind.FULLY_CONNECTED: _convolution,
    OpKind.AVERAGE_POOL_2D: _pool,
    OpKind.MAX_POOL_2D: _pool,
    OpKind.MEAN: _mean,
    OpKind.PAD: _pad,
    OpKind.ADD: _add,
}


def lower(graph: Graph, op: Op, rows: int) -> list[Work]:
    """The works of one operator, for an array of so many rows.

    CONCATENATION is lowered by `mapper.concatenation`, which knows what is in place already.
    """
    if op.kind in (OpKind.RELU, OpKind.QUANTIZE):
        return _requantise(graph, op, rows)
    return _WITHOUT_CONFIG[op.kind](graph, op)
