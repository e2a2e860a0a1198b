"""Turn operators that change nothing into RESHAPE, which costs nothing."""

from __future__ import annotations

import dataclasses

from mapper import attributes as at
from mapper.attributes import OpKind
from mapper.graph import Graph, Op


def fold_identity(graph: Graph) -> Graph:
    """QUANTIZE to the same quantisation, RELU that clamps nothing, PAD of nothing."""
    return graph.replace(
        ops=[
            dataclasses.replace(op, kind=OpKind.RESHAPE, attrs=at.Reshape())
            if _changes_nothing(graph, op)
            else op
            for op in graph.ops
        ]
    )


def _changes_nothing(graph: Graph, op: Op) -> bool:
    if isinstance(op.attrs, at.Pad):
        return not op.attrs.padding.any()
    same = graph.operands(op)[0].quant == graph.result(op).quant
    if isinstance(op.attrs, at.Relu):
        return same and (op.attrs.lo, op.attrs.hi) == (at.INT8_MIN, at.INT8_MAX)
    return same and op.kind is OpKind.QUANTIZE
