"""The whole chip, firmware included, against TensorFlow Lite Micro and the functional backend."""

import dataclasses

import numpy as np
import pytest

from tests.random_networks import random_config, random_input, random_network
from tests.shared_models import golden, shared_models
from tilewright.hw.spec.config import Config
from tilewright.hw.spec.profile import CAUSES
from tilewright.hw.spec.settings import load_config
from tilewright.mapper.compile import compile_model
from tilewright.mapper.importers import import_model
from tilewright.mapper.program.program import Program
from tilewright.sim.functional.backend import run_functional
from tilewright.sim.model.backend import ModelBackend
from tilewright.sim.rtl.backend import RtlResult, run_rtl

pytestmark = [pytest.mark.rtl]

NETWORKS = ("vww", "kws", "ic", "ad")
SHAPES = ((4, 4), (16, 16), (6, 10))


def compiled(name: str, config: Config) -> Program:
    return compile_model(import_model(shared_models() / "tflite" / f"{name}.tflite"), config)


def check_against_golden(name: str, row: int, config: Config) -> RtlResult:
    program = compiled(name, config)
    port = program.inputs[0]
    result = run_rtl(program, {port.name: golden(name)["inputs"][row].reshape(port.shape)})
    (output,) = result.outputs.values()
    np.testing.assert_array_equal(output.ravel(), golden(name)["outputs"][row].ravel())
    return result


@pytest.mark.parametrize("row", [0, 1])
@pytest.mark.parametrize("name", NETWORKS)
def test_default_array_equals_tflm(name: str, row: int) -> None:
    result = check_against_golden(name, row, load_config())
    assert sum(segment.cycles for segment in result.segments) == result.cycles
    for segment in result.segments:
        if segment.layer is not None and segment.engine == "npu":
            assert set(segment.causes) == {cause for cause, _ in CAUSES}
            waited_for_firmware = segment.start == 0
            assert sum(segment.causes.values()) <= segment.cycles
            assert waited_for_firmware or sum(segment.causes.values()) == segment.cycles


@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize(("rows", "cols"), SHAPES)
def test_other_arrays_equal_tflm(name: str, rows: int, cols: int) -> None:
    check_against_golden(name, 0, load_config(sets=[f"rows={rows}", f"cols={cols}"]))


@pytest.mark.parametrize("name", NETWORKS)
def test_a_small_scratchpad_equals_tflm(name: str) -> None:
    check_against_golden(name, 0, load_config(preset="low-memory"))


def test_the_same_run_takes_the_same_cycles() -> None:
    config = load_config()
    first, second = (check_against_golden("ad", 0, config) for _ in range(2))
    assert first.segments == second.segments


@pytest.mark.parametrize("name", NETWORKS)
def test_pointwise_layers_keep_the_array_busy(name: str) -> None:
    """At least half of all steps that 64 elements could take, layer by layer."""
    program = compiled(name, load_config())
    result = check_against_golden(name, 0, load_config())
    for segment in result.segments:
        layer = program.layers[segment.layer] if segment.layer is not None else None
        if layer and layer.op == "CONV_2D" and layer.macs > 100_000:
            assert layer.macs >= 0.5 * 64 * segment.cycles, layer.name


def check_random(seed: int, config: Config, *, spread: bool = False) -> None:
    """RTL computes what the functional backend does, and counts what the model predicts."""
    graph = random_network(seed, spread=spread)
    program = compile_model(graph, config)
    inputs = {program.inputs[0].name: random_input(graph, seed).reshape(program.inputs[0].shape)}
    reference = run_functional(program, inputs)
    result = run_rtl(program, inputs)
    for name, expected in reference.outputs.items():
        np.testing.assert_array_equal(result.outputs[name], expected)
    counted = {"mac": 0, "requantise": 0, "weight_buffer_read_words": 0}
    for segment in result.segments:
        for event in counted:
            counted[event] += segment.events.get(event, 0)
    for event, count in counted.items():
        assert count == sum(events.get(event, 0) for events in reference.events), event
    predicted = ModelBackend(program).run(cpu_inputs=reference.cpu_inputs)
    for ours, theirs in zip(predicted.segments, result.segments, strict=True):
        assert ours == theirs


@pytest.mark.parametrize("seed", range(40))
def test_random_networks_on_the_default_array(seed: int) -> None:
    check_random(seed, load_config())


@pytest.mark.parametrize("design", range(3))
@pytest.mark.parametrize("seed", range(100, 112))
def test_random_networks_on_random_designs(seed: int, design: int) -> None:
    check_random(seed, _design(design, largest=9))


@pytest.mark.parametrize("seed", range(400, 440))
def test_dilated_grouped_and_transposed_convolutions(seed: int) -> None:
    check_random(seed, load_config(), spread=True)


@pytest.mark.parametrize("design", range(3))
@pytest.mark.parametrize("seed", range(440, 452))
def test_such_convolutions_on_random_designs(seed: int, design: int) -> None:
    check_random(seed, _design(design, largest=9), spread=True)


@pytest.mark.slow
@pytest.mark.parametrize("design", range(3, 15))
@pytest.mark.parametrize("seed", range(200, 220))
def test_many_random_networks_on_many_designs(seed: int, design: int) -> None:
    check_random(seed, _design(design, largest=16))


def _design(number: int, *, largest: int) -> Config:
    """A random NPU with enough memory for most of the random networks."""
    config = random_config(number, largest=largest)
    return dataclasses.replace(
        config, npu=dataclasses.replace(config.npu, scratchpad_bytes=16 * 1024)
    )
