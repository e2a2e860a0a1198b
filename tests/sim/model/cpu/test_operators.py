"""Cycles of operators on the CPU, from the figures that are in use."""

import pytest

from hw.spec.config import CPU_VARIANTS, load_config
from hw.spec.program import STEPS, Step, StepKind
from mapper.compile import compile_model
from sim.model.backend import ModelBackend
from sim.model.cpu.figures import cpu_figures
from sim.model.cpu.operators import Surroundings, step_cycles
from tests.random_networks import random_network

ADD = Step(
    StepKind.ADD,
    0,
    {
        **dict.fromkeys(STEPS[StepKind.ADD], 0),
        "a": 0x4010_0000,
        "b": 0x4011_0400,
        "output": 0x4012_0000,
        "count": 1024,
        "a_shift": -1,
        "b_shift": -1,
        "output_shift": -19,
        "clamp_low": -128,
    },
)
FOUND = Surroundings(0x4000_8100, (StepKind.ADD,))


def soc(cpu, latency):
    return load_config("cpu-only", None, [f"cpu={cpu}", f"memory_latency={latency}"]).soc


@pytest.mark.parametrize("cpu", CPU_VARIANTS)
def test_every_operator_has_figures(cpu):
    figures = cpu_figures(cpu)
    assert set(figures.operators) == set(StepKind) - {StepKind.NPU}
    assert (figures.driver.awake is None) == (cpu in ("standard", "lite"))


def test_slower_memory_costs_an_addition_its_lines():
    """1024 elements of two inputs are 64 lines; what is kept from before is at most a few."""
    near, far = (step_cycles(ADD, FOUND, None, soc("full", latency)) for latency in (10, 11))
    assert far - near == pytest.approx(64, abs=8)


def test_slower_memory_costs_each_load_without_a_data_cache():
    near, far = (step_cycles(ADD, FOUND, None, soc("lite", latency)) for latency in (10, 11))
    assert far - near == pytest.approx(2 * 1024, rel=0.02)


def test_code_is_fetched_once():
    here = step_cycles(ADD, FOUND, None, soc("full", 8))
    cold = step_cycles(ADD, Surroundings(FOUND.values), None, soc("full", 8))
    lines = (cold - here) / (8 + cpu_figures("full").code_refill)
    assert 10 < lines < 20


def test_the_npu_leaves_an_empty_data_cache():
    """Emptying takes a cycle a line; lines of the stack and the Program are filled again."""
    after = Surroundings(FOUND.values, (StepKind.ADD, StepKind.NPU))
    here, emptied = (step_cycles(ADD, found, None, soc("full", 8)) for found in (FOUND, after))
    assert 128 < emptied - here < 128 + 20 * 21


@pytest.mark.parametrize("cpu", CPU_VARIANTS)
def test_a_network_without_an_accelerator(cpu):
    """Slower memory costs each CPU time, and most of all the one without a data cache."""
    configs = [
        load_config("cpu-only", None, [f"cpu={cpu}", f"memory_latency={latency}"])
        for latency in (3, 20)
    ]
    near, far = (
        ModelBackend(compile_model(random_network(5), config)).run().cycles for config in configs
    )
    assert near < far < (5 if cpu == "lite" else 2) * near
