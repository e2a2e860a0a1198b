"""Each rewrite changes the operators it should and no value of the network."""

import numpy as np

from tests.mapper.graph_executor import execute
from tests.mapper.networks import Sketch
from tests.random_networks import random_input, random_network
from tilewright.mapper.compile import Mapper
from tilewright.mapper.operators.images import Padding
from tilewright.mapper.operators.requantise import Quantize
from tilewright.mapper.rewrites.fold_identity import fold_identity
from tilewright.mapper.rewrites.fuse_activation import fuse_activation
from tilewright.mapper.rewrites.fuse_padding import fuse_padding

MARGIN = Padding(top=2, left=1, bottom=0, right=3)


def kinds(graph):
    return [op.kind for op in graph.ops]


def assert_equal_values(before, after):
    x = random_input(before, 1)
    expected, found = (execute(graph, {graph.inputs[0]: x}) for graph in (before, after))
    for name in before.outputs:
        assert np.array_equal(expected[name], found[name])


def test_padding_moves_into_every_convolution_that_reads_it():
    sketch = Sketch()
    padded = sketch.pad("x", "p", MARGIN)
    outputs = [
        sketch.conv(padded, "c", 4, (3, 3), Padding(top=1)),
        sketch.depthwise(padded, "d"),
    ]
    before = sketch.graph(*outputs)
    after = fuse_padding(before)
    assert kinds(after) == ["CONV_2D", "DEPTHWISE_CONV_2D"]
    assert after.ops[0].operator.padding == Padding(top=3, left=1, bottom=0, right=3)
    assert_equal_values(before, after)


def test_padding_stays_where_another_operator_reads_it():
    sketch = Sketch()
    padded = sketch.pad("x", "p", MARGIN)
    conv = sketch.conv(padded, "c", 3)
    before = sketch.graph(conv, sketch.relu(padded, "r"))
    assert kinds(fuse_padding(before)) == kinds(before)


def test_padding_stays_where_it_is_an_output():
    sketch = Sketch()
    padded = sketch.pad("x", "p", MARGIN)
    before = sketch.graph(padded, sketch.conv(padded, "c", 3))
    assert kinds(fuse_padding(before)) == kinds(before)


def test_activation_of_equal_quantisation_becomes_a_clamp():
    sketch = Sketch()
    conv = sketch.conv("x", "c", 4, lo=-20, hi=50)
    before = sketch.graph(sketch.relu(conv, "r", lo=-4, hi=127))
    after = fuse_activation(before)
    assert kinds(after) == ["CONV_2D"]
    assert (after.ops[0].operator.lo, after.ops[0].operator.hi) == (-4, 50)
    assert after.ops[0].outputs == ("r",)
    assert_equal_values(before, after)


def test_clamps_that_do_not_meet_leave_one_value():
    sketch = Sketch()
    conv = sketch.conv("x", "c", 4, lo=-128, hi=-60)
    before = sketch.graph(sketch.relu(conv, "r", lo=-4, hi=9))
    after = fuse_activation(before)
    assert (after.ops[0].operator.lo, after.ops[0].operator.hi) == (-4, -4)
    assert_equal_values(before, after)


def test_activation_stays_with_another_scale_or_another_reader():
    sketch = Sketch()
    conv = sketch.conv("x", "c", 4)
    rescaled = sketch.graph(sketch.relu(conv, "r", scale=0.3))
    assert kinds(fuse_activation(rescaled)) == ["CONV_2D", "RELU"]
    sketch = Sketch()
    conv = sketch.conv("x", "c", 4)
    shared = sketch.graph(sketch.relu(conv, "r"), sketch.conv(conv, "e", 2))
    assert "RELU" in kinds(fuse_activation(shared))


def test_operators_that_change_nothing_become_views():
    sketch = Sketch()
    a = sketch.relu("x", "a", lo=-128, hi=127)
    b = sketch.pad(a, "b", Padding())
    c = sketch.op(Quantize(), [b], sketch.like(b, "c"))
    d = sketch.op(Quantize(), [c], sketch.like(c, "d", scale=0.1))
    before = sketch.graph(d)
    after = fold_identity(before)
    assert kinds(after) == ["RESHAPE"] * 3 + ["QUANTIZE"]
    assert_equal_values(before, after)


def test_random_networks_keep_their_values():
    for seed in range(40):
        before = random_network(seed)
        assert_equal_values(before, Mapper(before).rewritten)


def test_a_chain_of_clamps_is_verified_in_proportion_to_its_length(monkeypatch):
    """A long chain once built and verified the whole graph for each clamp that it fused."""
    verified: list[str] = []

    def note(tensors, op, ready):
        verified.append(op.name)

    def operators_verified(length: int) -> int:
        sketch = Sketch()
        last = sketch.conv("x", "c", 4, (3, 3), Padding())
        for number in range(length):
            last = sketch.relu(last, f"r{number}")
        graph = sketch.graph(last)
        monkeypatch.setattr("tilewright.mapper.graph.verify._verify_links", note)
        verified.clear()
        assert kinds(fuse_activation(graph)) == ["CONV_2D"]
        Mapper(graph)
        return len(verified)

    # An operator stays; each pass verifies what it left.
    assert operators_verified(80) <= 2 * operators_verified(40)
