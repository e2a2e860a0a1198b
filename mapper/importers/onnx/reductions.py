"""ONNX reductions over any axes, and LogSoftmax."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

from tilewright.hw.spec.normalisation import LOG_SOFTMAX_OUTPUT
from tilewright.mapper.graph.tensor import Quant
from tilewright.mapper.importers.onnx.builder import Builder
from tilewright.mapper.importers.onnx.model import Node
from tilewright.mapper.importers.onnx.moves import axis_of, vector
from tilewright.mapper.importers.onnx.pools import mean
from tilewright.mapper.importers.onnx.values import (
    CHANNELS_LAST,
    Activation,
    Axes,
    Draft,
    Pending,
    Value,
    in_order,
    view_of,
)
from tilewright.mapper.operators.normalisation import LogSoftmax
from tilewright.mapper.operators.norms import ReduceL1, ReduceL2, ReduceSumSquare
from tilewright.mapper.operators.reductions import Mean, ReduceMax, ReduceMin, Reduction, Sum


def _reduce(reduction: type[Reduction], builder: Builder, node: Node) -> Value:
    x, x_quant = builder.quantised(node, 0)
    shape, rank = x.view.shape, x.view.ndim
    given = vector(builder, node, 1, "axes")
    if not given and node.integer("noop_with_empty_axes", 0):
        return x
    axes = sorted({axis_of(node, axis, rank) for axis in given or range(rank)})
    kept = tuple(1 if axis in axes else extent for axis, extent in enumerate(shape))
    final = tuple(extent for axis, extent in enumerate(shape) if axis not in axes)
    if node.integer("keepdims", 1):
        final = kept
    if reduction is Mean and rank == 4 and axes in ([1, 2], [2, 3]) and shape[0] == 1:
        return mean(builder, node, CHANNELS_LAST if axes == [2, 3] else None, final)
    order = layout(x)
    stored = builder.stored(node.place, x, order or None)
    inner = tuple(order.index(axis) for axis in axes) if order else tuple(axes)
    result = tuple(1 if axis in inner else extent for axis, extent in enumerate(stored.shape))

    def emit(quant: Quant, lo: int, hi: int) -> Draft:
        first = x_quant if reduction.keeps_quantisation else quant
        reduced = builder.add(node.place, reduction(axes=inner), (stored,), result, first)
        return builder.rescaled(node.place, reduced, quant, lo, hi)

    natural = x_quant if reduction.keeps_quantisation else None
    return Pending(node.place, view_of(result, order).reshape(final), emit, natural)


def layout(x: Activation) -> Axes:
    """The order in which the tensor is stored, () for the file's."""
    if x.view.ndim == 4 and in_order(x.draft, x.view.transpose(CHANNELS_LAST)):
        return CHANNELS_LAST
    return ()


def log_softmax(builder: Builder, node: Node) -> Value:
    """LogSoftmax along one axis."""
    natural = Quant((LOG_SOFTMAX_OUTPUT[0],), (LOG_SOFTMAX_OUTPUT[1],))
    x, _ = builder.quantised(node, 0)
    rank = x.view.ndim
    axis = axis_of(node, node.integer("axis", -1), rank)
    axes = (*(n for n in range(rank) if n != axis), axis)
    rows = builder.stored(node.place, x, axes)

    def emit(quant: Quant, lo: int, hi: int) -> Draft:
        operator = LogSoftmax(real=quant != natural)
        result = builder.add(node.place, operator, (rows,), rows.shape, quant)
        return builder.rescaled(node.place, result, quant, lo, hi)

    return Pending(node.place, view_of(rows.shape, axes), emit, natural)


RULES: Mapping[str, Callable[[Builder, Node], Value]] = {
    "ReduceMean": partial(_reduce, Mean),
    "ReduceSum": partial(_reduce, Sum),
    "ReduceMax": partial(_reduce, ReduceMax),
    "ReduceMin": partial(_reduce, ReduceMin),
    "ReduceL1": partial(_reduce, ReduceL1),
    "ReduceL2": partial(_reduce, ReduceL2),
    "ReduceSumSquare": partial(_reduce, ReduceSumSquare),
}
