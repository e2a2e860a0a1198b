"""ONNX Resize and Upsample: the nearest element of any axis, or linear in an image."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from tilewright.hw.spec.errors import RequestError
from tilewright.hw.spec.resize import FRACTION_BITS, Taps
from tilewright.mapper import limits
from tilewright.mapper.graph.tensor import Quant
from tilewright.mapper.importers.onnx.builder import Builder
from tilewright.mapper.importers.onnx.model import Node
from tilewright.mapper.importers.onnx.moves import changed, extents
from tilewright.mapper.importers.onnx.values import CHANNELS_LAST, Draft, Pending, Value, view_of
from tilewright.mapper.limits import require
from tilewright.mapper.operators.resize import ResizeBilinear


def upsample(builder: Builder, node: Node) -> Value:
    """Upsample, the predecessor of Resize."""
    return _resized(builder, node, "asymmetric", "floor", 1)


def resize(builder: Builder, node: Node) -> Value:
    """Resize, of opset 10 (as Upsample) and later."""
    if not node.has(2) and not node.has(3):
        return _resized(builder, node, "asymmetric", "floor", 1)
    coordinates = node.text("coordinate_transformation_mode", "half_pixel")
    return _resized(builder, node, coordinates, node.text("nearest_mode", "round_prefer_floor"), 2)


def _resized(builder: Builder, node: Node, coordinates: str, rounding: str, scales: int) -> Value:
    shape, mode = extents(builder, node), node.text("mode", "nearest")
    if node.integer("antialias", 0) or node.integers("axes") is not None:
        raise RequestError(f"{node.place}: antialias and axes are not supported; leave them out")
    factors, sizes = _sizes(builder, node, shape, scales)
    if tuple(sizes) == shape:
        # onnxruntime copies such a tensor, whatever the factors.
        return builder.value(node, 0)
    if mode == "nearest":
        maps = [
            _nearest(node, n, size, factor, coordinates, rounding)
            for n, size, factor in zip(shape, sizes, factors, strict=True)
        ]
        return changed(builder, node, lambda array: array[np.ix_(*maps)])
    if mode != "linear":
        raise RequestError(f"{node.place}: mode '{mode}' is not supported; nearest and linear are")
    return _linear(builder, node, sizes, factors, coordinates)


def _sizes(
    builder: Builder, node: Node, shape: tuple[int, ...], position: int
) -> tuple[list[float | None], list[int]]:
    """The factor of each axis, None where its extent is given, and the extents of the result."""
    if node.has(position + 1) and position == 2:
        sizes = list(builder.integers(node, position + 1))
        require(node.place, limits.one_entry_an_axis, (len(sizes), len(shape)))
        factors: list[float | None] = [None] * len(sizes)
    else:
        given = builder.constant(node, position) if node.has(position) else None
        values = np.asarray(node.attrs.get("scales", ())) if given is None else given.data
        found = [float(value) for value in values.reshape(-1)]
        require(node.place, limits.one_entry_an_axis, (len(found), len(shape)))
        require(node.place, limits.resize_factors_are_sensible, found)
        sizes = [math.floor(n * factor) for n, factor in zip(shape, found, strict=True)]
        factors = [*found]
    require(node.place, limits.resized_extents_are_sensible, sizes)
    require(node.place, limits.activation_is_small, sizes)
    return factors, sizes


def _places(
    node: Node, extent: int, size: int, factor: float | None, coordinates: str
) -> NDArray[np.float32]:
    """Where each index of the result lies in the input; factor None: by the sizes."""
    index, half = np.arange(size, dtype=np.float32), np.float32(0.5)
    single = np.float32(size / extent if factor is None else factor)
    centred = (index + half) / single - half
    by_sizes = index * np.float32(extent) / np.float32(size)
    places = {
        "half_pixel": centred,
        "pytorch_half_pixel": centred if size > 1 else index * 0,
        "asymmetric": by_sizes if factor is None else index / single,
        "tf_half_pixel_for_nn": (index + half) / single,
        "align_corners": index * np.float32(extent - 1) / np.float32(max(size - 1, 1)),
    }.get(coordinates)
    if places is None:
        raise RequestError(f"{node.place}: coordinates '{coordinates}' are not supported")
    return places


def _nearest(
    node: Node, extent: int, size: int, factor: float | None, coordinates: str, rounding: str
) -> NDArray[np.int64]:
    """The input index of each index of the result along one axis."""
    if size == extent and factor in (None, 1.0):
        return np.arange(extent)
    places = _places(node, extent, size, factor, coordinates)
    half = np.float32(0.5)
    whole = {
        "round_prefer_floor": np.ceil(places - half),
        "round_prefer_ceil": np.floor(places + half),
        "floor": np.floor(places),
        "ceil": np.ceil(places),
    }.get(rounding)
    if whole is None:
        raise RequestError(f"{node.place}: nearest_mode '{rounding}' is not supported")
    return np.clip(whole, 0, extent - 1).astype(np.int64)


def _taps(node: Node, extent: int, size: int, factor: float | None, coordinates: str) -> Taps:
    """The neighbours of each index of the result along one axis."""
    places = np.clip(_places(node, extent, size, factor, coordinates), 0, extent - 1)
    lower = np.floor(places).astype(np.int64)
    fraction = np.rint((places - lower) * (1 << FRACTION_BITS)).astype(np.int64)
    return Taps(
        lower=tuple(lower.tolist()),
        upper=tuple(np.minimum(lower + 1, extent - 1).tolist()),
        fraction=tuple(fraction.tolist()),
    )


def _linear(
    builder: Builder, node: Node, sizes: list[int], factors: list[float | None], coordinates: str
) -> Value:
    x, x_quant = builder.quantised(node, 0)
    line = x.view.ndim == 3
    if line:
        # A signal is an image one pixel high.
        x = replace(x, view=x.view[:, :, None])
        sizes, factors = [*sizes[:2], 1, sizes[2]], [*factors[:2], None, factors[2]]
    shape = x.view.shape
    require(node.place, limits.images_have_four_axes, shape)
    require(node.place, limits.resizes_image_only, (tuple(sizes[:2]), shape[:2]))
    rows, cols = (
        _taps(node, shape[axis], sizes[axis], factors[axis], coordinates) for axis in (2, 3)
    )
    operator = ResizeBilinear(rows=rows, cols=cols)
    image = builder.stored(node.place, x, CHANNELS_LAST)
    result = (image.shape[0], sizes[2], sizes[3], image.shape[3])

    def emit(quant: Quant, lo: int, hi: int) -> Draft:
        # What is interpolated has the steps of the input.
        require(node.place, limits.result_is_not_finer, (quant.scale[0], x_quant.scale[0]))
        resized = builder.add(node.place, operator, (image,), result, x_quant)
        return builder.rescaled(node.place, resized, quant, lo, hi)

    view = view_of(result, CHANNELS_LAST)
    return Pending(node.place, view[:, :, 0] if line else view, emit, x_quant)
