"""Tensors that share bytes: views, parts of a concatenation, sums in place.

A buffer is a stretch of bytes named after the tensor that fills it. Every other tensor of the
buffer is a slice of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from mapper.attributes import OpKind
from mapper.concatenation import can_write_in_place, chunks, pitches
from mapper.graph import Graph, Op


@dataclass(frozen=True)
class Slice:
    """Where a tensor lies: ``offset`` bytes into ``buffer``; pitch 0: dense."""

    buffer: str
    offset: int = 0
    pixel_pitch: int = 0
    row_pitch: int = 0


@dataclass(frozen=True)
class Slices:
    """The slice of every activation tensor; ``placed`` are (concatenation, input index)."""

    of: Mapping[str, Slice]
    placed: frozenset[tuple[str, int]]

    def __getitem__(self, tensor: str) -> Slice:
        return self.of[tensor]

    def in_place(self, op: Op, index: int) -> bool:
        """Whether the producer of a concatenation's input writes into the result."""
        return (op.name, index) in self.placed


def assign_slices(graph: Graph, on_npu: dict[str, bool]) -> Slices:
    """Decide which tensors share bytes."""
    parents: dict[str, Slice] = {}
    placed: set[tuple[str, int]] = set()
    for op in graph.ops:
        if op.kind is OpKind.RESHAPE:
            parents[op.outputs[0]] = Slice(op.inputs[0])
        elif op.kind is OpKind.CONCATENATION:
            for index, chunk in enumerate(chunks(graph, op)):
                if chunk.tensor not in parents and can_write_in_place(graph, op, chunk, on_npu):
                    pixel, row = pitches(op, chunk, graph.tensors[chunk.tensor])
                    parents[chunk.tensor] = Slice(op.outputs[0], chunk.offset, pixel, row)
                    placed.add((op.name, index))
    _add_in_place(graph, on_npu, parents)
    names = [name for name, tensor in graph.tensors.items() if tensor.data is None]
    return Slices({name: _resolve(name, parents) for name in names}, frozenset(placed))


def _resolve(tensor: str, parents: Mapping[str, Slice]) -> Slice:
    """Follow parents up to the buffer. Only the last step down may have pitches."""
    found = Slice(tensor)
    while (parent := parents.get(found.buffer)) is not None:
        found = Slice(
            parent.buffer,
            found.offset + parent.offset,
            found.pixel_pitch or parent.pixel_pitch,
            found.row_pitch or parent.row_pitch,
        )
    return found


def _add_in_place(graph: Graph, on_npu: dict[str, bool], parents: dict[str, Slice]) -> None:
    """Let ADD write over an operand that is a buffer of its own and dies there."""
    for position, op in enumerate(graph.ops):
        if op.kind is not OpKind.ADD or not on_npu[op.name] or op.outputs[0] in parents:
            continue
        for operand in op.inputs:
            if _dies_here(graph, operand, position, parents):
                parents[op.outputs[0]] = Slice(operand)
                break


def _dies_here(graph: Graph, operand: str, position: int, parents: Mapping[str, Slice]) -> bool:
    """Whether no tensor of the operand's buffer is an end of the network or is read later."""
    if operand in parents:
        return False
    shared = [
        name
        for name, tensor in graph.tensors.items()
        if tensor.data is None and _resolve(name, parents).buffer == operand
    ]
    later = {name for op in graph.ops[position + 1 :] for name in op.inputs}
    ends = {*graph.inputs, *graph.outputs}
    return not any(name in later or name in ends for name in shared)
