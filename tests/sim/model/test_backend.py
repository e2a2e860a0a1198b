"""The model backend without the chip: what it must agree on with the Program and with itself."""

import dataclasses
import json

import pytest

from tests.random_networks import random_input, random_network
from tilewright.hw.soc import line_bridge, uart
from tilewright.hw.spec.config import make_config
from tilewright.hw.spec.errors import RequestError
from tilewright.hw.spec.settings import load_config
from tilewright.mapper.compile import compile_model
from tilewright.sim.functional.backend import run_functional
from tilewright.sim.model.backend import ModelBackend
from tilewright.sim.model.cpu import layout
from tilewright.sim.progress import Progress
from tilewright.sim.run.publish import RunRequest, run

SMALL = {"scratchpad_bytes": 8192, "weight_buffer_bytes": 2048}


def test_latencies_of_the_chip_around_are_those_of_the_hardware():
    assert layout.UART_BIT_CYCLES == uart.BIT_CYCLES
    assert layout.MOST_POSTED == line_bridge.MAX_POSTED


@pytest.mark.parametrize("values", [{}, SMALL], ids=["default", "small"])
@pytest.mark.parametrize("seed", range(12))
def test_events_are_those_of_the_functional_backend(seed, values):
    """Layer by layer what does not depend on time, and in all the beats of loads and weights."""
    graph = random_network(seed)
    program = compile_model(graph, make_config(values))
    source = program.inputs[0]
    inputs = {source.name: random_input(graph, seed).reshape(source.shape)}
    reference = run_functional(program, inputs)
    result = ModelBackend(program).run(cpu_inputs=reference.cpu_inputs)
    beats = 0
    for segment in result.segments:
        if segment.layer is None or segment.engine == "cpu":
            continue
        expected = reference.events[segment.layer]
        for event in ("mac", "requantise", "weight_buffer_read_words"):
            assert segment.events[event] == expected.get(event, 0), event
        beats += segment.events["memory_read_beats"]
    # Beside these, commands are read.
    assert beats > sum(events.get("memory_read_beats", 0) for events in reference.events)


@pytest.mark.parametrize("seed", range(4))
def test_the_segments_are_the_whole_inference(seed):
    result = ModelBackend(compile_model(random_network(seed), load_config())).run()
    assert result.cycles == sum(segment.cycles for segment in result.segments)
    now = 0
    for segment in result.segments:
        assert segment.start == now
        now += segment.cycles
        if segment.start and segment.causes:
            assert sum(segment.causes.values()) == segment.cycles


@pytest.mark.parametrize("seed", [0, 19, 41])
def test_a_ring_of_few_lines_and_slots_of_many_is_predicted(seed):
    """16 lines of two words: a slot of 32 steps takes more than fit."""
    values = {"rows": 18, "cols": 29, "weight_buffer_bytes": 1024, "bus_bytes": 4}
    result = ModelBackend(compile_model(random_network(seed), make_config(values))).run()
    assert result.cycles == sum(segment.cycles for segment in result.segments)


def test_a_slower_memory_needs_no_new_program():
    program = compile_model(random_network(3), load_config())
    backend = ModelBackend(program)
    slow = load_config(sets=["memory_latency=30"])
    mapped = compile_model(random_network(3), slow)
    assert backend.run(slow).segments == ModelBackend(mapped).run().segments
    assert backend.run(slow).cycles > backend.run().cycles


def test_a_run_says_that_it_is_a_prediction(tmp_path, capsys):
    path = tmp_path / "r.json"
    request = RunRequest(model="ad", config=load_config(), backend="model", json=path)
    run(request, Progress())
    document = json.loads(path.read_text())
    assert document["backend"] == "model"
    assert document["outputs"] == []
    assert document["check"] is None
    assert document["total"]["cycles"] == sum(layer["cycles"] for layer in document["layers"])
    assert document["total"]["energy_j"] > 0
    assert document["host"]["cycles_per_s"] is None
    assert "Predicted, not simulated" in capsys.readouterr().out
    with pytest.raises(RequestError, match="simulates no signals; use --backend rtl"):
        run(dataclasses.replace(request, waves=tmp_path / "w.fst"), Progress())


def test_a_stream_is_replayed_once_for_a_memory_latency():
    """Another CPU and clock, or a latency that was there before: the same as from a new backend."""
    program = compile_model(random_network(3), make_config(SMALL))
    backend = ModelBackend(program)
    latencies = [*range(1, 20), 1, 8, 19]
    for number, latency in enumerate(latencies):
        cpu = ("full", "imac")[number % 2]
        config = make_config({**SMALL, "memory_latency": latency, "cpu": cpu})
        kept, fresh = backend.run(config), ModelBackend(program).run(config)
        assert (kept.cycles, kept.segments) == (fresh.cycles, fresh.segments)
