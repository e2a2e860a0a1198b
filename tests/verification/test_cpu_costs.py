"""The CPU figures belong to the firmware; and what they say against the chip."""

import dataclasses

import numpy as np
import pytest
import yaml

from firmware.build import CPU_FEATURES
from hw.spec.errors import TilewrightError
from hw.spec.settings import load_config
from hw.spec.steps import AVERAGE_POOL_2D, CONV_2D, MAX_POOL_2D, NPU, STEP_KINDS
from mapper.compile import compile_model
from sim.functional.backend import run_functional
from sim.model.backend import ModelBackend
from sim.model.cpu.figures import cpu_figures
from sim.model.cpu.firmware import Firmware
from sim.rtl import run_rtl
from tests.random_networks import random_config, random_input, random_network
from verification.cpu_costs import PATH, firmware_hash
from verification.cpu_fit import fit_paths, line_through
from verification.cpu_programs import Bench

LIMIT = 0.03


def test_figures_belong_to_this_firmware():
    assert yaml.safe_load(PATH.read_text())["firmware"] == firmware_hash(), (
        "the firmware's code or a CPU has changed since its cycles were measured: run "
        "python -m verification.cpu_costs and commit sim/model/cpu_costs.yaml"
    )


def test_line_over_the_latency():
    line = line_through({3: [130, 45], 20: [300, 45]})
    assert line.waits.tolist() == [10, 0]
    assert line.cycles.tolist() == [100, 45]
    assert line.median() == [72, 5]


def test_paths_from_the_times_of_steps():
    rng = np.random.default_rng(3)
    paths = [{"step": 1, "row": n, "tap": m, "never": 0} for n, m in rng.integers(1, 90, (20, 2))]
    times = np.array([200.0 + 17 * path["row"] + 4.5 * path["tap"] for path in paths])
    found = fit_paths("MEAN", paths, times, times)
    assert found == pytest.approx({"step": 200, "row": 17, "tap": 4.5, "never": 0})


def test_paths_that_explain_nothing_are_refused():
    paths = [{"step": 1}, {"step": 1}]
    times = np.array([1000.0, 2000.0])
    with pytest.raises(TilewrightError, match=r"MEAN: its paths explain .* sim/model/cpu/paths.py"):
        fit_paths("MEAN", paths, times, times)


def operators() -> Bench:
    """One of each, of shapes that the figures were not made from; a second time, code in place."""
    bench = Bench(seed=77)
    bench.shift = -9
    for _ in range(2):
        bench.conv_2d((7, 9, 10), 14, (3, 3), (2, 1), (1, 1, 1, 1))
    for _ in range(2):
        bench.depthwise_conv_2d((9, 8, 14), (3, 3), (1, 2), (1, 1, 1, 1))
    for _ in range(2):
        bench.fully_connected(130, 26)
    for _ in range(2):
        bench.add(700)
    for kind in (AVERAGE_POOL_2D, MAX_POOL_2D):
        for _ in range(2):
            bench.pool_2d(kind, (9, 10, 7), (3, 2), (2, 2), (1, 0, 1, 0))
    for _ in range(2):
        bench.requantise(650)
    for _ in range(2):
        bench.pad((9, 7, 11), (1, 2, 0, 1))
    for _ in range(2):
        bench.softmax(np.random.default_rng(5).integers(-128, 128, (2, 17), dtype=np.int8), 0.07)
    for _ in range(2):
        bench.copy(13, 27, 41, 1)
    for _ in range(2):
        bench.mean((11, 6, 45))
    return bench


@pytest.fixture(scope="module")
def measured():
    bench = operators()
    config = load_config("cpu-only")
    return bench, config, bench.run(config).steps


@pytest.fixture(scope="module")
def predicted(measured):
    bench, config, _ = measured
    firmware = Firmware(cpu_figures(config.soc.cpu), config.soc)
    return [
        firmware.operator(step, bench.values_address(number), bench.inputs(number)).cycles
        for number, step in enumerate(bench.steps)
    ]


@pytest.mark.rtl
@pytest.mark.parametrize("kind", [kind for kind in STEP_KINDS if kind != NPU])
def test_operators_are_predicted(kind, measured, predicted):
    """Within 3%, with their code in the cache and without."""
    bench, _, cycles = measured
    for ours, theirs, step in zip(predicted, cycles, bench.steps, strict=True):
        if step.kind is kind:
            assert ours == pytest.approx(theirs, rel=LIMIT, abs=60), step.values


@pytest.mark.rtl
@pytest.mark.parametrize(
    "cpu", ["full", *(pytest.param(c, marks=pytest.mark.slow) for c in CPU_FEATURES if c != "full")]
)
def test_networks_on_the_cpu_are_predicted(cpu):
    """Without an accelerator: within 3%, and so is each layer of more than some cache lines."""
    graph = random_network(13)
    program = compile_model(graph, load_config("cpu-only", None, [f"cpu={cpu}"]))
    port = program.inputs[0]
    inputs = {port.name: random_input(graph, 13).reshape(port.shape)}
    model = ModelBackend(program).run(cpu_inputs=run_functional(program, inputs).cpu_inputs)
    chip = run_rtl(program, inputs)
    assert model.cycles == pytest.approx(chip.cycles, rel=LIMIT)
    for ours, theirs in zip(model.segments, chip.segments, strict=True):
        assert ours.cycles == pytest.approx(theirs.cycles, rel=LIMIT, abs=400)


@pytest.mark.rtl
@pytest.mark.parametrize("seed", [105, 108])
def test_a_second_stream_is_predicted(seed):
    """A convolution on the CPU between two streams: the second starts and ends as predicted."""
    graph = random_network(seed)
    config = random_config(0, largest=9)
    npu = dataclasses.replace(config.npu, scratchpad_bytes=16 * 1024)
    program = compile_model(graph, dataclasses.replace(config, npu=npu))
    assert [step.kind for step in program.steps] == [NPU, CONV_2D, NPU]
    port = program.inputs[0]
    inputs = {port.name: random_input(graph, seed).reshape(port.shape)}
    model = ModelBackend(program).run(cpu_inputs=run_functional(program, inputs).cpu_inputs)
    chip = run_rtl(program, inputs)
    (between,) = (n for n, s in enumerate(chip.segments) if s.engine == "cpu" and s.layer)
    ours, theirs = (
        [segment.cycles for segment in result.segments[between + 1 :] if segment.engine == "npu"]
        for result in (model, chip)
    )
    assert len(ours) >= 3
    assert ours == theirs
