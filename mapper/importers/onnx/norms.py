"""ONNX operators that divide by a norm or a standard deviation."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

import numpy as np
from numpy.typing import NDArray

from tilewright.hw.spec.errors import RequestError
from tilewright.hw.spec.normalisation import L2_OUTPUT
from tilewright.mapper import limits
from tilewright.mapper.graph.tensor import Quant
from tilewright.mapper.importers.onnx.builder import Builder
from tilewright.mapper.importers.onnx.model import Node
from tilewright.mapper.importers.onnx.moves import axis_of
from tilewright.mapper.importers.onnx.values import Axes, Draft, Pending, Value, in_order, view_of
from tilewright.mapper.limits import require
from tilewright.mapper.operators.norms import (
    InstanceNormalization,
    L1Normalization,
    LayerNormalization,
    LpNormalization,
    Normalization,
    RmsNormalization,
)

_EPSILON = 1e-5


def _normalized(
    builder: Builder,
    node: Node,
    rows: tuple[Draft, Axes],
    operator: Normalization,
    constants: tuple[NDArray[np.float64], NDArray[np.float64]],
    natural: Quant | None = None,
) -> Value:
    """The result, which waits for its quantisation, of rows stored in an order of axes."""
    stored, axes = rows
    operands = (stored, *(
        builder.stored_constant(f"{node.name}/{name}", data.reshape(-1).astype(np.float32))
        for name, data in zip(("factors", "summands"), constants, strict=True)
    ))  # fmt: skip

    def emit(quant: Quant, lo: int, hi: int) -> Draft:
        result = builder.add(node.place, operator, operands, stored.shape, quant)
        return builder.rescaled(node.place, result, quant, lo, hi)

    return Pending(node.place, view_of(stored.shape, axes), emit, natural)


def _layer_norm(
    kind: type[LayerNormalization | RmsNormalization], builder: Builder, node: Node
) -> Value:
    require(node.place, limits.only_first_result, [name for name in node.outputs[1:] if name])
    x, _ = builder.quantised(node, 0)
    shape = x.view.shape
    first = axis_of(node, node.integer("axis", -1), len(shape))
    scale = builder.constant(node, 1).real()
    summand = builder.constant(node, 2).real() if node.has(2) else np.zeros(1)
    constants = (np.broadcast_to(scale, shape[first:]), np.broadcast_to(summand, shape[first:]))
    epsilon = node.number("epsilon", _EPSILON) or 0.0
    operator = kind(first=first, last=len(shape) - 1, epsilon=epsilon)
    return _normalized(builder, node, (builder.stored(node.place, x), ()), operator, constants)


def _instance_norm(builder: Builder, node: Node) -> Value:
    x, _ = builder.quantised(node, 0)
    shape, rank = x.view.shape, x.view.ndim
    if rank < 3:
        raise RequestError(f"{node.place}: needs images of at least three axes, not {shape}")
    constants = (builder.constant(node, 1).real(), builder.constant(node, 2).real())
    if {data.size for data in constants} != {shape[1]}:
        raise RequestError(f"{node.place}: scale and bias do not fit {shape[1]} channels")
    epsilon = node.number("epsilon", _EPSILON) or 0.0
    last = (0, *range(2, rank), 1)
    open_image = rank == 4 and x.draft.declared is not None and not x.draft.used
    if open_image or in_order(x.draft, x.view.transpose(last)):
        stored = builder.stored(node.place, x, last)
        operator = InstanceNormalization(first=1, last=rank - 2, along="columns", epsilon=epsilon)
        return _normalized(builder, node, (stored, last), operator, constants)
    stored = builder.stored(node.place, x)
    operator = InstanceNormalization(first=2, last=rank - 1, along="rows", epsilon=epsilon)
    return _normalized(builder, node, (stored, ()), operator, constants)


def _lp_norm(builder: Builder, node: Node) -> Value:
    x, _ = builder.quantised(node, 0)
    power, rank = node.integer("p", 2), x.view.ndim
    if power not in (1, 2):
        raise RequestError(f"{node.place}: p must be 1 or 2, not {power}")
    axis = axis_of(node, node.integer("axis", -1), rank)
    axes = (*(n for n in range(rank) if n != axis), axis)
    stored = builder.stored(node.place, x, axes)
    kind = L1Normalization if power == 1 else LpNormalization
    operator = kind(first=rank - 1, last=rank - 1)
    constants = (np.ones(x.view.shape[axis]), np.zeros(x.view.shape[axis]))
    natural = Quant((L2_OUTPUT[0],), (L2_OUTPUT[1],))
    return _normalized(builder, node, (stored, axes), operator, constants, natural)


RULES: Mapping[str, Callable[[Builder, Node], Value]] = {
    "InstanceNormalization": _instance_norm,
    "LayerNormalization": partial(_layer_norm, LayerNormalization),
    "LpNormalization": _lp_norm,
    "RMSNormalization": partial(_layer_norm, RmsNormalization),
    "SimplifiedLayerNormalization": partial(_layer_norm, RmsNormalization),
}
