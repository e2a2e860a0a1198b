"""AVERAGE_POOL_2D and MAX_POOL_2D."""

from __future__ import annotations

from collections.abc import Mapping

from tilewright.mapper import limits
from tilewright.mapper.graph.op import Op
from tilewright.mapper.importers.tflite.activation import fused_activation
from tilewright.mapper.importers.tflite.batches import per_image
from tilewright.mapper.importers.tflite.flatbuffer import FileOperator
from tilewright.mapper.importers.tflite.operands import INT8_OR_INT16, Operands, Rule
from tilewright.mapper.importers.tflite.windows import sliding
from tilewright.mapper.limits import require
from tilewright.mapper.operators.pooling import AveragePool2d, MaxPool2d

_POOLS = {"AVERAGE_POOL_2D": AveragePool2d, "MAX_POOL_2D": MaxPool2d}


def _pool_2d(operands: Operands, operator: FileOperator) -> list[Op]:
    image = operands.activation(operator, 0, INT8_OR_INT16)
    result = operands.result(operator, INT8_OR_INT16)
    window = (int(operator.options["FilterHeight"]), int(operator.options["FilterWidth"]))
    stride, padding = sliding(operands, operator, image, window)
    points = (image.scale, image.zero_point, result.scale, result.zero_point)
    require(operands.place(operator), limits.pool_keeps_quantisation, points)
    image = operands.as_result(operator, image, result)
    lo, hi = fused_activation(operands, operator, result)
    pool = _POOLS[operator.name](window=window, stride=stride, padding=padding, lo=lo, hi=hi)
    return per_image(operands, operator, pool, (image,), result)


RULES: Mapping[str, Rule] = dict.fromkeys(_POOLS, _pool_2d)
