"""Strides and padding of windowed operators."""

from __future__ import annotations

from collections.abc import Sequence

from tflite import Padding as PaddingScheme

from tilewright.hw.spec.errors import RequestError
from tilewright.mapper import limits
from tilewright.mapper.graph.tensor import Tensor
from tilewright.mapper.importers.geometry import same_padding
from tilewright.mapper.importers.tflite.flatbuffer import FileOperator
from tilewright.mapper.importers.tflite.operands import Operands
from tilewright.mapper.limits import require
from tilewright.mapper.operators.images import Padding

Pair = tuple[int, int]


def sliding(
    operands: Operands, operator: FileOperator, image: Tensor, window: Pair
) -> tuple[Pair, Padding]:
    """Stride and padding of a windowed operator."""
    stride = strides(operands, operator, image, window)
    return stride, padding(operands, operator, image.shape[1:3], window, stride)


def dilated(
    operands: Operands, operator: FileOperator, image: Tensor, window: Pair
) -> tuple[Pair, Padding, Pair]:
    """Stride, padding and dilation of a convolution."""
    stride = strides(operands, operator, image, window)
    options = operator.options
    dilation = (int(options["DilationHFactor"]), int(options["DilationWFactor"]))
    require(operands.place(operator), limits.dilation_is_positive, dilation)
    reach = (window[0] - 1) * dilation[0] + 1, (window[1] - 1) * dilation[1] + 1
    around = padding(operands, operator, image.shape[1:3], reach, stride)
    return stride, around, dilation


def strides(operands: Operands, operator: FileOperator, image: Tensor, window: Pair) -> Pair:
    """The stride of a windowed operator. Raises RequestError where a limit is passed."""
    place, options = operands.place(operator), operator.options
    require(place, limits.images_have_four_axes, image.shape)
    stride = (int(options["StrideH"]), int(options["StrideW"]))
    require(place, limits.stride_is_positive, stride)
    require(place, limits.window_is_positive, window)
    return stride


def padding(
    operands: Operands, operator: FileOperator, size: Sequence[int], reach: Pair, stride: Pair
) -> Padding:
    """The padding of windows of ``reach`` pixels on an image of a size."""
    scheme = operator.options["Padding"]
    if scheme == PaddingScheme.VALID:
        return Padding()
    if scheme != PaddingScheme.SAME:
        place = operands.place(operator)
        raise RequestError(f"{place}: padding {scheme} is neither SAME nor VALID")
    return same_padding(size, reach, stride)
