"""Functions of one operand, element by element."""

from __future__ import annotations

from collections.abc import Mapping

from tilewright.mapper import limits
from tilewright.mapper.graph.op import Op
from tilewright.mapper.graph.tensor import Quant, Tensor
from tilewright.mapper.importers.tflite.activation import clamp
from tilewright.mapper.importers.tflite.flatbuffer import FileOperator
from tilewright.mapper.importers.tflite.operands import INT8, INT8_OR_INT16, Operands, Rule
from tilewright.mapper.limits import require
from tilewright.mapper.operators import functions, lookup

_PLAIN: Mapping[str, type[lookup.Lookup]] = {
    "ABS": lookup.Abs,
    "CEIL": functions.Ceil,
    "COS": functions.Cos,
    "ELU": lookup.Elu,
    "EXP": functions.Exp,
    "FLOOR": functions.Floor,
    "HARD_SWISH": lookup.HardSwish,
    "LOG": functions.Log,
    "NEG": functions.Neg,
    "ROUND": functions.Round,
    "RSQRT": lookup.Rsqrt,
    "SIGN": functions.Sign,
    "SIN": functions.Sin,
    "SQRT": functions.Sqrt,
    "SQUARE": functions.Square,
}
_FIXED: Mapping[str, type[lookup.FixedResult]] = {
    "LOGISTIC": lookup.Logistic,
    "TANH": lookup.Tanh,
}


def _plain(operands: Operands, operator: FileOperator) -> Op:
    computed = _PLAIN[operator.name]
    x, result, lo, hi = _ends(operands, operator, computed)
    return operands.op(operator, computed(lo=lo, hi=hi), (x,), result)


def _ends(
    operands: Operands, operator: FileOperator, computed: type[lookup.Lookup]
) -> tuple[Tensor, Tensor, int, int]:
    """The operand, the result, and the result's range."""
    result = operands.result(operator, INT8_OR_INT16 if computed.wide else INT8)
    x = operands.activation(operator, 0, (result.dtype,))
    return x, result, *clamp(operands, operator, result, None, None)


def _fixed(operands: Operands, operator: FileOperator) -> Op:
    """LOGISTIC and TANH: TFLM gives one scale of int8, whatever the file says of the result."""
    computed = _FIXED[operator.name]
    x, result, lo, hi = _ends(operands, operator, computed)
    if result.dtype == "int16":
        found = (result.scale, result.zero_point)
        require(operands.place(operator), limits.sigmoid_int16_quantisation, found)
    point = computed.wide_point if result.dtype == "int16" else computed.result_point
    if operator.name == "LOGISTIC" and result.dtype == "int8":
        require(operands.place(operator), limits.logistic_zero_point, result.zero_point)
    given = operands.given(operator, result, Quant((point[0],), (point[1],)))
    return operands.op(operator, computed(lo=lo, hi=hi), (x,), given)


def _leaky_relu(operands: Operands, operator: FileOperator) -> Op:
    x, result, lo, hi = _ends(operands, operator, lookup.LeakyRelu)
    alpha = float(operator.options["Alpha"])
    require(operands.place(operator), limits.slope_is_sensible, alpha)
    return operands.op(operator, lookup.LeakyRelu(alpha=alpha, lo=lo, hi=hi), (x,), result)


def _gelu(operands: Operands, operator: FileOperator) -> Op:
    x, result = operands.activation(operator, 0), operands.result(operator)
    computed = functions.GeluTanh() if operator.options["Approximate"] else functions.Gelu()
    return operands.op(operator, computed, (x,), result)


RULES: Mapping[str, Rule] = {
    **dict.fromkeys(_PLAIN, _plain),
    **dict.fromkeys(_FIXED, _fixed),
    "GELU": _gelu,
    "LEAKY_RELU": _leaky_relu,
}
