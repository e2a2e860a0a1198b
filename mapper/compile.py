"""From a network to a Program: the mapper, top to bottom."""

from __future__ import annotations

from tilewright.hw.spec.config import Config
from tilewright.mapper.graph.graph import Graph
from tilewright.mapper.placement.placement import Placement, Placer
from tilewright.mapper.planning.cascades import plan_layers
from tilewright.mapper.planning.homes import Counts, plan_homes
from tilewright.mapper.program.assembly import Assembly
from tilewright.mapper.program.cpu_steps import count_steps
from tilewright.mapper.program.program import Program
from tilewright.mapper.rewrites.fold_identity import fold_identity
from tilewright.mapper.rewrites.fuse_activation import fuse_activation
from tilewright.mapper.rewrites.fuse_padding import fuse_padding
from tilewright.mapper.works.weights import PackedWeights


def compile_model(graph: Graph, config: Config) -> Program:
    """Map a network onto a configuration.

    Raises RequestError naming layer, limit and remedy for a network that does not fit.
    """
    return Mapper(graph).program(config)


class Mapper:
    """Maps one network onto configurations; what these share is worked out once.

    Raises RequestError for a network that no configuration can compute.
    """

    def __init__(self, graph: Graph) -> None:
        self._graph = graph
        self._fused = fuse_activation(fuse_padding(fold_identity(graph)))
        self._packed = PackedWeights()
        self._placer = Placer(graph, self._fused)

    def program(self, config: Config) -> Program:
        """As `compile_model`."""
        planned = plan_layers(self._fused, self._placer.place(config), config.npu)
        layers, slices, lives = (
            planned.placed.layers, planned.placed.slices, planned.placed.lives,
        )  # fmt: skip
        steps, count = count_steps(self._fused, slices, layers), len(layers)
        counts = Counts(layers=count, records=planned.records, steps=count + steps)
        resident = set(planned.residency.addresses)
        return Assembly(
            graph=self._graph,
            rewritten=self._fused,
            config=config,
            layers=layers,
            slices=slices,
            lives=lives,
            residency=planned.residency,
            homes=plan_homes(self._graph.name, lives, resident, counts, config),
            packed=self._packed,
            cpu_steps=steps,
            records=planned.records,
        ).program()

    def placement(self, config: Config) -> Placement:
        """Which engine computes what and when tensors are alive: before memory is shared out."""
        return self._placer.place(config)

    @property
    def rewritten(self) -> Graph:
        """The graph in the form that the hardware takes; each pass verifies its result."""
        return self._fused
