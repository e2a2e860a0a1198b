"""Where the nodes of a layered graph stand: ranks from the top, few crossings, short edges.

Sugiyama's steps on networkx: ranks are topological generations, edges over several ranks get a
place in each (so that they go around nodes), the order within a rank follows the neighbours'
average, and so do the places. Graphviz would do it as well, but is a binary that PyPI does not
have; the packages there that lay graphs out are unmaintained or young, for what takes a page here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean

import networkx as nx

SWEEPS = 8
_BEND_WIDTH = 14.0
_GAP = 24.0

Key = str | tuple[str, str, int]
"""A node's name, or an edge's place in a rank: from, to, rank."""


@dataclass(frozen=True)
class Layout:
    """``rank`` and middle ``x`` of each node; ``bends``: of each edge its x in the ranks between.

    ``left`` and ``right`` are the outermost edges of nodes.
    """

    rank: Mapping[str, int]
    x: Mapping[str, float]
    bends: Mapping[tuple[str, str], Sequence[float]]
    left: float
    right: float


def layered(graph: nx.DiGraph[str], widths: Mapping[str, float]) -> Layout:
    """Lay an acyclic graph out; ``widths`` of its nodes in any unit, which x is in as well."""
    rank = {n: r for r, names in enumerate(nx.topological_generations(graph)) for n in names}
    lined, of_rank = _with_bends(graph, rank)
    size = {key: widths[key] if isinstance(key, str) else _BEND_WIDTH for key in lined}
    order = _ordered(lined, of_rank)
    x = _placed(lined, order, size)
    bends = {(a, b): [x[a, b, r] for r in range(rank[a] + 1, rank[b])] for a, b in graph.edges}
    nodes = {name: x[name] for name in graph}
    return Layout(
        rank,
        nodes,
        bends,
        min((x[key] - size[key] / 2 for key in x), default=0.0),
        max((x[key] + size[key] / 2 for key in x), default=0.0),
    )


def _with_bends(
    graph: nx.DiGraph[str], rank: Mapping[str, int]
) -> tuple[nx.DiGraph[Key], list[list[Key]]]:
    """The graph with edges from rank to rank only, and what stands in each rank."""
    lined: nx.DiGraph[Key] = nx.DiGraph()
    lined.add_nodes_from(graph)
    of_rank: list[list[Key]] = [[] for _ in range(max(rank.values(), default=-1) + 1)]
    for name in graph:
        of_rank[rank[name]].append(name)
    for a, b in graph.edges:
        path: list[Key] = [a, *((a, b, r) for r in range(rank[a] + 1, rank[b])), b]
        nx.add_path(lined, path)
        for r, key in enumerate(path[1:-1], rank[a] + 1):
            of_rank[r].append(key)
    return lined, of_rank


def _ordered(lined: nx.DiGraph[Key], of_rank: Sequence[Sequence[Key]]) -> list[list[Key]]:
    """Each rank by the average place of the neighbours above, then below, again and again."""
    order = [list(keys) for keys in of_rank]
    place = {key: float(i) for keys in order for i, key in enumerate(keys)}
    for sweep in range(SWEEPS):
        down = sweep % 2 == 0
        for keys in order if down else reversed(order):
            near = lined.pred if down else lined.succ
            keys.sort(key=lambda k: fmean([place[n] for n in near[k]]) if near[k] else place[k])
            place.update({key: float(i) for i, key in enumerate(keys)})
    return order


def _placed(
    lined: nx.DiGraph[Key], order: Sequence[Sequence[Key]], size: Mapping[Key, float]
) -> dict[Key, float]:
    """Middles: near the neighbours' average, in order, and never over one another."""
    x: dict[Key, float] = dict.fromkeys(size, 0.0)
    for keys in order:
        _spread(keys, dict.fromkeys(keys, 0.0), size, x)
    for sweep in range(SWEEPS):
        down = sweep % 2 == 0
        for keys in order if down else reversed(order):
            near = lined.pred if down else lined.succ
            wanted = {k: fmean([x[n] for n in near[k]]) if near[k] else x[k] for k in keys}
            _spread(keys, wanted, size, x)
    return x


def _spread(
    keys: Sequence[Key],
    wanted: Mapping[Key, float],
    size: Mapping[Key, float],
    x: dict[Key, float],
) -> None:
    """Place a rank from the left, each as wanted or behind the one before; then shift it back."""
    edge = float("-inf")
    for key in keys:
        x[key] = max(wanted[key], edge + size[key] / 2)
        edge = x[key] + size[key] / 2 + _GAP
    shift = fmean([wanted[key] - x[key] for key in keys])
    for key in keys:
        x[key] += shift
