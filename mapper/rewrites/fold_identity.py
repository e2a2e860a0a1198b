"""Turn operators that change nothing into RESHAPE, which costs nothing."""

from __future__ import annotations

import dataclasses

from tilewright.mapper.graph.graph import Graph
from tilewright.mapper.graph.op import Op
from tilewright.mapper.operators.moves import Moved, Reshape
from tilewright.mapper.operators.requantise import Quantize, Relu


def fold_identity(graph: Graph) -> Graph:
    """QUANTIZE to the same quantisation, RELU that clamps nothing, moves that move nothing."""
    return graph.replace(
        ops=[
            dataclasses.replace(op, operator=Reshape()) if _changes_nothing(graph, op) else op
            for op in graph.ops
        ]
    )


def _changes_nothing(graph: Graph, op: Op) -> bool:
    return isinstance(op.operator, Moved | Relu | Quantize) and op.operator.changes_nothing(
        graph.site(op)
    )
