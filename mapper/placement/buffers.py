"""Tensors that share bytes: views, parts of a concatenation, sums in place.

A buffer is a stretch of bytes named after the tensor that fills it. Every other tensor of the
buffer is a slice of it.
"""

from __future__ import annotations

from collections.abc import Mapping, Set
from dataclasses import dataclass

from tilewright.mapper.graph.graph import Graph
from tilewright.mapper.graph.op import Op
from tilewright.mapper.operators.concatenation import Chunk, Concatenation


@dataclass(frozen=True)
class Slice:
    """Where a tensor lies: ``offset`` bytes into ``buffer``; pitch 0: dense."""

    buffer: str
    offset: int = 0
    pixel_pitch: int = 0
    row_pitch: int = 0


@dataclass(frozen=True)
class Slices:
    """The slice of every activation tensor; ``placed`` are (concatenation, input index).

    ``looked_up``: by operator, the one that sends its results through the table of a function and
    so computes that function's result (`fused_tables`).
    """

    of: Mapping[str, Slice]
    placed: frozenset[tuple[str, int]]
    looked_up: Mapping[str, Op]

    def __getitem__(self, tensor: str) -> Slice:
        return self.of[tensor]

    def in_place(self, operator: str, index: int) -> bool:
        """Whether the producer of a concatenation's input writes into the result."""
        return (operator, index) in self.placed


def assign_slices(graph: Graph, on_npu: dict[str, bool], with_tables: Set[str]) -> Slices:
    """Decide which tensors share bytes.

    ``with_tables``: the operators on the NPU whose results can go through a table.
    """
    looked_up = fused_tables(graph, on_npu, with_tables)
    parents = {op.inputs[0]: Slice(op.outputs[0]) for op in looked_up.values()}
    placed: set[tuple[str, int]] = set()
    for op in graph.ops:
        if op.operator.is_view:
            parents[op.outputs[0]] = Slice(op.inputs[0])
        elif isinstance(op.operator, Concatenation):
            site = graph.site(op)
            for index, chunk in enumerate(op.operator.chunks(site)):
                if chunk.tensor not in parents and _can_write_in_place(graph, op, chunk, on_npu):
                    pixel, row = op.operator.pitches(site, index)
                    parents[chunk.tensor] = Slice(op.outputs[0], chunk.offset, pixel, row)
                    placed.add((op.name, index))
    _add_in_place(graph, on_npu, parents, looked_up)
    names = [name for name, tensor in graph.tensors.items() if tensor.data is None]
    of = {name: _resolve(name, parents) for name in names}
    return Slices(of, frozenset(placed), looked_up)


def fused_tables(graph: Graph, on_npu: Mapping[str, bool], with_tables: Set[str]) -> dict[str, Op]:
    """By the name of an operator on the NPU the function that is applied to its results.

    Functions of single bytes cost nothing there: results go through their table before they are
    written. Nobody else may read what the function is applied to.
    """
    found: dict[str, Op] = {}
    for op in graph.ops:
        if op.operator.lookup_table(graph.site(op)) is None or not on_npu[op.name]:
            continue
        source = op.inputs[0]
        producer = graph.producer(source)
        if producer is None or producer.name not in with_tables:
            continue
        free = producer.operator.lookup_table(graph.site(producer)) is None
        alone = source not in graph.sinks and len(graph.consumers(source)) == 1
        if free and alone:
            found[producer.name] = op
    return found


def _can_write_in_place(graph: Graph, op: Op, chunk: Chunk, on_npu: Mapping[str, bool]) -> bool:
    """Whether the producer of an input can write its chunks into the result itself.

    ``on_npu`` tells for each operator by name whether the NPU computes it. Contiguous shares
    need nothing of the producer. Others must be written pixel by pixel, so by a window command,
    and nobody else may read them, since readers want dense images.
    """
    producer = graph.producer(chunk.tensor)
    if producer is None or chunk.tensor in graph.sources:
        return False
    if chunk.contiguous:
        return True
    assert isinstance(op.operator, Concatenation)
    return (
        on_npu.get(producer.name, False)
        and producer.operator.leaves_gaps(graph.site(producer))
        and chunk.tensor not in graph.sinks
        and len(graph.consumers(chunk.tensor)) == 1
        and op.inputs.count(chunk.tensor) == 1
        and len(graph.result(op).shape) == 4
        and op.operator.axis in (2, 3)
    )


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


def _add_in_place(
    graph: Graph,
    on_npu: Mapping[str, bool],
    parents: dict[str, Slice],
    looked_up: Mapping[str, Op],
) -> None:
    """Let a sum be written over an operand that is a buffer of its own and dies there."""
    sharing: dict[str, list[str]] = {}
    for name, tensor in graph.tensors.items():
        if tensor.data is None:
            sharing.setdefault(_resolve(name, parents).buffer, []).append(name)
    last_read = {name: position for position, op in enumerate(graph.ops) for name in op.inputs}
    ends = {*graph.sources, *graph.sinks}
    for position, op in enumerate(graph.ops):
        written = looked_up.get(op.name, op).outputs[0]
        if not op.operator.in_place or not on_npu[op.name] or written in parents:
            continue
        # Over what nobody else reads, if it can be: others may still be reading rows of the rest.
        for operand in sorted(op.inputs, key=lambda name: len(graph.consumers(name))):
            tensor, shared = graph.tensors[operand], sharing.get(operand, [])
            fits = tensor.data is None and tensor.shape == graph.result(op).shape
            lasts = any(name in ends or last_read.get(name, -1) > position for name in shared)
            if fits and operand not in parents and not lasts:
                parents[written] = Slice(operand)
                shared += sharing.pop(written, [])
                break
