"""FULLY_CONNECTED and BATCH_MATMUL."""

from __future__ import annotations

from collections.abc import Mapping

from tilewright.hw.spec.errors import RequestError
from tilewright.mapper import limits
from tilewright.mapper.graph.op import Op
from tilewright.mapper.graph.tensor import Tensor
from tilewright.mapper.importers.tflite.activation import clamp, fused_activation
from tilewright.mapper.importers.tflite.flatbuffer import FileOperator
from tilewright.mapper.importers.tflite.operands import (
    INT8_OR_INT16,
    INT32,
    INT32_OR_INT64,
    Operands,
    Rule,
)
from tilewright.mapper.limits import require
from tilewright.mapper.operators.matrix import BatchMatmul, FullyConnected


def _fully_connected(operands: Operands, operator: FileOperator) -> Op:
    rows = operands.activation(operator, 0, INT8_OR_INT16)
    result = operands.result(operator, INT8_OR_INT16)
    wide = rows.dtype == "int16"
    place, weights = operands.place(operator), _weights(operands, operator, wide)
    if operator.options["WeightsFormat"] != 0:
        raise RequestError(f"{place}: the weights are shuffled; convert without that option")
    require(place, limits.rows_are_whole, (rows.elements, weights.shape[-1]))
    lo, hi = fused_activation(operands, operator, result)
    types = INT32_OR_INT64 if wide else INT32
    inputs = (rows, weights, operands.bias(operator, weights.shape[0], types=types))
    return operands.op(operator, FullyConnected(lo=lo, hi=hi), inputs, result)


def _weights(operands: Operands, operator: FileOperator, wide: bool) -> Tensor:
    """Constant or computed weights of two axes; of int16 activations without a zero point."""
    if operands.source(operator, 1).data is not None:
        return operands.enter(operands.weights(operator, 2, 0, symmetric=wide))
    weights = operands.activation(operator, 1)
    require(operands.place(operator), limits.weights_have_two_axes, weights.shape)
    return weights


def _batch_matmul(operands: Operands, operator: FileOperator) -> Op:
    place, options = operands.place(operator), operator.options
    a, b = (operands.operand(operator, position, INT8_OR_INT16) for position in (0, 1))
    require(place, limits.an_operand_is_computed, [a.data is None, b.data is None])
    require(place, limits.matrices_have_two_axes, [a.shape, b.shape])
    result = operands.result(operator, INT8_OR_INT16)
    lo, hi = clamp(operands, operator, result, None, None)
    adjoint = {"adj_x": bool(options["AdjX"]), "adj_y": bool(options["AdjY"])}
    return operands.op(operator, BatchMatmul(**adjoint, lo=lo, hi=hi), (a, b), result)


RULES: Mapping[str, Rule] = {"FULLY_CONNECTED": _fully_connected, "BATCH_MATMUL": _batch_matmul}
