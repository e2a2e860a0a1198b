"""SOFTMAX."""

from __future__ import annotations

from collections.abc import Mapping

from tilewright.mapper import limits
from tilewright.mapper.graph.op import Op
from tilewright.mapper.importers.tflite.flatbuffer import FileOperator
from tilewright.mapper.importers.tflite.operands import Operands, Rule
from tilewright.mapper.limits import require
from tilewright.mapper.operators.softmax import Softmax


def _softmax(operands: Operands, operator: FileOperator) -> Op:
    types = ("int8", "int16")
    x, result = operands.activation(operator, 0, types), operands.result(operator, types)
    found = (x.dtype, result.dtype, result.scale, result.zero_point)
    require(operands.place(operator), limits.softmax_quantisation, found)
    computed = Softmax(beta=float(operator.options["Beta"]))
    return operands.op(operator, computed, (x,), result)


RULES: Mapping[str, Rule] = {"SOFTMAX": _softmax}
