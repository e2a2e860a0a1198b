"""Operators on the CPU as steps, with their tables and constants in main memory."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from tilewright.hw.spec.program import Step
from tilewright.mapper.graph.graph import Graph
from tilewright.mapper.graph.op import Op
from tilewright.mapper.placement.buffers import Slices
from tilewright.mapper.placement.layer import Layer


@dataclass(frozen=True)
class CpuSteps:
    """Makes steps; it is the `mapper.graph.operator.Cpu` that operators are given.

    ``home`` finds a computed tensor in main memory, ``place`` puts bytes there.
    """

    graph: Graph
    slices: Slices
    home: Callable[[str], int]
    place: Callable[[bytes], int]
    _constants: dict[str, int] = field(default_factory=dict[str, int])

    def steps(self, op: Op, layer: int) -> list[Step]:
        """The steps of one operator, as layer number ``layer``."""
        found = op.operator.steps(self.graph.site(op), self)
        return [Step(kind, layer, values) for kind, values in found]

    def address(self, tensor: str) -> int:
        """A tensor's address; a constant is placed when it is asked for first."""
        data = self.graph.tensors[tensor].data
        if data is None:
            return self.home(tensor)
        if tensor not in self._constants:
            little = data.astype(data.dtype.newbyteorder("<"))
            self._constants[tensor] = self.place(little.tobytes())
        return self._constants[tensor]

    def constant(self, data: bytes) -> int:
        """Place a table and return its address."""
        return self.place(data)

    def in_place(self, operator: str, index: int) -> bool:
        """Whether a joined input is written into the result by its producer."""
        return self.slices.in_place(operator, index)


def count_steps(graph: Graph, slices: Slices, layers: Sequence[Layer]) -> int:
    """How many steps the CPU has, whatever the addresses are."""
    counter = CpuSteps(graph, slices, lambda _: 0, lambda _: 0)
    return sum(len(counter.steps(layer.op, 0)) for layer in layers if layer.engine == "cpu")
