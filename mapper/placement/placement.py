"""Which engine each operator runs on: the NPU where it can, else the CPU, with the reason."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass

from tilewright.hw.spec.config import Config
from tilewright.hw.spec.npu_config import NpuConfig
from tilewright.mapper.graph.graph import Graph
from tilewright.mapper.graph.op import Op
from tilewright.mapper.placement.buffers import Slices, assign_slices
from tilewright.mapper.placement.kept import Kept
from tilewright.mapper.placement.layer import NO_NPU, Layer
from tilewright.mapper.placement.lifetimes import Lifetimes, lifetimes
from tilewright.mapper.placement.states import place_states
from tilewright.mapper.works.work import Work

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
        self._lowered: dict[str, Kept[tuple[Work, ...]]] = {
            op.name: Kept(_KEPT) for op in graph.ops
        }
        self._placed: Kept[Placement] = Kept(_KEPT)

    def place(self, config: Config) -> Placement:
        """The layers on the engines that compute them."""
        ops = self._graph.ops
        reasons = {op.name: self._reason(op, config) for op in ops}
        keys = tuple(self._works_key(op, config.npu) for op in ops)
        key = tuple(reasons.values()), keys
        return self._placed.get(key, lambda: self._make(reasons, config))

    def _reason(self, op: Op, config: Config) -> str | None:
        """Why the CPU computes an operator; None where the NPU does."""
        if config.soc.npu == "none":
            return NO_NPU
        reason = self._shape_reasons[op.name] or op.operator.unit_objection(config.npu)
        if reason is not None or op.operator.is_view or op.operator.joins:
            return reason
        objections = (work.objection(config.npu) for work in self._lower(op, config.npu))
        return next(filter(None, objections), None)

    def _works_key(self, op: Op, npu: NpuConfig) -> Hashable:
        """What the works of an operator depend on, where an accelerator can compute it."""
        if self._shape_reasons[op.name] is not None or op.operator.is_view:
            return None
        return op.operator.works_key(self._graph.site(op), npu)

    def _lower(self, op: Op, npu: NpuConfig) -> tuple[Work, ...]:
        """The works of an operator."""

        def works() -> tuple[Work, ...]:
            return tuple(op.operator.works(self._graph.site(op), npu))

        return self._lowered[op.name].get(self._works_key(op, npu), works)

    def _make(self, reasons: Mapping[str, str | None], config: Config) -> Placement:
        original, graph, npu = self._original, self._graph, config.npu
        on_npu = {name: reason is None for name, reason in reasons.items()}
        slices = assign_slices(graph, on_npu, self._with_tables(on_npu, npu))
        owners = _owners(original, graph, slices)
        owned: dict[str, list[Op]] = {}
        for op in original.ops:
            if op.name in owners:
                owned.setdefault(owners[op.name], []).append(op)
        layers: list[Layer] = []
        for op in graph.ops:
            if not _is_layer(op, slices):
                continue
            reason = reasons[op.name]
            covered = owned.get(op.name, [])
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
                    works=() if reason is not None else self._works(op, slices, npu),
                    reason=reason or "",
                )
            )
        placed = place_states(graph, layers, slices, None if config.soc.npu == "none" else npu)
        return Placement(placed.layers, placed.slices, lifetimes(graph, placed))

    def _with_tables(self, on_npu: Mapping[str, bool], npu: NpuConfig) -> frozenset[str]:
        """The operators whose results the accelerator can send through a table."""
        return frozenset(
            op.name
            for op in self._graph.ops
            if on_npu[op.name]
            and not (op.operator.is_view or op.operator.joins)
            and all(work.takes_table for work in self._lower(op, npu))
        )

    def _works(self, op: Op, slices: Slices, npu: NpuConfig) -> tuple[Work, ...]:
        works = self._lower(op, npu)
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
    objection = op.operator.objection(site)
    if objection is None and constant is not None and not takes:
        return f"its operand '{constant.name}' is a constant"
    return objection


def _is_layer(op: Op, slices: Slices) -> bool:
    """Whether an operator has anything to do: views and concatenations in place have not, nor has a
    function that its input's producer applies."""
    if op.operator.joins:
        return any(not slices.in_place(op.name, index) for index in range(len(op.inputs)))
    return not op.operator.is_view and op not in slices.looked_up.values()


def _reads(graph: Graph, op: Op, slices: Slices) -> tuple[str, ...]:
    computed = [t for t in op.inputs if graph.tensors[t].data is None]
    if op.operator.joins:
        apart = {i for i in range(len(op.inputs)) if not slices.in_place(op.name, i)}
        computed = [t for i, t in enumerate(op.inputs) if i in apart and t in computed]
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
