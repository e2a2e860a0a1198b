"""Turn operators that change nothing into RESHAPE, which costs nothing."""

from __future__ import annotations

import dataclasses

from mapper.graph.graph import Graph
from mapper.graph.op import Op
from mapper.operators.moves import Pad, Reshape, Transpose
from mapper.operators.requantise import Quantize, Relu


def fold_identity(graph: Graph) -> Graph:
    """QUANTIZE to the same quantisation, RELU that clamps nothing, PAD of nothing, TRANSPOSE of
    axes of one index."""
    return graph.replace(
        ops=[
            dataclasses.replace(op, operator=Reshape()) if _changes_nothing(graph, op) else op
            for op in graph.ops
        ]
    )


def _changes_nothing(graph: Graph, op: Op) -> bool:
    operator = op.operator
    foldable = isinstance(operator, Pad | Relu | Quantize | Transpose)
    return foldable and operator.changes_nothing(graph.site(op))
