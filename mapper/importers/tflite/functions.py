"""Functions of one operand, element by element."""

from __future__ import annotations

from collections.abc import Mapping

from mapper import limits
from mapper.graph.op import Op
from mapper.importers.tflite.flatbuffer import FileOperator
from mapper.importers.tflite.operands import Operands, Rule
from mapper.limits import require
from mapper.operators import functions, lookup

_PLAIN: Mapping[str, type[lookup.Lookup]] = {
    "ABS": lookup.Abs,
    "CEIL": functions.Ceil,
    "COS": functions.Cos,
    "ELU": lookup.Elu,
    "EXP": functions.Exp,
    "FLOOR": functions.Floor,
    "HARD_SWISH": lookup.HardSwish,
    "LOG": functions.Log,
    "LOGISTIC": lookup.Logistic,
    "NEG": functions.Neg,
    "ROUND": functions.Round,
    "RSQRT": lookup.Rsqrt,
    "SIGN": functions.Sign,
    "SIN": functions.Sin,
    "SQRT": functions.Sqrt,
    "SQUARE": functions.Square,
    "TANH": lookup.Tanh,
}


def _plain(operands: Operands, operator: FileOperator) -> Op:
    x, result = operands.activation(operator, 0), operands.result(operator)
    computed = _PLAIN[operator.name]()
    if isinstance(computed, lookup.FixedResult):
        found = (result.scale, result.zero_point)
        limit = (
            limits.logistic_quantisation
            if operator.name == "LOGISTIC"
            else limits.tanh_quantisation
        )
        require(operands.place(operator), limit, found)
    return operands.op(operator, computed, (x,), result)


def _leaky_relu(operands: Operands, operator: FileOperator) -> Op:
    x, result = operands.activation(operator, 0), operands.result(operator)
    alpha = float(operator.options["Alpha"])
    require(operands.place(operator), limits.slope_is_sensible, alpha)
    return operands.op(operator, lookup.LeakyRelu(alpha=alpha), (x,), result)


def _gelu(operands: Operands, operator: FileOperator) -> Op:
    x, result = operands.activation(operator, 0), operands.result(operator)
    computed = functions.GeluTanh() if operator.options["Approximate"] else functions.Gelu()
    return operands.op(operator, computed, (x,), result)


RULES: Mapping[str, Rule] = {
    **dict.fromkeys(_PLAIN, _plain),
    "GELU": _gelu,
    "LEAKY_RELU": _leaky_relu,
}
