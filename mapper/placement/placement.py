"""Which engine each operator runs on: the NPU where it can, else the CPU, with the reason."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from hw.spec.config import Config
from mapper.graph.graph import Graph
from mapper.graph.op import Op
from mapper.placement.buffers import Slices, assign_slices
from mapper.placement.layer import Layer
from mapper.placement.lifetimes import Lifetimes, lifetimes
from mapper.works.work import Work

NO_NPU = "the configuration has no NPU"

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
    """

    def __init__(self, original: Graph, graph: Graph) -> None:
        self._original, self._graph = original, graph
        self._shape_reasons = {op.name: _objection(graph, op) for op in graph.ops}
        self._by_rows = any(op.operator.by_rows for op in graph.ops)
        self._lowered: dict[tuple[str, int], tuple[Work, ...]] = {}
        self._placed = lru_cache(maxsize=_KEPT)(self._make)

    def place(self, config: Config) -> Placement:
        """The layers on the engines that compute them."""
        reasons = tuple(self._reason(op, config) for op in self._graph.ops)
        return self._placed(reasons, config.npu.rows if self._by_rows else 0)

    def _reason(self, op: Op, config: Config) -> str | None:
        """Why the CPU computes an operator; None where the NPU does."""
        if config.soc.npu == "none":
            return NO_NPU
        reason = self._shape_reasons[op.name] or op.operator.unit_objection(config.npu)
        if reason is not None or op.operator.is_view or op.operator.joins:
            return reason
        objections = (work.objection(config.npu) for work in self._lower(op, config.npu.rows))
        return next(filter(None, objections), None)

    def _lower(self, op: Op, rows: int) -> tuple[Work, ...]:
        """The works of an operator, for an array of so many rows."""
        key = (op.name, rows if op.operator.by_rows else 0)
        if key not in self._lowered:
            self._lowered[key] = tuple(op.operator.works(self._graph.site(op), rows))
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
                    output=slices.looked_up.get(op.name, op).outputs[0],
                    covers=tuple(o.name for o in covered),
                    macs=sum(original.op_macs(o) for o in covered),
                    shown=kinds.get(op.name, op.kind),
                    works=() if reason is not None else self._works(op, slices, rows),
                    reason=reason or "",
                )
            )
        return Placement(layers, slices, lifetimes(graph, layers, slices))

    def _works(self, op: Op, slices: Slices, rows: int) -> tuple[Work, ...]:
        works = self._lower(op, rows)
        function = slices.looked_up.get(op.name)
        if function is not None:
            table = function.operator.lookup_table(self._graph.site(function))
            return tuple(work.through(table) for work in works)
        if not op.operator.joins:
            return works
        return tuple(work for i, work in enumerate(works) if not slices.in_place(op.name, i))


def _objection(graph: Graph, op: Op) -> str | None:
    """Why no accelerator computes an operator; None when one could."""
    site = graph.site(op)
    constant = next((t for t in op.operator.activations(site) if t.data is not None), None)
    takes = op.operator.is_view or op.operator.takes_constants
    if constant is not None and not takes:
        return f"its operand '{constant.name}' is a constant"
    return op.operator.objection(site)


def _is_layer(op: Op, slices: Slices) -> bool:
    """Whether an operator has anything to do: views and concatenations in place have not, nor has a
    function that its input's producer applies."""
    if op.operator.joins:
        return any(not slices.in_place(op.name, index) for index in range(len(op.inputs)))
    return not op.operator.is_view and op not in slices.looked_up.values()


def _reads(graph: Graph, op: Op, slices: Slices) -> tuple[str, ...]:
    computed = [t for t in op.inputs if graph.tensors[t].data is None]
    if op.operator.joins:
        computed = [t for i, t in enumerate(op.inputs) if not slices.in_place(op.name, i)]
    return tuple(dict.fromkeys(computed))


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
