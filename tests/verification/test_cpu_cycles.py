"""The instruction-set simulator against RTL of the CPU, without an accelerator: to the cycle."""

from pathlib import Path

import numpy as np
import pytest

from tests.machine_code import RandomProgram
from tests.random_memories import random_memory
from tests.random_networks import random_input, random_network
from tilewright.firmware.build import CPU_FEATURES
from tilewright.hw.spec.config import Config, make_config
from tilewright.hw.spec.registers import MEMORY_BASE
from tilewright.hw.spec.soc_config import CPU_VARIANTS
from tilewright.mapper.compile import compile_model
from tilewright.sim.functional.backend import run_functional
from tilewright.sim.model.backend import ModelBackend
from tilewright.sim.model.cpu.simulator import Iss
from tilewright.sim.networks.inputs import default_inputs
from tilewright.sim.networks.network_file import open_network
from tilewright.sim.progress import Progress
from tilewright.sim.rtl.backend import run_rtl
from tilewright.verification.cosim.build import build_model
from tilewright.verification.cosim.simulate import Job, simulate

pytestmark = [pytest.mark.rtl]

CYCLES = 1_000_000


def seeds(some: int, many: int) -> list[object]:
    """The first ones, and as slow tests all others."""
    return [*range(some), *(pytest.param(i, marks=pytest.mark.slow) for i in range(some, many))]


def chip(cpu: str, **values: object) -> Config:
    return make_config({"npu": "none", "cpu": cpu, **values})


@pytest.mark.parametrize("seed", seeds(8, 100))
@pytest.mark.parametrize("cpu", CPU_VARIANTS)
def test_random_programs_take_their_cycles(cpu: str, seed: int, tmp_path: Path) -> None:
    """Time stamps all along the program, and all registers at its end."""
    check_program(chip(cpu), seed, tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(40))
@pytest.mark.parametrize(
    ("cpu", "latency", "bus"), [("full", 1, 4), ("imac", 30, 4), ("lite", 64, 4), ("full", 64, 32)]
)
def test_random_programs_with_other_memories(
    cpu: str, latency: int, bus: int, seed: int, tmp_path: Path
) -> None:
    check_program(chip(cpu, memory_latency=latency, bus_bytes=bus), seed, tmp_path)


@pytest.mark.parametrize("seed", seeds(2, 40))
@pytest.mark.parametrize("cpu", CPU_VARIANTS)
def test_random_programs_on_memories_that_make_them_wait(
    cpu: str, seed: int, tmp_path: Path
) -> None:
    """Misses, stores and fetches of both bridges in turns; refreshes and another master between."""
    check_program(random_memory(seed, npu="none", cpu=cpu), seed, tmp_path)


def check_program(config: Config, seed: int, folder: Path) -> None:
    program = RandomProgram(seed, data_cache=CPU_FEATURES[config.soc.cpu].data_cache)
    address, size = program.results
    job = Job(config, program.memory, [(address, size)], CYCLES)
    outcome = simulate(build_model(config).executable, job, folder)
    assert outcome.reason == "finished"
    code = program.memory[: 4 * len(program.code)]
    iss = Iss(config, code, [(MEMORY_BASE, program.memory)], address + size - 4)
    assert iss.run() == "end"
    np.testing.assert_array_equal(
        np.frombuffer(iss.read(address, size), np.uint32),
        np.frombuffer(outcome.memory[0], np.uint32),
    )


@pytest.mark.parametrize("seed", seeds(6, 40))
@pytest.mark.parametrize("cpu", CPU_VARIANTS)
def test_kernels_take_their_cycles_step_by_step(cpu: str, seed: int) -> None:
    """Random networks, in which each operator comes up."""
    graph = random_network(seed)
    program = compile_model(graph, chip(cpu))
    port = program.inputs[0]
    inputs = {port.name: random_input(graph, seed).reshape(port.shape)}
    values = run_functional(program, inputs).cpu_inputs
    assert (
        ModelBackend(program).run(cpu_inputs=values).segments == run_rtl(program, inputs).segments
    )


@pytest.mark.slow
@pytest.mark.parametrize("network", ["ad", "kws", "vww", "ic"])
@pytest.mark.parametrize("cpu", CPU_VARIANTS)
def test_long_networks_take_their_cycles(cpu: str, network: str) -> None:
    """1.7 to 82 M cycles; `lite` takes eight times as many, and only the shortest one."""
    if cpu == "lite" and network != "ad":
        pytest.skip("minutes to hours in RTL")
    graph = open_network(network, Progress()).graph
    program = compile_model(graph, chip(cpu))
    inputs = default_inputs(graph)
    values = run_functional(program, inputs).cpu_inputs
    assert (
        ModelBackend(program).run(cpu_inputs=values).segments == run_rtl(program, inputs).segments
    )
