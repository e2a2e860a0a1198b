"""Inferences one after another: state is kept, each is told, the sum as well."""

import json
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

from tests.documents import faults
from tilewright.hw.spec.errors import CheckError, RequestError
from tilewright.hw.spec.settings import load_config
from tilewright.mapper.graph.graph import Graph
from tilewright.mapper.graph.op import Op, State
from tilewright.mapper.graph.tensor import Quant, Tensor
from tilewright.mapper.operators.elementwise import Add
from tilewright.sim.networks.labels import read_labels
from tilewright.sim.networks.network_file import NetworkFile
from tilewright.sim.progress import Progress
from tilewright.sim.report.outputs import answer
from tilewright.sim.results.result import Output
from tilewright.sim.run.evaluate import evaluate, require_equal
from tilewright.sim.run.inferences import Inferences

SILENT = Progress(Console(quiet=True))
Q = Quant((1.0,), (0,))


def counter() -> NetworkFile:
    """The sum of all inputs so far, from 5 on: sum = sum + x, all in steps of one."""
    tensors = [Tensor(name, (1, 4), "int8", Q) for name in ("x", "sum", "next")]
    initial = np.full((1, 4), 5, np.int8)
    graph = Graph.build(
        "counter",
        tensors,
        [Op("add", Add(), ("sum", "x"), ("next",))],
        ["x"],
        ["next"],
        states=[State("sum", "next", initial)],
    )
    return NetworkFile(name="counter", path="counter", sha256="0", graph=graph)


def rows(*values: int) -> list[dict[str, np.ndarray]]:
    return [{"x": np.full((1, 4), value, np.int8)} for value in values]


@pytest.mark.parametrize(("reset", "expected"), [(False, [6, 8, 11, 15]), (True, [6, 7, 8, 9])])
def test_state_lasts_until_it_is_reset(reset, expected):
    inferences = Inferences(rows=rows(1, 2, 3, 4), reset_state=reset)
    found = evaluate(counter(), load_config(), "functional", inferences, SILENT)
    values = [inference.outputs[0].values for inference in found.result.inferences]
    assert values == [(total,) * 4 for total in expected]
    assert found.result.outputs[0].values == (expected[-1],) * 4


def test_the_model_tells_each_inference():
    inferences = Inferences(rows=rows(1, 2))
    found = evaluate(counter(), load_config(), "model", inferences, SILENT).result
    assert len(found.inferences) == 2
    assert all(i.cycles and i.cycles > 0 and i.outputs == () for i in found.inferences)
    assert len(found.to_dict()["inferences"]) == 2


@pytest.mark.rtl
def test_state_lasts_on_the_chip(tmp_path):
    from tilewright.sim.rtl.backend import run_rtl

    def run_chip(program, inputs):
        return run_rtl(program, inputs, progress=SILENT)

    inferences = Inferences(rows=rows(1, 2, 3))
    found = evaluate(counter(), load_config(), "rtl", inferences, SILENT, run_chip)
    result = require_equal("counter", found)
    assert [i.outputs[0].values[0] for i in result.inferences] == [6, 8, 11]
    assert result.check.elements == 8, "outputs and states are compared"
    result.to_json(tmp_path / "r.json")
    assert faults(json.loads((tmp_path / "r.json").read_text())) == []


def test_a_difference_ends_it_and_is_an_error():
    from tilewright.sim.rtl.backend import RtlResult

    def run_chip(program, inputs):
        wrong = {"next": np.zeros((1, 4), np.int8)}
        return RtlResult(
            outputs=wrong, states={"sum": wrong["next"]}, cycles=1, segments=(), uart="",
            activity=(), build_s=0.0, simulate_s=1.0, simulated_cycles=1,
        )  # fmt: skip

    found = evaluate(counter(), load_config(), "rtl", Inferences(rows=rows(1, 2)), SILENT, run_chip)
    assert len(found.result.inferences) == 1
    with pytest.raises(CheckError, match="counter: 8 of 8 output elements differ"):
        require_equal("counter", found)


def output(*values: int, shape: tuple[int, ...] | None = None) -> Output:
    return Output(
        name="y", shape=shape or (1, len(values)), dtype="int8", scale=0.5, zero_point=-2,
        values=values,
    )  # fmt: skip


def test_classes_come_in_falling_order_with_their_names():
    assert answer(output(0, 4, 2), ("cat", "dog")) == "dog 3, class 2 2, cat 1"


def test_other_outputs_show_shape_and_first_values():
    grid = output(*range(12), shape=(1, 3, 4))
    assert answer(grid, ()) == "[1x3x4] 1, 1.5, 2, 2.5, 3, 3.5, 4, 4.5, ..."


def test_labels_are_lines_of_a_text(tmp_path: Path):
    path = tmp_path / "labels.txt"
    path.write_text("cat\n\tdog \n")
    assert read_labels(path) == ("cat", "dog")
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(RequestError, match="is no text"):
        read_labels(path)
    with pytest.raises(RequestError, match=r"none\.txt: cannot be read"):
        read_labels(tmp_path / "none.txt")
