"""RESHAPE and its relatives, CONCATENATION."""

from __future__ import annotations

from collections.abc import Mapping

from hw.spec.errors import RequestError
from mapper import limits
from mapper.graph.op import Op
from mapper.importers.tflite.activation import fused_activation
from mapper.importers.tflite.flatbuffer import FileOperator
from mapper.importers.tflite.operands import Operands, Rule
from mapper.limits import require
from mapper.operators.concatenation import Concatenation
from mapper.operators.moves import Reshape


def _reshape(operands: Operands, operator: FileOperator) -> Op:
    x, result = operands.activation(operator, 0), operands.result(operator)
    require(operands.place(operator), limits.one_quantisation, [x.quant, result.quant])
    return operands.op(operator, Reshape(), (x,), result)


def _concatenation(operands: Operands, operator: FileOperator) -> Op:
    inputs = tuple(operands.activation(operator, i) for i in range(len(operator.inputs)))
    result, place = operands.result(operator), operands.place(operator)
    require(place, limits.one_quantisation, [*(t.quant for t in inputs), result.quant])
    if fused_activation(operands, operator, result) != (-128, 127):
        raise RequestError(f"{place}: CONCATENATION must not fuse an activation: use RELU after it")
    axis = int(operator.options["Axis"])
    axis += len(result.shape) if axis < 0 else 0
    return operands.op(operator, Concatenation(axis=axis), inputs, result)


RULES: Mapping[str, Rule] = {
    "RESHAPE": _reshape,
    "SQUEEZE": _reshape,
    "EXPAND_DIMS": _reshape,
    "CONCATENATION": _concatenation,
}
