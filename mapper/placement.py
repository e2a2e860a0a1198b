"""Which engine each operator runs on: the NPU where it can, else the CPU, with the reason."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from hw.spec.config import Config
from hw.spec.errors import RequestError
from mapper.attributes import OpKind
from mapper.buffers import Slices, assign_slices
from mapper.concatenation import chunks, copy_work
from mapper.graph import Graph, Op
from mapper.lifetimes import Lifetimes, lifetimes
from mapper.lower import lower
from mapper.supported import Demands, demands, kind_objection, shape_objection, work_objection
from mapper.work import Layer, WindowWork, Work

NO_NPU = "the configuration has no NPU"

_BY_ROWS = (OpKind.RELU, OpKind.QUANTIZE, OpKind.CONCATENATION)
"""Operators whose works depend on the array's rows."""

_KEPT = 32
"""Placements that are kept."""


@dataclass(frozen=True)
class Placement:
    """The layers of a network in order, where tensors lie in buffers, and when those are alive."""

    layers: Sequence[Layer]
    slices: Slices
    lives: Lifetimes


class Placer:
    """Places a rewritten graph; what does not depend on the configuration is worked out once.

    ``original`` is the graph as imported, for the operators and products that a layer covers.
    Raises RequestError for an operator that no engine computes.
    """

    def __init__(self, original: Graph, graph: Graph) -> None:
        _refuse_constant_activations(graph)
        self._original, self._graph = original, graph
        self._shape_reasons = {op.name: shape_objection(graph, op) for op in graph.ops}
        self._by_rows = any(op.kind in _BY_ROWS for op in graph.ops)
        self._lowered: dict[tuple[str, int], tuple[Work, ...]] = {}
        self._demands: dict[tuple[str, int], tuple[Demands, ...]] = {}
        self._placed = lru_cache(maxsize=_KEPT)(self._make)

    def place(self, config: Config) -> Placement:
        """The layers on the engines that compute them. Raises RequestError as the constructor."""
        reasons = tuple(self._reason(op, config) for op in self._graph.ops)
        return self._placed(reasons, config.npu.rows if self._by_rows else 0)

    def _reason(self, op: Op, config: Config) -> str | None:
        """Why the CPU computes an operator; None where the NPU does."""
        if config.soc.npu == "none":
            return NO_NPU
        reason = self._shape_reasons[op.name]
        reason = reason or kind_objection(op.kind, config.npu)
        if reason is not None or op.kind in (OpKind.CONCATENATION, OpKind.RESHAPE):
            return reason
        key = (op.name, config.npu.rows if op.kind in _BY_ROWS else 0)
        if key not in self._demands:
            works = self._lower(op, config.npu.rows)
            self._demands[key] = tuple(demands(w) for w in works if isinstance(w, WindowWork))
        objections = (work_objection(work, config.npu) for work in self._demands[key])
        return next(filter(None, objections), None)

    def _lower(self, op: Op, rows: int) -> tuple[Work, ...]:
        """The works of an operator, for an array of so many rows."""
        key = (op.name, rows if op.kind in _BY_ROWS else 0)
        if key not in self._lowered:
            self._lowered[key] = tuple(lower(self._graph, op, rows))
        return self._lowered[key]

    def _make(self, found: tuple[str | None, ...], rows: int) -> Placement:
        original, graph = self._original, self._graph
        reasons = {op.name: reason for op, reason in zip(graph.ops, found, strict=True)}
        slices = assign_slices(graph, {name: reason is None for name, reason in reasons.items()})
        owners = _owners(original, graph, slices)
        layers: list[Layer] = []
        for op in graph.ops:
            if not _is_layer(op, slices):
                continue
            reason = reasons[op.name]
            covered = [o for o in original.ops if owners.get(o.name) == op.name]
            kinds = {o.name: o.kind for o in covered}
            layers.append(
                Layer(
                    op=op,
                    engine="cpu" if reason is not None else "npu",
                    reads=_reads(graph, op, slices),
                    output=op.outputs[0],
                    covers=tuple(o.name for o in covered),
                    macs=sum(original.op_macs(o) for o in covered),
                    shown=kinds.get(op.name, op.kind),
                    works=() if reason is not None else self._works(op, slices, rows),
                    reason=reason or "",
                )
            )
        return Placement(layers, slices, lifetimes(graph, layers, slices))

    def _works(self, op: Op, slices: Slices, rows: int) -> tuple[Work, ...]:
        if op.kind is OpKind.CONCATENATION:
            return tuple(
                copy_work(op, chunk, rows)
                for index, chunk in enumerate(chunks(self._graph, op))
                if not slices.in_place(op, index)
            )
        return self._lower(op, rows)


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
