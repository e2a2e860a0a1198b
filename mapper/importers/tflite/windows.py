"""Strides and padding of windowed operators."""

from __future__ import annotations

from tflite import Padding as PaddingScheme

from hw.spec.errors import RequestError
from mapper import limits
from mapper.graph.tensor import Tensor
from mapper.importers.geometry import same_padding
from mapper.importers.tflite.flatbuffer import FileOperator
from mapper.importers.tflite.operands import Operands
from mapper.limits import require
from mapper.operators.images import Padding


def sliding(
    operands: Operands, operator: FileOperator, image: Tensor, window: tuple[int, int]
) -> tuple[tuple[int, int], Padding]:
    """Stride and padding of a windowed operator."""
    place, options = operands.place(operator), operator.options
    require(place, limits.image_has_four_axes, image.shape)
    stride = (int(options["StrideH"]), int(options["StrideW"]))
    require(place, limits.stride_is_positive, stride)
    require(place, limits.window_is_positive, window)
    if "DilationHFactor" in options:
        dilation = (int(options["DilationHFactor"]), int(options["DilationWFactor"]))
        require(place, limits.dilation_is_one, dilation)
    if options["Padding"] == PaddingScheme.VALID:
        return stride, Padding()
    if options["Padding"] != PaddingScheme.SAME:
        raise RequestError(f"{place}: padding {options['Padding']} is neither SAME nor VALID")
    return stride, same_padding(image.shape[1:3], window, stride)
