"""ArgMax, ArgMin and TopK, which tell where elements are, Cast of what they tell, and CumSum."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import cast

from tilewright.mapper import limits
from tilewright.mapper.graph.tensor import Quant
from tilewright.mapper.importers.onnx.builder import Builder
from tilewright.mapper.importers.onnx.model import ELEMENT_TYPES, DType, Node
from tilewright.mapper.importers.onnx.moves import axis_of
from tilewright.mapper.importers.onnx.reductions import layout
from tilewright.mapper.importers.onnx.values import (
    Activation,
    Constant,
    Draft,
    Pending,
    Value,
    view_of,
)
from tilewright.mapper.limits import require
from tilewright.mapper.operators.normalisation import Cumsum
from tilewright.mapper.operators.reductions import ArgMax, ArgMin
from tilewright.mapper.operators.selection import TopK


def _argument(kind: type[ArgMax | ArgMin], builder: Builder, node: Node) -> Value:
    require(node.place, limits.first_of_equals, node.integer("select_last_index", 0))
    x, _ = builder.quantised(node, 0)
    shape, axis = x.view.shape, axis_of(node, node.integer("axis", 0), x.view.ndim)
    order = layout(x)
    stored = builder.stored(node.place, x, order or None)
    inner = order.index(axis) if order else axis
    kept = tuple(1 if place == inner else n for place, n in enumerate(stored.shape))
    result = builder.draft(node.name, kept, None)
    result.dtype = "int32"
    builder.add_op(kind(axis=inner), (stored,), (result,))
    final = (*shape[:axis], 1, *shape[axis + 1 :])
    if not node.integer("keepdims", 1):
        final = (*shape[:axis], *shape[axis + 1 :])
    return Activation(result, view_of(kept, order).reshape(final), "int64")


def _top_k(builder: Builder, node: Node) -> tuple[Value, ...]:
    x, quant = builder.quantised(node, 0)
    axis = axis_of(node, node.integer("axis", -1), x.view.ndim)
    (k, *_) = builder.integers(node, 1) if node.has(1) else (node.integer("k", 0),)
    require(node.place, limits.elements_exist, (k, x.view.shape[axis]))
    order = layout(x)
    stored = builder.stored(node.place, x, order or None)
    inner = order.index(axis) if order else axis
    shape = tuple(k if place == inner else n for place, n in enumerate(stored.shape))
    values = builder.draft(node.name, shape, quant)
    indices = builder.draft(f"{node.name}/indices", shape, None)
    indices.dtype = "int32"
    operator = TopK(axis=inner, k=k, largest=bool(node.integer("largest", 1)))
    builder.add_op(operator, (stored,), (values, indices))
    view = view_of(shape, order)
    return Activation(values, view, x.dtype), Activation(indices, view, "int64")


def _cumsum(builder: Builder, node: Node) -> Value:
    x, _ = builder.quantised(node, 0)
    (axis,) = builder.integers(node, 1)
    axis = axis_of(node, axis, x.view.ndim)
    order = layout(x)
    stored = builder.stored(node.place, x, order or None)
    operator = Cumsum(
        axis=order.index(axis) if order else axis,
        exclusive=bool(node.integer("exclusive", 0)),
        reverse=bool(node.integer("reverse", 0)),
        real=True,
    )

    def emit(quant: Quant, lo: int, hi: int) -> Draft:
        summed = builder.add(node.place, operator, (stored,), stored.shape, quant)
        return builder.rescaled(node.place, summed, quant, lo, hi)

    return Pending(node.place, view_of(stored.shape, order), emit)


def _cast(builder: Builder, node: Node) -> Value:
    value = builder.value(node, 0)
    target = ELEMENT_TYPES.get(node.integer("to", 0), "another type")
    source = "float32" if isinstance(value, Pending | Constant) else value.dtype
    require(node.place, limits.cast_keeps_values, (source, target))
    if isinstance(value, Pending | Constant):
        return value
    return replace(value, dtype=cast("DType", target))


RULES: Mapping[str, Callable[[Builder, Node], Value | tuple[Value, ...]]] = {
    "ArgMax": partial(_argument, ArgMax),
    "ArgMin": partial(_argument, ArgMin),
    "Cast": _cast,
    "CumSum": _cumsum,
    "TopK": _top_k,
}
