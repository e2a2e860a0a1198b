"""AVERAGE_POOL_2D, MAX_POOL_2D and MEAN."""

from __future__ import annotations

from collections.abc import Mapping

from mapper import limits
from mapper.graph.op import Op
from mapper.importers.tflite.activation import fused_activation
from mapper.importers.tflite.flatbuffer import FileOperator
from mapper.importers.tflite.operands import Operands, Rule
from mapper.importers.tflite.windows import sliding
from mapper.limits import require
from mapper.operators.pooling import AveragePool2d, MaxPool2d
from mapper.operators.reductions import Mean

_POOLS = {"AVERAGE_POOL_2D": AveragePool2d, "MAX_POOL_2D": MaxPool2d}


def _pool_2d(operands: Operands, operator: FileOperator) -> Op:
    image, result = operands.activation(operator, 0), operands.result(operator)
    window = (int(operator.options["FilterHeight"]), int(operator.options["FilterWidth"]))
    stride, padding = sliding(operands, operator, image, window)
    require(operands.place(operator), limits.one_quantisation, [image.quant, result.quant])
    lo, hi = fused_activation(operands, operator, result)
    pool = _POOLS[operator.name](window=window, stride=stride, padding=padding, lo=lo, hi=hi)
    return operands.op(operator, pool, (image,), result)


def _mean(operands: Operands, operator: FileOperator) -> Op:
    image, result = operands.activation(operator, 0), operands.result(operator)
    require(operands.place(operator), limits.image_has_four_axes, image.shape)
    axes = [axis + 4 if axis < 0 else axis for axis in operands.integers(operator, 1)]
    require(operands.place(operator), limits.mean_is_over_image, axes)
    return operands.op(operator, Mean(), (image,), result)


RULES: Mapping[str, Rule] = {**dict.fromkeys(_POOLS, _pool_2d), "MEAN": _mean}
