"""Move RELU and other clamps into the operator that computes their input."""

from __future__ import annotations

import dataclasses

from tilewright.mapper.graph.graph import Graph
from tilewright.mapper.graph.op import Op
from tilewright.mapper.operators.clamp import Clamped
from tilewright.mapper.operators.requantise import Relu


def fuse_activation(graph: Graph) -> Graph:
    """Every RELU that keeps the quantisation becomes the clamp of its producer.

    With equal scale and zero point RELU only clamps. The producer must feed nothing else and its
    result must not be an output of the network.
    """
    ops: dict[str, Op] = {}
    producers: dict[str, str] = {}
    for op in graph.ops:
        producer = ops.get(producers.get(op.inputs[0], ""))
        if producer is None or not _fuses(graph, op, producer):
            ops[op.name] = op
            producers |= dict.fromkeys(op.outputs, op.name)
            continue
        assert isinstance(op.operator, Relu)
        assert isinstance(producer.operator, Clamped)
        clamped = producer.operator.clamped(op.operator.lo, op.operator.hi)
        ops[producer.name] = dataclasses.replace(producer, operator=clamped, outputs=op.outputs)
        producers[op.outputs[0]] = producer.name
    return graph if len(ops) == len(graph.ops) else graph.replace(ops=ops.values())


def _fuses(graph: Graph, op: Op, producer: Op) -> bool:
    """Whether an operator is a clamp that its producer can take over."""
    source = op.inputs[0]
    return (
        isinstance(op.operator, Relu)
        and isinstance(producer.operator, Clamped)
        and graph.tensors[source].quant == graph.result(op).quant
        and source not in graph.sinks
        and len(graph.consumers(source)) == 1
    )
