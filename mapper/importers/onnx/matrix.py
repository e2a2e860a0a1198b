"""Gemm and MatMul, with constant weights or of two computed matrices."""

from dataclasses import replace

import numpy as np

from hw.spec.errors import RequestError
from mapper import limits
from mapper.graph.tensor import Quant, Tensor
from mapper.importers.onnx.model import Node
from mapper.importers.onnx.values import (
    Activation,
    Builder,
    Constant,
    Draft,
    Pending,
    Value,
    in_order,
)
from mapper.importers.onnx.weighted import (
    Product,
    Weights,
    bias_of,
    int8_of,
    stored_weights,
    whole,
)
from mapper.limits import require
from mapper.operators.matrix import BatchMatmul, FullyConnected


def gemm(builder: Builder, node: Node) -> Value:
    """Gemm with alpha and beta 1; with constant weights the input is not transposed."""
    if node.number("alpha", 1.0) != 1.0 or node.number("beta", 1.0) != 1.0:
        raise RequestError(f"{node.place}: alpha and beta must be 1: fold them into the weights")
    flipped = [node.integer(name, 0) != 0 for name in ("transA", "transB")]
    if not isinstance(builder.value(node, 1), Constant):
        if node.has(2):
            raise RequestError(f"{node.place}: adds C to two computed matrices: use MatMul and Add")
        return _product(builder, node, flipped)
    if flipped[0]:
        raise RequestError(f"{node.place}: transA must be 0: FULLY_CONNECTED takes rows")
    weights = stored_weights(builder, node, 1, 0 if flipped[1] else 1)
    return _fully_connected(builder, node, weights, flipped[1])


def matmul(builder: Builder, node: Node) -> Value:
    """MatMul of rows of data with constant weights, or of two matrices of any kind."""
    left, right = builder.value(node, 0), builder.value(node, 1)
    constant = isinstance(right, Constant) and right.data.ndim <= 2
    if constant and not isinstance(left, Constant):
        return _fully_connected(builder, node, stored_weights(builder, node, 1, 1), False)
    return _product(builder, node, [False, False])


def _fully_connected(builder: Builder, node: Node, weights: Weights, transposed: bool) -> Value:
    x, _ = builder.quantised(node, 0)
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
    bias = bias_of(builder, node, 2, rows, weights, co)
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
