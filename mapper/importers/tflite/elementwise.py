"""Operators on two operands, and those on one that only rescale and clamp."""

from __future__ import annotations

from collections.abc import Mapping

from mapper import limits
from mapper.graph.op import Op
from mapper.graph.tensor import Tensor
from mapper.importers.tflite.activation import clamp, fused_activation
from mapper.importers.tflite.flatbuffer import FileOperator
from mapper.importers.tflite.operands import Operands, Rule
from mapper.limits import require
from mapper.operators.elementwise import Add, SquaredDifference, Sub
from mapper.operators.extremes import Maximum, Minimum
from mapper.operators.products import Div, Mul, Prelu
from mapper.operators.requantise import QUANTISED, Quantize, Relu

_CLAMPS: dict[str, tuple[float | None, float | None]] = {
    "RELU": (0.0, None),
    "RELU6": (0.0, 6.0),
    "RELU_N1_TO_1": (-1.0, 1.0),
    "RELU_0_TO_1": (0.0, 1.0),
}
_ARITHMETIC = {"ADD": Add, "SUB": Sub, "MUL": Mul, "DIV": Div}
_UNCLAMPED = {"SQUARED_DIFFERENCE": SquaredDifference, "PRELU": Prelu}
_EXTREMES = {"MAXIMUM": Maximum, "MINIMUM": Minimum}


def _operands(operands: Operands, operator: FileOperator) -> tuple[Tensor, Tensor]:
    """Both operands; one of them may be a constant."""
    a, b = (operands.operand(operator, position) for position in (0, 1))
    place = operands.place(operator)
    require(place, limits.an_operand_is_computed, [a.data is None, b.data is None])
    require(place, limits.shapes_broadcast, [a.shape, b.shape])
    return a, b


def _arithmetic(operands: Operands, operator: FileOperator) -> Op:
    inputs, result = _operands(operands, operator), operands.result(operator)
    lo, hi = fused_activation(operands, operator, result)
    return operands.op(operator, _ARITHMETIC[operator.name](lo=lo, hi=hi), inputs, result)


def _unclamped(operands: Operands, operator: FileOperator) -> Op:
    inputs, result = _operands(operands, operator), operands.result(operator)
    return operands.op(operator, _UNCLAMPED[operator.name](), inputs, result)


def _extreme(operands: Operands, operator: FileOperator) -> Op:
    inputs, result = _operands(operands, operator), operands.result(operator)
    quants = [tensor.quant for tensor in (*inputs, result)]
    require(operands.place(operator), limits.one_quantisation, quants)
    return operands.op(operator, _EXTREMES[operator.name](), inputs, result)


def _relu(operands: Operands, operator: FileOperator) -> Op:
    x, result = operands.activation(operator, 0), operands.result(operator)
    lo, hi = clamp(operands, operator, result, *_CLAMPS[operator.name])
    return operands.op(operator, Relu(lo=lo, hi=hi), (x,), result)


def _quantize(operands: Operands, operator: FileOperator) -> Op:
    x, result = operands.activation(operator, 0, QUANTISED), operands.result(operator, QUANTISED)
    return operands.op(operator, Quantize(), (x,), result)


RULES: Mapping[str, Rule] = {
    "QUANTIZE": _quantize,
    **dict.fromkeys(_ARITHMETIC, _arithmetic),
    **dict.fromkeys(_UNCLAMPED, _unclamped),
    **dict.fromkeys(_EXTREMES, _extreme),
    **dict.fromkeys(_CLAMPS, _relu),
}
