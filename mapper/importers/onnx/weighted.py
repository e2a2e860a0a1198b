"""What multiplies data by constant weights and waits for its output's quantisation; the bias."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from tilewright.hw.spec.errors import RequestError
from tilewright.mapper import limits
from tilewright.mapper.graph.tensor import Quant
from tilewright.mapper.importers.onnx.builder import Builder
from tilewright.mapper.importers.onnx.model import Array, Node
from tilewright.mapper.importers.onnx.values import (
    Constant,
    Draft,
    Pending,
    Value,
    Vector,
    View,
    positions,
)
from tilewright.mapper.limits import require
from tilewright.mapper.operators.convolution import Conv2d, DepthwiseConv2d, TransposeConv
from tilewright.mapper.operators.matrix import FullyConnected

_LARGEST_BIAS = 1 << 31
_LEAST_SCALE = 1e-30
"""What stands for the scale 0 of weights that are all dead."""

_SAME_SCALE = 4e-6
"""Relative difference of two float32 scales that mean the same."""


@dataclass(frozen=True, eq=False)
class Weights:
    """int8 weights with one zero point, and one scale or one an output channel."""

    data: NDArray[np.int8]
    scale: NDArray[np.float64]
    zero_point: int = 0

    def quant(self, axis: int) -> Quant:
        """Return the quantisation, of scales along an axis where there are several."""
        scales = tuple(float(scale) for scale in self.scale)
        points = (self.zero_point,) * len(scales)
        return Quant(scales, points, axis if len(scales) > 1 else None)


@dataclass(frozen=True, eq=False)
class Product:
    """A convolution or fully-connected operator that waits for its output's quantisation."""

    builder: Builder
    node: Node
    operand: Draft
    shape: tuple[int, ...]
    view: View
    weights: Weights
    weights_axis: int
    bias: NDArray[np.float64]
    """In units of the accumulator; whole numbers."""
    operator: Conv2d | DepthwiseConv2d | TransposeConv | FullyConnected

    def pending(self) -> Pending:
        """Return the value that waits."""
        return Pending(
            self.node.place,
            self.view,
            self.emit,
            with_affine=self.with_affine,
            channels=self.shape[-1],
        )

    def emit(self, quant: Quant, lo: int, hi: int) -> Draft:
        """Add the operator to the graph. Raises RequestError where the bias is too large."""
        if np.abs(self.bias).max(initial=0) >= _LARGEST_BIAS:
            return self._coarser(quant).emit(quant, lo, hi)
        builder, name = self.builder, self.node.name
        weights = builder.stored_constant(
            f"{name}/weights", self.weights.data, self.weights.quant(self.weights_axis)
        )
        bias = builder.stored_constant(f"{name}/bias", self.bias.astype(np.int32))
        operator = replace(self.operator, lo=lo, hi=hi)
        operands = (self.operand, weights, bias)
        return builder.add(self.node.place, operator, operands, self.shape, quant)

    def _coarser(self, quant: Quant) -> "Product":
        """The same with larger units in the channels whose bias does not fit 32 bits.

        Weights of a dead channel have so small a scale that nothing is lost. Raises RequestError
        where something would be.
        """
        times = np.ceil(np.abs(self.bias) * 2 / _LARGEST_BIAS).clip(1)
        scale = np.broadcast_to(self.weights.scale, times.shape)
        axis = self.weights_axis % self.weights.data.ndim
        taps = self.weights.data.size // times.size
        unit = _accumulator_unit(self.operand, replace(self.weights, scale=scale))
        lost = np.where(times > 1, times * unit * taps * 128, 0.0)
        if (lost > quant.scale[0] / 4).any() or times.size != self.weights.data.shape[axis]:
            raise RequestError(
                f"{self.node.place}: the bias does not fit 32 bits at the scale of input times "
                "weights: quantise the network again"
            )
        by_channel = [1] * self.weights.data.ndim
        by_channel[axis] = -1
        data = np.rint(self.weights.data / times.reshape(by_channel)).astype(np.int8)
        weights = replace(self.weights, data=data, scale=scale * times)
        return replace(self, weights=weights, bias=np.rint(self.bias / times))

    def with_affine(self, factors: Vector, summands: Vector) -> Pending | None:
        """Return the same with its result multiplied by factors, one a channel, and more added.

        None where the weights cannot take a factor's sign.
        """
        weights, bias = self.weights, self.bias
        if (factors != 1).any():
            by_channel = [1] * weights.data.ndim
            by_channel[self.weights_axis] = -1
            signs = np.broadcast_to(np.sign(factors), bias.shape)
            data = weights.data.astype(np.int16) * signs.reshape(by_channel).astype(np.int16)
            if data.max(initial=0) > 127 or (weights.zero_point and (signs < 1).any()):
                return None
            scale = weights.scale * np.where(factors == 0, 1, np.abs(factors))
            weights = replace(weights, data=data.astype(np.int8), scale=scale)
            bias = bias * signs
        unit = _accumulator_unit(self.operand, weights)
        return replace(self, weights=weights, bias=bias + np.rint(summands / unit)).pending()


def add_constant(builder: Builder, node: Node, position: int, constant: Constant) -> Value | None:
    """Add of a constant as the bias of the convolution or fully-connected layer just before it.

    Where that layer's result is quantised before the addition, that rounding is left out. None
    where there is no such layer or the constant is no bias.
    """
    value = builder.value(node, position)
    if isinstance(value, Constant):
        return None
    layer = value if isinstance(value, Pending) else builder.settled.get(id(value.draft))
    if (
        layer is None
        or layer.with_affine is None
        or layer.low is not None
        or layer.high is not None
    ):
        return None
    if np.broadcast_shapes(constant.data.shape, value.view.shape) != value.view.shape:
        return None
    if value.view.size != layer.view.size or np.unique(value.view).size != value.view.size:
        # Only part of the layer's result, or some of it twice.
        return None
    wide = np.empty(value.view.size)
    wide[value.view.reshape(-1)] = np.broadcast_to(constant.real(), value.view.shape).reshape(-1)
    row = along_channels(wide, layer.channels)
    if row is None:
        return None
    summed = layer.with_affine(np.ones(layer.channels), row)
    return None if summed is None else replace(summed, view=value.view, place=node.place)


def along_channels(values: Vector, channels: int) -> Vector | None:
    """One number for each channel, of one for each stored position; None where pixels differ."""
    rows = values.reshape(-1, channels)
    return None if (rows != rows[0]).any() else rows[0]


def whole(shape: tuple[int, ...]) -> View:
    """The view of a result in its own order. Raises RequestError for a shape that none can have."""
    if min(shape) < 1 or not limits.activation_is_small(shape):
        raise RequestError(f"the result would have the impossible shape {shape}")
    return positions(shape)


def stored_weights(builder: Builder, node: Node, position: int, channel_axis: int) -> Weights:
    """The constant operand at a position, whose scales may differ along its output channels."""
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
    if not centred.size or (centred.min() >= -128 and centred.max() <= 127):
        return Weights(centred.astype(np.int8), _positive(constant.scale))
    points = sorted({int(value) for value in constant.zero_point.reshape(-1)})
    require(node.place, limits.weights_share_a_zero_point, points[:8])
    stored, (point,) = int8_of(node.place, data, points)
    return Weights(stored, _positive(constant.scale), point)


def _positive(scale: NDArray[np.float64]) -> NDArray[np.float64]:
    """Scales as a vector, none of them 0."""
    return np.maximum(scale.reshape(-1), _LEAST_SCALE)


def int8_of(
    place: limits.Place, data: Array, points: Sequence[int]
) -> tuple[NDArray[np.int8], list[int]]:
    """Integers of 8 bits, and their zero points, as int8."""
    require(place, limits.integers_have_8_bits, data.dtype.name)
    shift = 128 if data.dtype == np.uint8 else 0
    return (data.astype(np.int16) - shift).astype(np.int8), [point - shift for point in points]


def _accumulator_unit(operand: Draft, weights: Weights) -> NDArray[np.float64]:
    assert operand.quant is not None
    return operand.quant.scale[0] * weights.scale


def bias_of(
    builder: Builder,
    node: Node,
    position: int,
    operand: Draft,
    weights: Weights,
    channels: int,
    factor: float = 1.0,
) -> NDArray[np.float64]:
    """The bias in units of the accumulator; the stored integers where their scale is that unit.

    ``factor`` multiplies it.
    """
    if not node.has(position):
        return np.zeros(channels)
    constant = builder.constant(node, position)
    if constant.data.size not in (1, channels):
        raise RequestError(
            f"{node.place}: bias {constant.data.shape} does not fit {channels} channels"
        )
    unit = _accumulator_unit(operand, weights) / factor if factor else np.full(channels, np.inf)
    if constant.scale is not None and np.allclose(constant.scale, unit, rtol=_SAME_SCALE, atol=0):
        assert constant.zero_point is not None
        counts = constant.data.reshape(-1).astype(np.float64) - constant.zero_point.reshape(-1)
    else:
        counts = np.rint(constant.real().reshape(-1) / unit)
    if not np.isfinite(counts).all():
        raise RequestError(f"{node.place}: the bias is not a finite number")
    return np.broadcast_to(counts, (channels,)).copy()
