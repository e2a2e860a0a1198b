"""What the NPU can do: each limit is a small function that gives the reason it cannot, or None."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from hw.spec.commands import MAX_LEFT_SHIFT
from hw.spec.npu_config import NpuConfig
from hw.spec.tile_shape import ring_bytes
from mapper import attributes as at
from mapper.attributes import OpKind
from mapper.graph import Graph, Op
from mapper.lower import average_pool_regions
from mapper.work import WindowWork

MAX_WINDOW = 255
MAX_AVERAGE = 2047
MAX_REGIONS = 25
MAX_CHANNELS = 65535
MAX_MICROCODE_ROWS = 1023


@dataclass(frozen=True)
class Demands:
    """What a window work asks of the array: bits to the left, the largest sum, words of a block."""

    left_shift: int
    largest_sum: int
    block_words: int
    depthwise: bool
    rows: int


def demands(work: WindowWork) -> Demands:
    """Of the requantisation's shifts, and of inputs that have the weights' signs."""
    sums = np.abs(work.weights.astype(np.int64)).sum(axis=1)
    return Demands(
        left_shift=int(work.requantisation.shifts.max()),
        largest_sum=128 * int(sums.max(initial=0)),
        block_words=work.weights.shape[1],
        depthwise=work.depthwise,
        rows=max(work.input_shape[0], work.region.rows * work.stride[0]),
    )


def shape_objection(graph: Graph, op: Op) -> str | None:
    """Why no NPU can compute an operator; None when one could."""
    if op.kind is OpKind.SOFTMAX:
        return "the NPU has no exponential"
    return next((reason for check in _SHAPE_CHECKS if (reason := check(graph, op))), None)


def work_objection(work: Demands, config: NpuConfig) -> str | None:
    """Why an NPU cannot do a work; None when it can."""
    return (
        _left_shift(work)
        or _accumulator(work, config)
        or _ring(work, config)
        or (_microcode(work) if config.microcode else None)
    )


def kind_objection(kind: OpKind, config: NpuConfig) -> str | None:
    """Why this NPU has no command for an operator; None when it has."""
    if config.microcode and kind in (OpKind.ADD, OpKind.MAX_POOL_2D):
        return f"control = microcode has no {kind.value}"
    return None


def _multiplier(graph: Graph, op: Op) -> str | None:
    if isinstance(op.attrs, at.DepthwiseConv2d) and op.attrs.multiplier > 1:
        return (
            f"as a dense convolution, channel multiplier {op.attrs.multiplier} would multiply its "
            f"products by {graph.operands(op)[0].shape[3]}"
        )
    return None


def _window(graph: Graph, op: Op) -> str | None:
    attrs = op.attrs
    if isinstance(attrs, at.Conv2d):
        sizes = (graph.operands(op)[1].shape[1], *attrs.stride)
    elif isinstance(attrs, at.DepthwiseConv2d):
        sizes = (*graph.operands(op)[1].shape[:2], *attrs.stride)
    elif isinstance(attrs, at.Pool2d):
        sizes = (*attrs.window, *attrs.stride)
    elif op.kind is OpKind.MEAN:
        sizes = graph.operands(op)[0].shape[1:3]
    else:
        return None
    if max(sizes) > MAX_WINDOW:
        return f"a window or stride of {max(sizes)} pixels exceeds {MAX_WINDOW}"
    return None


def _padding(graph: Graph, op: Op) -> str | None:
    padding = getattr(op.attrs, "padding", None)
    if isinstance(padding, at.Padding) and max(padding.top, padding.left) > MAX_WINDOW:
        return f"padding of {max(padding.top, padding.left)} pixels exceeds {MAX_WINDOW}"
    return None


def _average(graph: Graph, op: Op) -> str | None:
    if op.kind is not OpKind.AVERAGE_POOL_2D:
        return None
    regions = average_pool_regions(graph, op)
    largest = max(count for _, count in regions)
    if largest > MAX_AVERAGE:
        return f"an average over {largest} pixels exceeds {MAX_AVERAGE}"
    if len(regions) > MAX_REGIONS:
        return f"its windows overlap the padding in {len(regions)} ways, more than {MAX_REGIONS}"
    return None


def _channels(graph: Graph, op: Op) -> str | None:
    channels = graph.result(op).shape[-1]
    windowed = op.kind not in (OpKind.ADD, OpKind.CONCATENATION)
    if windowed and channels > MAX_CHANNELS:
        return f"{channels} channels exceed {MAX_CHANNELS}"
    return None


_SHAPE_CHECKS: tuple[Callable[[Graph, Op], str | None], ...] = (
    _multiplier,
    _window,
    _padding,
    _average,
    _channels,
)


def _left_shift(work: Demands) -> str | None:
    if work.left_shift > MAX_LEFT_SHIFT:
        return f"requantisation shifts left by {work.left_shift} bits, more than {MAX_LEFT_SHIFT}"
    return None


def _accumulator(work: Demands, config: NpuConfig) -> str | None:
    if work.largest_sum >= 1 << (config.accumulator_bits - 1):
        bits = work.largest_sum.bit_length() + 1
        return (
            f"its sums can need {bits} bits, more than accumulator_bits = {config.accumulator_bits}"
        )
    return None


def _ring(work: Demands, config: NpuConfig) -> str | None:
    needed = ring_bytes(work.block_words, config, paired=False)
    once = work.depthwise or config.microcode
    if once and needed > config.weight_buffer_bytes:
        return (
            f"a block of its weights needs {needed} bytes, more than weight_buffer_bytes = "
            f"{config.weight_buffer_bytes}"
        )
    return None


def _microcode(work: Demands) -> str | None:
    if work.rows > MAX_MICROCODE_ROWS:
        return f"{work.rows} rows exceed {MAX_MICROCODE_ROWS} with control = microcode"
    return None
