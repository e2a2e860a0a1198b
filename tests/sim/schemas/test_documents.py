"""What verbs write is what docs/schemas/ say; a document with anything else is refused."""

import copy
import json
import sys

import numpy as np
import onnx
import pytest
from jsonschema import Draft202012Validator

from tests.documents import faults
from tilewright.hw.fpga.boards import find_board
from tilewright.sim.__main__ import main
from tilewright.sim.fpga.configuration import board_config
from tilewright.sim.fpga.latency import NetworkCycles
from tilewright.sim.fpga.placement import Placement, TimingPath
from tilewright.sim.fpga.result import FpgaResult
from tilewright.sim.networks.zoo import zoo_topology
from tilewright.sim.networks.zoo.calibrate import sample_input
from tilewright.sim.schemas.documents import documents


def written(monkeypatch, folder, *arguments, file="r.json"):
    monkeypatch.chdir(folder)
    monkeypatch.setattr(sys, "argv", ["tilewright", *arguments])
    assert main() == 0
    return json.loads((folder / file).read_text())


def leaves(schema, path=""):
    """Path of each field, and whether it is described."""
    for name, found in schema.get("properties", {}).items():
        below = f"{path}.{name}"
        choices = (found, *found.get("anyOf", ()))
        yield below, any("description" in choice or "const" in choice for choice in choices)
        yield from leaves(found, below)
    for inner in (
        schema.get("items"),
        schema.get("additionalProperties"),
        *schema.get("anyOf", ()),
    ):
        if isinstance(inner, dict):
            yield from leaves(inner, path)


@pytest.mark.parametrize("document", documents(), ids=lambda document: document.name)
def test_a_schema_is_one_and_tells_what_each_field_means(document):
    Draft202012Validator.check_schema(document.schema)
    told = list(leaves(document.schema))
    assert len(told) > 8
    assert [path for path, described in told if not described] == []


@pytest.mark.parametrize(
    "options",
    [
        ["--backend", "model"],
        ["--backend", "model", "--rate", "2"],
        ["--backend", "model", "--preset", "cpu-only"],
        ["--backend", "model", "--set", "accumulator_bits=20"],
        ["--backend", "functional"],
    ],
)
def test_a_run_writes_its_document(monkeypatch, tmp_path, options):
    arguments = ["run", "--model", "ad", *options, "--json", "r.json"]
    assert faults(written(monkeypatch, tmp_path, *arguments)) == []


def test_several_inferences_write_theirs(monkeypatch, tmp_path):
    row = sample_input(zoo_topology("kws"), 1)[np.newaxis].astype(np.float32)
    np.save(tmp_path / "x.npy", np.concatenate([row, row]))
    arguments = ["run", "--model", "kws", "--backend", "functional", "--input", "x.npy"]
    document = written(monkeypatch, tmp_path, *arguments, "--json", "r.json")
    assert len(document["inferences"]) == 2
    assert faults(document) == []


@pytest.mark.parametrize(
    "arguments",
    [
        ["inspect", "vww"],
        ["inspect", "kws", "--preset", "cpu-only"],
        ["explain", "--model", "ad", "--set", "requantiser_lanes=4"],
        ["explain", "--model", "ad", "--preset", "cpu-only"],
        ["area"],
        ["area", "--preset", "icebreaker"],
        ["bench", "--model", "ad", "--points", "1"],
    ],
)
def test_a_verb_writes_its_document(monkeypatch, tmp_path, arguments):
    document = written(monkeypatch, tmp_path, *arguments, "--json", "r.json")
    assert document["schema"] == f"tilewright.{arguments[0]}/1"
    assert faults(document) == []


def test_chips_are_written_as_theirs(monkeypatch, tmp_path):
    arguments = ["compare-chips", "--model", "ad", "--design", "rows=4", "--json", "r.json"]
    document = written(monkeypatch, tmp_path, *arguments)
    assert document["schema"] == "tilewright.chips/1"
    assert {row["measured"] for row in document["rows"]} == {True, False}
    assert faults(document) == []


def test_a_refused_network_is_inspected_into_the_same_document(monkeypatch, tmp_path):
    ends = [
        onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, [1, 4]) for name in "xy"
    ]
    node = onnx.helper.make_node("Relu", ["x"], ["y"])
    graph = onnx.helper.make_graph([node], "float", ends[:1], ends[1:])
    onnx.save(onnx.helper.make_model(graph), tmp_path / "f.onnx")
    document = written(monkeypatch, tmp_path, "inspect", "f.onnx", "--json", "r.json")
    assert document["obstacles"]
    assert faults(document) == []


def test_a_trace_is_one(monkeypatch, tmp_path):
    arguments = ["run", "--model", "ad", "--backend", "model", "--trace", "r.json"]
    document = written(monkeypatch, tmp_path, *arguments)
    assert {event["ph"] for event in document["traceEvents"]} == {"M", "X", "C"}
    assert faults(document) == []


@pytest.mark.parametrize("bitstream", [True, False])
def test_a_chip_of_a_board_is_one(tmp_path, bitstream):
    board = find_board("icebreaker")
    path = TimingPath("a", "b", 3.5, 1.0, 2.5, ("a", "x", "b"))
    result = FpgaResult(
        board=board,
        config=board_config(board, {}),
        seed=1,
        resources={"LUT": (10, 5280)},
        placement=Placement({"clk": 17.3}, {"clk": path}, {"LUT": (10, 5280)}),
        seconds={"yosys": 1.25},
        tools={"yosys": "0.70"},
        backend="rtl",
        networks=[NetworkCycles("kws", 1200), NetworkCycles("vww", None, "too large")],
        bitstream=tmp_path / "top.bin" if bitstream else None,
    )
    result.write(tmp_path / "fpga.json")
    document = json.loads((tmp_path / "fpga.json").read_text())
    assert (document["bitstream"] == "top.bin") == bitstream
    assert faults(document) == []


def test_anything_else_is_a_fault(result):
    document = json.loads(json.dumps(result.to_dict()))
    assert faults(document) == []

    def changed(change):
        other = copy.deepcopy(document)
        change(other)
        (fault,) = faults(other)
        return fault

    assert "'sum' was unexpected" in changed(lambda d: d["total"].update(sum=1))
    assert "'rows' is a required" in changed(lambda d: d["config"].pop("rows"))
    assert "layers.1.stalls" in changed(lambda d: d["layers"][1]["stalls"].update(lunch=1))
    assert "is not of type" in changed(lambda d: d["layers"][0].update(cycles="many"))
    assert "is not one of" in changed(lambda d: d.update(backend="paper"))
    assert "'commit' is a required" in changed(lambda d: d.pop("commit"))
