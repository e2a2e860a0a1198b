"""Comparisons, operators on booleans, SELECT_V2 and CAST."""

from __future__ import annotations

from collections.abc import Mapping

from tilewright.mapper import limits
from tilewright.mapper.graph.op import Op
from tilewright.mapper.importers.tflite.flatbuffer import FileOperator
from tilewright.mapper.importers.tflite.operands import Operands, Rule
from tilewright.mapper.limits import require
from tilewright.mapper.operators import logic
from tilewright.mapper.operators.moves import MOVABLE

_COMPARISONS: Mapping[str, type[logic.Comparison]] = {
    "EQUAL": logic.Equal,
    "NOT_EQUAL": logic.NotEqual,
    "GREATER": logic.Greater,
    "GREATER_EQUAL": logic.GreaterEqual,
    "LESS": logic.Less,
    "LESS_EQUAL": logic.LessEqual,
}
_PAIRS = {"LOGICAL_AND": logic.LogicalAnd, "LOGICAL_OR": logic.LogicalOr}
BOOL = ("bool",)


def _comparison(operands: Operands, operator: FileOperator) -> Op:
    result, place = operands.result(operator, BOOL), operands.place(operator)
    a = operands.operand(operator, 0, MOVABLE)
    b = operands.operand(operator, 1, (a.dtype,))
    require(place, limits.an_operand_is_computed, [a.data is None, b.data is None])
    require(place, limits.shapes_broadcast, [a.shape, b.shape])
    for tensor in (a, b):
        scale = tensor.scale if tensor.dtype in logic.SCALED else 0.0
        require(place, limits.compared_scale_is_below_one, scale)
    return operands.op(operator, _COMPARISONS[operator.name](), (a, b), result)


def _pair(operands: Operands, operator: FileOperator) -> Op:
    result, place = operands.result(operator, BOOL), operands.place(operator)
    a, b = (operands.operand(operator, position, BOOL) for position in (0, 1))
    require(place, limits.an_operand_is_computed, [a.data is None, b.data is None])
    require(place, limits.shapes_broadcast, [a.shape, b.shape])
    return operands.op(operator, _PAIRS[operator.name](), (a, b), result)


def _not(operands: Operands, operator: FileOperator) -> Op:
    x, result = operands.activation(operator, 0, BOOL), operands.result(operator, BOOL)
    return operands.op(operator, logic.LogicalNot(), (x,), result)


def _select(operands: Operands, operator: FileOperator) -> Op:
    result, place = operands.result(operator, logic.SELECTED), operands.place(operator)
    condition = operands.operand(operator, 0, BOOL)
    sides = [operands.operand(operator, position, (result.dtype,)) for position in (1, 2)]
    computed = [tensor.data is None for tensor in (condition, *sides)]
    require(place, limits.an_operand_is_computed, computed)
    x, y = (operands.as_result(operator, side, result) for side in sides)
    return operands.op(operator, logic.SelectV2(), (condition, x, y), result)


def _cast(operands: Operands, operator: FileOperator) -> Op:
    result = operands.result(operator, logic.INTEGERS)
    x = operands.activation(operator, 0, logic.INTEGERS)
    for position in (operator.inputs[0], operator.outputs[0]):
        require(operands.place(operator), limits.cast_is_signed, operands.is_uint8(position))
    return operands.op(operator, logic.Cast(), (x,), result)


RULES: Mapping[str, Rule] = {
    **dict.fromkeys(_COMPARISONS, _comparison),
    **dict.fromkeys(_PAIRS, _pair),
    "LOGICAL_NOT": _not,
    "SELECT_V2": _select,
    "CAST": _cast,
}
