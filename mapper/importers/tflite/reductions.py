"""MEAN, SUM, REDUCE_MAX, REDUCE_MIN, REDUCE_ANY, REDUCE_ALL, ARG_MAX and ARG_MIN."""

from __future__ import annotations

from collections.abc import Mapping

from tilewright.mapper import limits
from tilewright.mapper.graph.op import Op
from tilewright.mapper.importers.tflite.axes import constant_axes
from tilewright.mapper.importers.tflite.flatbuffer import FileOperator
from tilewright.mapper.importers.tflite.operands import Operands, Rule
from tilewright.mapper.limits import require
from tilewright.mapper.operators.reductions import ArgMax, ArgMin, Mean, ReduceMax, ReduceMin, Sum

_REDUCTIONS = {"MEAN": Mean, "SUM": Sum, "REDUCE_MAX": ReduceMax, "REDUCE_MIN": ReduceMin}
_OF_BOOLEANS = {"REDUCE_ANY": ReduceMax, "REDUCE_ALL": ReduceMin}
_ARGUMENTS = {"ARG_MAX": ArgMax, "ARG_MIN": ArgMin}


def _reduce(operands: Operands, operator: FileOperator) -> Op:
    reduction = {**_REDUCTIONS, **_OF_BOOLEANS}[operator.name]
    types = ("bool",) if operator.name in _OF_BOOLEANS else ("int8", "int16")
    x, result = operands.activation(operator, 0, types), operands.result(operator, types)
    if reduction.keeps_quantisation:
        require(operands.place(operator), limits.one_quantisation, [x.quant, result.quant])
    axes = constant_axes(operands, operator, 1, len(x.shape))
    return operands.op(operator, reduction(axes=axes), (x,), result)


def _argument(operands: Operands, operator: FileOperator) -> Op:
    x, result = operands.activation(operator, 0), operands.result(operator, ("int32",))
    axes = constant_axes(operands, operator, 1, len(x.shape))
    require(operands.place(operator), limits.one_axis, axes)
    return operands.op(operator, _ARGUMENTS[operator.name](axis=axes[0]), (x,), result)


RULES: Mapping[str, Rule] = {
    **dict.fromkeys((*_REDUCTIONS, *_OF_BOOLEANS), _reduce),
    **dict.fromkeys(_ARGUMENTS, _argument),
}
