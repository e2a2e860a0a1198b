"""Where a network's states are written, so that the next inference finds them.

A state is read from a home in main memory. Where nobody reads it any more when its next value is
written, that value gets the same home and nothing has to be copied. Else a layer copies it, behind
the last reader of the value before: on the accelerator, where there is one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from tilewright.hw.spec.errors import RequestError
from tilewright.hw.spec.npu_config import NpuConfig
from tilewright.mapper.graph.graph import Graph
from tilewright.mapper.graph.op import Op, State
from tilewright.mapper.graph.operator import Site
from tilewright.mapper.operators.variables import AssignVariable
from tilewright.mapper.placement.buffers import Slice, Slices
from tilewright.mapper.placement.layer import NO_NPU, Layer


@dataclass(frozen=True)
class PlacedStates:
    """The layers and slices of a network with what its states need.

    ``shared`` names for the buffer of a next value that of the value before, whose home it takes.
    ``assigned`` are such buffers that copies are made to: homes and nothing else.
    """

    layers: Sequence[Layer]
    slices: Slices
    shared: Mapping[str, str]
    assigned: frozenset[str]


def place_states(
    graph: Graph, layers: Sequence[Layer], slices: Slices, npu: NpuConfig | None
) -> PlacedStates:
    """Decide for each state; ``npu`` is the accelerator, None where there is none.

    Raises RequestError where a state is another one unchanged.
    """
    shared: dict[str, str] = {}
    copied: list[State] = []
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
            copied.append(state)
        taken.add(source)
    found = list(layers)
    assigned: dict[str, str] = {}
    positions = {state.reads: _position(layers, slices, state) for state in copied}
    for state in sorted(copied, key=lambda state: -positions[state.reads]):
        layer = _copy(graph, state, npu)
        assigned |= dict.fromkeys(layer.op.outputs, slices[state.reads].buffer)
        found.insert(positions[state.reads], layer)
    slices = replace(slices, of={**slices.of, **{name: Slice(name) for name in assigned}})
    return PlacedStates(found, slices, {**shared, **assigned}, frozenset(assigned))


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


def _copy(graph: Graph, state: State, npu: NpuConfig | None) -> Layer:
    """The layer that copies a state's next value to where the value before lies."""
    operator = AssignVariable(reads=state.reads)
    name = f"assign {state.reads}"
    while name in graph.tensors:
        name += "'"
    x = graph.tensors[state.writes]
    site = Site(name, operator.kind, (x,), (replace(x, name=name),))
    return Layer(
        op=Op(name, operator, (x.name,), () if npu is None else (name,)),
        engine="cpu" if npu is None else "npu",
        reads=(x.name, state.reads) if npu is None else (x.name,),
        output=x.name,
        covers=(),
        macs=0,
        shown=operator.kind,
        works=() if npu is None else tuple(operator.works(site, npu)),
        reason=NO_NPU if npu is None else "",
    )


def _position(layers: Sequence[Layer], slices: Slices, state: State) -> int:
    """Where a state is copied: it is there, the one before has been read, and the accelerator is
    at work in any case, if there is such a place."""
    buffers = {slices[state.reads].buffer, slices[state.writes].buffer}
    last = max(
        index
        for index, layer in enumerate(layers)
        if buffers & {slices[name].buffer for name in (*layer.reads, *layer.op.outputs)}
    )
    beside = (
        index
        for index in range(last + 1, len(layers) + 1)
        if any(layer.engine == "npu" for layer in layers[index - 1 : index + 1])
    )
    return next(beside, len(layers))
