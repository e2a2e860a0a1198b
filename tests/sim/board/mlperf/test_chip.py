"""Inferences on the chip: outputs by hand and by TensorFlow Lite Micro, cycles as in RTL."""

from dataclasses import replace

import numpy as np
import pytest
from rich.console import Console

from tests.mapper.networks import Sketch
from tests.mapper.streaming import random_rows, random_streaming
from tests.shared_models import golden, inputs, shared_models
from tilewright.hw.spec.errors import CheckError, RequestError
from tilewright.hw.spec.settings import load_config
from tilewright.mapper.compile import compile_model
from tilewright.sim.board.mlperf.benchmarks import BENCHMARKS, Codec, find_benchmark
from tilewright.sim.board.mlperf.chip import Chip
from tilewright.sim.functional.backend import run_functional
from tilewright.sim.networks.network_file import NetworkFile, open_network
from tilewright.sim.progress import Progress
from tilewright.sim.rtl.backend import RtlResult, run_rtl

SILENT = Progress(Console(quiet=True))
CONFIG = load_config()
EMPTY = RtlResult(
    outputs={},
    states={},
    cycles=0,
    segments=(),
    uart="",
    activity=(),
    build_s=0.0,
    simulate_s=0.0,
    simulated_cycles=None,
)
"""What a chip leaves, without outputs and cycles."""


def network(graph):
    return NetworkFile(name="small", path="", sha256="0", graph=graph)


def on_chip(network, source, run_chip=run_rtl):
    notes = []
    return Chip(network, CONFIG, source, run_chip, notes.append), notes


def never(program, inputs):
    raise AssertionError("nothing is simulated")


@pytest.mark.rtl
@pytest.mark.parametrize("source", ["rtl", "functional"])
def test_cycles_are_those_of_rtl(source):
    """And of the model, which is exact."""
    sketch = Sketch()
    graph = sketch.graph(sketch.conv("x", "y", 8))
    row = {"x": np.arange(90, dtype=np.int8).reshape(1, 6, 5, 3)}
    chip, notes = on_chip(network(graph), source)
    predicted, _ = on_chip(network(graph), "model", never)
    found = chip.infer([row], 5)
    assert found.cycles == predicted.infer([row], 5).cycles == run_rtl(chip._program, row).cycles
    assert ("at power-up" in found.found) == (source == "functional") == bool(notes)
    assert np.array_equal(found.outputs["y"], run_functional(chip._program, row).outputs["y"])


def test_rtl_runs_once_at_power_up_and_a_board_once_an_infer():
    sketch = Sketch()
    graph = sketch.graph(sketch.conv("x", "y", 8))
    row = {"x": np.zeros((1, 6, 5, 3), np.int8)}
    runs = []

    def run_chip(program, inputs):
        runs.append(inputs)
        expected = run_functional(program, inputs)
        return replace(EMPTY, outputs=expected.outputs, cycles=1000 + len(runs))

    chip, notes = on_chip(network(graph), "functional", run_chip)
    assert notes == ["1,001 cycles an inference, measured in RTL at power-up, whatever the input"]
    assert [chip.infer([row], 80).cycles for _ in range(3)] == [1001] * 3
    assert len(runs) == 1
    board, notes = on_chip(network(graph), "board", run_chip)
    assert [board.infer([row], 80).cycles for _ in range(3)] == [1002, 1003, 1004]
    assert board.infer([row, row], 1).cycles == 1005 + 1006
    assert not notes


def test_a_chip_with_wrong_outputs_fails(tmp_path, monkeypatch):
    monkeypatch.setenv("TILEWRIGHT_CACHE", str(tmp_path))
    sketch = Sketch()
    graph = sketch.graph(sketch.conv("x", "y", 8))

    def run_chip(program, inputs):
        right = run_functional(program, inputs).outputs["y"]
        return replace(EMPTY, outputs={"y": right ^ 1})

    with pytest.raises(CheckError, match="240 of 240 output elements differ"):
        on_chip(network(graph), "functional", run_chip)


@pytest.mark.parametrize("seed", range(2))
def test_states_last_from_inference_to_inference(seed):
    graph = random_streaming(seed)
    rows = random_rows(graph, seed, 3)
    program = compile_model(graph, CONFIG)
    states, expected = {}, []
    for row in (rows[0], rows[0], rows[1], rows[2]):
        found = run_functional(program, {**row, **states})
        states = found.states
        expected.append(found.outputs)
    name = program.outputs[0].name
    chip, _ = on_chip(network(graph), "model", never)
    for _ in range(2):
        assert np.array_equal(chip.infer(rows[:1], 2).outputs[name], expected[1][name])
        one = chip.infer(rows[1:2], 1)
        assert np.array_equal(one.outputs[name], expected[2][name])
        two = chip.infer(rows[2:3], 1)
        assert np.array_equal(two.outputs[name], expected[3][name])
        chip.reset_states()
    assert chip.infer(rows, 1).cycles == 3 * one.cycles


@pytest.mark.parametrize("name", ["vww", "kws", "ic"])
def test_results_are_those_of_tflm(name):
    """Of the published networks: bytes as the runner's files have them, results to a thousandth."""
    opened = open_network(str(shared_models() / "tflite" / f"{name}.tflite"), SILENT)
    benchmark = find_benchmark(None, opened.graph, name)
    codec = Codec(benchmark, opened.graph)
    chip, _ = on_chip(opened, "model", never)
    for row in (0, 3):
        rows, outputs = inputs(name)["x"], golden(name)["all_outputs"]
        integers = rows[row].astype(np.int16)
        data = (integers + (0 if name == "kws" else 128)).astype(np.uint8).tobytes()
        found = codec.result(data, chip.infer([codec.inputs(data)], 1).outputs)
        # Softmax has the scale 1/256 and zero point -128.
        assert found == pytest.approx(((outputs[row].astype(float) + 128) / 256).tolist(), abs=1e-6)


def test_the_error_of_the_autoencoder():
    opened = open_network(str(shared_models() / "tflite" / "ad.tflite"), SILENT)
    codec = Codec(find_benchmark(None, opened.graph, "ad"), opened.graph)
    chip, _ = on_chip(opened, "model", never)
    integers = inputs("ad")["x"][0].astype(float)
    # A little beside the middle of each step, and quantised back to it.
    window = ((integers - 89) * 0.391015232 + 0.1).astype("<f4")
    assert codec.input_bytes == 2560 == len(window.tobytes())
    encoded = codec.inputs(window.tobytes())
    assert next(iter(encoded.values())).reshape(-1).tolist() == integers.tolist()
    outputs = golden("ad")["all_outputs"][0].astype(float)
    quant = opened.graph.tensors[opened.graph.outputs[0]].quant
    real = (outputs - quant.zero_point[0]) * quant.scale[0]
    (found,) = codec.result(window.tobytes(), chip.infer([encoded], 1).outputs)
    assert found == pytest.approx(float(np.mean((real - window) ** 2)), rel=1e-5)


def test_the_wake_word_keeps_its_states_as_tflm_does():
    with np.load(shared_models() / "networks" / "mww_okay_nabu_v1.npz") as file:
        rows, outputs = file["input_0"], file["output_0"]
    path = shared_models() / "networks" / "mww_okay_nabu_v1.tflite"
    opened = open_network(str(path), SILENT)
    benchmark = find_benchmark(None, opened.graph, path.name)
    assert benchmark.model_id == "sww01"
    codec = Codec(benchmark, opened.graph)
    chip, _ = on_chip(opened, "model", never)
    for row, output in zip(rows, outputs, strict=True):
        data = row.tobytes()
        (found,) = codec.result(data, chip.infer([codec.inputs(data)], 1).outputs)
        assert found == pytest.approx(float(output.reshape(())) / 256)


def test_a_benchmark_is_told_by_the_network_or_by_name():
    elements = {"vww": (96, 96, 3), "kws": (49, 10, 1), "ic": (32, 32, 3), "ad": (1, 1, 640)}
    for name, shape in elements.items():
        sketch = Sketch(shape=(1, *shape))
        graph = sketch.graph(sketch.conv("x", "y", 2))
        assert find_benchmark(None, graph, "m").name == name
        assert find_benchmark("sww", graph, "m").name == "sww"
    assert find_benchmark(None, random_streaming(0), "m").name == "sww"
    small = Sketch()
    graph = small.graph(small.conv("x", "y", 2))
    with pytest.raises(RequestError, match=r"m has an input of 90 elements\); name it with"):
        find_benchmark(None, graph, "m")
    with pytest.raises(RequestError, match="there is no benchmark 'kwz'"):
        find_benchmark("kwz", graph, "m")
    with pytest.raises(RequestError, match="90 elements of one and 60 of the other"):
        Codec(BENCHMARKS["ad"], graph)
