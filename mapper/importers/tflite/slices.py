"""TRANSPOSE, slices of every kind, SPLIT, PACK, UNPACK, TILE, BROADCAST_TO, FILL, ZEROS_LIKE ..."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from tilewright.mapper import limits
from tilewright.mapper.graph.op import Op
from tilewright.mapper.graph.tensor import Tensor
from tilewright.mapper.importers.tflite.axes import constant_axes, resolved
from tilewright.mapper.importers.tflite.flatbuffer import FileOperator
from tilewright.mapper.importers.tflite.operands import INT32, Operands, Rule
from tilewright.mapper.importers.tflite.strided_slice import strided_slice
from tilewright.mapper.limits import require
from tilewright.mapper.operators.concatenation import Concatenation
from tilewright.mapper.operators.moves import MOVABLE, Reshape
from tilewright.mapper.operators.slices import BroadcastTo, Slice, Tile, Transpose, ZerosLike
from tilewright.mapper.operators.updates import DynamicUpdateSlice


def _transpose(operands: Operands, operator: FileOperator) -> Op:
    x, result = operands.moved(operator)
    permutation = constant_axes(operands, operator, 1, len(x.shape))
    require(operands.place(operator), limits.permutation_fits, (permutation, len(x.shape)))
    return operands.op(operator, Transpose(permutation=permutation), (x,), result)


def _slice(operands: Operands, operator: FileOperator) -> Op:
    x, result = operands.moved(operator)
    begins, sizes = (tuple(operands.integers(operator, n)) for n in (1, 2))
    require(operands.place(operator), limits.one_entry_an_axis, (len(begins), len(x.shape)))
    require(operands.place(operator), limits.one_entry_an_axis, (len(sizes), len(x.shape)))
    sizes = tuple(
        extent - begin if size == -1 else size
        for extent, begin, size in zip(x.shape, begins, sizes, strict=True)
    )
    return operands.op(operator, _forwards(begins, sizes), (x,), result)


def _forwards(begins: tuple[int, ...], sizes: tuple[int, ...]) -> Slice:
    return Slice(begins=begins, strides=(1,) * len(sizes), sizes=sizes)


def _strided_slice(operands: Operands, operator: FileOperator) -> Op:
    x, result = operands.moved(operator)
    vectors = [operands.integers(operator, n) for n in (1, 2, 3)]
    place = operands.place(operator)
    computed = strided_slice(place, x.shape, vectors, operator.options)
    return operands.op(operator, computed, (x,), result)


def _parts(
    operands: Operands, operator: FileOperator, x: Tensor, axis: int, sizes: list[int]
) -> list[Op]:
    """A slice for each output."""
    results, place = operands.results(operator, (x.dtype,)), operands.place(operator)
    require(place, limits.parts_fit, (sizes, x.shape[axis], len(results)))
    ops: list[Op] = []
    begin = 0
    for number, (size, result) in enumerate(zip(sizes, results, strict=True)):
        begins = tuple(begin if n == axis else 0 for n in range(len(x.shape)))
        extents = tuple(size if n == axis else extent for n, extent in enumerate(x.shape))
        whole, part = operands.as_result(operator, x, result), _forwards(begins, extents)
        ops.append(operands.op(operator, part, (whole,), result, suffix=f"_{number}"))
        begin += size
    return ops


def _split(operands: Operands, operator: FileOperator) -> list[Op]:
    x, count = operands.activation(operator, 1, MOVABLE), len(operator.outputs)
    (axis,) = constant_axes(operands, operator, 0, len(x.shape))[:1] or (0,)
    return _parts(operands, operator, x, axis, [x.shape[axis] // count] * count)


def _split_v(operands: Operands, operator: FileOperator) -> list[Op]:
    x, sizes = operands.activation(operator, 0, MOVABLE), operands.integers(operator, 1)
    (axis,) = constant_axes(operands, operator, 2, len(x.shape))[:1] or (0,)
    if sizes.count(-1) == 1:
        rest = x.shape[axis] - sum(size for size in sizes if size >= 0)
        sizes = [rest if size == -1 else size for size in sizes]
    return _parts(operands, operator, x, axis, sizes)


def _unpack(operands: Operands, operator: FileOperator) -> list[Op]:
    x = operands.activation(operator, 0, MOVABLE)
    axis = resolved(operands, operator, int(operator.options["Axis"]), len(x.shape))
    return _parts(operands, operator, x, axis, [1] * len(operator.outputs))


def _pack(operands: Operands, operator: FileOperator) -> list[Op]:
    result, place = operands.result(operator, MOVABLE), operands.place(operator)
    given = [
        operands.operand(operator, n, (result.dtype,)) for n in range(max(1, len(operator.inputs)))
    ]
    require(place, limits.an_operand_is_computed, [x.data is None for x in given])
    inputs = [operands.as_result(operator, x, result) for x in given]
    axis = resolved(operands, operator, int(operator.options["Axis"]), len(inputs[0].shape) + 1)
    ops: list[Op] = []
    parts: list[Tensor] = []
    for number, x in enumerate(inputs):
        shape = (*x.shape[:axis], 1, *x.shape[axis:])
        data = None if x.data is None else x.data.reshape(shape)
        part = Tensor(f"{result.name}/{number}", shape, x.dtype, x.quant, data)
        parts.append(operands.enter(part))
        if data is None:
            ops.append(operands.op(operator, Reshape(), (x,), part, suffix=f"_{number}"))
    return [*ops, operands.op(operator, Concatenation(axis=axis), tuple(parts), result)]


def _tile(operands: Operands, operator: FileOperator) -> Op:
    x, result = operands.moved(operator)
    multiples = tuple(operands.integers(operator, 1))
    require(operands.place(operator), limits.one_entry_an_axis, (len(multiples), len(x.shape)))
    return operands.op(operator, Tile(multiples=multiples), (x,), result)


def _broadcast_to(operands: Operands, operator: FileOperator) -> Op:
    x, result = operands.moved(operator)
    shape = tuple(operands.integers(operator, 1))
    require(operands.place(operator), limits.tensor_is_addressable, shape)
    return operands.op(operator, BroadcastTo(shape=shape), (x,), result)


def _fill(operands: Operands, operator: FileOperator) -> Op:
    """FILL repeats one element."""
    result, place = operands.result(operator, MOVABLE), operands.place(operator)
    shape = tuple(operands.integers(operator, 0))
    require(place, limits.tensor_is_addressable, shape)
    value = operands.operand(operator, 1, (result.dtype,))
    x = operands.as_result(operator, value, result)
    return operands.op(operator, BroadcastTo(shape=shape), (x,), result)


def _zeros_like(operands: Operands, operator: FileOperator) -> Op:
    result = operands.result(operator, MOVABLE)
    x = operands.activation(operator, 0, (result.dtype,))
    return operands.op(operator, ZerosLike(), (x,), result)


def _dynamic_update_slice(operands: Operands, operator: FileOperator) -> Op:
    result, place = operands.result(operator, MOVABLE), operands.place(operator)
    given = [operands.operand(operator, position, (result.dtype,)) for position in (0, 1)]
    begins = operands.operand(operator, 2, INT32)
    computed = [tensor.data is None for tensor in (*given, begins)]
    require(place, limits.an_operand_is_computed, computed)
    x, update = (operands.as_result(operator, tensor, result) for tensor in given)
    return operands.op(operator, DynamicUpdateSlice(), (x, update, begins), result)


def _reverse(operands: Operands, operator: FileOperator) -> Op:
    x, result = operands.moved(operator)
    axes = np.isin(range(len(x.shape)), constant_axes(operands, operator, 1, len(x.shape)))
    computed = Slice(
        begins=tuple(n - 1 if back else 0 for n, back in zip(x.shape, axes, strict=True)),
        strides=tuple(-1 if back else 1 for back in axes),
        sizes=x.shape,
    )
    return operands.op(operator, computed, (x,), result)


RULES: Mapping[str, Rule] = {
    "TRANSPOSE": _transpose,
    "SLICE": _slice,
    "STRIDED_SLICE": _strided_slice,
    "SPLIT": _split,
    "SPLIT_V": _split_v,
    "UNPACK": _unpack,
    "PACK": _pack,
    "TILE": _tile,
    "BROADCAST_TO": _broadcast_to,
    "DYNAMIC_UPDATE_SLICE": _dynamic_update_slice,
    "FILL": _fill,
    "ZEROS_LIKE": _zeros_like,
    "REVERSE_V2": _reverse,
}
