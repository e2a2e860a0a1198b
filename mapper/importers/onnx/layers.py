"""ONNX operators without weights or windows: Concat, Relu, Clip, Pad and Softmax."""

from dataclasses import replace

import numpy as np

from hw.spec.errors import RequestError
from mapper import limits
from mapper.graph.tensor import Quant
from mapper.importers.onnx.alignment import aligned
from mapper.importers.onnx.model import Node
from mapper.importers.onnx.values import (
    CHANNELS_LAST,
    Axes,
    Builder,
    Draft,
    Pending,
    Value,
    in_order,
    view_of,
)
from mapper.limits import require
from mapper.operators.concatenation import Concatenation
from mapper.operators.images import Padding
from mapper.operators.moves import Pad
from mapper.operators.requantise import Relu
from mapper.operators.softmax import Softmax

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
        operator = Relu(lo=lo, hi=hi)
        return builder.add(node.place, operator, (x.draft,), x.draft.shape, quant)

    return Pending(node.place, x.draft.positions(x.view), emit, x_quant, low, high)


def concat(builder: Builder, node: Node) -> Value:
    """Concat of computed tensors; those of another quantisation are requantised first."""
    operands = [builder.quantised(node, position) for position in range(len(node.inputs))]
    activations = tuple(activation for activation, _ in operands)
    quants = {quant for _, quant in operands}
    rank = activations[0].view.ndim
    axis = node.integer("axis", 1) % max(rank, 1)
    axes, drafts = aligned(builder, node, activations, whole=True)
    stored_axis = axes.index(axis) if axes else axis
    extents = [draft.shape[stored_axis] for draft in drafts]
    shape = (*drafts[0].shape[:stored_axis], sum(extents), *drafts[0].shape[stored_axis + 1 :])

    def emit(quant: Quant, lo: int, hi: int) -> Draft:
        same = tuple(builder.rescaled(node.place, draft, quant, -128, 127) for draft in drafts)
        operator = Concatenation(axis=stored_axis)
        joined = builder.add(node.place, operator, same, shape, quant)
        return builder.rescaled(node.place, joined, quant, lo, hi)

    natural = quants.pop() if len(quants) == 1 else None
    return Pending(node.place, view_of(shape, axes), emit, natural)


def pad(builder: Builder, node: Node) -> Value:
    """Pad of H and W with the real number 0."""
    x, x_quant = builder.quantised(node, 0)
    require(node.place, limits.image_has_four_axes, x.view.shape)
    if node.text("mode", "constant") != "constant":
        raise RequestError(f"{node.place}: the nearest supported form is mode='constant'")
    zero = {"float32": 0, "int8": x_quant.zero_point[0], "uint8": x_quant.zero_point[0] + 128}
    require(node.place, limits.pads_with_zero_point, _pad_value(builder, node) - zero[x.dtype])
    pairs = _pad_pairs(builder, node)
    last = in_order(x.draft.positions(x.view)) and any(pairs[1]) and not any(pairs[3])
    axes: Axes = () if last else CHANNELS_LAST
    ordered = [pairs[axis] for axis in axes] if axes else pairs
    require(node.place, limits.pads_image_only, ordered)
    (top, bottom), (left, right) = ordered[1:3]
    require(node.place, limits.padding_is_sensible, (top, left, bottom, right))
    image = builder.stored(node.place, x, axes or None)
    shape = (1, image.shape[1] + top + bottom, image.shape[2] + left + right, image.shape[3])
    operator = Pad(padding=Padding(top=top, left=left, bottom=bottom, right=right))

    def emit(quant: Quant, lo: int, hi: int) -> Draft:
        padded = builder.add(node.place, operator, (image,), shape, x_quant)
        return builder.rescaled(node.place, padded, quant, lo, hi)

    return Pending(node.place, view_of(shape, axes), emit, x_quant)


def _pad_value(builder: Builder, node: Node) -> float:
    if node.has(2):
        return float(builder.constant(node, 2).real().reshape(-1)[0])
    return node.number("value", 0.0) or 0.0


def _pad_pairs(builder: Builder, node: Node) -> list[tuple[int, int]]:
    """(before, after) for each of the file's four axes."""
    flat = builder.integers(node, 1) if node.has(1) else node.integers("pads") or ()
    axes = [axis % 4 for axis in builder.integers(node, 3)] if node.has(3) else [0, 1, 2, 3]
    if len(flat) != 2 * len(axes):
        raise RequestError(f"{node.place}: {len(flat)} pads do not fit {len(axes)} axes")
    pairs = [(0, 0)] * 4
    for index, axis in enumerate(axes):
        pairs[axis] = (flat[index], flat[index + len(axes)])
    return pairs


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
        result = builder.add(node.place, Softmax(), (rows,), rows.shape, SOFTMAX_QUANT)
        return builder.rescaled(node.place, result, quant, lo, hi)

    view = view_of(rows.shape, axes or ()).reshape(shape)
    return Pending(node.place, view, emit, SOFTMAX_QUANT)
