"""ONNX Pad: with a constant, mirrored, or with the edge."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from tilewright.hw.spec.errors import RequestError
from tilewright.mapper import limits
from tilewright.mapper.graph.tensor import Quant
from tilewright.mapper.importers.onnx.builder import Builder
from tilewright.mapper.importers.onnx.model import Node
from tilewright.mapper.importers.onnx.moves import axis_of
from tilewright.mapper.importers.onnx.values import (
    CHANNELS_LAST,
    Activation,
    Axes,
    Draft,
    Pending,
    Value,
    in_order,
    view_of,
)
from tilewright.mapper.limits import require
from tilewright.mapper.operators.pads import Pad

_OF_ITSELF = ("reflect", "edge", "wrap")
"""Modes that repeat elements of the tensor."""


def pad(builder: Builder, node: Node) -> Value:
    """Pad of any axis."""
    x, x_quant = builder.quantised(node, 0)
    shape, mode = x.view.shape, node.text("mode", "constant")
    pairs = _pairs(builder, node, len(shape))
    if any(n < 0 for pair in pairs for n in pair):
        x = _cropped(node, x, pairs)
        shape, pairs = x.view.shape, [(max(a, 0), max(b, 0)) for a, b in pairs]
    require(node.place, limits.padding_is_sensible, [n for pair in pairs for n in pair])
    if mode in _OF_ITSELF:
        spare = 1 if mode == "reflect" else 0
        for extent, pair in zip(shape, pairs, strict=True):
            if mode != "edge" and max(pair) > extent - spare:
                raise RequestError(
                    f"{node.place}: mode '{mode}' cannot pad {max(pair)} elements to {extent}"
                )
        grown = [n + sum(pair) for n, pair in zip(shape, pairs, strict=True)]
        require(node.place, limits.activation_is_small, grown)
        return replace(x, view=np.pad(x.view, pairs, mode=mode))
    if mode != "constant":
        raise RequestError(
            f"{node.place}: mode '{mode}' is not supported; constant, reflect, edge and wrap are"
        )
    if not any(n for pair in pairs for n in pair):
        return x
    value = _quantised(node, x_quant, x.dtype, _value(builder, node))
    axes = _layout(x.draft, x.view, pairs)
    image = builder.stored(node.place, x, axes or None)
    ordered = tuple(pairs[axis] for axis in axes) if axes else tuple(pairs)
    result = tuple(n + sum(pair) for n, pair in zip(image.shape, ordered, strict=True))
    require(node.place, limits.activation_is_small, result)
    operator = Pad(pads=ordered, value=None if value == x_quant.zero_point[0] else value)

    def emit(quant: Quant, lo: int, hi: int) -> Draft:
        padded = builder.add(node.place, operator, (image,), result, x_quant)
        return builder.rescaled(node.place, padded, quant, lo, hi)

    return Pending(node.place, view_of(result, axes), emit, x_quant)


def _cropped(node: Node, x: Activation, pairs: list[tuple[int, int]]) -> Activation:
    """The operand without what negative paddings take away."""
    keys = tuple(
        slice(max(-before, 0), extent - max(-after, 0))
        for extent, (before, after) in zip(x.view.shape, pairs, strict=True)
    )
    view = x.view[keys]
    require(node.place, limits.slice_takes_something, view.shape)
    return replace(x, view=view)


def _layout(draft: Draft, view: np.ndarray, pairs: list[tuple[int, int]]) -> Axes:
    """The order in which the tensor is padded, () for the file's: the one that it is stored in."""
    if len(pairs) != 4:
        return ()
    last = in_order(draft, view) and any(pairs[1]) and not any(pairs[3])
    return () if last else CHANNELS_LAST


def _quantised(node: Node, quant: Quant, dtype: str, value: float) -> int:
    """The integer that stands for a padded element."""
    scale, zero_point = quant.scale[0], quant.zero_point[0]
    if dtype != "float32":
        integer = int(value) - (128 if dtype == "uint8" else 0)
    else:
        require(node.place, limits.pad_value_is_finite, value)
        integer = round(value / scale) + zero_point
    require(node.place, limits.pad_value_is_int8, integer)
    return integer


def _value(builder: Builder, node: Node) -> float:
    if node.has(2):
        return float(builder.constant(node, 2).real().reshape(-1)[0])
    return node.number("value", 0.0) or 0.0


def _pairs(builder: Builder, node: Node, rank: int) -> list[tuple[int, int]]:
    """(before, after) for each of the file's axes."""
    flat = builder.integers(node, 1) if node.has(1) else node.integers("pads") or ()
    given = builder.integers(node, 3) if node.has(3) else tuple(range(rank))
    axes = [axis_of(node, axis, rank) for axis in given]
    require(node.place, limits.pairs_fit_axes, (len(flat), 2 * len(axes)))
    pairs = [(0, 0)] * rank
    for index, axis in enumerate(axes):
        pairs[axis] = (flat[index], flat[index + len(axes)])
    return pairs
