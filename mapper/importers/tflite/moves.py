"""RESHAPE and its relatives, CONCATENATION."""

from __future__ import annotations

from collections.abc import Mapping

from tflite import ActivationFunctionType

from tilewright.hw.spec.errors import RequestError
from tilewright.mapper import limits
from tilewright.mapper.graph.op import Op
from tilewright.mapper.importers.tflite.flatbuffer import FileOperator
from tilewright.mapper.importers.tflite.operands import Operands, Rule
from tilewright.mapper.limits import require
from tilewright.mapper.operators.concatenation import Concatenation
from tilewright.mapper.operators.moves import MOVABLE, Reshape


def _reshape(operands: Operands, operator: FileOperator) -> Op:
    x, result = operands.moved(operator)
    return operands.op(operator, Reshape(), (x,), result)


def _concatenation(operands: Operands, operator: FileOperator) -> Op:
    result, place = operands.result(operator, MOVABLE), operands.place(operator)
    positions = range(len(operator.inputs))
    inputs = tuple(operands.operand(operator, n, (result.dtype,)) for n in positions)
    require(place, limits.an_operand_is_computed, [x.data is None for x in inputs])
    if result.dtype == "int8":
        require(place, limits.one_quantisation, [*(t.quant for t in inputs), result.quant])
    inputs = tuple(operands.as_result(operator, x, result) for x in inputs)
    if operator.options["FusedActivationFunction"] != ActivationFunctionType.NONE:
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
