"""Which engine each operator runs on: the NPU where it can, else the CPU, with the reason."""

from __future__ import annotations

from collections.abc import Mapping

from hw.spec.config import Config
from hw.spec.errors import RequestError
from mapper.attributes import OpKind
from mapper.buffers import Slices, assign_slices
from mapper.concatenation import chunks, copy_work
from mapper.graph import Graph, Op
from mapper.lower import lower
from mapper.supported import npu_objection
from mapper.work import Layer, Work

NO_NPU = "the configuration has no NPU"


def place(original: Graph, graph: Graph, config: Config) -> tuple[list[Layer], Slices]:
    """The layers of a rewritten graph, in order, and where each tensor lies in its buffer.

    ``original`` is the graph as imported, for the operators and products that a layer covers.
    Raises RequestError for an operator that no engine computes.
    """
    _refuse_constant_activations(graph)
    reasons = {op.name: _reason(graph, op, config) for op in graph.ops}
    slices = assign_slices(graph, {name: reason is None for name, reason in reasons.items()})
    owners = _owners(original, graph, slices)
    layers: list[Layer] = []
    for op in graph.ops:
        if not _is_layer(op, slices):
            continue
        reason = reasons[op.name]
        covered = [o for o in original.ops if owners.get(o.name) == op.name]
        layers.append(
            Layer(
                op=op,
                engine="cpu" if reason is not None else "npu",
                reads=_reads(graph, op, slices),
                output=op.outputs[0],
                covers=tuple(o.name for o in covered),
                macs=sum(original.op_macs(o) for o in covered),
                works=() if reason is not None else tuple(_works(graph, op, slices, config)),
                reason=reason or "",
            )
        )
    return layers, slices


def _refuse_constant_activations(graph: Graph) -> None:
    for op in graph.ops:
        weighted = op.kind in (
            OpKind.CONV_2D, OpKind.DEPTHWISE_CONV_2D, OpKind.FULLY_CONNECTED,
        )  # fmt: skip
        for tensor in graph.operands(op)[: 1 if weighted else None]:
            if tensor.data is not None:
                raise RequestError(
                    f"{op.kind.value} '{op.name}': operand '{tensor.name}' is a constant; "
                    "fold it into the operator before, since operands must be computed"
                )


def _reason(graph: Graph, op: Op, config: Config) -> str | None:
    if config.soc.npu == "none":
        return NO_NPU
    return npu_objection(graph, op, config.npu)


def _is_layer(op: Op, slices: Slices) -> bool:
    """Whether an operator has anything to do: views and concatenations in place have not."""
    if op.kind is OpKind.CONCATENATION:
        return any(not slices.in_place(op, index) for index in range(len(op.inputs)))
    return op.kind is not OpKind.RESHAPE


def _reads(graph: Graph, op: Op, slices: Slices) -> tuple[str, ...]:
    if op.kind is OpKind.CONCATENATION:
        return tuple(
            dict.fromkeys(t for i, t in enumerate(op.inputs) if not slices.in_place(op, i))
        )
    return tuple(dict.fromkeys(t for t in op.inputs if graph.tensors[t].data is None))


def _works(graph: Graph, op: Op, slices: Slices, config: Config) -> list[Work]:
    if op.kind is OpKind.CONCATENATION:
        return [
            copy_work(op, chunk, config.npu.rows)
            for index, chunk in enumerate(chunks(graph, op))
            if not slices.in_place(op, index)
        ]
    return lower(graph, op, config.npu.rows)


def _owners(original: Graph, graph: Graph, slices: Slices) -> Mapping[str, str]:
    """For each imported operator the operator of the rewritten graph whose layer computes it."""
    names = {op.name: op for op in graph.ops}
    owners: dict[str, str] = {}
    for op in reversed(original.ops):
        owner = names.get(op.name) or graph.producer(op.outputs[0])
        if owner is not None and _is_layer(owner, slices):
            owners[op.name] = owner.name
        elif owner is None:  # a padding that its readers took over
            reader = original.consumers(op.outputs[0])[0]
            owners[op.name] = owners[reader.name]
    for op in original.ops:  # views belong to what they view
        if op.name not in owners:
            source = original.producer(op.inputs[0])
            if source is not None and source.name in owners:
                owners[op.name] = owners[source.name]
    return owners
