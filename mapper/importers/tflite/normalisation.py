"""L2_NORMALIZATION, LOG_SOFTMAX and CUMSUM."""

from __future__ import annotations

from collections.abc import Mapping

from tilewright.hw.spec.normalisation import L2_OUTPUT
from tilewright.mapper import limits
from tilewright.mapper.graph.op import Op
from tilewright.mapper.graph.tensor import Quant
from tilewright.mapper.importers.tflite.activation import fused_activation
from tilewright.mapper.importers.tflite.axes import constant_axes
from tilewright.mapper.importers.tflite.flatbuffer import FileOperator
from tilewright.mapper.importers.tflite.operands import Operands, Rule
from tilewright.mapper.limits import require
from tilewright.mapper.operators.normalisation import Cumsum, L2Normalization, LogSoftmax


def _l2_normalization(operands: Operands, operator: FileOperator) -> Op:
    x, result = operands.activation(operator, 0), operands.result(operator)
    place = operands.place(operator)
    fused = fused_activation(operands, operator, result)
    require(place, limits.nothing_is_fused, fused)
    given = operands.given(operator, result, Quant((L2_OUTPUT[0],), (L2_OUTPUT[1],)))
    return operands.op(operator, L2Normalization(), (x,), given)


def _log_softmax(operands: Operands, operator: FileOperator) -> Op:
    x, result = operands.activation(operator, 0), operands.result(operator)
    quantisation = (result.scale, result.zero_point)
    require(operands.place(operator), limits.log_softmax_quantisation, quantisation)
    return operands.op(operator, LogSoftmax(), (x,), result)


def _cumsum(operands: Operands, operator: FileOperator) -> Op:
    x, result = operands.activation(operator, 0), operands.result(operator)
    axes = constant_axes(operands, operator, 1, len(x.shape))
    require(operands.place(operator), limits.one_axis, axes)
    exclusive, reverse = (bool(operator.options[name]) for name in ("Exclusive", "Reverse"))
    computed = Cumsum(axis=axes[0], exclusive=exclusive, reverse=reverse)
    return operands.op(operator, computed, (x,), result)


RULES: Mapping[str, Rule] = {
    "L2_NORMALIZATION": _l2_normalization,
    "LOG_SOFTMAX": _log_softmax,
    "CUMSUM": _cumsum,
}
