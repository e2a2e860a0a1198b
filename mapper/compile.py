"""From a network to a Program: the mapper, top to bottom."""

from __future__ import annotations

from hw.spec.config import Config
from mapper.graph.graph import Graph
from mapper.placement.placement import Placement, Placer
from mapper.planning.homes import plan_homes
from mapper.planning.residency import Problem, plan_residency
from mapper.program.assembly import Assembly
from mapper.program.cpu_steps import count_steps
from mapper.program.program import Program
from mapper.rewrites.fold_identity import fold_identity
from mapper.rewrites.fuse_activation import fuse_activation
from mapper.rewrites.fuse_padding import fuse_padding
from mapper.works.weights import PackedWeights


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
        placed = self._placer.place(config)
        layers, slices, lives = placed.layers, placed.slices, placed.lives
        problem = Problem(layers, slices, lives.buffers, lives.homeless, lives.inputs, config.npu)
        residency = plan_residency(problem)
        steps = count_steps(self._fused, slices, layers)
        resident, count = set(residency.addresses), len(layers)
        homes = plan_homes(self._graph.name, lives, resident, count, count + steps, config)
        return Assembly(
            graph=self._graph,
            rewritten=self._fused,
            config=config,
            layers=layers,
            slices=slices,
            lives=lives,
            residency=residency,
            homes=homes,
            packed=self._packed,
            cpu_steps=steps,
        ).program()

    def placement(self, config: Config) -> Placement:
        """Which engine computes what and when tensors are alive: before memory is shared out."""
        return self._placer.place(config)

    @property
    def rewritten(self) -> Graph:
        """The graph in the form that the hardware takes; each pass verifies its result."""
        return self._fused
