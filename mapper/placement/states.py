"""Where a network's states are written, so that the next inference finds them.

A state is read from a home in main memory. Where nobody reads it any more when its next value is
written, that value gets the same home and nothing has to be copied. Else a last layer copies it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from hw.spec.errors import RequestError
from mapper.graph.graph import Graph
from mapper.graph.op import Op, State
from mapper.operators.variables import AssignVariable
from mapper.placement.buffers import Slices
from mapper.placement.layer import Layer


@dataclass(frozen=True)
class StateHomes:
    """``shared`` names for the buffer of a next value that of the value before; ``copies`` are
    the layers that copy the others."""

    shared: Mapping[str, str]
    copies: tuple[Layer, ...]


def place_states(graph: Graph, layers: Sequence[Layer], slices: Slices) -> StateHomes:
    """Decide for each state. Raises RequestError where one is another one unchanged."""
    shared: dict[str, str] = {}
    copies: list[Layer] = []
    taken: set[str] = set()
    for state in graph.states:
        target, source = slices[state.reads].buffer, slices[state.writes].buffer
        if source in {slices[name].buffer for name in graph.sources}:
            raise RequestError(
                f"network '{graph.name}': variable '{state.reads}' is assigned '{state.writes}', "
                "which was there before the inference: assign a computed tensor"
            )
        if source not in taken and _dies_before(graph, layers, slices, state):
            shared[source] = target
        else:
            copies.append(_copy(state))
        taken.add(source)
    return StateHomes(shared, tuple(copies))


def _dies_before(graph: Graph, layers: Sequence[Layer], slices: Slices, state: State) -> bool:
    """Whether the last layer that touches the old value is over when the new one is begun."""
    target, source = slices[state.reads].buffer, slices[state.writes].buffer
    whole = target == state.reads and slices[state.writes].offset == 0
    same = graph.tensors[source].bytes == graph.tensors[target].bytes
    ends = [*graph.outputs, *(s.writes for s in graph.states)]
    if not whole or not same or any(slices[name].buffer == target for name in ends):
        return False
    read = [i for i, layer in enumerate(layers) if _touches(layer.reads, target, slices)]
    written = [i for i, layer in enumerate(layers) if _touches(layer.op.outputs, source, slices)]
    if not written:
        return False
    over = layers[min(written)].op.operator.updates_states
    return max(read, default=-1) < min(written) + over


def _touches(tensors: Sequence[str], buffer: str, slices: Slices) -> bool:
    return any(slices[name].buffer == buffer for name in tensors)


def _copy(state: State) -> Layer:
    operator = AssignVariable(reads=state.reads)
    op = Op(f"assign {state.reads}", operator, (state.writes,), ())
    reason = "a variable is assigned in main memory"
    return Layer(
        op=op,
        engine="cpu",
        reads=(state.writes, state.reads),
        output=state.writes,
        covers=(),
        macs=0,
        shown=operator.kind,
        reason=reason,
    )
