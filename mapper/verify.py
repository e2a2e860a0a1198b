"""Whether a graph is what it claims: every tensor exists, every shape follows from its operator.

`verify` runs after the import and after each pass. Its messages name the operator and the tensor.
"""

from __future__ import annotations

from collections.abc import Callable
from math import prod
from typing import TYPE_CHECKING

from hw.spec.errors import RequestError
from mapper import attributes as at
from mapper.attributes import ATTRIBUTES_OF, OpKind

if TYPE_CHECKING:
    from mapper.graph import Graph, Op, Tensor

Shape = tuple[int, ...]
_ITEM = {"int8": "int8", "int32": "int32", "float32": "float32"}
_INPUTS = {
    OpKind.CONV_2D: 3,
    OpKind.DEPTHWISE_CONV_2D: 3,
    OpKind.FULLY_CONNECTED: 3,
    OpKind.ADD: 2,
}
_KEEPS_QUANT = (
    OpKind.AVERAGE_POOL_2D,
    OpKind.MAX_POOL_2D,
    OpKind.PAD,
    OpKind.RESHAPE,
    OpKind.CONCATENATION,
)


def verify(graph: Graph) -> None:
    """Check the graph. Raises RequestError naming the first operator or tensor that is wrong."""
    for tensor in graph.tensors.values():
        _verify_tensor(tensor)
    for name in (*graph.inputs, *graph.outputs):
        if name not in graph.tensors:
            raise RequestError(f"network '{graph.name}' has no tensor '{name}' for its interface")
    if not graph.inputs or not graph.outputs:
        raise RequestError(f"network '{graph.name}' needs at least one input and one output")
    ready = {t.name for t in graph.tensors.values() if t.data is not None} | set(graph.inputs)
    for op in graph.ops:
        _verify_links(graph, op, ready)
        _verify_op(graph, op)
        ready.update(op.outputs)
    for name in graph.outputs:
        if name not in ready:
            raise RequestError(f"output '{name}' of network '{graph.name}' is never computed")


def _verify_tensor(tensor: Tensor) -> None:
    where = f"tensor '{tensor.name}'"
    if any(extent < 1 for extent in tensor.shape):
        raise RequestError(f"{where} has shape {tensor.shape}; every extent must be at least 1")
    if tensor.data is not None:
        if tensor.data.shape != tensor.shape:
            raise RequestError(f"{where}: data {tensor.data.shape} against shape {tensor.shape}")
        if tensor.data.dtype.name != _ITEM[tensor.dtype]:
            raise RequestError(f"{where}: data {tensor.data.dtype} against type {tensor.dtype}")
    quant = tensor.quant
    if quant is None:
        if tensor.dtype == "int8":
            raise RequestError(f"{where} is int8 but has no scale: quantise the network fully")
        return
    channels = 1 if quant.axis is None else tensor.shape[quant.axis]
    if len(quant.scale) != channels or len(quant.zero_point) != channels:
        raise RequestError(f"{where} has {len(quant.scale)} scales for {channels} channels")
    if not all(0 < scale < float("inf") for scale in quant.scale):
        raise RequestError(f"{where} has a scale that is not a positive number")


def _verify_links(graph: Graph, op: Op, ready: set[str]) -> None:
    where = f"{op.kind.value} '{op.name}'"
    for name in (*op.inputs, *op.outputs):
        if name not in graph.tensors:
            raise RequestError(f"{where} refers to tensor '{name}', which does not exist")
    for name in op.inputs:
        if name not in ready:
            raise RequestError(f"{where} reads tensor '{name}', which nothing computes")
    for name in op.outputs:
        if name in ready:
            raise RequestError(f"{where} writes tensor '{name}', which already has a value")
    wanted = _INPUTS.get(op.kind, 1)
    few = len(op.inputs) < 1 if op.kind is OpKind.CONCATENATION else len(op.inputs) != wanted
    if few or len(op.outputs) != 1:
        raise RequestError(f"{where} has {len(op.inputs)} inputs and {len(op.outputs)} outputs")
    if not isinstance(op.attrs, ATTRIBUTES_OF[op.kind]):
        raise RequestError(f"{where} carries the attributes of another operator")


def _verify_op(graph: Graph, op: Op) -> None:
    where = f"{op.kind.value} '{op.name}'"
    result = graph.result(op)
    activations = [t for t in graph.operands(op) if t.data is None] + [result]
    for tensor in activations:
        whole = tensor.quant is not None and tensor.quant.axis is None
        if tensor.dtype != "int8" or not whole:
            raise RequestError(f"{where}: activation '{tensor.name}' is not int8 of one scale")
    lo, hi = getattr(op.attrs, "lo", -128), getattr(op.attrs, "hi", 127)
    if not at.INT8_MIN <= lo <= hi <= at.INT8_MAX:
        raise RequestError(f"{where} clamps to {lo}..{hi}, which is not a range of int8")
    expected = _SHAPES[op.kind](graph, op)
    if result.shape != expected:
        raise RequestError(
            f"{where}: output '{result.name}' has shape {result.shape}, its inputs give {expected}"
        )
    if op.kind in _KEEPS_QUANT:
        for tensor in graph.operands(op):
            if tensor.quant != result.quant:
                raise RequestError(
                    f"{where}: '{tensor.name}' and '{result.name}' must share one quantisation"
                )


def window_extent(size: int, kernel: int, stride: int, before: int, after: int) -> int:
    """Output pixels of a sliding window along one axis; 0 or less where it does not fit."""
    return (size + before + after - kernel) // stride + 1


def _windowed(op: Op, image: Shape, kernel: Shape, channels: int) -> Shape:
    attrs = op.attrs
    assert isinstance(attrs, at.Conv2d | at.DepthwiseConv2d | at.Pool2d)
    if len(image) != 4 or image[0] != 1:
        raise RequestError(f"{op.kind.value} '{op.name}' needs a [1,H,W,C] input, not {image}")
    pad, stride = attrs.padding, attrs.stride
    if min(*stride, *kernel) < 1 or min(pad.top, pad.left, pad.bottom, pad.right) < 0:
        raise RequestError(f"{op.kind.value} '{op.name}' has stride {stride}, window {kernel}")
    return (
        1,
        window_extent(image[1], kernel[0], stride[0], pad.top, pad.bottom),
        window_extent(image[2], kernel[1], stride[1], pad.left, pad.right),
        channels,
    )


def _need(op: Op, tensor: Tensor, shape: Shape, dtype: str) -> None:
    if tensor.shape != shape or tensor.dtype != dtype or tensor.data is None:
        raise RequestError(
            f"{op.kind.value} '{op.name}': '{tensor.name}' is {tensor.dtype} {tensor.shape}; "
            f"a constant {dtype} {shape} is needed"
        )


def _conv_shape(graph: Graph, op: Op) -> Shape:
    image, weights, bias = graph.operands(op)
    co, kh, kw = (*weights.shape, 0, 0, 0)[:3]
    shape = _windowed(op, image.shape, (kh, kw), co)
    _need(op, weights, (co, kh, kw, image.shape[3]), "int8")
    _need(op, bias, (co,), "int32")
    return shape


def _depthwise_shape(graph: Graph, op: Op) -> Shape:
    image, weights, bias = graph.operands(op)
    assert isinstance(op.attrs, at.DepthwiseConv2d)
    kh, kw = (*weights.shape, 0, 0)[:2]
    channels = image.shape[-1] * op.attrs.multiplier
    _need(op, weights, (kh, kw, channels), "int8")
    _need(op, bias, (channels,), "int32")
    return _windowed(op, image.shape, (kh, kw), channels)


def _fully_connected_shape(graph: Graph, op: Op) -> Shape:
    vector, weights, bias = graph.operands(op)
    co = weights.shape[0]
    _need(op, weights, (co, vector.elements), "int8")
    _need(op, bias, (co,), "int32")
    result = graph.result(op)
    return result.shape if result.elements == result.shape[-1] == co else (1, co)


def _pool_shape(graph: Graph, op: Op) -> Shape:
    assert isinstance(op.attrs, at.Pool2d)
    shape = graph.operands(op)[0].shape
    return _windowed(op, shape, op.attrs.window, shape[-1])


def _add_shape(graph: Graph, op: Op) -> Shape:
    a, b = graph.operands(op)
    if a.shape != b.shape:
        raise RequestError(f"ADD '{op.name}' adds shapes {a.shape} and {b.shape}; they must agree")
    return a.shape


def _pad_shape(graph: Graph, op: Op) -> Shape:
    assert isinstance(op.attrs, at.Pad)
    pad, (n, h, w, c) = op.attrs.padding, _image(graph, op)
    return (n, h + pad.top + pad.bottom, w + pad.left + pad.right, c)


def _concatenation_shape(graph: Graph, op: Op) -> Shape:
    assert isinstance(op.attrs, at.Concatenation)
    shapes, axis = [t.shape for t in graph.operands(op)], op.attrs.axis
    if not 0 < axis < len(shapes[0]) or len({s[:axis] + s[axis + 1 :] for s in shapes}) != 1:
        raise RequestError(f"CONCATENATION '{op.name}' cannot join {shapes} along axis {axis}")
    return (*shapes[0][:axis], sum(s[axis] for s in shapes), *shapes[0][axis + 1 :])


def _mean_shape(graph: Graph, op: Op) -> Shape:
    channels = _image(graph, op)[3]
    result = graph.result(op).shape
    return result if result in ((1, 1, 1, channels), (1, channels)) else (1, channels)


def _reshape_shape(graph: Graph, op: Op) -> Shape:
    shape, result = graph.operands(op)[0].shape, graph.result(op).shape
    return result if prod(shape) == prod(result) else shape


def _same_shape(graph: Graph, op: Op) -> Shape:
    return graph.operands(op)[0].shape


def _image(graph: Graph, op: Op) -> Shape:
    shape = graph.operands(op)[0].shape
    if len(shape) != 4 or shape[0] != 1:
        raise RequestError(f"{op.kind.value} '{op.name}' needs a [1,H,W,C] input, not {shape}")
    return shape


_SHAPES: dict[OpKind, Callable[[Graph, Op], Shape]] = {
    OpKind.CONV_2D: _conv_shape,
    OpKind.DEPTHWISE_CONV_2D: _depthwise_shape,
    OpKind.FULLY_CONNECTED: _fully_connected_shape,
    OpKind.ADD: _add_shape,
    OpKind.AVERAGE_POOL_2D: _pool_shape,
    OpKind.MAX_POOL_2D: _pool_shape,
    OpKind.RELU: _same_shape,
    OpKind.PAD: _pad_shape,
    OpKind.RESHAPE: _reshape_shape,
    OpKind.SOFTMAX: _same_shape,
    OpKind.QUANTIZE: _same_shape,
    OpKind.CONCATENATION: _concatenation_shape,
    OpKind.MEAN: _mean_shape,
}
