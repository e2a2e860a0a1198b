"""Move PAD into the convolutions that read it."""

from __future__ import annotations

import dataclasses

from tilewright.mapper.graph.graph import Graph
from tilewright.mapper.graph.op import Op
from tilewright.mapper.operators.convolution import PaddedConvolution
from tilewright.mapper.operators.pads import Pad


def fuse_padding(graph: Graph) -> Graph:
    """Every PAD whose readers are all convolutions, none transposed, becomes their padding.

    Both pad with the zero point, so the result is the same. Pools ignore padding instead, so they
    keep their PAD.
    """
    pads = {op.outputs[0]: op for op in graph.ops if _moves(graph, op)}
    if not pads:
        return graph
    kept = [op for op in graph.ops if pads.get(op.outputs[0]) is not op]
    return graph.replace(ops=[_padded(op, pads) for op in kept])


def _moves(graph: Graph, op: Op) -> bool:
    """Whether an operator is a padding that all its readers can take over."""
    if not isinstance(op.operator, Pad) or op.outputs[0] in graph.sinks:
        return False
    if not op.operator.is_image_padding(graph.site(op)):
        return False
    readers = graph.consumers(op.outputs[0])
    return bool(readers) and all(isinstance(r.operator, PaddedConvolution) for r in readers)


def _padded(op: Op, pads: dict[str, Op]) -> Op:
    pad = pads.get(op.inputs[0])
    while pad is not None:
        assert isinstance(op.operator, PaddedConvolution)
        assert isinstance(pad.operator, Pad)
        operator = op.operator.padded(pad.operator.padding)
        op = dataclasses.replace(op, inputs=(pad.inputs[0], *op.inputs[1:]), operator=operator)
        pad = pads.get(op.inputs[0])
    return op
