"""Move RELU and other clamps into the operator that computes their input."""

from __future__ import annotations

import dataclasses

from mapper import attributes as at
from mapper.attributes import OpKind
from mapper.graph import Graph, Op

_Clamping = at.Conv2d | at.DepthwiseConv2d | at.FullyConnected | at.Add | at.Pool2d | at.Relu


def fuse_activation(graph: Graph) -> Graph:
    """Every RELU that keeps the quantisation becomes the clamp of its producer.

    With equal scale and zero point RELU only clamps. The producer must feed nothing else and its
    result must not be an output of the network.
    """
    while (relu := _candidate(graph)) is not None:
        graph = _fuse(graph, relu)
    return graph


def _candidate(graph: Graph) -> Op | None:
    for op in graph.ops:
        if op.kind is not OpKind.RELU:
            continue
        source = op.inputs[0]
        producer = graph.producer(source)
        if (
            producer is not None
            and isinstance(producer.attrs, _Clamping)
            and graph.tensors[source].quant == graph.result(op).quant
            and source not in graph.outputs
            and len(graph.consumers(source)) == 1
        ):
            return op
    return None


def _fuse(graph: Graph, relu: Op) -> Graph:
    producer = graph.producer(relu.inputs[0])
    assert producer is not None
    assert isinstance(relu.attrs, at.Relu)
    assert isinstance(producer.attrs, _Clamping)
    low, high = relu.attrs.lo, relu.attrs.hi
    # Clamping twice is clamping to the first range's ends, clamped to the second range.
    clamped = dataclasses.replace(
        producer.attrs,
        lo=min(max(producer.attrs.lo, low), high),
        hi=min(max(producer.attrs.hi, low), high),
    )
    fused = dataclasses.replace(producer, outputs=relu.outputs, attrs=clamped)
    return graph.replace(
        ops=[fused if op is producer else op for op in graph.ops if op is not relu]
    )
