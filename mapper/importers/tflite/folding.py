"""Integer arithmetic on constants and static shapes, computed while a file is read.

Exporters leave in the file how a shape is worked out: SHAPE, STRIDED_SLICE, PACK, GATHER and the
like of tensors whose values are known. They vanish here, and their results are constants. So do
operators that only move the elements of a constant, of whatever type.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import tflite
from numpy.typing import NDArray

from tilewright.mapper.importers.tflite.flatbuffer import FileNetwork, FileOperator, FileTensor
from tilewright.mapper.operators.slices import strided_slices

Array = NDArray[Any]
_INTEGERS = (tflite.TensorType.INT32, tflite.TensorType.INT64)
_MOVED = (tflite.TensorType.INT8, tflite.TensorType.INT16, tflite.TensorType.BOOL)
"""Types of constants that may be moved, but not computed with: they have scales."""
_LARGEST = 1 << 16
"""Elements of a folded tensor that was computed or repeated: shapes are small."""
_LARGEST_MOVED = 1 << 24
"""Elements of one that was only moved: the file has as many."""


def fold_constants(network: FileNetwork, constants: Mapping[int, Array]) -> FileNetwork:
    """Return the network without operators whose results are known.

    ``constants`` are tensors that are known besides those that the file stores.
    """
    known = dict(constants)
    kept: list[FileOperator] = []
    for operator in network.operators:
        results = _folded(network, operator, known)
        if results is None:
            kept.append(operator)
        else:
            known |= dict(zip(operator.outputs, results, strict=True))
    if not known:
        return network
    return replace(network, operators=tuple(kept), tensors=_Known(network.tensors, known))


_DTYPES = {
    tflite.TensorType.INT8: np.int8,
    tflite.TensorType.INT16: np.int16,
    tflite.TensorType.INT32: np.int32,
    tflite.TensorType.INT64: np.int64,
    tflite.TensorType.BOOL: np.bool_,
}
_MOVES = frozenset(
    (
        "CONCATENATION",
        "EXPAND_DIMS",
        "GATHER",
        "PACK",
        "RESHAPE",
        "SLICE",
        "SQUEEZE",
        "STRIDED_SLICE",
        "TRANSPOSE",
        "UNPACK",
    )
)


class _Known(Sequence[FileTensor]):
    """Tensors, some of which have become constants."""

    def __init__(self, tensors: Sequence[FileTensor], known: Mapping[int, Array]) -> None:
        self._tensors, self._known = tensors, known

    def __len__(self) -> int:
        return len(self._tensors)

    def __getitem__(self, index: Any) -> Any:
        tensor = self._tensors[index]
        data = self._known.get(index)
        return tensor if data is None else replace(tensor, data=data, shape=data.shape)


def _folded(
    network: FileNetwork, operator: FileOperator, known: Mapping[int, Array]
) -> list[Array] | None:
    """The results of an operator; None where they are not known or not integers."""
    rule = _RULES.get(operator.name)
    if rule is None or min(operator.inputs, default=-1) < 0:
        return None
    taken = (*_INTEGERS, *_MOVED) if operator.name in _MOVES else _INTEGERS
    if any(network.tensors[index].type not in taken for index in operator.outputs):
        return None
    most = _LARGEST_MOVED if operator.name in _MOVES else _LARGEST
    if operator.name in ("SHAPE", "RANK"):
        shape = np.array(network.tensors[operator.inputs[0]].shape)
        results = [shape if operator.name == "SHAPE" else np.array(shape.size)]
    else:
        values = [known.get(i, network.tensors[i].data) for i in operator.inputs]
        if any(value is None or value.size > most for value in values):
            return None
        try:
            with np.errstate(all="ignore"):
                results = rule(operator.options, [np.asarray(value) for value in values])
        except (ValueError, IndexError, TypeError, OverflowError, MemoryError):
            return None  # The operator's own rule says what is wrong with it.
    if len(results) != len(operator.outputs) or any(r.size > most for r in results):
        return None
    types = [_DTYPES[network.tensors[index].type] for index in operator.outputs]
    return [np.asarray(r).astype(dtype) for r, dtype in zip(results, types, strict=True)]


Options = Mapping[str, Any]


def _strided_slice(options: Options, v: list[Array]) -> list[Array]:
    begin, end, stride = ([int(item) for item in vector.reshape(-1)] for vector in v[1:4])
    masks = {name: int(options[f"{name}Mask"]) for name in ("Begin", "End", "Ellipsis")}
    masks |= {"NewAxis": int(options["NewAxisMask"]), "Shrink": int(options["ShrinkAxisMask"])}
    return [v[0][strided_slices(v[0].shape, begin, end, stride, masks)]]


def _slice(options: Options, v: list[Array]) -> list[Array]:
    begin, size = ([int(item) for item in vector.reshape(-1)] for vector in v[1:3])
    ends = [None if n < 0 else b + n for b, n in zip(begin, size, strict=True)]
    return [v[0][tuple(slice(b, e) for b, e in zip(begin, ends, strict=True))]]


def _range(options: Options, v: list[Array]) -> list[Array]:
    start, limit, delta = (int(value.reshape(-1)[0]) for value in v)
    if delta == 0 or abs((limit - start) // delta) > _LARGEST:
        raise ValueError("a range without end")
    return [np.arange(start, limit, delta)]


def _fill(options: Options, v: list[Array]) -> list[Array]:
    extents = [int(extent) for extent in v[0].reshape(-1)]
    if np.prod([max(extent, 0) for extent in extents], dtype=float) > _LARGEST:
        raise ValueError("too many elements")
    return [np.full(extents, v[1].reshape(-1)[0])]


def _tile(options: Options, v: list[Array]) -> list[Array]:
    times = [int(times) for times in v[1].reshape(-1)]
    if np.prod([max(n, 0) for n in times], dtype=float) * v[0].size > _LARGEST:
        raise ValueError("too many elements")
    return [np.tile(v[0], times)]


def _binary(compute: Callable[[Array, Array], Array]) -> Callable[[Options, list[Array]], Any]:
    return lambda options, v: [compute(v[0], v[1])]


def _quotient(a: Array, b: Array) -> Array:
    """Division that truncates, as C's; by zero it is not folded."""
    if not np.all(b):
        raise ValueError("division by zero")
    return np.trunc(a / b).astype(np.int64)


def _axes(v: list[Array]) -> tuple[int, ...]:
    return tuple(int(axis) for axis in v[1].reshape(-1))


_RULES: Mapping[str, Callable[[Options, list[Array]], list[Array]]] = {
    "SHAPE": lambda options, v: v,
    "RANK": lambda options, v: v,
    "STRIDED_SLICE": _strided_slice,
    "SLICE": _slice,
    "PACK": lambda options, v: [np.stack(v, int(options["Axis"]))],
    "UNPACK": lambda options, v: [
        np.take(v[0], i, int(options["Axis"])) for i in range(int(options["Num"]))
    ],
    "CONCATENATION": lambda options, v: [np.concatenate(v, int(options["Axis"]))],
    "GATHER": lambda options, v: [np.take(v[0], v[1], int(options["Axis"]))],
    "RESHAPE": lambda options, v: [
        v[0].reshape([int(n) for n in (v[1].reshape(-1) if len(v) > 1 else options["NewShape"])])
    ],
    "SQUEEZE": lambda options, v: [np.squeeze(v[0], tuple(options["SqueezeDims"]) or None)],
    "EXPAND_DIMS": lambda options, v: [np.expand_dims(v[0], int(v[1].reshape(-1)[0]))],
    "TILE": _tile,
    "FILL": _fill,
    "RANGE": _range,
    "ZEROS_LIKE": lambda options, v: [np.zeros_like(v[0])],
    "BROADCAST_ARGS": lambda options, v: [
        np.array(np.broadcast_shapes(*(tuple(int(n) for n in shape) for shape in v)))
    ],
    "CAST": lambda options, v: v[:1],
    "TRANSPOSE": lambda options, v: [v[0].transpose([int(axis) for axis in v[1]])],
    "ADD": _binary(np.add),
    "SUB": _binary(np.subtract),
    "MUL": _binary(np.multiply),
    "DIV": _binary(_quotient),
    "FLOOR_DIV": _binary(lambda a, b: _quotient(a - np.mod(a, np.where(b == 0, 1, b)), b)),
    "FLOOR_MOD": _binary(lambda a, b: a - b * _quotient(a - np.mod(a, np.where(b == 0, 1, b)), b)),
    "MAXIMUM": _binary(np.maximum),
    "MINIMUM": _binary(np.minimum),
    "NEG": lambda options, v: [-v[0]],
    "REDUCE_PROD": lambda options, v: [
        np.prod(v[0], axis=_axes(v), keepdims=bool(options["KeepDims"]))
    ],
    "SUM": lambda options, v: [np.sum(v[0], axis=_axes(v), keepdims=bool(options["KeepDims"]))],
}
