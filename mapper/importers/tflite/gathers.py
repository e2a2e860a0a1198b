"""GATHER, GATHER_ND and EMBEDDING_LOOKUP, of constant or computed indices."""

from __future__ import annotations

from collections.abc import Mapping

from tilewright.hw.spec.errors import RequestError
from tilewright.mapper import limits
from tilewright.mapper.graph.op import Op
from tilewright.mapper.graph.tensor import Tensor
from tilewright.mapper.importers.tflite.axes import resolved
from tilewright.mapper.importers.tflite.flatbuffer import FileOperator
from tilewright.mapper.importers.tflite.operands import INT32, Operands, Rule
from tilewright.mapper.limits import require
from tilewright.mapper.operators.gathers import GatherAt, GatherNd
from tilewright.mapper.operators.moves import MOVABLE
from tilewright.mapper.operators.slices import Gather


def _ends(operands: Operands, operator: FileOperator, position: int) -> tuple[Tensor, Tensor]:
    """What is looked up, which may be a constant, and the result."""
    result = operands.result(operator, MOVABLE)
    x = operands.operand(operator, position, (result.dtype,))
    return operands.as_result(operator, x, result), result


def _indices(operands: Operands, operator: FileOperator, position: int, x: Tensor) -> Tensor:
    """Indices that are a tensor of the graph."""
    indices = operands.operand(operator, position, INT32)
    computed = [x.data is None, indices.data is None]
    require(operands.place(operator), limits.an_operand_is_computed, computed)
    return indices


def _gather(operands: Operands, operator: FileOperator) -> Op:
    x, result = _ends(operands, operator, 0)
    given = operands.source(operator, 1)
    batches = int(operator.options["BatchDims"])
    batches += len(given.shape) if batches < 0 else 0
    axis = resolved(operands, operator, int(operator.options["Axis"]), len(x.shape))
    if given.data is None or x.data is not None or batches:
        indices = _indices(operands, operator, 1, x)
        computed = GatherAt(axis=axis, batches=batches)
        return operands.op(operator, computed, (x, indices), result)
    if given.data.dtype.kind != "i":
        place = operands.place(operator)
        raise RequestError(f"{place}: indices must be integers, not {given.data.dtype}")
    found = tuple(int(index) for index in given.data.reshape(-1))
    return operands.op(operator, Gather(axis=axis, indices=found), (x,), result)


def _gather_nd(operands: Operands, operator: FileOperator) -> Op:
    x, result = _ends(operands, operator, 0)
    indices = _indices(operands, operator, 1, x)
    return operands.op(operator, GatherNd(), (x, indices), result)


def _embedding_lookup(operands: Operands, operator: FileOperator) -> Op:
    """Rows of a matrix: the indices come first."""
    x, result = _ends(operands, operator, 1)
    indices = _indices(operands, operator, 0, x)
    return operands.op(operator, GatherAt(axis=0), (x, indices), result)


RULES: Mapping[str, Rule] = {
    "GATHER": _gather,
    "GATHER_ND": _gather_nd,
    "EMBEDDING_LOOKUP": _embedding_lookup,
}
