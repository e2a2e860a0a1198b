"""A factor and a summand for each channel: BatchNormalization, and vectors that multiply or add.

Behind a convolution or matrix product whose result is not quantised yet they become part of its
weights' scales and of its bias. Else they are a depthwise convolution of one tap.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from tilewright.hw.spec.errors import RequestError
from tilewright.mapper.importers.onnx.builder import Builder
from tilewright.mapper.importers.onnx.model import Node
from tilewright.mapper.importers.onnx.values import Constant, Pending, Value, Vector, positions
from tilewright.mapper.importers.onnx.weighted import Product, Weights, along_channels
from tilewright.mapper.operators.convolution import DepthwiseConv2d
from tilewright.mapper.operators.images import Padding

_TAP = 127.0
"""The largest weight: the finer a channel's scale, the finer its bias."""
_BIAS_STEPS = float(1 << 29)
"""How many accumulator steps a bias may have at most."""


def batch_normalization(builder: Builder, node: Node) -> Value:
    """BatchNormalization with stored statistics."""
    if node.integer("training_mode", 0) or [name for name in node.outputs[1:] if name]:
        raise RequestError(f"{node.place}: it must not train: export the network in eval mode")
    scale, summand, mean, variance = (
        builder.constant(node, position).real().reshape(-1) for position in (1, 2, 3, 4)
    )
    epsilon = node.number("epsilon", 1e-5)
    assert epsilon is not None
    factors = scale / np.sqrt(variance + epsilon)
    value = builder.value(node, 0)
    rank = 0 if isinstance(value, Constant) else value.view.ndim
    if rank < 2 or isinstance(value, Constant) or factors.shape != value.view.shape[1:2]:
        raise RequestError(f"{node.place}: {factors.size} channels do not fit its input")
    return scaled(builder, node, 0, 1, factors, summand - mean * factors)


def channel_axis(value: Value, constant: Constant) -> int | None:
    """The axis along which a real constant has a number for each channel; None: it has no such."""
    if isinstance(value, Constant) or constant.scale is not None:
        return None
    rank = value.view.ndim
    shape = (1,) * (rank - constant.data.ndim) + constant.data.shape
    long = [axis for axis, extent in enumerate(shape) if extent > 1]
    if len(shape) != rank or len(long) != 1 or shape[long[0]] != value.view.shape[long[0]]:
        return None
    return long[0]


def scaled(
    builder: Builder, node: Node, position: int, axis: int, factors: Vector, summands: Vector
) -> Value:
    """The operand at a position times factors along an axis, and summands added."""
    if not (np.isfinite(factors).all() and np.isfinite(summands).all()):
        raise RequestError(f"{node.place}: its factors are not finite numbers")
    value = builder.value(node, position)
    if isinstance(value, Pending) and value.with_affine and value.low is value.high is None:
        vectors = [_by_position(value.view, axis, vector) for vector in (factors, summands)]
        channels = [along_channels(vector, value.channels) for vector in vectors]
        if channels[0] is not None and channels[1] is not None:
            found = value.with_affine(channels[0], channels[1])
            if found is not None:
                return replace(found, view=value.view, place=node.place)
    return _depthwise(builder, node, position, axis, factors, summands)


def _by_position(view: np.ndarray, axis: int, vector: Vector) -> Vector:
    """The entry of each stored position."""
    shape = [1] * view.ndim
    shape[axis] = -1
    result = np.empty(view.size)
    result[view.reshape(-1)] = np.broadcast_to(vector.reshape(shape), view.shape).reshape(-1)
    return result


def _depthwise(
    builder: Builder, node: Node, position: int, axis: int, factors: Vector, summands: Vector
) -> Value:
    x, quant = builder.quantised(node, position)
    shape = x.view.shape
    order = (*(n for n in range(len(shape)) if n != axis), axis)
    moved = x.view.transpose(order)
    if len(shape) == 4 and shape[0] == 1:
        image = builder.stored(node.place, x, order)
    else:
        flat = moved.reshape(1, 1, -1, shape[axis])
        image = builder.stored(node.place, replace(x, view=flat))
    least = np.abs(summands) / (quant.scale[0] * _BIAS_STEPS)
    scale = np.maximum(np.maximum(np.abs(factors) / _TAP, least), 1e-30)
    taps = np.rint(factors / scale).astype(np.int8).reshape(1, 1, -1)
    bias = np.rint(summands / (scale * quant.scale[0]))
    operator = DepthwiseConv2d(stride=(1, 1), padding=Padding(), dilation=(1, 1), multiplier=1)
    view = positions(image.shape).reshape([shape[n] for n in order]).transpose(np.argsort(order))
    weights = Weights(taps, scale)
    return Product(builder, node, image, image.shape, view, weights, 2, bias, operator).pending()
