"""RESIZE_NEAREST_NEIGHBOR and RESIZE_BILINEAR."""

from __future__ import annotations

from collections.abc import Mapping

from tilewright.hw.spec.resize import bilinear_taps, nearest_indices
from tilewright.mapper import limits
from tilewright.mapper.graph.op import Op
from tilewright.mapper.graph.tensor import Tensor
from tilewright.mapper.importers.tflite.flatbuffer import FileOperator
from tilewright.mapper.importers.tflite.operands import Operands, Rule
from tilewright.mapper.limits import require
from tilewright.mapper.operators.resize import ResizeBilinear, ResizeNearest


def _resize(
    operands: Operands, operator: FileOperator
) -> tuple[Tensor, Tensor, tuple[int, int], dict[str, bool]]:
    """The image, the result, its size and the flags."""
    x, result = operands.moved(operator)
    place, size = operands.place(operator), operands.integers(operator, 1)
    require(place, limits.images_have_four_axes, x.shape)
    require(place, limits.resized_image_is_sensible, size)
    flags = {
        "align_corners": bool(operator.options["AlignCorners"]),
        "half_pixel_centers": bool(operator.options["HalfPixelCenters"]),
    }
    return x, result, (size[0], size[1]), flags


def _nearest(operands: Operands, operator: FileOperator) -> Op:
    x, result, size, flags = _resize(operands, operator)
    rows, cols = (
        tuple(nearest_indices(extent, wanted, **flags))
        for extent, wanted in zip(x.shape[1:3], size, strict=True)
    )
    return operands.op(operator, ResizeNearest(rows=rows, cols=cols), (x,), result)


def _bilinear(operands: Operands, operator: FileOperator) -> Op:
    x, result, size, flags = _resize(operands, operator)
    require(operands.place(operator), limits.one_alignment, tuple(flags.values()))
    rows, cols = (
        bilinear_taps(extent, wanted, **flags)
        for extent, wanted in zip(x.shape[1:3], size, strict=True)
    )
    return operands.op(operator, ResizeBilinear(rows=rows, cols=cols), (x,), result)


RULES: Mapping[str, Rule] = {"RESIZE_NEAREST_NEIGHBOR": _nearest, "RESIZE_BILINEAR": _bilinear}
