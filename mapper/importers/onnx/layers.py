"""ONNX operators without weights or windows: Concat, Relu, Clip and Softmax."""

from dataclasses import replace

import numpy as np

from tilewright.hw.spec.errors import RequestError
from tilewright.mapper import limits
from tilewright.mapper.graph.tensor import Quant
from tilewright.mapper.importers.onnx.alignment import aligned
from tilewright.mapper.importers.onnx.builder import Builder
from tilewright.mapper.importers.onnx.chains import operands
from tilewright.mapper.importers.onnx.model import Node
from tilewright.mapper.importers.onnx.moves import axis_of
from tilewright.mapper.importers.onnx.values import (
    Activation,
    Constant,
    Draft,
    Function,
    Pending,
    Value,
    view_of,
)
from tilewright.mapper.limits import require
from tilewright.mapper.operators.concatenation import Concatenation
from tilewright.mapper.operators.requantise import Quantize, Relu
from tilewright.mapper.operators.softmax import Softmax

SOFTMAX_QUANT = Quant((1.0 / 256.0,), (-128,))
WIDE_SOFTMAX_QUANT = Quant((1.0 / 65536.0,), (-32768,))


def relu(builder: Builder, node: Node) -> Value:
    """Relu, fused into the operator before it where that one is not quantised yet."""
    return _clamp(builder, node, 0.0, None)


def clip(builder: Builder, node: Node) -> Value:
    """Clip between constants (Relu6 is 0 to 6)."""
    bounds: list[float | None] = []
    for position, name in ((1, "min"), (2, "max")):
        if node.has(position):
            bound = float(builder.constant(node, position).real().reshape(-1)[0])
        else:
            bound = node.number(name, None)
        bounds.append(bound if bound is not None and np.isfinite(bound) else None)
    value = builder.value(node, 0)
    if isinstance(value, Constant) and value.scale is None:
        low, high = (-np.inf if bounds[0] is None else bounds[0]), bounds[1]
        clipped = np.clip(value.data, low, np.inf if high is None else high)
        return Constant(clipped.astype(value.data.dtype))
    if isinstance(value, Activation) and value.dtype in ("int8", "uint8"):
        return _clamped_integers(builder, node, value, bounds)
    return _clamp(builder, node, bounds[0], bounds[1])


def _clamped_integers(
    builder: Builder, node: Node, x: Activation, bounds: list[float | None]
) -> Value:
    """Clip between QuantizeLinear and DequantizeLinear, for a narrow range or fewer bits."""
    quant, shift = x.draft.quant, 128 if x.dtype == "uint8" else 0
    assert quant is not None
    lo, hi = (
        int(np.clip((end if bound is None else bound) - shift, -128, 127))
        for bound, end in zip(bounds, (shift - 128, shift + 127), strict=True)
    )
    require(node.place, limits.range_is_not_empty, (lo, hi))
    clamped = builder.rescaled(node.place, x.draft, quant, lo, hi)
    return Activation(clamped, x.draft.positions(x.view), x.dtype)


def _clamp(builder: Builder, node: Node, low: float | None, high: float | None) -> Value:
    value = builder.value(node, 0)
    if isinstance(value, Pending):
        lows = [bound for bound in (low, value.low) if bound is not None]
        highs = [bound for bound in (high, value.high) if bound is not None]
        return replace(
            value, low=max(lows, default=None), high=min(highs, default=None), with_affine=None
        )
    x, x_quant = builder.quantised(node, 0)
    if x.dtype != "float32":
        raise RequestError(
            f"{node.place}: clamps integers; the nearest supported form is the same operator "
            "between DequantizeLinear and QuantizeLinear"
        )

    def emit(quant: Quant, lo: int, hi: int) -> Draft:
        operator = Relu(lo=lo, hi=hi)
        return builder.add(node.place, operator, (x.draft,), x.draft.shape, quant)

    function = Function(x.draft, operands(x_quant))
    view = x.draft.positions(x.view)
    return Pending(node.place, view, emit, x_quant, low, high, function=function)


def concat(builder: Builder, node: Node) -> Value:
    """Concat of computed tensors; those of another quantisation are requantised first."""
    operands = [builder.quantised(node, position) for position in range(len(node.inputs))]
    activations = tuple(activation for activation, _ in operands)
    quants = {quant for _, quant in operands}
    rank = activations[0].view.ndim
    axis = node.integer("axis", 1) % max(rank, 1)
    axes, drafts = aligned(builder, node, activations, whole=True)
    stored_axis = axes.index(axis) if axes else axis
    extents = [draft.shape[stored_axis] for draft in drafts]
    shape = (*drafts[0].shape[:stored_axis], sum(extents), *drafts[0].shape[stored_axis + 1 :])

    def emit(quant: Quant, lo: int, hi: int) -> Draft:
        same = tuple(builder.rescaled(node.place, draft, quant, -128, 127) for draft in drafts)
        operator = Concatenation(axis=stored_axis)
        joined = builder.add(node.place, operator, same, shape, quant)
        return builder.rescaled(node.place, joined, quant, lo, hi)

    natural = quants.pop() if len(quants) == 1 else None
    return Pending(node.place, view_of(shape, axes), emit, natural)


def softmax(builder: Builder, node: Node, opset: int) -> Value:
    """Softmax along any axis; before opset 13 everything from the axis on was one row."""
    x, _ = builder.quantised(node, 0)
    shape = x.view.shape
    axis = axis_of(node, node.integer("axis", -1 if opset >= 13 else 1), len(shape))
    axes, flat = None, x
    if all(extent == 1 for extent in shape[axis + 1 :]):
        flat = replace(x, view=x.view.reshape(shape[: axis + 1]))
    elif opset < 13:
        flat = replace(x, view=x.view.reshape(*shape[:axis], -1))
    else:
        axes = (*(n for n in range(len(shape)) if n != axis), axis)
    rows = builder.stored(node.place, flat, axes)

    def emit(quant: Quant, lo: int, hi: int) -> Draft:
        if quant.scale[0] >= SOFTMAX_QUANT.scale[0]:
            result = builder.add(node.place, Softmax(), (rows,), rows.shape, SOFTMAX_QUANT)
            return builder.rescaled(node.place, result, quant, lo, hi)
        # A finer result needs more than 8 bits in between.
        wide = builder.add(node.place, Softmax(), (rows,), rows.shape, WIDE_SOFTMAX_QUANT, "int16")
        narrow = builder.add(node.place, Quantize(), (wide,), rows.shape, quant)
        return builder.rescaled(node.place, narrow, quant, lo, hi)

    view = view_of(rows.shape, axes or ()).reshape(shape)
    return Pending(node.place, view, emit, SOFTMAX_QUANT)
