"""Firmware step by step, from the figures that are in use."""

import pytest

from hw.spec.program import Step
from hw.spec.settings import load_config
from hw.spec.soc_config import CPU_VARIANTS
from hw.spec.steps import ADD, CONV_2D, DEPTHWISE_CONV_2D, NPU, STEP_KINDS
from mapper.compile import compile_model
from sim.model.backend import ModelBackend
from sim.model.cpu.code import lines_run
from sim.model.cpu.figures import cpu_figures
from sim.model.cpu.firmware import Firmware
from tests.random_networks import random_network

ADD = Step(
    ADD,
    0,
    {
        **dict.fromkeys(ADD.parameters, 0),
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
CONV = Step(
    CONV_2D,
    0,
    {
        **dict.fromkeys(CONV_2D.parameters, 1),
        "input": 0x4010_0000,
        "weights": 0x4011_0000,
        "channels": 5,
        "output_channels": 5,
        "pad_top": 0,
        "pad_left": 0,
    },
)
VALUES = 0x4000_8100


def firmware(cpu="full", latency=8, npu="none"):
    sets = [f"cpu={cpu}", f"memory_latency={latency}", f"npu={npu}"]
    return Firmware(cpu_figures(cpu), load_config(sets=sets).soc)


def repeated(cpu, latency):
    """Cycles of an addition that follows another one."""
    driver = firmware(cpu, latency)
    driver.operator(ADD, VALUES, None)
    return driver.operator(ADD, VALUES, None).cycles


@pytest.mark.parametrize("cpu", CPU_VARIANTS)
def test_every_operator_has_figures(cpu):
    figures = cpu_figures(cpu)
    kinds = set(STEP_KINDS) - {NPU}
    assert set(figures.operators) == kinds
    for layout in figures.layouts.values():
        assert set(layout.operators) == set(layout.frames) == kinds
    assert (figures.driver.first.running is None) == (cpu in ("standard", "lite"))


def test_slower_memory_costs_an_addition_its_lines():
    """1024 elements of two inputs are 64 lines; what is kept from before is at most a few."""
    assert repeated("full", 11) - repeated("full", 10) == pytest.approx(64, abs=8)


def test_slower_memory_costs_each_load_without_a_data_cache():
    assert repeated("lite", 11) - repeated("lite", 10) == pytest.approx(2 * 1024, rel=0.02)


def test_code_is_fetched_once():
    driver = firmware()
    first, second = (driver.operator(ADD, VALUES, None) for _ in range(2))
    assert 10 < first.code_lines < 20
    assert second.code_lines == 0
    refill = 8 + cpu_figures("full").code_refill
    assert first.cycles - second.cycles == pytest.approx(first.code_lines * refill, rel=0.2)


def test_the_npu_leaves_an_empty_data_cache():
    """Emptying takes a cycle a line; lines of the stack and the Program are filled again."""
    driver = firmware(npu="array")
    driver.operator(ADD, VALUES, None)
    here = driver.operator(ADD, VALUES, None)
    driver.stream()
    emptied = driver.operator(ADD, VALUES, None)
    assert 128 < emptied.cycles - here.cycles < 128 + 20 * 21


def test_later_streams_find_the_code_of_the_driver():
    """A short operator between two streams leaves it alone; a convolution pushes some of it out."""
    refill = 8 + cpu_figures("full").code_refill
    driver = firmware(npu="array")
    first = driver.stream()
    driver.operator(ADD, VALUES, None)
    second = driver.stream()
    assert first.fetches
    assert not second.fetches
    assert first.start - second.start > refill
    assert first.finish - second.finish > refill
    layout = cpu_figures("full").layouts["array"]
    needed = {line % 128 for line in lines_run(layout.start + layout.running + layout.finish)}
    kernel = layout.operators[DEPTHWISE_CONV_2D]
    pushed = {line % 128 for line in lines_run(kernel, kernel[-1].paths)} & needed
    assert pushed, "the kernel's code should lie in the driver's places"


@pytest.mark.parametrize("cpu", CPU_VARIANTS)
def test_the_end_is_reached_from_both_engines(cpu):
    driver = firmware(cpu, npu="array")
    driver.stream()
    from_npu = driver.back()
    driver.operator(CONV, VALUES, None)
    assert 0 < driver.back() < 200
    assert 0 < from_npu < 200


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
