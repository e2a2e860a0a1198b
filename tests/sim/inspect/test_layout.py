from itertools import pairwise

import networkx as nx
import pytest

from tilewright.sim.inspect.layout import layered

WIDTH = 100.0


def laid(*edges):
    graph = nx.DiGraph()
    graph.add_edges_from(edges)
    return graph, layered(graph, dict.fromkeys(graph, WIDTH))


def test_a_chain_is_a_straight_line():
    _, layout = laid(("a", "b"), ("b", "c"))
    assert layout.rank == {"a": 0, "b": 1, "c": 2}
    assert len(set(layout.x.values())) == 1
    assert layout.right - layout.left == WIDTH


def test_an_edge_goes_around_what_lies_between():
    _, layout = laid(("a", "b"), ("b", "c"), ("a", "c"))
    (bend,) = layout.bends["a", "c"]
    assert abs(bend - layout.x["b"]) > WIDTH / 2
    assert layout.bends["a", "b"] == []


def test_order_follows_neighbours_so_that_edges_do_not_cross():
    edges = [("top", n) for n in "abcd"] + [("d", "D"), ("c", "C"), ("b", "B"), ("a", "A")]
    _, layout = laid(*edges)
    assert sorted("abcd", key=layout.x.get) == [n.lower() for n in sorted("ABCD", key=layout.x.get)]


@pytest.mark.parametrize("seed", range(4))
def test_nodes_of_a_rank_never_overlap(seed):
    tree = nx.gnp_random_graph(40, 0.08, seed=seed, directed=True)
    graph = nx.DiGraph((str(a), str(b)) for a, b in tree.edges if a < b)
    layout = layered(graph, dict.fromkeys(graph, WIDTH))
    for a, b in graph.edges:
        assert layout.rank[a] < layout.rank[b]
        assert len(layout.bends[a, b]) == layout.rank[b] - layout.rank[a] - 1
    for rank in set(layout.rank.values()):
        places = sorted(layout.x[n] for n in graph if layout.rank[n] == rank)
        assert all(b - a >= WIDTH for a, b in pairwise(places))
        assert layout.left <= places[0] - WIDTH / 2
        assert places[-1] + WIDTH / 2 <= layout.right


def test_nothing_has_a_layout():
    assert layered(nx.DiGraph(), {}).x == {}
