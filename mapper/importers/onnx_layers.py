"""ONNX operators without weights: pooling, means, Add, Concat, Relu, Clip, Pad and Softmax."""

from dataclasses import replace

import numpy as np

from hw.spec.errors import RequestError
from mapper import attributes as at
from mapper import operators as limits
from mapper.attributes import OpKind
from mapper.graph import Quant
from mapper.importers.onnx_convolution import add_constant
from mapper.importers.onnx_geometry import kernel_shape, sliding
from mapper.importers.onnx_model import Node
from mapper.importers.onnx_values import (
    CHANNELS_LAST,
    Activation,
    Axes,
    Builder,
    Constant,
    Draft,
    Pending,
    Value,
    in_order,
    positions,
)
from mapper.operators import require
from mapper.verify import window_extent

SOFTMAX_QUANT = Quant((1.0 / 256.0,), (-128,))


def relu(builder: Builder, node: Node) -> Value:
    """Relu, fused into the operator before it where that one is not quantised yet."""
    return _clamp(builder, node, 0.0, None)


def clip(builder: Builder, node: Node) -> Value:
    """Clip between constants (Relu6 is 0 to 6)."""
    bounds: list[float | None] = []
    for position, name in ((1, "min"), (2, "max")):
        if node.has(position):
            bound = float(builder.constant(node, position).real().reshape(-1)[0])
        else:
            bound = node.number(name, None)
        bounds.append(bound if bound is not None and np.isfinite(bound) else None)
    return _clamp(builder, node, bounds[0], bounds[1])


def _clamp(builder: Builder, node: Node, low: float | None, high: float | None) -> Value:
    value = builder.value(node, 0)
    if isinstance(value, Pending):
        lows = [bound for bound in (low, value.low) if bound is not None]
        highs = [bound for bound in (high, value.high) if bound is not None]
        return replace(
            value, low=max(lows, default=None), high=min(highs, default=None), with_bias=None
        )
    x, x_quant = builder.quantised(node, 0)
    if x.dtype != "float32":
        raise RequestError(
            f"{node.place}: clamps integers; the nearest supported form is the same operator "
            "between DequantizeLinear and QuantizeLinear"
        )

    def emit(quant: Quant, lo: int, hi: int) -> Draft:
        attrs = at.Relu(lo=lo, hi=hi)
        return builder.add(node.place, OpKind.RELU, (x.draft,), x.draft.shape, quant, attrs)

    return Pending(node.place, x.draft.positions(x.view), emit, x_quant, low, high)


def add(builder: Builder, node: Node) -> Value:
    """Add of two computed tensors, or of a bias."""
    for position, other in ((0, 1), (1, 0)):
        value = builder.value(node, position)
        if isinstance(value, Constant):
            return add_constant(builder, node, other, value)
    (a, _), (b, _) = builder.quantised(node, 0), builder.quantised(node, 1)
    require(node.place, limits.operands_have_one_shape, [a.view.shape, b.view.shape])
    axes, drafts = _aligned(builder, node, (a, b))
    shape = drafts[0].shape
    view = a.draft.positions(a.view) if axes == () else _view_of(shape, axes)

    def emit(quant: Quant, lo: int, hi: int) -> Draft:
        attrs = at.Add(lo=lo, hi=hi)
        return builder.add(node.place, OpKind.ADD, drafts, shape, quant, attrs)

    return Pending(node.place, view, emit)


def concat(builder: Builder, node: Node) -> Value:
    """Concat of computed tensors; those of another quantisation are requantised first."""
    operands = [builder.quantised(node, position) for position in range(len(node.inputs))]
    activations = tuple(activation for activation, _ in operands)
    quants = {quant for _, quant in operands}
    rank = activations[0].view.ndim
    axis = node.integer("axis", 1) % max(rank, 1)
    axes, drafts = _aligned(builder, node, activations, whole=True)
    stored_axis = axes.index(axis) if axes else axis
    extents = [draft.shape[stored_axis] for draft in drafts]
    shape = (*drafts[0].shape[:stored_axis], sum(extents), *drafts[0].shape[stored_axis + 1 :])

    def emit(quant: Quant, lo: int, hi: int) -> Draft:
        same = tuple(builder.rescaled(node.place, draft, quant, -128, 127) for draft in drafts)
        attrs = at.Concatenation(axis=stored_axis)
        joined = builder.add(node.place, OpKind.CONCATENATION, same, shape, quant, attrs)
        return builder.rescaled(node.place, joined, quant, lo, hi)

    natural = quants.pop() if len(quants) == 1 else None
    return Pending(node.place, _view_of(shape, axes), emit, natural)


def _aligned(
    builder: Builder, node: Node, operands: tuple[Activation, ...], *, whole: bool = False
) -> tuple[Axes, tuple[Draft, ...]]:
    """Tensors whose elements correspond: (axes from the file's order to theirs, tensors).

    Axes () is no transposition, or with `whole` False also: all are stored in one same order.
    """
    first = operands[0]
    open_inputs = [a for a in operands if a.draft.declared is not None and not a.draft.used]
    alike = all(
        a.draft.shape == first.draft.shape
        and np.array_equal(a.draft.positions(a.view), first.draft.positions(first.view))
        for a in operands
    )
    if alike and not open_inputs and not whole:
        return (), tuple(a.draft for a in operands)
    candidates: list[Axes] = [CHANNELS_LAST, ()] if first.view.ndim == 4 else [()]
    fixed = [a for a in operands if a not in open_inputs]
    for axes in candidates:
        if all(in_order(a.draft.positions(a.view.transpose(axes or None))) for a in fixed):
            break
    else:
        axes = candidates[0]
    return axes, tuple(builder.stored(node.place, a, axes or None) for a in operands)


def _view_of(shape: tuple[int, ...], axes: Axes) -> np.ndarray[tuple[int, ...], np.dtype[np.int32]]:
    """The file's view of a tensor that was stored with `axes`."""
    whole = positions(shape)
    return whole.transpose(np.argsort(axes)) if axes else whole


def max_pool(builder: Builder, node: Node) -> Value:
    """MaxPool; the result keeps the quantisation of the input unless another follows."""
    if len(node.outputs) > 1 and node.outputs[1]:
        raise RequestError(f"{node.place}: MaxPool's indices are not supported, its result is")
    return _pool(builder, node, OpKind.MAX_POOL_2D)


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
    return _pool(builder, node, OpKind.AVERAGE_POOL_2D)


def _pool(builder: Builder, node: Node, kind: OpKind) -> Value:
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
        attrs = at.Pool2d(window=window, stride=stride, padding=padding, lo=bounds[0], hi=bounds[1])
        pooled = builder.add(node.place, kind, (image,), shape, x_quant, attrs)
        return pooled if same else builder.rescaled(node.place, pooled, quant, lo, hi)

    natural = x_quant if kind is OpKind.MAX_POOL_2D else None
    return Pending(node.place, _view_of(shape, CHANNELS_LAST), emit, natural)


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
        mean = builder.add(node.place, OpKind.MEAN, (image,), (1, channels), quant, at.Mean())
        return builder.rescaled(node.place, mean, quant, lo, hi)

    return Pending(node.place, positions((1, channels)).reshape(shape), emit)


def pad(builder: Builder, node: Node) -> Value:
    """Pad of H and W with the real number 0."""
    x, x_quant = builder.quantised(node, 0)
    require(node.place, limits.image_has_four_axes, x.view.shape)
    if node.text("mode", "constant") != "constant":
        raise RequestError(f"{node.place}: the nearest supported form is mode='constant'")
    flat = builder.integers(node, 1) if node.has(1) else node.integers("pads") or ()
    axes = [a % 4 for a in builder.integers(node, 3)] if node.has(3) else [0, 1, 2, 3]
    if len(flat) != 2 * len(axes):
        raise RequestError(f"{node.place}: {len(flat)} pads do not fit {len(axes)} axes")
    pairs = [(0, 0)] * 4
    for index, axis in enumerate(axes):
        pairs[axis] = (flat[index], flat[index + len(axes)])
    last = in_order(x.draft.positions(x.view)) and any(pairs[1]) and not any(pairs[3])
    image_axes = None if last else CHANNELS_LAST
    ordered = pairs if last else [pairs[axis] for axis in CHANNELS_LAST]
    require(node.place, limits.pads_image_only, ordered)
    value = 0.0
    if node.has(2):
        value = float(builder.constant(node, 2).real().reshape(-1)[0])
    else:
        value = node.number("value", 0.0) or 0.0
    shift = {"float32": 0, "int8": x_quant.zero_point[0], "uint8": x_quant.zero_point[0] + 128}
    zero = shift[x.dtype]
    require(node.place, limits.pads_with_zero_point, value - zero)
    (top, bottom), (left, right) = ordered[1:3]
    require(node.place, limits.padding_is_sensible, (top, left, bottom, right))
    image = builder.stored(node.place, x, image_axes)
    shape = (1, image.shape[1] + top + bottom, image.shape[2] + left + right, image.shape[3])
    attrs = at.Pad(padding=at.Padding(top=top, left=left, bottom=bottom, right=right))

    def emit(quant: Quant, lo: int, hi: int) -> Draft:
        padded = builder.add(node.place, OpKind.PAD, (image,), shape, x_quant, attrs)
        return builder.rescaled(node.place, padded, quant, lo, hi)

    return Pending(node.place, _view_of(shape, image_axes or ()), emit, x_quant)


def softmax(builder: Builder, node: Node, opset: int) -> Value:
    """Softmax along the last axis, or along the channels of an image."""
    x, _ = builder.quantised(node, 0)
    shape = x.view.shape
    axis = node.integer("axis", -1 if opset >= 13 else 1) % max(len(shape), 1)
    if all(extent == 1 for extent in shape[axis + 1 :]):
        axes, flat = None, replace(x, view=x.view.reshape(shape[: axis + 1]))
    else:
        # Before opset 13 everything from the axis on was one row.
        found = axis if opset >= 13 else -1
        require(node.place, limits.softmax_is_over_last_axis, (found, 1))
        require(node.place, limits.image_has_four_axes, shape)
        axes, flat = CHANNELS_LAST, x
    rows = builder.stored(node.place, flat, axes)

    def emit(quant: Quant, lo: int, hi: int) -> Draft:
        result = builder.add(
            node.place, OpKind.SOFTMAX, (rows,), rows.shape, SOFTMAX_QUANT, at.Softmax()
        )
        return builder.rescaled(node.place, result, quant, lo, hi)

    view = _view_of(rows.shape, axes or ()).reshape(shape)
    return Pending(node.place, view, emit, SOFTMAX_QUANT)
