"""Firmware on the instruction-set simulator: what it computes, and what its times depend on."""

from dataclasses import replace

import numpy as np
import pytest

from tests.random_networks import random_input, random_network
from tilewright.hw.spec.config import make_config
from tilewright.hw.spec.soc_config import CPU_VARIANTS
from tilewright.mapper.compile import compile_model
from tilewright.sim.functional.backend import run_functional
from tilewright.sim.model.backend import ModelBackend
from tilewright.sim.model.cpu import firmware
from tilewright.sim.model.cpu.firmware import Firmware
from tilewright.sim.model.cpu.simulator import Iss
from tilewright.sim.rtl.backend import input_parts

ALONE = {"npu": "none"}


def compiled(seed, values):
    graph = random_network(seed)
    program = compile_model(graph, make_config(values))
    port = program.inputs[0]
    return program, {port.name: random_input(graph, seed).reshape(port.shape)}


@pytest.mark.parametrize("cpu", CPU_VARIANTS)
@pytest.mark.parametrize("seed", range(10))
def test_kernels_compute_what_the_functional_backend_does(cpu, seed):
    """The machine code of every step, element by element."""
    program, inputs = compiled(seed, {**ALONE, "cpu": cpu})
    parts = [(program.base, program.image), *input_parts(program, inputs)]
    code = firmware.firmware_for(program.config)
    iss = Iss(program.config, code, parts, end_address=program.total_address + 4)
    assert iss.run() == "end"
    for port in program.outputs:
        expected = run_functional(program, inputs).outputs[port.name]
        found = np.frombuffer(iss.read(port.address, expected.size), np.int8)
        np.testing.assert_array_equal(found, expected.reshape(-1))


@pytest.mark.parametrize("seed", range(6))
def test_what_the_accelerator_leaves_is_what_the_cpu_reads(seed):
    """With an accelerator that stores nothing, the CPU's part of the outputs is right all the
    same: all that it reads is put there."""
    program, inputs = compiled(seed, {"scratchpad_bytes": 8192, "weight_buffer_bytes": 2048})
    reference = run_functional(program, inputs)
    run = Firmware(program, program.config, reference.cpu_inputs)
    streams = 0
    while (start := run.stream()) is not None:
        run.stream_ends(start.cycle + 1000)
        streams += 1
    assert streams == sum(step.kind.name == "NPU" for step in program.steps)
    written = {step.values.get("output") for step in program.steps}
    for port in program.outputs:
        if port.address in written:
            expected = reference.outputs[port.name]
            found = np.frombuffer(run.read(port.address, expected.size), np.int8)
            np.testing.assert_array_equal(found, expected.reshape(-1))


def test_the_same_inference_is_run_once(monkeypatch):
    program, inputs = compiled(3, ALONE)
    values = run_functional(program, inputs).cpu_inputs
    backend = ModelBackend(program)
    first = backend.run(cpu_inputs=values)
    faster = make_config({**ALONE, "clock_hz": 400_000_000})
    monkeypatch.setattr(firmware, "Firmware", None)
    assert backend.run(faster, values).segments == first.segments
    assert ModelBackend(program).run(cpu_inputs=values).segments == first.segments


def test_times_depend_on_the_cpu_and_on_memory():
    program, inputs = compiled(3, ALONE)
    values = run_functional(program, inputs).cpu_inputs
    configs = [make_config({**ALONE, "cpu": cpu}) for cpu in ("full", "imac", "lite")]
    configs.append(replace(configs[0], soc=replace(configs[0].soc, memory_latency=20)))
    times = [ModelBackend(program).run(config, values).cycles for config in configs]
    assert len(set(times)) == 4
    assert times[0] < times[3]
    assert times[0] < times[2]
