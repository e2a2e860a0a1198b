"""When each buffer is alive, and which buffers must have a home in main memory."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from tilewright.mapper.graph.graph import Graph
from tilewright.mapper.memory import Block
from tilewright.mapper.placement.states import PlacedStates


@dataclass(frozen=True)
class Lifetimes:
    """``buffers`` by name, alive from the first to the last layer that touches them.

    ``homeless`` may live in the scratchpad alone or arrive there; the others are touched by the
    CPU. ``inputs`` and ``outputs`` are buffers of the network's ends. ``stores`` has the output
    tensors that are complete after a layer. ``shared``: as in `PlacedStates`.
    """

    buffers: Mapping[str, Block]
    homeless: frozenset[str]
    inputs: frozenset[str]
    outputs: frozenset[str]
    stores: Mapping[int, tuple[str, ...]]
    shared: Mapping[str, str]

    def stored_after(self, layer: int) -> tuple[str, ...]:
        """The network outputs that are complete after a layer."""
        return self.stores.get(layer, ())

    def homes(self, resident: set[str], layers: int) -> list[Block]:
        """Blocks of main memory. The network's inputs and outputs share it with nothing."""
        ends = self.inputs | self.outputs
        return [
            Block(name, block.bytes, -1, layers) if name in ends else block
            for name, block in self.buffers.items()
            if (name in ends or name not in resident) and name not in self.shared
        ]


def lifetimes(graph: Graph, placed: PlacedStates) -> Lifetimes:
    """Lifetimes of all buffers, from the layers that read and write their tensors."""
    layers, slices, shared = placed.layers, placed.slices, placed.shared
    sinks = [name for name in graph.sinks if name in graph.outputs or slices[name].buffer in shared]
    touched: dict[str, list[int]] = {}
    writers: dict[str, int] = {}
    on_cpu: set[str] = set()
    for index, layer in enumerate(layers):
        for tensor in (*layer.reads, *layer.op.outputs):
            buffer = slices[tensor].buffer
            if buffer in placed.assigned:
                continue
            touched.setdefault(buffer, []).append(index)
            if layer.engine == "cpu":
                on_cpu.add(buffer)
        writers |= dict.fromkeys([slices[name].buffer for name in layer.op.outputs], index)
    inputs = frozenset(slices[name].buffer for name in graph.sources)
    outputs = frozenset(slices[name].buffer for name in sinks)
    for buffer in inputs | outputs:
        touched.setdefault(buffer, [0])
    buffers = {
        name: Block(name, graph.tensors[name].bytes, min(at), max(at))
        for name, at in touched.items()
    }
    stores: dict[int, tuple[str, ...]] = {}
    for name in dict.fromkeys(sinks):
        writer = writers.get(slices[name].buffer)
        if writer is not None:
            stores[writer] = (*stores.get(writer, ()), name)
    ends = inputs | outputs
    idle = ends - set(writers) - {slices[t].buffer for layer in layers for t in layer.reads}
    homeless = frozenset(touched) - on_cpu - idle
    return Lifetimes(buffers, homeless, inputs, outputs, stores, shared)
