"""ONNX operators that move no data (Transpose, Reshape, ...) and those on constants only."""

import math
from collections.abc import Callable
from dataclasses import replace
from math import prod

import numpy as np

from tilewright.hw.spec.errors import RequestError
from tilewright.mapper import limits
from tilewright.mapper.importers.onnx.builder import Builder
from tilewright.mapper.importers.onnx.model import Array, Node
from tilewright.mapper.importers.onnx.values import Constant, Value
from tilewright.mapper.limits import require


def _rearranged(node: Node, value: Value, change: Callable[[Array], Array]) -> Value:
    """The value with its view, or its stored array, rearranged."""
    if not isinstance(value, Constant):
        return replace(value, view=change(value.view))
    if value.scale is not None and value.scale.size > 1:
        data = change(value.data)
        axis = _same_axis(value, data.shape)
        if axis is not None:
            return replace(value, data=data, axis=axis)
        raise RequestError(
            f"{node.place}: weights quantised per channel cannot be reshaped: store them in the "
            "shape that the layer needs"
        )
    return replace(value, data=change(value.data))


def _same_axis(value: Constant, shape: tuple[int, ...]) -> int | None:
    """Where the axis of the scales is after a reshape; None where it is no axis any more."""
    old = value.data.shape
    own = value.axis % value.data.ndim
    before, extent = prod(old[:own]), old[own]
    for axis, found in enumerate(shape):
        if found == extent and prod(shape[:axis]) == before:
            return axis
    return None


def identity(builder: Builder, node: Node) -> Value:
    """Identity, and Dropout, which does nothing in inference."""
    return builder.value(node, 0)


def transpose(builder: Builder, node: Node) -> Value:
    """Transpose: only the view changes."""
    value = builder.value(node, 0)
    rank = value.data.ndim if isinstance(value, Constant) else value.view.ndim
    axes = node.integers("perm") or tuple(reversed(range(rank)))
    if sorted(axes) != list(range(rank)):
        raise RequestError(f"{node.place}: perm {axes} does not fit {rank} axes")
    if isinstance(value, Constant):
        axis = axes.index(value.axis % rank) if rank else 0
        return replace(value, data=value.data.transpose(axes), axis=axis)
    return replace(value, view=value.view.transpose(axes))


def reshape(builder: Builder, node: Node) -> Value:
    """Reshape to a constant shape."""
    value = builder.value(node, 0)
    given = builder.integers(node, 1) if node.has(1) else node.integers("shape") or ()
    old = value.data.shape if isinstance(value, Constant) else value.view.shape
    copies = not node.integer("allowzero", 0)
    shape = tuple(
        old[i] if extent == 0 and copies and i < len(old) else extent
        for i, extent in enumerate(given)
    )
    return _rearranged(node, value, lambda array: _reshaped(node, array, shape))


def flatten(builder: Builder, node: Node) -> Value:
    """Flatten into two axes."""
    value = builder.value(node, 0)
    old = value.data.shape if isinstance(value, Constant) else value.view.shape
    axis = node.integer("axis", 1)
    axis += len(old) if axis < 0 else 0
    shape = (int(np.prod(old[:axis], dtype=np.int64)), -1)
    return _rearranged(node, value, lambda array: _reshaped(node, array, shape))


def squeeze(builder: Builder, node: Node) -> Value:
    """Squeeze axes of extent 1."""
    value = builder.value(node, 0)
    axes = builder.integers(node, 1) if node.has(1) else node.integers("axes")

    def change(array: Array) -> Array:
        return np.squeeze(array, None if axes is None else tuple(axes))

    return _rearranged(node, value, change)


def unsqueeze(builder: Builder, node: Node) -> Value:
    """Unsqueeze: axes of extent 1 added."""
    value = builder.value(node, 0)
    axes = builder.integers(node, 1) if node.has(1) else node.integers("axes") or ()
    return _rearranged(node, value, lambda array: np.expand_dims(array, tuple(axes)))


def _reshaped(node: Node, array: Array, shape: tuple[int, ...]) -> Array:
    try:
        return array.reshape(shape)
    except ValueError:
        raise RequestError(
            f"{node.place}: {list(array.shape)} cannot be reshaped to {list(shape)}"
        ) from None


def stored(builder: Builder, node: Node) -> Value:
    """Constant: an array among the operators."""
    for name in ("value", "value_float", "value_floats", "value_int", "value_ints"):
        value = node.attrs.get(name)
        if value is not None:
            dtype = (
                None
                if isinstance(value, np.ndarray)
                else (np.float32 if "float" in name else np.int64)
            )
            return Constant(np.asarray(value, dtype=dtype))
    raise RequestError(f"{node.place}: this kind of constant is not supported; store an array")


def shape(builder: Builder, node: Node) -> Value:
    """Shape: known while importing, since every shape is fixed."""
    value = builder.value(node, 0)
    extents = value.data.shape if isinstance(value, Constant) else value.view.shape
    return Constant(np.array(extents[node.integer("start", 0) :], dtype=np.int64))


def fold(builder: Builder, node: Node) -> Value | None:
    """An operator on real or integer constants, computed now; None where it is none of these."""
    rule = _FOLDED.get(node.op)
    values = [builder.values.get(name) for name in node.inputs if name]
    arrays = [v.data for v in values if isinstance(v, Constant) and v.scale is None]
    if rule is None or not arrays or len(arrays) != len(node.inputs):
        return None
    try:
        # Before it is computed: a file of two kilobytes can ask for terabytes.
        builder.folded += _elements(node, arrays)
        require(node.place, limits.folded_constants_are_small, builder.folded)
        with np.errstate(all="ignore"):
            return Constant(np.asarray(rule(node, arrays)))
    except (IndexError, TypeError, ValueError) as error:
        raise RequestError(
            f"{node.place}: its constants do not fit together ({error}): export the network again"
        ) from error


def _elements(node: Node, arrays: list[Array]) -> int:
    """Of the result; of a Slice no less."""
    if node.op in _ARITHMETIC:
        return math.prod(np.broadcast_shapes(*(array.shape for array in arrays)))
    if node.op == "Gather":
        table, index = arrays
        return table.size // max(table.shape[node.integer("axis", 0)], 1) * index.size
    return sum(array.size for array in arrays)


def _cast(node: Node, arrays: list[Array]) -> Array:
    # 1 and 10, 11 are real types of ONNX; shapes and axes are all that other casts are used for.
    return arrays[0].astype(np.float32 if node.integer("to", 1) in (1, 10, 11) else np.int64)


def _slice(node: Node, arrays: list[Array]) -> Array:
    if arrays[0].ndim != 1 or len(arrays) < 3 or len(arrays) == 5:
        raise RequestError(f"{node.place}: only vectors of constants can be sliced")
    start, stop = (int(bound.reshape(-1)[0]) for bound in arrays[1:3])
    return arrays[0][start:stop]


def _quotient(node: Node, arrays: list[Array]) -> Array:
    if arrays[0].dtype.kind in "iu":
        return arrays[0] // np.maximum(arrays[1], 1)
    return arrays[0] / arrays[1]


_ARITHMETIC = ("Add", "Sub", "Mul", "Div")
_FOLDED: dict[str, Callable[[Node, list[Array]], Array]] = {
    "Cast": _cast,
    "Slice": _slice,
    "Gather": lambda node, arrays: np.take(arrays[0], arrays[1], axis=node.integer("axis", 0)),
    "Concat": lambda node, arrays: np.concatenate(arrays, axis=node.integer("axis", 0)),
    "Add": lambda node, arrays: arrays[0] + arrays[1],
    "Sub": lambda node, arrays: arrays[0] - arrays[1],
    "Mul": lambda node, arrays: arrays[0] * arrays[1],
    "Div": _quotient,
}
