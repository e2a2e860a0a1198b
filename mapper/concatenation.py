"""CONCATENATION: which inputs are written straight into the result, and copies for the others.

Any concatenation interleaves chunks: the result is ``outer`` groups, each with one chunk of every
input. Along H there is a single group, and each input is a contiguous part of the result.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import prod

from mapper import attributes as at
from mapper.attributes import OpKind
from mapper.graph import Graph, Op, Tensor
from mapper.lower import IDENTITY, flat_shape, pointwise, uniform
from mapper.work import Operand, Work


@dataclass(frozen=True)
class Chunk:
    """One input's share of the result, in bytes: ``outer`` chunks, ``pitch`` apart."""

    tensor: str
    offset: int
    outer: int
    length: int
    pitch: int

    @property
    def contiguous(self) -> bool:
        """Whether the input is one stretch of the result."""
        return self.outer == 1 or self.length == self.pitch


def chunks(graph: Graph, op: Op) -> list[Chunk]:
    """The share of each input, in order."""
    assert isinstance(op.attrs, at.Concatenation)
    axis, shape = op.attrs.axis, graph.result(op).shape
    pitch, outer = prod(shape[axis:]), prod(shape[:axis])
    result: list[Chunk] = []
    offset = 0
    for tensor in graph.operands(op):
        length = prod(tensor.shape[axis:])
        result.append(Chunk(tensor.name, offset, outer, length, pitch))
        offset += length
    return result


def can_write_in_place(graph: Graph, op: Op, chunk: Chunk, on_npu: dict[str, bool]) -> bool:
    """Whether the producer of an input can write its chunks into the result itself.

    ``on_npu`` tells for each operator by name whether the NPU computes it. Contiguous shares
    need nothing of the producer. Others must be written pixel by pixel, so by a window command,
    and nobody else may read them, since readers want dense images.
    """
    producer = graph.producer(chunk.tensor)
    if producer is None or chunk.tensor in graph.inputs:
        return False
    if chunk.contiguous:
        return True
    axis = op.attrs.axis if isinstance(op.attrs, at.Concatenation) else 0
    return (
        on_npu.get(producer.name, False)
        and producer.kind not in (OpKind.ADD, OpKind.CONCATENATION, OpKind.RESHAPE)
        and not _is_flat(producer)
        and chunk.tensor not in graph.outputs
        and len(graph.consumers(chunk.tensor)) == 1
        and op.inputs.count(chunk.tensor) == 1
        and len(graph.result(op).shape) == 4
        and axis in (2, 3)
    )


def _is_flat(producer: Op) -> bool:
    """Whether a producer sees its tensors in a shape of its own."""
    return producer.kind in (OpKind.RELU, OpKind.QUANTIZE, OpKind.SOFTMAX)


def pitches(op: Op, chunk: Chunk, tensor: Tensor) -> tuple[int, int]:
    """(pixel pitch, row pitch) of an input inside the result; (0, 0) when it is contiguous."""
    assert isinstance(op.attrs, at.Concatenation)
    if chunk.contiguous:
        return 0, 0
    cols, channels = tensor.shape[2:4]
    if op.attrs.axis == 3:
        return chunk.pitch, cols * chunk.pitch
    return channels, chunk.pitch


def copy_work(op: Op, chunk: Chunk, rows: int) -> Work:
    """A depthwise work that copies one input into the result."""
    if chunk.contiguous:
        elements = chunk.outer * chunk.length
        shape = flat_shape(elements, (1, 1, elements), rows)
        pitch = 0
    else:
        shape = (1, chunk.outer, chunk.length)
        pitch = chunk.pitch
    target = Operand(op.outputs[0], chunk.offset, pitch)
    return pointwise(Operand(chunk.tensor), target, (shape, shape), uniform(shape[2], 0, IDENTITY))
