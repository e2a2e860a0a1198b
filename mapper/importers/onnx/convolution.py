"""Conv, Gemm and MatMul: what multiplies data by constant weights, and the bias after it."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from hw.spec.errors import RequestError
from mapper import limits
from mapper.graph.tensor import Quant
from mapper.importers.onnx.geometry import sliding
from mapper.importers.onnx.model import Array, Node
from mapper.importers.onnx.values import (
    CHANNELS_LAST,
    Builder,
    Constant,
    Draft,
    Pending,
    Value,
    View,
    positions,
)
from mapper.limits import require
from mapper.operators.convolution import Conv2d, DepthwiseConv2d
from mapper.operators.images import window_extent
from mapper.operators.matrix import FullyConnected

_SAME_SCALE = 4e-6
"""Relative difference of two float32 scales that mean the same."""


@dataclass(frozen=True, eq=False)
class _Weights:
    """int8 weights, zero point 0, with one scale or one an output channel."""

    data: NDArray[np.int8]
    scale: NDArray[np.float64]

    def quant(self, axis: int) -> Quant:
        scales = tuple(float(scale) for scale in self.scale)
        return Quant(scales, (0,) * len(scales), axis if len(scales) > 1 else None)


@dataclass(frozen=True, eq=False)
class _Product:
    """A convolution or fully-connected operator that waits for its output's quantisation."""

    builder: Builder
    node: Node
    operand: Draft
    shape: tuple[int, ...]
    view: View
    weights: _Weights
    weights_axis: int
    bias: NDArray[np.float64]
    """In units of the accumulator; whole numbers."""
    operator: Conv2d | DepthwiseConv2d | FullyConnected

    def pending(self) -> Pending:
        return Pending(
            self.node.place,
            self.view,
            self.emit,
            with_bias=self.with_bias,
            channels=self.shape[-1],
        )

    def emit(self, quant: Quant, lo: int, hi: int) -> Draft:
        if np.abs(self.bias).max(initial=0) >= 1 << 31:
            raise RequestError(
                f"{self.node.place}: the bias does not fit 32 bits at the scale of input times "
                "weights: quantise the network again"
            )
        builder, name = self.builder, self.node.name
        weights = builder.stored_constant(
            f"{name}/weights", self.weights.data, self.weights.quant(self.weights_axis)
        )
        bias = builder.stored_constant(f"{name}/bias", self.bias.astype(np.int32))
        operator = replace(self.operator, lo=lo, hi=hi)
        operands = (self.operand, weights, bias)
        return builder.add(self.node.place, operator, operands, self.shape, quant)

    def with_bias(self, vector: NDArray[np.float64]) -> Pending:
        unit = _accumulator_unit(self.operand, self.weights)
        return replace(self, bias=self.bias + np.rint(vector / unit)).pending()


def conv(builder: Builder, node: Node) -> Value:
    """Conv: one group, or depthwise where there are as many groups as input channels."""
    x, _ = builder.quantised(node, 0)
    require(node.place, limits.image_has_four_axes, x.view.shape)
    weights = _weights(builder, node, 1, 0)
    if weights.data.ndim != 4:
        raise RequestError(f"{node.place}: weights must have four axes, not {weights.data.shape}")
    group, (co, per_group, kh, kw) = node.integer("group", 1), weights.data.shape
    channels = x.view.shape[1]
    stride, padding, _ = sliding(node, x.view.shape[2:], (kh, kw))
    depthwise = group == channels and per_group == 1 and group > 1 and co % group == 0
    if not depthwise:
        require(node.place, limits.one_group, (channels, per_group * (group == 1)))
    image = builder.stored(node.place, x, CHANNELS_LAST)
    height = window_extent(image.shape[1], kh, stride[0], padding.top, padding.bottom)
    width = window_extent(image.shape[2], kw, stride[1], padding.left, padding.right)
    shape = (1, height, width, co)
    if depthwise:
        axis, order = 2, weights.data[:, 0].transpose(1, 2, 0)
        operator = DepthwiseConv2d(stride=stride, padding=padding, multiplier=co // channels)
    else:
        axis, order = 0, weights.data.transpose(0, 2, 3, 1)
        operator = Conv2d(stride=stride, padding=padding)
    weights = _Weights(np.ascontiguousarray(order), weights.scale)
    bias = _bias(builder, node, 2, image, weights, co)
    view = _whole(shape).transpose(0, 3, 1, 2)
    product = _Product(builder, node, image, shape, view, weights, axis, bias, operator)
    return product.pending()


def gemm(builder: Builder, node: Node) -> Value:
    """Gemm with constant weights: alpha and beta 1, the input not transposed."""
    if node.number("alpha", 1.0) != 1.0 or node.number("beta", 1.0) != 1.0:
        raise RequestError(f"{node.place}: alpha and beta must be 1: fold them into the weights")
    if node.integer("transA", 0):
        raise RequestError(f"{node.place}: transA must be 0: FULLY_CONNECTED takes one row")
    transposed = node.integer("transB", 0) != 0
    weights = _weights(builder, node, 1, 0 if transposed else 1)
    return _fully_connected(builder, node, weights, transposed)


def matmul(builder: Builder, node: Node) -> Value:
    """MatMul of one row of data with constant weights."""
    return _fully_connected(builder, node, _weights(builder, node, 1, 1), False)


def _fully_connected(builder: Builder, node: Node, weights: _Weights, transposed: bool) -> Value:
    x, _ = builder.quantised(node, 0)
    if weights.data.ndim != 2:
        raise RequestError(f"{node.place}: weights must have two axes, not {weights.data.shape}")
    matrix = weights.data if transposed else weights.data.T
    co, ci = matrix.shape
    require(node.place, limits.one_row, max(1, x.view.size // max(ci, 1)))
    if x.view.size != ci or x.view.shape[-1] != ci:
        raise RequestError(f"{node.place}: input {x.view.shape} does not fit weights {(ci, co)}")
    # The data stay where they are; the columns of the weights follow their order.
    columns = np.empty_like(matrix)
    columns[:, x.draft.positions(x.view.reshape(-1))] = matrix
    x.draft.used = True
    weights = _Weights(columns, weights.scale)
    bias = _bias(builder, node, 2, x.draft, weights, co)
    view = _whole((1, co)).reshape(*x.view.shape[:-1], co)
    operator = FullyConnected()
    product = _Product(builder, node, x.draft, (1, co), view, weights, 0, bias, operator)
    return product.pending()


def add_constant(builder: Builder, node: Node, position: int, constant: Constant) -> Value | None:
    """Add of a constant as the bias of the convolution or fully-connected layer just before it.

    Where that layer's result is quantised before the addition, that rounding is left out. None
    where there is no such layer or the constant is no bias.
    """
    value = builder.value(node, position)
    if isinstance(value, Constant):
        return None
    layer = value if isinstance(value, Pending) else builder.settled.get(id(value.draft))
    if layer is None or layer.with_bias is None or layer.low is not None or layer.high is not None:
        return None
    if np.broadcast_shapes(constant.data.shape, value.view.shape) != value.view.shape:
        return None
    # The vector to add at each stored position; its rows, one a pixel, must be alike.
    wide = np.empty(value.view.size)
    wide[value.view.reshape(-1)] = np.broadcast_to(constant.real(), value.view.shape).reshape(-1)
    rows = wide.reshape(-1, layer.channels)
    if (rows != rows[0]).any():
        return None
    return replace(layer.with_bias(rows[0]), view=value.view, place=node.place)


def _whole(shape: tuple[int, ...]) -> View:
    if min(shape) < 1 or not limits.tensor_is_addressable(shape):
        raise RequestError(f"the result would have the impossible shape {shape}")
    return positions(shape)


def _weights(builder: Builder, node: Node, position: int, channel_axis: int) -> _Weights:
    constant = builder.constant(node, position)
    data: Array = constant.data
    if constant.scale is None or constant.zero_point is None or data.dtype.kind not in "iu":
        limits.float_network(str(node.place), "its weights are not quantised")
    if constant.scale.size > 1:
        axis = constant.axis % max(data.ndim, 1)
        require(node.place, limits.axis_is_output_channel, (axis, channel_axis))
    shape = [1] * data.ndim
    if constant.zero_point.size > 1:
        shape[channel_axis] = -1
    centred = data.astype(np.int64) - constant.zero_point.astype(np.int64).reshape(shape)
    if centred.size and (centred.min() < -128 or centred.max() > 127):
        zero_points = [int(value) for value in constant.zero_point.reshape(-1)[:8]]
        require(node.place, limits.weights_are_symmetric, zero_points)
    return _Weights(centred.astype(np.int8), constant.scale.reshape(-1))


def _accumulator_unit(operand: Draft, weights: _Weights) -> NDArray[np.float64]:
    assert operand.quant is not None
    return operand.quant.scale[0] * weights.scale


def _bias(
    builder: Builder, node: Node, position: int, operand: Draft, weights: _Weights, channels: int
) -> NDArray[np.float64]:
    """The bias in units of the accumulator; the stored integers where their scale is that unit."""
    if not node.has(position):
        return np.zeros(channels)
    constant = builder.constant(node, position)
    if constant.data.size not in (1, channels):
        raise RequestError(
            f"{node.place}: bias {constant.data.shape} does not fit {channels} channels"
        )
    unit = _accumulator_unit(operand, weights)
    if constant.scale is not None and np.allclose(constant.scale, unit, rtol=_SAME_SCALE, atol=0):
        assert constant.zero_point is not None
        whole = constant.data.reshape(-1).astype(np.float64) - constant.zero_point.reshape(-1)
    else:
        whole = np.rint(constant.real().reshape(-1) / unit)
    if not np.isfinite(whole).all():
        raise RequestError(f"{node.place}: the bias is not a finite number")
    return np.broadcast_to(whole, (channels,)).copy()
