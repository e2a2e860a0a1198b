"""Turn depthwise convolutions with a channel multiplier into dense convolutions.

The array's depthwise mode computes one output channel from the input channel of the same number.
With a multiplier m, output channel c reads input channel c // m, which a dense convolution with
zeros at all other input channels does as well. It costs as many products more as there are input
channels: nothing with one input channel, and too much with very many, where the CPU is quicker.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Collection

from hw.spec.npu_config import NpuConfig
from mapper.graph.graph import Graph
from mapper.graph.op import Op
from mapper.graph.tensor import Tensor
from mapper.operators.convolution import DepthwiseConv2d

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
        if isinstance(op.operator, DepthwiseConv2d)
        and op.operator.multiplier > 1
        and graph.operands(op)[0].shape[3] <= limit
    )


def _expanded(graph: Graph, op: Op, tensors: dict[str, Tensor]) -> Op:
    assert isinstance(op.operator, DepthwiseConv2d)
    image, weights, _ = graph.operands(op)
    name = f"{weights.name} (dense for {op.name})"
    operator, tensors[name] = op.operator.dense(weights, image.shape[3], name)
    return dataclasses.replace(op, operator=operator, inputs=(op.inputs[0], name, op.inputs[2]))
