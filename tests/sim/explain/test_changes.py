import pytest
from rich.console import Console

from tilewright.hw.spec.config import make_config
from tilewright.hw.spec.errors import RequestError
from tilewright.sim.explain.changes import AGAINST, predicted_changes, proposals
from tilewright.sim.explain.explain import explain
from tilewright.sim.networks.network_file import open_network
from tilewright.sim.progress import Progress
from tilewright.sim.report.causes import MEANINGS
from tilewright.sim.run.predict import Predictor

QUIET = Progress(Console(quiet=True))


def test_each_field_is_made_larger_within_its_limits():
    found = list(proposals(make_config({"rows": 24, "bus_bytes": 16, "memory_latency": 1}), 3))
    assert ("rows", 36) not in found
    assert [value for key, value in found if key == "rows"] == []
    assert [value for key, value in found if key == "cols"] == [12, 16]
    assert dict(found)["bus_bytes"] == 32
    assert "memory_latency" not in dict(found)
    assert {"npu", "move_unit", "accumulator_bits", "requantiser_lanes", "cpu",
            "depthwise_kernel"}.isdisjoint(dict(found))  # fmt: skip


def test_what_was_left_out_is_proposed():
    values = {"move_unit": False, "table_unit": False, "accumulator_bits": 24, "cpu": "lite",
              "requantiser_lanes": 2}  # fmt: skip
    found = dict(proposals(make_config(values), 5))
    assert found["move_unit"] is found["table_unit"] is True
    assert (found["accumulator_bits"], found["cpu"]) == (32, "full")
    assert (found["requantiser_lanes"], found["depthwise_kernel"]) == (8, 5)
    assert dict(proposals(make_config({"npu": "none"}), 3))["npu"] == "array"


def test_a_slow_memory_is_proposed_to_be_sram():
    values = {"memory_kind": "psram", "weight_memory_kind": "flash"}
    found = dict(proposals(make_config(values), 3))
    assert (found["memory_kind"], found["weight_memory_kind"]) == ("sram", "sram")
    assert "memory_kind" not in dict(proposals(make_config({}), 3))


def test_every_proposal_says_what_it_is_against():
    none = {"npu": "none", "cpu": "lite"}
    small = {"move_unit": False, "table_unit": False, "elementwise_unit": False,
             "accumulator_bits": 24, "cpu": "lite", "requantiser_lanes": 2,
             "memory_kind": "dram", "weight_memory_kind": "flash"}  # fmt: skip
    keys = {key for values in (none, small) for key, _ in proposals(make_config(values), 5)}
    assert keys == set(AGAINST)
    known = {*MEANINGS, "on the CPU", "firmware", "computing"}
    assert {cause for causes in AGAINST.values() for cause in causes} <= known


def test_changes_are_what_the_model_says_of_the_other_configuration():
    network = open_network("ad", QUIET)
    values = {"cols": 4, "port_bytes": 8}
    found = predicted_changes(Predictor(network), values, 3, QUIET)
    cycles = {change.text: change.result and change.result.total.cycles for change in found}
    alone = Predictor(network).predict(make_config({"cols": 4, "port_bytes": 16})).total.cycles
    assert cycles["port_bytes 8 to 16"] == alone
    known = [value for value in cycles.values() if value is not None]
    assert known == sorted(known)
    # Sixteen rows need a port of sixteen bytes, which somebody has set to eight.
    refused = next(change for change in found if change.text == "rows 8 to 16")
    assert "port_bytes = 8 is less than rows = 16" in refused.refusal


def test_an_explanation_is_printed_and_written(tmp_path, capsys):
    found = explain("kws", {"rows": 4}, tmp_path / "e.json", tmp_path / "e.html", QUIET)
    out = capsys.readouterr().out
    assert out.startswith("kws on 4x8, model: ")
    assert "rows 4 to 8" in out
    document = found.to_dict()
    assert document["schema"] == "tilewright.explain/1"
    lost = sum(loss["cycles"] for loss in document["losses"])
    assert 0 < lost < document["cycles"]
    for loss in document["losses"]:
        assert loss["cycles"] == sum(layer["cycles"] for layer in loss["layers"])
    page = (tmp_path / "e.html").read_text()
    assert "Why kws on 4x8, model" in page
    assert "rows 4 to 8" in page


def test_a_window_that_can_be_kept_on_chip_is_proposed(capsys):
    # Its depthwise windows are 3 x 3; the first layer's, 10 x 4, no hardware keeps.
    found = explain("kws", {"depthwise_kernel": 2}, None, None, QUIET)
    change = next(change for change in found.changes if change.key == "depthwise_kernel")
    assert change.after == 3
    assert change.result.total.cycles < found.result.total.cycles
    assert "depthwise_kernel 2 to 3" in capsys.readouterr().out


def test_what_the_model_has_no_figures_of_is_refused():
    with pytest.raises(RequestError, match="explain predicts, which needs the model backend"):
        explain("kws", {"cpu": "min"}, None, None, QUIET)
