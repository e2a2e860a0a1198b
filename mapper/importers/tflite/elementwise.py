"""Operators on two operands, and those on one that only rescale and clamp."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tilewright.mapper import limits
from tilewright.mapper.graph.op import Op
from tilewright.mapper.graph.tensor import Tensor
from tilewright.mapper.importers.tflite.activation import (
    clamp,
    fused_activation,
    integer_activation,
)
from tilewright.mapper.importers.tflite.flatbuffer import FileOperator
from tilewright.mapper.importers.tflite.operands import INT8, INT8_OR_INT16, INT32, Operands, Rule
from tilewright.mapper.limits import require
from tilewright.mapper.operators.broadcast import Arithmetic
from tilewright.mapper.operators.elementwise import Add, AddN, SquaredDifference, Sub
from tilewright.mapper.operators.extremes import COMPARED, Maximum, Minimum
from tilewright.mapper.operators.integers import (
    IntegerAdd,
    IntegerArithmetic,
    IntegerDiv,
    IntegerMul,
    IntegerSquaredDifference,
    IntegerSub,
)
from tilewright.mapper.operators.products import Div, Mul, Prelu
from tilewright.mapper.operators.requantise import QUANTISED, Quantize, Relu

_CLAMPS: dict[str, tuple[float | None, float | None]] = {
    "RELU": (0.0, None),
    "RELU_N1_TO_1": (-1.0, 1.0),
    "RELU_0_TO_1": (0.0, 1.0),
}
_ARITHMETIC: Mapping[str, type[Arithmetic]] = {"ADD": Add, "SUB": Sub, "MUL": Mul, "DIV": Div}
_INTEGERS: Mapping[str, type[IntegerArithmetic]] = {
    "ADD": IntegerAdd,
    "SUB": IntegerSub,
    "MUL": IntegerMul,
    "DIV": IntegerDiv,
}
_EXTREMES = {"MAXIMUM": Maximum, "MINIMUM": Minimum}


def _operands(
    operands: Operands, operator: FileOperator, types: tuple[Sequence[str], Sequence[str]]
) -> tuple[Tensor, Tensor]:
    """Both operands, each of one of some types; one of them may be a constant."""
    a, b = (operands.operand(operator, n, taken) for n, taken in enumerate(types))
    place = operands.place(operator)
    require(place, limits.an_operand_is_computed, [a.data is None, b.data is None])
    require(place, limits.shapes_broadcast, [a.shape, b.shape])
    return a, b


def _arithmetic(operands: Operands, operator: FileOperator) -> Op:
    computed = _ARITHMETIC[operator.name]
    types = INT8_OR_INT16 if computed.wide else INT8
    result = operands.result(operator, (*types, *INT32))
    inputs = _operands(operands, operator, ((result.dtype,), (result.dtype,)))
    if result.dtype == "int32":
        lo, hi = integer_activation(operands, operator)
        found = (operator.name, lo, hi)
        require(operands.place(operator), limits.int32_sum_fuses_nothing, found)
        return operands.op(operator, _INTEGERS[operator.name](lo=lo, hi=hi), inputs, result)
    lo, hi = fused_activation(operands, operator, result)
    return operands.op(operator, computed(lo=lo, hi=hi), inputs, result)


def _squared_difference(operands: Operands, operator: FileOperator) -> Op:
    result = operands.result(operator, (*INT8_OR_INT16, *INT32))
    inputs = _operands(operands, operator, ((result.dtype,), (result.dtype,)))
    if result.dtype == "int32":
        return operands.op(operator, IntegerSquaredDifference(), inputs, result)
    lo, hi = clamp(operands, operator, result, None, None)
    return operands.op(operator, SquaredDifference(lo=lo, hi=hi), inputs, result)


def _prelu(operands: Operands, operator: FileOperator) -> Op:
    result = operands.result(operator, INT8_OR_INT16)
    inputs = _operands(operands, operator, ((result.dtype,), INT8))
    lo, hi = clamp(operands, operator, result, None, None)
    return operands.op(operator, Prelu(lo=lo, hi=hi), inputs, result)


def _add_n(operands: Operands, operator: FileOperator) -> Op:
    require(operands.place(operator), limits.terms_are_few, len(operator.inputs))
    result = operands.result(operator)
    inputs = tuple(operands.operand(operator, n) for n in range(len(operator.inputs)))
    require(operands.place(operator), limits.one_quantisation, [x.quant for x in inputs])
    return operands.op(operator, AddN(), inputs, result)


def _extreme(operands: Operands, operator: FileOperator) -> Op:
    result = operands.result(operator, COMPARED)
    a, b = _operands(operands, operator, ((result.dtype,), (result.dtype,)))
    inputs = tuple(operands.as_result(operator, x, result) for x in (a, b))
    return operands.op(operator, _EXTREMES[operator.name](), inputs, result)


def _relu(operands: Operands, operator: FileOperator) -> Op:
    result = operands.result(operator, INT8_OR_INT16)
    x = operands.activation(operator, 0, (result.dtype,))
    lo, hi = clamp(operands, operator, result, *_CLAMPS[operator.name])
    return operands.op(operator, Relu(lo=lo, hi=hi), (x,), result)


def _relu6(operands: Operands, operator: FileOperator) -> Op:
    """TFLM clamps to 0 and 6 of the operand's scale, and copies whatever the result's is."""
    result = operands.result(operator, INT8_OR_INT16)
    x = operands.activation(operator, 0, (result.dtype,))
    lo, hi = clamp(operands, operator, x, 0.0, 6.0)
    copied = operands.as_result(operator, x, result)
    return operands.op(operator, Relu(lo=lo, hi=hi), (copied,), result)


def _quantize(operands: Operands, operator: FileOperator) -> Op:
    x, result = operands.activation(operator, 0, QUANTISED), operands.result(operator, QUANTISED)
    return operands.op(operator, Quantize(), (x,), result)


RULES: Mapping[str, Rule] = {
    "QUANTIZE": _quantize,
    **dict.fromkeys(_ARITHMETIC, _arithmetic),
    "SQUARED_DIFFERENCE": _squared_difference,
    "PRELU": _prelu,
    "ADD_N": _add_n,
    "RELU6": _relu6,
    **dict.fromkeys(_EXTREMES, _extreme),
    **dict.fromkeys(_CLAMPS, _relu),
}
