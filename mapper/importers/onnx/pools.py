"""ONNX operators that pool an image: MaxPool, AveragePool, those of whole images, ReduceMean.

A signal [1,C,W] is an image one pixel high.
"""

from dataclasses import replace

import numpy as np

from tilewright.hw.spec.errors import RequestError
from tilewright.mapper import limits
from tilewright.mapper.graph.tensor import Quant
from tilewright.mapper.importers.onnx.builder import Builder
from tilewright.mapper.importers.onnx.geometry import Pair, kernel_shape, pooling
from tilewright.mapper.importers.onnx.model import Node
from tilewright.mapper.importers.onnx.values import (
    CHANNELS_LAST,
    Activation,
    Axes,
    Draft,
    Pending,
    Value,
    View,
    positions,
    view_of,
)
from tilewright.mapper.importers.onnx.weighted import Product, Weights
from tilewright.mapper.limits import require
from tilewright.mapper.operators.convolution import DepthwiseConv2d
from tilewright.mapper.operators.images import Padding, window_extent
from tilewright.mapper.operators.pads import Pad
from tilewright.mapper.operators.pooling import AveragePool2d, MaxPool2d
from tilewright.mapper.operators.reductions import Mean
from tilewright.mapper.operators.requantise import Quantize

_WIDE_STEPS = 128.0
"""Steps of int16 in one of int8, where a pool must not be rounded to the input's steps."""


def max_pool(builder: Builder, node: Node) -> Value:
    """MaxPool; the result keeps the quantisation of the input unless another follows."""
    if len(node.outputs) > 1 and node.outputs[1]:
        raise RequestError(f"{node.place}: MaxPool's indices are not supported, its result is")
    x = _image(builder, node)
    window = kernel_shape(node)
    stride, padding, _ = pooling(node, x.view.shape[2:], window)
    return _max(builder, node, x, window, stride, padding)


def global_max_pool(builder: Builder, node: Node) -> Value:
    """GlobalMaxPool of an image."""
    x = _image(builder, node)
    return _max(builder, node, x, (x.view.shape[2], x.view.shape[3]), (1, 1), Padding())


def _max(
    builder: Builder, node: Node, x: Activation, window: Pair, stride: Pair, padding: Padding
) -> Value:
    image, quant = builder.stored(node.place, x, CHANNELS_LAST), x.draft.quant
    assert quant is not None
    shape = _pooled(node, image, window, stride, padding)

    def emit(wanted: Quant, lo: int, hi: int) -> Draft:
        bounds = (lo, hi) if wanted == quant else (-128, 127)
        operator = MaxPool2d(
            window=window, stride=stride, padding=padding, lo=bounds[0], hi=bounds[1]
        )
        pooled = builder.add(node.place, operator, (image,), shape, quant)
        if wanted == quant:
            return pooled
        return builder.rescaled(node.place, pooled, wanted, lo, hi)

    return Pending(node.place, _file_view(builder, node, shape), emit, quant)


def average_pool(builder: Builder, node: Node) -> Value:
    """AveragePool, whose result is rounded once whatever its scale is."""
    x = _image(builder, node)
    window = kernel_shape(node)
    size = (x.view.shape[2], x.view.shape[3])
    stride, padding, padded = pooling(node, size, window)
    if window == size and not padding.any():
        shape = (1, x.view.shape[1], *(1,) * (_rank(builder, node) - 2))
        return _mean(builder, node, x, CHANNELS_LAST, shape)
    image, quant = builder.stored(node.place, x, CHANNELS_LAST), x.draft.quant
    assert quant is not None
    if padded and node.integer("count_include_pad", 0):
        image, padding = _with_padding(builder, node, image, padding)
    shape = _pooled(node, image, window, stride, padding)
    view = _file_view(builder, node, shape)
    if not padding.any():
        weights = Weights(
            np.ones((*window, shape[3]), np.int8), np.full(1, 1 / (window[0] * window[1]))
        )
        operator = DepthwiseConv2d(stride=stride, padding=padding, dilation=(1, 1), multiplier=1)
        product = Product(
            builder, node, image, shape, view, weights, 2, np.zeros(shape[3]), operator
        )
    else:
        product = None

    def emit(wanted: Quant, lo: int, hi: int) -> Draft:
        if product is not None and wanted != quant:
            return product.emit(wanted, lo, hi)
        bounds = (lo, hi) if wanted == quant else (-128, 127)
        operator = AveragePool2d(
            window=window, stride=stride, padding=padding, lo=bounds[0], hi=bounds[1]
        )
        if wanted.scale[0] >= quant.scale[0]:
            pooled = builder.add(node.place, operator, (image,), shape, quant)
            if wanted == quant:
                return pooled
            return builder.rescaled(node.place, pooled, wanted, lo, hi)
        fine = Quant((quant.scale[0] / _WIDE_STEPS,), (0,))
        wide = builder.add(node.place, Quantize(), (image,), image.shape, fine, "int16")
        operator = replace(operator, lo=-32768, hi=32767)
        pooled = builder.add(node.place, operator, (wide,), shape, fine, "int16")
        narrow = builder.add(node.place, Quantize(), (pooled,), shape, wanted)
        return builder.rescaled(node.place, narrow, wanted, lo, hi)

    return Pending(node.place, view, emit)


def _with_padding(
    builder: Builder, node: Node, image: Draft, padding: Padding
) -> tuple[Draft, Padding]:
    """The image with the padding that counts, and what only ceil_mode adds behind it."""
    after = node.integers("pads")
    top, left, bottom, right = padding.top, padding.left, padding.bottom, padding.right
    if node.text("auto_pad", "NOTSET") == "NOTSET" and after is not None:
        own = (0, after[-1]) if len(after) == 2 else (after[2], after[3])
    else:
        own = (bottom, right)
    pads = ((0, 0), (top, own[0]), (left, own[1]), (0, 0))
    shape = tuple(n + sum(pair) for n, pair in zip(image.shape, pads, strict=True))
    whole = builder.add(node.place, Pad(pads=pads), (image,), shape, image.quant)
    return whole, Padding(bottom=bottom - own[0], right=right - own[1])


def _pooled(
    node: Node, image: Draft, window: Pair, stride: Pair, padding: Padding
) -> tuple[int, int, int, int]:
    height = window_extent(image.shape[1], window[0], stride[0], padding.top, padding.bottom)
    width = window_extent(image.shape[2], window[1], stride[1], padding.left, padding.right)
    shape = (1, height, width, image.shape[3])
    if min(shape) < 1:
        raise RequestError(f"{node.place}: a window of {window} does not fit {image.shape[1:3]}")
    return shape


def _rank(builder: Builder, node: Node) -> int:
    return builder.activation(node, 0).view.ndim


def _image(builder: Builder, node: Node) -> Activation:
    """The first operand as [1,C,H,W]; H is 1 where the file has one axis only."""
    x, _ = builder.quantised(node, 0)
    shape = x.view.shape
    require(node.place, limits.image_has_three_or_four_axes, shape)
    return replace(x, view=x.view.reshape(*shape[:2], 1, shape[2])) if len(shape) == 3 else x


def _file_view(builder: Builder, node: Node, shape: tuple[int, int, int, int]) -> View:
    """The file's view of a result [1,H,W,C]."""
    view = view_of(shape, CHANNELS_LAST)
    return view if _rank(builder, node) == 4 else view.reshape(1, shape[3], shape[2])


def global_average_pool(builder: Builder, node: Node) -> Value:
    """GlobalAveragePool of an image."""
    x = _image(builder, node)
    rank, channels = _rank(builder, node), x.view.shape[1]
    if node.integer("channels_last", 0):
        require(node.place, limits.image_has_four_axes, builder.activation(node, 0).view.shape)
        return _mean(builder, node, x, None, (1, 1, 1, x.view.shape[3]))
    return _mean(builder, node, x, CHANNELS_LAST, (1, channels, *(1,) * (rank - 2)))


def mean(builder: Builder, node: Node, axes: Axes | None, shape: tuple[int, ...]) -> Value:
    """The mean over the pixels of an image, whose axes ``axes`` put in order."""
    x, _ = builder.quantised(node, 0)
    return _mean(builder, node, x, axes, shape)


def _mean(
    builder: Builder, node: Node, x: Activation, axes: Axes | None, shape: tuple[int, ...]
) -> Value:
    image = builder.stored(node.place, x, axes)
    channels = image.shape[3]

    def emit(quant: Quant, lo: int, hi: int) -> Draft:
        mean = builder.add(node.place, Mean(), (image,), (1, channels), quant)
        return builder.rescaled(node.place, mean, quant, lo, hi)

    return Pending(node.place, positions((1, channels)).reshape(shape), emit)
