"""Gemm and MatMul, with constant weights or of two computed matrices."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from tilewright.hw.spec.errors import RequestError
from tilewright.mapper import limits
from tilewright.mapper.graph.tensor import Quant, Tensor
from tilewright.mapper.importers.onnx.builder import Builder
from tilewright.mapper.importers.onnx.model import Node
from tilewright.mapper.importers.onnx.values import (
    Activation,
    Constant,
    Draft,
    Pending,
    Value,
    in_order,
)
from tilewright.mapper.importers.onnx.weighted import (
    Product,
    Weights,
    bias_of,
    int8_of,
    stored_weights,
    whole,
)
from tilewright.mapper.limits import require
from tilewright.mapper.operators.matrix import BatchMatmul, FullyConnected


def gemm(builder: Builder, node: Node) -> Value:
    """Gemm of a computed matrix with constant weights, or of two computed ones."""
    alpha, beta = (node.number(name, 1.0) for name in ("alpha", "beta"))
    flipped = [node.integer(name, 0) != 0 for name in ("transA", "transB")]
    if not isinstance(builder.value(node, 1), Constant):
        if node.has(2) or alpha != 1.0:
            raise RequestError(
                f"{node.place}: scales two computed matrices, or adds C: use MatMul, Mul and Add"
            )
        return _product(builder, node, flipped)
    if not alpha or beta is None:
        raise RequestError(f"{node.place}: alpha must not be 0: store the result as a constant")
    x, _ = builder.quantised(node, 0)
    if x.view.ndim != 2:
        raise RequestError(f"{node.place}: its input must have two axes, not {x.view.shape}")
    weights = stored_weights(builder, node, 1, 0 if flipped[1] else 1)
    rows = replace(x, view=x.view.T) if flipped[0] else x
    # alpha multiplies the weights' scales, with its sign in the weights.
    data = weights.data if alpha > 0 else _negated(node, weights)
    weights = replace(weights, data=data, scale=weights.scale * abs(alpha))
    return _fully_connected(builder, node, rows, weights, flipped[1], beta)


def _negated(node: Node, weights: Weights) -> NDArray[np.int8]:
    require(
        node.place, limits.weights_can_be_negated, (int(weights.data.min()), weights.zero_point)
    )
    return -weights.data


def matmul(builder: Builder, node: Node) -> Value:
    """MatMul of rows of data with constant weights, or of two matrices of any kind."""
    left, right = builder.value(node, 0), builder.value(node, 1)
    constant = isinstance(right, Constant) and 1 <= right.data.ndim <= 2
    if constant and not isinstance(left, Constant):
        x, _ = builder.quantised(node, 0)
        weights = stored_weights(builder, node, 1, 1)
        if weights.data.ndim == 2:
            return _fully_connected(builder, node, x, weights, False, 1.0)
        column = replace(weights, data=weights.data[:, None])
        result = _fully_connected(builder, node, x, column, False, 1.0)
        return replace(result, view=result.view[..., 0])
    return _product(builder, node, [False, False])


def _fully_connected(
    builder: Builder, node: Node, x: Activation, weights: Weights, transposed: bool, beta: float
) -> Pending:
    if weights.data.ndim != 2:
        raise RequestError(f"{node.place}: weights must have two axes, not {weights.data.shape}")
    matrix = weights.data if transposed else weights.data.T
    co, ci = matrix.shape
    if not ci or x.view.shape[-1] != ci:
        raise RequestError(f"{node.place}: input {x.view.shape} does not fit weights {(ci, co)}")
    shape = (*x.view.shape[:-1], co)
    if x.view.size == ci:
        # The data stay where they are; the columns of the weights follow their order.
        x = builder.permuted(node.place, x)
        columns = np.empty_like(matrix)
        columns[:, x.draft.positions(x.view.reshape(-1))] = matrix
        x.draft.used = True
        rows, result = x.draft, (1, co)
    else:
        columns, rows, result = np.ascontiguousarray(matrix), builder.stored(node.place, x), shape
    weights = replace(weights, data=columns)
    bias = bias_of(builder, node, 2, rows, weights, co, beta)
    view = whole(result).reshape(shape)
    product = Product(builder, node, rows, result, view, weights, 0, bias, FullyConnected())
    return product.pending()


def _product(builder: Builder, node: Node, flipped: list[bool]) -> Value:
    """The product of two matrices, or of many in the axes in front; one may be constant."""
    values = [builder.value(node, position) for position in (0, 1)]
    computed = [not isinstance(value, Constant) for value in values]
    require(node.place, limits.an_operand_is_computed, computed)
    (a, adj_x), (b, adj_y) = (_matrix(builder, node, i, flipped[i]) for i in (0, 1))
    require(node.place, limits.matrices_have_two_axes, [a.shape, b.shape])
    rows, depth = a.shape[-2:][::-1] if adj_x else a.shape[-2:]
    other, cols = b.shape[-2:][::-1] if adj_y else b.shape[-2:]
    if depth != other:
        raise RequestError(f"{node.place}: cannot multiply matrices {a.shape} and {b.shape}")
    shape = (*np.broadcast_shapes(a.shape[:-2], b.shape[:-2]), rows, cols)

    def emit(quant: Quant, lo: int, hi: int) -> Draft:
        operator = BatchMatmul(adj_x=adj_x, adj_y=adj_y, lo=lo, hi=hi)
        return builder.add(node.place, operator, (a, b), shape, quant)

    return Pending(node.place, whole(shape), emit)


def _matrix(
    builder: Builder, node: Node, position: int, flipped: bool
) -> tuple[Draft | Tensor, bool]:
    """An operand as it is stored, and whether its matrices are to be read transposed."""
    value = builder.value(node, position)
    if isinstance(value, Constant):
        return _constant(builder, node, position, value), flipped
    x, _ = builder.quantised(node, position)
    require(node.place, limits.matrices_have_two_axes, [x.view.shape])
    turned = replace(x, view=x.view.swapaxes(-1, -2))
    if _lies_in_order(turned) and not _lies_in_order(x):
        return builder.stored(node.place, turned), not flipped
    return builder.stored(node.place, x), flipped


def _lies_in_order(x: Activation) -> bool:
    return in_order(x.draft, x.view)


def _constant(builder: Builder, node: Node, position: int, value: Constant) -> Tensor:
    if value.scale is None or value.zero_point is None or value.data.dtype.kind not in "iu":
        limits.float_network(str(node.place), "its constant operand is not quantised")
    require(node.place, limits.matrices_have_one_scale, value.scale.size)
    points = [int(point) for point in value.zero_point.reshape(-1)]
    data, (point,) = int8_of(node.place, value.data, points)
    quant = Quant((float(value.scale.reshape(-1)[0]),), (point,))
    return builder.stored_constant(f"{node.name}/operand_{position}", data, quant)
