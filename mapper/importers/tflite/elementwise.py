"""ADD and operators of one operand that only rescale and clamp."""

from __future__ import annotations

from collections.abc import Mapping

from mapper import limits
from mapper.graph.op import Op
from mapper.importers.tflite.activation import clamp, fused_activation
from mapper.importers.tflite.flatbuffer import FileOperator
from mapper.importers.tflite.operands import Operands, Rule
from mapper.limits import require
from mapper.operators.elementwise import Add
from mapper.operators.requantise import Quantize, Relu

_CLAMPS: dict[str, tuple[float | None, float | None]] = {
    "RELU": (0.0, None),
    "RELU6": (0.0, 6.0),
    "RELU_N1_TO_1": (-1.0, 1.0),
    "RELU_0_TO_1": (0.0, 1.0),
}


def _add(operands: Operands, operator: FileOperator) -> Op:
    inputs = (operands.activation(operator, 0), operands.activation(operator, 1))
    result = operands.result(operator)
    shapes = [tensor.shape for tensor in inputs]
    require(operands.place(operator), limits.operands_have_one_shape, shapes)
    lo, hi = fused_activation(operands, operator, result)
    return operands.op(operator, Add(lo=lo, hi=hi), inputs, result)


def _relu(operands: Operands, operator: FileOperator) -> Op:
    x, result = operands.activation(operator, 0), operands.result(operator)
    lo, hi = clamp(operands, operator, result, *_CLAMPS[operator.name])
    return operands.op(operator, Relu(lo=lo, hi=hi), (x,), result)


def _quantize(operands: Operands, operator: FileOperator) -> Op:
    x, result = operands.activation(operator, 0), operands.result(operator)
    return operands.op(operator, Quantize(), (x,), result)


RULES: Mapping[str, Rule] = {
    "ADD": _add,
    "QUANTIZE": _quantize,
    **dict.fromkeys(_CLAMPS, _relu),
}
