"""Conv and ConvTranspose."""

from dataclasses import replace

import numpy as np

from tilewright.hw.spec.errors import RequestError
from tilewright.mapper import limits
from tilewright.mapper.importers.onnx.builder import Builder
from tilewright.mapper.importers.onnx.geometry import sliding, transposed
from tilewright.mapper.importers.onnx.model import Node
from tilewright.mapper.importers.onnx.values import CHANNELS_LAST, Activation, Constant, Value
from tilewright.mapper.importers.onnx.weighted import (
    Product,
    Weights,
    bias_of,
    stored_weights,
    whole,
)
from tilewright.mapper.limits import require
from tilewright.mapper.operators.convolution import Conv2d, DepthwiseConv2d, TransposeConv
from tilewright.mapper.operators.images import window_extent


def conv(builder: Builder, node: Node) -> Value:
    """Conv along one or two axes, of any groups."""
    x, weights = _image(builder, node), _kernel(builder, node, 0)
    group, (co, per_group, kh, kw) = node.integer("group", 1), weights.data.shape
    channels = x.view.shape[1]
    _check_groups(node, group, (channels, per_group, co))
    stride, padding, _, dilation = sliding(node, x.view.shape[2:], (kh, kw))
    reach = (kh - 1) * dilation[0] + 1, (kw - 1) * dilation[1] + 1
    height = window_extent(x.view.shape[2], reach[0], stride[0], padding.top, padding.bottom)
    width = window_extent(x.view.shape[3], reach[1], stride[1], padding.left, padding.right)
    if per_group == 1 and group > 1:
        axis, order = 2, weights.data[:, 0].transpose(1, 2, 0)
        multiplier = co // channels
        operator = DepthwiseConv2d(
            stride=stride, padding=padding, dilation=dilation, multiplier=multiplier
        )
    else:
        axis, order = 0, weights.data.transpose(0, 2, 3, 1)
        operator = Conv2d(stride=stride, padding=padding, dilation=dilation)
    weights = replace(weights, data=np.ascontiguousarray(order))
    return _convolved(builder, node, x, weights, axis, operator, (1, height, width, co))


def conv_transpose(builder: Builder, node: Node) -> Value:
    """ConvTranspose along one or two axes, of any groups."""
    x, weights = _image(builder, node), _kernel(builder, node, 1)
    group, (ci, per_group, kh, kw) = node.integer("group", 1), weights.data.shape
    channels, co = x.view.shape[1], per_group * max(group, 1)
    if ci != channels or group < 1 or channels % group or (group > 1 and weights.scale.size > 1):
        raise RequestError(
            f"{node.place}: weights {weights.data.shape} with {weights.scale.size} scale(s) do not "
            f"fit {channels} channels in {group} group(s)"
        )
    operator, size = transposed(node, x.view.shape[2:], (kh, kw))
    order = weights.data.reshape(group, ci // group, per_group, kh, kw).transpose(0, 2, 3, 4, 1)
    stored = np.ascontiguousarray(order.reshape(co, kh, kw, ci // group))
    weights = replace(weights, data=stored)
    return _convolved(builder, node, x, weights, 0, operator, (1, *size, co))


def _image(builder: Builder, node: Node) -> Activation:
    """The first operand as [1,C,H,W]; H is 1 where the file has one axis only."""
    x, _ = builder.quantised(node, 0)
    require(node.place, limits.image_has_three_or_four_axes, x.view.shape)
    shape = x.view.shape
    return replace(x, view=x.view.reshape(*shape[:2], 1, shape[2])) if len(shape) == 3 else x


def _kernel(builder: Builder, node: Node, channel_axis: int) -> Weights:
    """The second operand with four axes."""
    weights = stored_weights(builder, node, 1, channel_axis)
    shape = weights.data.shape
    if len(shape) not in (3, 4):
        raise RequestError(f"{node.place}: weights must have three or four axes, not {shape}")
    if len(shape) == 3:
        return replace(weights, data=weights.data.reshape(*shape[:2], 1, shape[2]))
    return weights


def _check_groups(node: Node, group: int, channels: tuple[int, int, int]) -> None:
    require(node.place, limits.whole_groups, channels)
    if group * channels[1] != channels[0]:
        raise RequestError(
            f"{node.place}: {group} group(s) of {channels[1]} channels do not fit the input's "
            f"{channels[0]}"
        )


def _convolved(
    builder: Builder, node: Node, x: Activation, weights: Weights, axis: int,
    operator: Conv2d | DepthwiseConv2d | TransposeConv, shape: tuple[int, int, int, int],
) -> Value:  # fmt: skip
    """The result [1,H,W,C] of an operator on an image [1,C,H,W], in the order of the file."""
    image = builder.stored(node.place, x, CHANNELS_LAST)
    bias = bias_of(builder, node, 2, image, weights, shape[3])
    view = whole(shape).transpose(0, 3, 1, 2)
    value = builder.value(node, 0)
    if not isinstance(value, Constant) and value.view.ndim == 3:
        view = view.reshape(1, shape[3], shape[2])
    product = Product(builder, node, image, shape, view, weights, axis, bias, operator)
    return product.pending()
