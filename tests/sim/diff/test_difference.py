import pytest

from tilewright.sim.diff.difference import Pair, difference_of, matched
from tilewright.sim.diff.rows import relative
from tilewright.sim.diff.saved import SavedLayer, read_run


def layers(*names):
    return [
        SavedLayer(name=name, op="OP", engine="npu", cycles=10, energy_j=None, losses={})
        for name in names
    ]


def test_layers_are_matched_by_name_and_keep_both_orders():
    found = matched(layers("a", "b", "c", "d"), layers("a", "x", "c", "y", "z"))
    assert [(pair.name, pair.where) for pair in found] == [
        ("a", ""), ("x", "only in B"), ("b", "only in A"), ("c", ""), ("y", "only in B"),
        ("z", "only in B"), ("d", "only in A"),
    ]  # fmt: skip


def test_layers_of_one_name_are_matched_in_order():
    found = matched(layers("a", "a"), layers("a", "b", "a", "a"))
    assert [(pair.name, pair.where) for pair in found] == [
        ("a", ""), ("b", "only in B"), ("a", ""), ("a", "only in B"),
    ]  # fmt: skip


def test_networks_without_a_common_layer_are_shown_whole():
    found = matched(layers("a"), layers("b", "c"))
    assert sorted((pair.name, pair.where) for pair in found) == [
        ("a", "only in A"), ("b", "only in B"), ("c", "only in B"),
    ]  # fmt: skip


def test_figures_causes_and_configuration_differ(saved):
    def other(document):
        document["config"]["cols"] = 12
        document["config"]["new_field"] = 1
        document["total"]["cycles"] = 900
        document["layers"][1] |= {"cycles": 500, "engine": "cpu", "stalls": {"transfer": 5}}

    found = difference_of(read_run(saved("a.json")), read_run(saved("b.json", other)))
    assert found.same_network
    assert found.config == {"cols": (8, 12), "new_field": (None, 1)}
    assert found.total["cycles"].change == -100
    assert found.total["cycles"].relative == pytest.approx(-0.1)
    assert found.causes["weights"] == Pair(60, 0)
    assert found.causes["transfer"] == Pair(0, 5)
    assert found.energy["cpu"].relative == 0
    conv = next(pair for pair in found.layers if pair.name == "conv<1>[x]")
    assert conv.cycles == Pair(600, 500)
    assert conv.engine == "NPU > CPU"


def test_a_change_is_told_in_percent_or_in_times():
    assert relative(Pair(200, 201)) == "+0.5%"
    assert relative(Pair(200_000, 200_001)) == "+0.001%"
    assert relative(Pair(200, 100)) == "-50.0%"
    assert relative(Pair(10, 120)) == "x12"
    assert relative(Pair(0, 0)) == relative(Pair(7, 7)) == "="
    assert relative(Pair(0, 7)) == relative(Pair(None, 7)) == "-"
