"""A network between the importers and the rest of the mapper: an immutable graph of operators.

Nodes are operators, edges are the tensors that pass between them (`Graph.digraph`, networkx). A
pass takes a Graph and returns a new one; `verify` is called after each.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from types import MappingProxyType
from typing import cast

import networkx as nx

from tilewright.hw.spec.errors import RequestError
from tilewright.mapper.graph.op import Op, Port, PortType, State
from tilewright.mapper.graph.operator import Site
from tilewright.mapper.graph.tensor import Tensor
from tilewright.mapper.graph.verify import site_of, verify


@dataclass(frozen=True, eq=False)
class Graph:
    """A network. `ops` are in topological order; make one with `Graph.build`, which sorts them.

    `ports` (by tensor name) has an entry for every input and output. `states` last from inference
    to inference. `remarks` are what a user should know of the import.
    """

    name: str
    tensors: Mapping[str, Tensor]
    ops: tuple[Op, ...]
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    ports: Mapping[str, Port] = field(default_factory=dict[str, Port])
    states: tuple[State, ...] = ()
    remarks: tuple[str, ...] = ()

    @staticmethod
    def build(
        name: str,
        tensors: Iterable[Tensor],
        ops: Iterable[Op],
        inputs: Iterable[str],
        outputs: Iterable[str],
        ports: Iterable[Port] = (),
        states: Iterable[State] = (),
        remarks: Iterable[str] = (),
    ) -> "Graph":
        """Sort the operators, drop tensors that nothing uses and verify.

        Raises RequestError where the operators form a cycle or a tensor does not exist.
        """
        by_name = {tensor.name: tensor for tensor in tensors}
        inputs, outputs, states = tuple(inputs), tuple(outputs), tuple(states)
        ordered, ends = _sorted(tuple(ops)), (*inputs, *outputs)
        lasting = {name for state in states for name in (state.reads, state.writes)}
        used = {t for op in ordered for t in (*op.inputs, *op.outputs)} | set(ends) | lasting
        given = {port.tensor: port for port in ports}
        graph = Graph(
            name,
            MappingProxyType({n: t for n, t in by_name.items() if n in used}),
            ordered,
            inputs,
            outputs,
            MappingProxyType(
                {n: given.get(n) or _own_port(by_name[n]) for n in ends if n in by_name}
            ),
            states,
            tuple(remarks),
        )
        verify(name, graph.tensors, graph.ops, graph.sources, graph.sinks)
        return graph

    def replace(
        self,
        *,
        tensors: Iterable[Tensor] | None = None,
        ops: Iterable[Op] | None = None,
        outputs: Iterable[str] | None = None,
    ) -> "Graph":
        """A new, sorted and verified graph with other tensors, operators or outputs."""
        return Graph.build(
            self.name,
            self.tensors.values() if tensors is None else tensors,
            self.ops if ops is None else ops,
            self.inputs,
            self.outputs if outputs is None else outputs,
            self.ports.values(),
            self.states,
            self.remarks,
        )

    @property
    def sources(self) -> tuple[str, ...]:
        """What is there before the first operator: inputs and the states that are read."""
        return (*self.inputs, *(state.reads for state in self.states))

    @property
    def sinks(self) -> tuple[str, ...]:
        """What must be there after the last operator: outputs and the states that are written."""
        return (*self.outputs, *(state.writes for state in self.states))

    @cached_property
    def digraph(self) -> "nx.DiGraph[str]":
        """Nodes: operator names (with `op`). Edges: producer to consumer (with `tensors`)."""
        return _digraph(self.ops)

    @cached_property
    def _producers(self) -> dict[str, Op]:
        return {tensor: op for op in self.ops for tensor in op.outputs}

    @cached_property
    def _consumers(self) -> dict[str, tuple[Op, ...]]:
        found: dict[str, tuple[Op, ...]] = {}
        for op in self.ops:
            for tensor in dict.fromkeys(op.inputs):
                found[tensor] = (*found.get(tensor, ()), op)
        return found

    def producer(self, tensor: str) -> Op | None:
        """The operator that writes the tensor; None for constants and inputs."""
        return self._producers.get(tensor)

    def consumers(self, tensor: str) -> tuple[Op, ...]:
        """The operators that read the tensor, in order, each once."""
        return self._consumers.get(tensor, ())

    def operands(self, op: Op) -> tuple[Tensor, ...]:
        """The input tensors of an operator."""
        return tuple(self.tensors[name] for name in op.inputs)

    def result(self, op: Op) -> Tensor:
        """The output tensor of an operator."""
        return self.tensors[op.outputs[0]]

    def site(self, op: Op) -> Site:
        """The operator with its tensors."""
        return site_of(self.tensors, op)

    def op_macs(self, op: Op) -> int:
        """Products of one convolution or matrix product; 0 for other operators."""
        return op.operator.macs(self.site(op))

    def macs(self) -> int:
        """Products of one inference."""
        return self._macs

    @cached_property
    def _macs(self) -> int:
        return sum(self.op_macs(op) for op in self.ops)

    def parameters(self) -> int:
        """Weights and biases of the network, each constant once."""
        return sum(tensor.elements for tensor in self.tensors.values() if tensor.data is not None)


def _own_port(tensor: Tensor) -> Port:
    return Port(tensor.name, tensor.name, tensor.shape, cast("PortType", tensor.dtype))


def _digraph(ops: tuple[Op, ...]) -> "nx.DiGraph[str]":
    graph: nx.DiGraph[str] = nx.DiGraph()
    producers = {tensor: op.name for op in ops for tensor in op.outputs}
    for op in ops:
        graph.add_node(op.name, op=op)
    for op in ops:
        for tensor in dict.fromkeys(op.inputs):
            if tensor in producers:
                edge = (producers[tensor], op.name)
                carried = graph.edges[edge]["tensors"] if graph.has_edge(*edge) else ()
                graph.add_edge(*edge, tensors=(*carried, tensor))
    return graph


def _sorted(ops: tuple[Op, ...]) -> tuple[Op, ...]:
    """Topological order that keeps the given order where it may."""
    position = {op.name: index for index, op in enumerate(ops)}
    if len(position) != len(ops):
        names = [op.name for op in ops]
        twice = next(name for name in names if names.count(name) > 1)
        raise RequestError(f"two operators are named '{twice}'; operator names must be unique")
    try:
        order = list(nx.lexicographical_topological_sort(_digraph(ops), key=position.__getitem__))
    except nx.NetworkXUnfeasible:
        raise RequestError(
            "the operators form a cycle; a network must be acyclic: export it without loops"
        ) from None
    by_name = {op.name: op for op in ops}
    return tuple(by_name[name] for name in order)
