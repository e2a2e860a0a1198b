"""CONV_2D and DEPTHWISE_CONV_2D."""

from __future__ import annotations

from collections.abc import Mapping

from hw.spec.errors import RequestError
from mapper import limits
from mapper.graph.op import Op
from mapper.importers.tflite.activation import fused_activation
from mapper.importers.tflite.flatbuffer import FileOperator
from mapper.importers.tflite.operands import Operands, Rule, without_first_axis
from mapper.importers.tflite.windows import sliding
from mapper.limits import require
from mapper.operators.convolution import Conv2d, DepthwiseConv2d


def _conv_2d(operands: Operands, operator: FileOperator) -> Op:
    image, result = operands.activation(operator, 0), operands.result(operator)
    weights = operands.enter(operands.weights(operator, 4, 0))
    co, kh, kw, ci = weights.shape
    stride, padding = sliding(operands, operator, image, (kh, kw))
    require(operands.place(operator), limits.one_group, (image.shape[3], ci))
    lo, hi = fused_activation(operands, operator, result)
    computed = Conv2d(stride=stride, padding=padding, lo=lo, hi=hi)
    inputs = (image, weights, operands.bias(operator, co))
    return operands.op(operator, computed, inputs, result)


def _depthwise_conv_2d(operands: Operands, operator: FileOperator) -> Op:
    image, result = operands.activation(operator, 0), operands.result(operator)
    stored = operands.weights(operator, 4, 3)
    one, kh, kw, co = stored.shape
    stride, padding = sliding(operands, operator, image, (kh, kw))
    multiplier, rest = divmod(co, image.shape[3])
    if one != 1 or rest or not multiplier:
        raise RequestError(
            f"{operands.place(operator)}: weights {list(stored.shape)} do not fit "
            f"{image.shape[3]} input channels; [1,Kh,Kw,C*m] is needed"
        )
    weights = operands.enter(without_first_axis(stored))
    lo, hi = fused_activation(operands, operator, result)
    computed = DepthwiseConv2d(stride=stride, padding=padding, multiplier=multiplier, lo=lo, hi=hi)
    inputs = (image, weights, operands.bias(operator, co))
    return operands.op(operator, computed, inputs, result)


RULES: Mapping[str, Rule] = {
    "CONV_2D": _conv_2d,
    "DEPTHWISE_CONV_2D": _depthwise_conv_2d,
}
