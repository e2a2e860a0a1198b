"""ONNX operators on two operands, either of them repeated along axes or a constant."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np

from tilewright.mapper import limits
from tilewright.mapper.graph.tensor import Quant, Tensor
from tilewright.mapper.importers.onnx.affine import channel_axis, scaled
from tilewright.mapper.importers.onnx.alignment import aligned
from tilewright.mapper.importers.onnx.builder import Builder
from tilewright.mapper.importers.onnx.chains import compose, composed
from tilewright.mapper.importers.onnx.functions import function_of
from tilewright.mapper.importers.onnx.model import Array, Node
from tilewright.mapper.importers.onnx.values import (
    Activation,
    Constant,
    Draft,
    Function,
    Pending,
    Value,
    Vector,
    View,
    view_of,
)
from tilewright.mapper.importers.onnx.weighted import add_constant
from tilewright.mapper.limits import require
from tilewright.mapper.operators.broadcast import Arithmetic
from tilewright.mapper.operators.elementwise import Add, Sub
from tilewright.mapper.operators.extremes import Extreme, Maximum, Minimum
from tilewright.mapper.operators.lookup import LeakyRelu
from tilewright.mapper.operators.products import Div, Mul, Prelu

Stored = Draft | Constant
"""An operand in the order of the graph; a constant's data are in that order too."""


@dataclass(frozen=True, eq=False)
class _Operands:
    """Both operands, the shape of the result and the file's view of it."""

    both: tuple[Stored, Stored]
    shape: tuple[int, ...]
    view: View


def _operands(builder: Builder, node: Node) -> _Operands:
    values = [builder.value(node, position) for position in (0, 1)]
    shapes = [v.data.shape if isinstance(v, Constant) else v.view.shape for v in values]
    require(node.place, limits.shapes_broadcast, shapes)
    require(
        node.place, limits.an_operand_is_computed, [not isinstance(v, Constant) for v in values]
    )
    rank = max(map(len, shapes))
    computed = {
        position: widened(builder.quantised(node, position)[0], rank)
        for position, value in enumerate(values)
        if not isinstance(value, Constant)
    }
    if len(computed) == 2:
        return _two(builder, node, (computed[0], computed[1]))
    ((position, x),) = computed.items()
    constant = values[1 - position]
    assert isinstance(constant, Constant)
    draft, constant, shape, view = with_constant(builder, node, x, constant)
    return _Operands((draft, constant) if position == 0 else (constant, draft), shape, view)


def widened(x: Activation, rank: int) -> Activation:
    """The same with axes of extent 1 in front, up to so many."""
    return replace(x, view=x.view.reshape((1,) * (rank - x.view.ndim) + x.view.shape))


def _two(builder: Builder, node: Node, operands: tuple[Activation, Activation]) -> _Operands:
    axes, (a, b) = aligned(builder, node, operands)
    if a.shape == b.shape and axes == ():
        return _Operands((a, b), a.shape, operands[0].draft.positions(operands[0].view))
    shape = np.broadcast_shapes(a.shape, b.shape)
    return _Operands((a, b), shape, view_of(shape, axes))


def with_constant(
    builder: Builder, node: Node, x: Activation, constant: Constant
) -> tuple[Draft, Constant, tuple[int, ...], View]:
    """The computed operand and the constant in one order, and the result's shape and view."""
    if constant.data.size == 1:
        one = replace(constant, data=constant.data.reshape(1))
        return x.draft, one, x.draft.shape, x.draft.positions(x.view)
    axes, (draft,) = aligned(builder, node, (x,), whole=True)
    data = constant.data.reshape((1,) * (x.view.ndim - constant.data.ndim) + constant.data.shape)
    ordered = replace(constant, data=np.ascontiguousarray(data.transpose(axes) if axes else data))
    shape = np.broadcast_shapes(draft.shape, ordered.data.shape)
    return draft, ordered, shape, view_of(shape, axes)


def _tensor(builder: Builder, node: Node, operand: Stored) -> Draft | Tensor:
    """An operand with the quantisation that the file gives it."""
    if isinstance(operand, Draft):
        return operand
    data, quant = _integers(node, operand)
    return builder.stored_constant(f"{node.name}/constant", data, quant)


def _integers(node: Node, constant: Constant) -> tuple[Array, Quant]:
    """The int8 that stand for a constant."""
    data, kind = constant.data, constant.data.dtype.name
    if constant.scale is not None and constant.scale.size == 1 and kind in ("int8", "uint8"):
        assert constant.zero_point is not None
        shift = 128 if kind == "uint8" else 0
        zero = int(constant.zero_point.reshape(-1)[0]) - shift
        scale = float(np.float32(constant.scale.reshape(-1)[0]))
        return (data.astype(np.int16) - shift).astype(np.int8), Quant((scale,), (zero,))
    real = constant.real()
    require(node.place, limits.constant_operand_is_quantised, real.reshape(-1)[:64].tolist())
    require(node.place, limits.constant_operand_is_quantised, np.unique(real).tolist())
    value = float(np.float32(real.reshape(-1)[0]))
    scale = abs(value) or 1.0
    require(node.place, limits.scales_are_sensible, [scale])
    return np.full(data.shape, np.sign(value), np.int8), Quant((scale,), (0,))


_FUNCTIONS: Mapping[str, Callable[..., Vector]] = {
    "Add": np.add,
    "Div": np.divide,
    "Max": np.maximum,
    "Min": np.minimum,
    "Mul": np.multiply,
    "Pow": np.power,
    "Sub": np.subtract,
}


def _real(builder: Builder, node: Node) -> Value | None:
    """The result where no operator of the graph is needed for it, None where one is.

    It is part of a chain of real functions, or an operand is a stored vector of real numbers.
    """
    both = [builder.value(node, position) for position in (0, 1)]
    chain = composed(builder, node, _FUNCTIONS[node.op], both)
    if chain is not None or not any(isinstance(value, Constant) for value in both):
        return chain
    position = 0 if isinstance(both[1], Constant) else 1
    x, constant = both[position], both[1 - position]
    assert isinstance(constant, Constant)
    backwards = position == 1 and node.op == "Div"
    if isinstance(x, Constant) or backwards or node.op not in ("Add", "Div", "Mul", "Sub"):
        return None
    one, axis = constant.data.size == 1, channel_axis(x, constant)
    if one and isinstance(x, Pending) and x.with_affine is not None and x.view.ndim:
        axis = x.view.ndim - 1
    if axis is None:
        return None
    real = np.broadcast_to(constant.real().reshape(-1), (x.view.shape[axis],))
    factors, summands = np.ones_like(real), np.zeros_like(real)
    if node.op in ("Mul", "Div"):
        with np.errstate(all="ignore"):
            factors = real if node.op == "Mul" else 1 / real
    elif node.op == "Add":
        summands = real
    elif position == 0:
        summands = -real
    else:
        factors, summands = -factors, real
    return scaled(builder, node, position, axis, factors, summands)


def _function(builder: Builder, node: Node) -> Function | None:
    """The result as a function of one tensor, for operators that follow without quantisation."""
    found = compose(_FUNCTIONS[node.op], [builder.value(node, position) for position in (0, 1)])
    return None if found is None else Function(found.draft, found.values)


def _arithmetic(kind: type[Arithmetic]) -> Callable[[Builder, Node], Value]:
    def rule(builder: Builder, node: Node) -> Value:
        real = _real(builder, node) if node.op in _FUNCTIONS else None
        if real is not None:
            return real
        function = _function(builder, node) if node.op in _FUNCTIONS else None
        found = _operands(builder, node)
        both = tuple(_tensor(builder, node, operand) for operand in found.both)

        def emit(quant: Quant, lo: int, hi: int) -> Draft:
            return builder.add(node.place, kind(lo=lo, hi=hi), both, found.shape, quant)

        return Pending(node.place, found.view, emit, function=function)

    return rule


def _extreme(kind: type[Extreme]) -> Callable[[Builder, Node], Value]:
    """Operands of another quantisation than the result's are requantised first."""

    def rule(builder: Builder, node: Node) -> Value:
        require(node.place, limits.two_operands, len(node.inputs))
        real = _real(builder, node)
        if real is not None:
            return real
        function = _function(builder, node)
        found = _operands(builder, node)

        def alike(operand: Stored, quant: Quant) -> Draft | Tensor:
            if isinstance(operand, Draft):
                return builder.rescaled(node.place, operand, quant, -128, 127)
            steps = np.rint(operand.real() / quant.scale[0]) + quant.zero_point[0]
            data = np.clip(steps, -128, 127).astype(np.int8)
            return builder.stored_constant(f"{node.name}/constant", data, quant)

        def emit(quant: Quant, lo: int, hi: int) -> Draft:
            both = tuple(alike(operand, quant) for operand in found.both)
            result = builder.add(node.place, kind(), both, found.shape, quant)
            return builder.rescaled(node.place, result, quant, lo, hi)

        return Pending(node.place, found.view, emit, function=function)

    return rule


def _add(builder: Builder, node: Node) -> Value:
    """Add; of a constant also as the bias of the layer before."""
    for position, other in ((0, 1), (1, 0)):
        constant = builder.value(node, position)
        if isinstance(constant, Constant):
            folded = add_constant(builder, node, other, constant)
            if folded is not None:
                return folded
    return _arithmetic(Add)(builder, node)


def _sum(builder: Builder, node: Node) -> Value:
    """Sum of one or two operands."""
    require(node.place, limits.one_or_two_operands, len(node.inputs))
    if len(node.inputs) == 1:
        return builder.value(node, 0)
    return _add(builder, replace(node, op="Add"))


def _sub(builder: Builder, node: Node) -> Value:
    """Sub; of a constant also as the bias of the layer before."""
    constant = builder.value(node, 1)
    if isinstance(constant, Constant):
        folded = add_constant(builder, node, 0, Constant(-constant.real()))
        if folded is not None:
            return folded
    return _arithmetic(Sub)(builder, node)


def _prelu(builder: Builder, node: Node) -> Value:
    """PRelu; of one slope it is a LeakyRelu.

    Real slopes get 8 bits over their range, which costs less than a step of the result.
    """
    slope = builder.value(node, 1)
    if isinstance(slope, Constant):
        slopes = np.unique(slope.real())
        if slopes.size == 1:
            return function_of(builder, node, LeakyRelu(alpha=float(slopes[0]), real=True))
        if slope.scale is None:
            name = f"{node.name}/slopes"
            builder.values[name] = _eight_bits(node, slope)
            node = replace(node, inputs=(node.inputs[0], name))
    return _arithmetic(Prelu)(builder, node)


def _eight_bits(node: Node, constant: Constant) -> Constant:
    """A real constant as int8 over its range, which holds 0."""
    real = constant.real()
    low, high = min(float(real.min()), 0.0), max(float(real.max()), 0.0)
    require(node.place, limits.scales_are_sensible, [high - low])
    scale = float(np.float32((high - low) / 255))
    zero = round(-128 - low / scale)
    data = np.clip(np.rint(real / scale) + zero, -128, 127).astype(np.int8)
    return Constant(data, np.array([scale]), np.array([zero], np.int8))


RULES: Mapping[str, Callable[[Builder, Node], Value]] = {
    "Add": _add,
    "Div": _arithmetic(Div),
    "Max": _extreme(Maximum),
    "Min": _extreme(Minimum),
    "Mul": _arithmetic(Mul),
    "PRelu": _prelu,
    "Sub": _sub,
    "Sum": _sum,
}
