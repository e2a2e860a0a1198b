"""From a network to a Program: the mapper, top to bottom."""

from __future__ import annotations

from hw.spec.config import Config
from mapper.assembly import Assembly
from mapper.graph import Graph
from mapper.homes import plan_homes
from mapper.lifetimes import lifetimes
from mapper.placement import place
from mapper.program import Program
from mapper.residency import Problem, plan_residency
from mapper.rewrites.expand_depthwise import expand_depthwise
from mapper.rewrites.fold_identity import fold_identity
from mapper.rewrites.fuse_activation import fuse_activation
from mapper.rewrites.fuse_padding import fuse_padding


def compile_model(graph: Graph, config: Config) -> Program:
    """Map a network onto a configuration.

    Raises RequestError naming layer, limit and remedy for a network that does not fit.
    """
    rewritten = rewrite(graph, config)
    layers, slices = place(graph, rewritten, config)
    lives = lifetimes(rewritten, layers, slices)
    problem = Problem(layers, slices, lives.buffers, lives.homeless, lives.inputs, config.npu)
    residency = plan_residency(problem)
    homes = plan_homes(graph.name, lives, set(residency.addresses), layers, config)
    return Assembly(graph, rewritten, config, layers, slices, lives, residency, homes).program()


def rewrite(graph: Graph, config: Config) -> Graph:
    """The graph in the form that the hardware takes; each pass verifies its result."""
    graph = fold_identity(graph)
    graph = fuse_padding(graph)
    graph = fuse_activation(graph)
    if config.soc.npu != "none":
        graph = expand_depthwise(graph, config.npu)
    return graph
