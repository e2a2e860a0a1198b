"""ONNX operators that pool an image: MaxPool, AveragePool, GlobalAveragePool and ReduceMean."""

from hw.spec.errors import RequestError
from mapper import limits
from mapper.graph.tensor import Quant
from mapper.importers.onnx.geometry import kernel_shape, sliding
from mapper.importers.onnx.model import Node
from mapper.importers.onnx.values import (
    CHANNELS_LAST,
    Axes,
    Builder,
    Draft,
    Pending,
    Value,
    positions,
    view_of,
)
from mapper.limits import require
from mapper.operators.images import window_extent
from mapper.operators.pooling import AveragePool2d, MaxPool2d
from mapper.operators.reductions import Mean


def max_pool(builder: Builder, node: Node) -> Value:
    """MaxPool; the result keeps the quantisation of the input unless another follows."""
    if len(node.outputs) > 1 and node.outputs[1]:
        raise RequestError(f"{node.place}: MaxPool's indices are not supported, its result is")
    return _pool(builder, node, MaxPool2d)


def average_pool(builder: Builder, node: Node) -> Value:
    """AveragePool; of a whole image it is a mean, which can change the quantisation exactly."""
    x, _ = builder.quantised(node, 0)
    require(node.place, limits.image_has_four_axes, x.view.shape)
    window = kernel_shape(node)
    _, padding, padded = sliding(node, x.view.shape[2:], window)
    if node.integer("count_include_pad", 0) and padded:
        raise RequestError(
            f"{node.place}: count_include_pad is not supported with padding: the nearest supported "
            "form is count_include_pad=0"
        )
    if window == x.view.shape[2:] and not padding.any():
        return _mean(builder, node, CHANNELS_LAST, (1, x.view.shape[1], 1, 1))
    return _pool(builder, node, AveragePool2d)


def _pool(builder: Builder, node: Node, pool: type[MaxPool2d | AveragePool2d]) -> Value:
    x, x_quant = builder.quantised(node, 0)
    require(node.place, limits.image_has_four_axes, x.view.shape)
    window = kernel_shape(node)
    stride, padding, _ = sliding(node, x.view.shape[2:], window)
    image = builder.stored(node.place, x, CHANNELS_LAST)
    height = window_extent(image.shape[1], window[0], stride[0], padding.top, padding.bottom)
    width = window_extent(image.shape[2], window[1], stride[1], padding.left, padding.right)
    shape = (1, height, width, image.shape[3])
    if min(shape) < 1:
        raise RequestError(f"{node.place}: a window of {window} does not fit {image.shape[1:3]}")

    def emit(quant: Quant, lo: int, hi: int) -> Draft:
        same = quant == x_quant
        bounds = (lo, hi) if same else (-128, 127)
        operator = pool(window=window, stride=stride, padding=padding, lo=bounds[0], hi=bounds[1])
        pooled = builder.add(node.place, operator, (image,), shape, x_quant)
        return pooled if same else builder.rescaled(node.place, pooled, quant, lo, hi)

    natural = x_quant if pool is MaxPool2d else None
    return Pending(node.place, view_of(shape, CHANNELS_LAST), emit, natural)


def global_average_pool(builder: Builder, node: Node) -> Value:
    """GlobalAveragePool of an image."""
    shape = builder.activation(node, 0).view.shape
    require(node.place, limits.image_has_four_axes, shape)
    if node.integer("channels_last", 0):
        return _mean(builder, node, None, (1, 1, 1, shape[3]))
    return _mean(builder, node, CHANNELS_LAST, (1, shape[1], 1, 1))


def reduce_mean(builder: Builder, node: Node) -> Value:
    """ReduceMean over H and W, in either layout."""
    shape = builder.activation(node, 0).view.shape
    require(node.place, limits.image_has_four_axes, shape)
    given = builder.integers(node, 1) if node.has(1) else node.integers("axes") or ()
    axes = sorted(axis % 4 for axis in given)
    last = axes == [2, 3]
    require(node.place, limits.mean_is_over_image, [1, 2] if last else axes)
    kept = [1 if axis in axes else extent for axis, extent in enumerate(shape)]
    if not node.integer("keepdims", 1):
        kept = [extent for axis, extent in enumerate(shape) if axis not in axes]
    return _mean(builder, node, CHANNELS_LAST if last else None, tuple(kept))


def _mean(builder: Builder, node: Node, axes: Axes | None, shape: tuple[int, ...]) -> Value:
    x, _ = builder.quantised(node, 0)
    image = builder.stored(node.place, x, axes)
    channels = image.shape[3]

    def emit(quant: Quant, lo: int, hi: int) -> Draft:
        mean = builder.add(node.place, Mean(), (image,), (1, channels), quant)
        return builder.rescaled(node.place, mean, quant, lo, hi)

    return Pending(node.place, positions((1, channels)).reshape(shape), emit)
