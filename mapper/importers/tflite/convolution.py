"""CONV_2D, DEPTHWISE_CONV_2D and TRANSPOSE_CONV."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tilewright.hw.spec.errors import RequestError
from tilewright.mapper import limits
from tilewright.mapper.graph.op import Op
from tilewright.mapper.graph.tensor import Tensor
from tilewright.mapper.importers.tflite.activation import fused_activation
from tilewright.mapper.importers.tflite.batches import per_image
from tilewright.mapper.importers.tflite.flatbuffer import FileOperator
from tilewright.mapper.importers.tflite.operands import (
    INT8_OR_INT16,
    INT32,
    INT32_OR_INT64,
    INT64,
    Operands,
    Rule,
    without_first_axis,
)
from tilewright.mapper.importers.tflite.windows import dilated, padding, strides
from tilewright.mapper.limits import require
from tilewright.mapper.operators.convolution import Conv2d, DepthwiseConv2d, TransposeConv


def _conv_2d(operands: Operands, operator: FileOperator) -> list[Op]:
    image, result = (
        operands.activation(operator, 0, INT8_OR_INT16),
        operands.result(operator, INT8_OR_INT16),
    )
    weights = operands.enter(operands.weights(operator, 4, 0))
    co, kh, kw, ci = weights.shape
    stride, around, dilation = dilated(operands, operator, image, (kh, kw))
    require(operands.place(operator), limits.whole_groups, (image.shape[3], ci, co))
    lo, hi = fused_activation(operands, operator, result)
    computed = Conv2d(stride=stride, padding=around, dilation=dilation, lo=lo, hi=hi)
    inputs = (image, weights, operands.bias(operator, co, types=_bias_types(image, INT32_OR_INT64)))
    return per_image(operands, operator, computed, inputs, result)


def _depthwise_conv_2d(operands: Operands, operator: FileOperator) -> list[Op]:
    image, result = (
        operands.activation(operator, 0, INT8_OR_INT16),
        operands.result(operator, INT8_OR_INT16),
    )
    stored = operands.weights(operator, 4, 3)
    one, kh, kw, co = stored.shape
    stride, around, dilation = dilated(operands, operator, image, (kh, kw))
    multiplier, rest = divmod(co, image.shape[3])
    if one != 1 or rest or not multiplier:
        raise RequestError(
            f"{operands.place(operator)}: weights {list(stored.shape)} do not fit "
            f"{image.shape[3]} input channels; [1,Kh,Kw,C*m] is needed"
        )
    weights = operands.enter(without_first_axis(stored))
    lo, hi = fused_activation(operands, operator, result)
    computed = DepthwiseConv2d(
        stride=stride, padding=around, dilation=dilation, multiplier=multiplier, lo=lo, hi=hi
    )
    inputs = (image, weights, operands.bias(operator, co, types=_bias_types(image, INT64)))
    return per_image(operands, operator, computed, inputs, result)


def _transpose_conv(operands: Operands, operator: FileOperator) -> list[Op]:
    """The result's shape, weights, image and bias."""
    image, result = (
        operands.activation(operator, 2, INT8_OR_INT16),
        operands.result(operator, INT8_OR_INT16),
    )
    weights = operands.enter(operands.weights(operator, 4, 0))
    co, kh, kw, ci = weights.shape
    place = operands.place(operator)
    for tensor in (image, result):
        require(place, limits.images_have_four_axes, tensor.shape)
    require(place, limits.whole_groups, (image.shape[3], ci, co))
    stride = strides(operands, operator, image, (kh, kw))
    around = padding(operands, operator, result.shape[1:3], (kh, kw), stride)
    lo, hi = fused_activation(operands, operator, result)
    computed = TransposeConv(stride=stride, padding=around, lo=lo, hi=hi)
    inputs = (image, weights, operands.bias(operator, co, 3, _bias_types(image, INT64)))
    return per_image(operands, operator, computed, inputs, result)


def _bias_types(image: Tensor, wide: Sequence[str]) -> Sequence[str]:
    """The types that TFLM takes for the bias: others where the image is int16."""
    return wide if image.dtype == "int16" else INT32


RULES: Mapping[str, Rule] = {
    "CONV_2D": _conv_2d,
    "DEPTHWISE_CONV_2D": _depthwise_conv_2d,
    "TRANSPOSE_CONV": _transpose_conv,
}
