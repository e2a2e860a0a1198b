"""Move PAD into the convolutions that read it."""

from __future__ import annotations

import dataclasses

from mapper import attributes as at
from mapper.attributes import OpKind
from mapper.graph import Graph, Op

_TAKES_PADDING = (OpKind.CONV_2D, OpKind.DEPTHWISE_CONV_2D)


def fuse_padding(graph: Graph) -> Graph:
    """Every PAD whose readers are all convolutions becomes their padding.

    Both pad with the zero point, so the result is the same. Pools ignore padding instead, so they
    keep their PAD.
    """
    while (pad := _candidate(graph)) is not None:
        graph = _fuse(graph, pad)
    return graph


def _candidate(graph: Graph) -> Op | None:
    for op in graph.ops:
        if op.kind is not OpKind.PAD or op.outputs[0] in graph.outputs:
            continue
        readers = graph.consumers(op.outputs[0])
        if readers and all(reader.kind in _TAKES_PADDING for reader in readers):
            return op
    return None


def _fuse(graph: Graph, pad: Op) -> Graph:
    assert isinstance(pad.attrs, at.Pad)
    return graph.replace(
        ops=[
            _padded(op, pad, pad.attrs.padding) if pad.outputs[0] in op.inputs else op
            for op in graph.ops
            if op is not pad
        ]
    )


def _padded(op: Op, pad: Op, outer: at.Padding) -> Op:
    assert isinstance(op.attrs, at.Conv2d | at.DepthwiseConv2d)
    inner = op.attrs.padding
    both = at.Padding(
        top=inner.top + outer.top,
        left=inner.left + outer.left,
        bottom=inner.bottom + outer.bottom,
        right=inner.right + outer.right,
    )
    return dataclasses.replace(
        op,
        inputs=(pad.inputs[0], *op.inputs[1:]),
        attrs=dataclasses.replace(op.attrs, padding=both),
    )
