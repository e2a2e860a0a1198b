"""Turn operators that change nothing into RESHAPE, which costs nothing."""

from __future__ import annotations

import dataclasses

from mapper.graph.graph import Graph
from mapper.graph.op import Op
from mapper.operators.moves import Pad, Reshape
from mapper.operators.requantise import Quantize, Relu


def fold_identity(graph: Graph) -> Graph:
    """QUANTIZE to the same quantisation, RELU that clamps nothing, PAD of nothing."""
    return graph.replace(
        ops=[
            dataclasses.replace(op, operator=Reshape()) if _changes_nothing(graph, op) else op
            for op in graph.ops
        ]
    )


def _changes_nothing(graph: Graph, op: Op) -> bool:
    return isinstance(op.operator, Pad | Relu | Quantize) and op.operator.changes_nothing(
        graph.site(op)
    )
