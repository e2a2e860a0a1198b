"""FULLY_CONNECTED."""

from __future__ import annotations

from collections.abc import Mapping

from hw.spec.errors import RequestError
from mapper import limits
from mapper.graph.op import Op
from mapper.importers.tflite.activation import fused_activation
from mapper.importers.tflite.flatbuffer import FileOperator
from mapper.importers.tflite.operands import Operands, Rule
from mapper.limits import require
from mapper.operators.matrix import FullyConnected


def _fully_connected(operands: Operands, operator: FileOperator) -> Op:
    vector, result = operands.activation(operator, 0), operands.result(operator)
    weights = operands.enter(operands.weights(operator, 2, 0))
    if operator.options["WeightsFormat"] != 0:
        raise RequestError(
            f"{operands.place(operator)}: the weights are shuffled; convert without that option"
        )
    rows = max(1, vector.elements // weights.shape[1])
    require(operands.place(operator), limits.one_row, rows)
    lo, hi = fused_activation(operands, operator, result)
    inputs = (vector, weights, operands.bias(operator, weights.shape[0]))
    return operands.op(operator, FullyConnected(lo=lo, hi=hi), inputs, result)


RULES: Mapping[str, Rule] = {"FULLY_CONNECTED": _fully_connected}
