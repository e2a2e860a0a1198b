"""Turn depthwise convolutions with a channel multiplier into dense convolutions.

The array's depthwise mode computes one output channel from the input channel of the same number.
With a multiplier m, output channel c reads input channel c // m, which a dense convolution with
zeros at all other input channels does as well. It costs as many products more as there are input
channels: nothing with one input channel, and too much with very many, where the CPU is quicker.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Collection

import numpy as np

from hw.spec.npu_config import NpuConfig
from mapper import attributes as at
from mapper.attributes import OpKind
from mapper.graph import Graph, Op, Tensor

CPU_CYCLES_PER_PRODUCT = 8
"""What a product costs the CPU at least, in cycles; decides when expanding is worth it."""


def expand_depthwise(graph: Graph, names: Collection[str]) -> Graph:
    """The depthwise convolutions of these names as dense ones."""
    tensors = dict(graph.tensors)
    ops = [_expanded(graph, op, tensors) if op.name in names else op for op in graph.ops]
    return graph.replace(tensors=tensors.values(), ops=ops)


def worth_expanding(graph: Graph, config: NpuConfig) -> tuple[str, ...]:
    """Every depthwise convolution of multiplier > 1 that is quicker as a dense one."""
    limit = CPU_CYCLES_PER_PRODUCT * config.rows * config.cols
    return tuple(
        op.name
        for op in graph.ops
        if isinstance(op.attrs, at.DepthwiseConv2d)
        and op.attrs.multiplier > 1
        and graph.operands(op)[0].shape[3] <= limit
    )


def _expanded(graph: Graph, op: Op, tensors: dict[str, Tensor]) -> Op:
    assert isinstance(op.attrs, at.DepthwiseConv2d)
    image, weights, _ = graph.operands(op)
    assert weights.data is not None
    kh, kw, channels = weights.shape
    dense = np.zeros((channels, kh, kw, image.shape[3]), dtype=np.int8)
    output = np.arange(channels)
    dense[output, :, :, output // op.attrs.multiplier] = weights.data.transpose(2, 0, 1)
    quant = weights.quant
    if quant is not None and quant.axis is not None:
        quant = dataclasses.replace(quant, axis=0)
    name = f"{weights.name} (dense for {op.name})"
    tensors[name] = Tensor(name, dense.shape, "int8", quant, dense)
    attrs = at.Conv2d(
        stride=op.attrs.stride, padding=op.attrs.padding, lo=op.attrs.lo, hi=op.attrs.hi
    )
    inputs = (op.inputs[0], name, op.inputs[2])
    return dataclasses.replace(op, kind=OpKind.CONV_2D, inputs=inputs, attrs=attrs)
