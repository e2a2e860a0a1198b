"""MEAN, SUM, REDUCE_MAX and REDUCE_MIN."""

from __future__ import annotations

from collections.abc import Mapping

from mapper import limits
from mapper.graph.op import Op
from mapper.importers.tflite.axes import constant_axes
from mapper.importers.tflite.flatbuffer import FileOperator
from mapper.importers.tflite.operands import Operands, Rule
from mapper.limits import require
from mapper.operators.reductions import Mean, ReduceMax, ReduceMin, Sum

_REDUCTIONS = {"MEAN": Mean, "SUM": Sum, "REDUCE_MAX": ReduceMax, "REDUCE_MIN": ReduceMin}


def _reduce(operands: Operands, operator: FileOperator) -> Op:
    x, result = operands.activation(operator, 0), operands.result(operator)
    reduction = _REDUCTIONS[operator.name]
    if reduction.keeps_quantisation:
        require(operands.place(operator), limits.one_quantisation, [x.quant, result.quant])
    axes = constant_axes(operands, operator, 1, len(x.shape))
    return operands.op(operator, reduction(axes=axes), (x,), result)


RULES: Mapping[str, Rule] = dict.fromkeys(_REDUCTIONS, _reduce)
