"""Figures of the CPU: paths and misses against loops that walk them one by one."""

import numpy as np
import pytest

from hw.spec.config import CPU_VARIANTS, load_config
from hw.spec.program import Step, StepKind
from mapper.compile import compile_model
from sim.model.backend import run_model
from sim.model.cpu.cache import LINE_BYTES, LINES, miss_flags
from sim.model.cpu.figures import cpu_figures
from sim.model.cpu.paths import window_counts
from sim.model.cpu.softmax import softmax_paths
from tests.random_networks import random_network


@pytest.mark.parametrize("cpu", CPU_VARIANTS)
def test_every_operator_has_figures(cpu):
    figures = cpu_figures(cpu)
    assert set(figures.operators) == set(StepKind) - {StepKind.NPU}
    assert (figures.driver.awake is None) == (cpu in ("standard", "lite"))


@pytest.mark.parametrize("cpu", CPU_VARIANTS)
def test_a_network_without_an_accelerator(cpu):
    """Slower memory costs each CPU time, and most of all the one without a data cache."""
    near, far = (
        run_model(
            compile_model(
                random_network(5),
                load_config("cpu-only", None, [f"cpu={cpu}", f"memory_latency={n}"]),
            )
        ).cycles
        for n in (3, 20)
    )
    assert near < far < (5 if cpu == "lite" else 2) * near


def test_parts_of_a_window_that_lie_in_the_image():
    for outputs, stride, padding, kernel, size in [
        (5, 1, 2, 3, 4),
        (4, 2, 0, 5, 9),
        (3, 3, 4, 2, 2),
    ]:
        expected = [
            sum(0 <= out * stride - padding + tap < size for tap in range(kernel))
            for out in range(outputs)
        ]
        assert window_counts(*axis).tolist() == expected


def test_misses_of_a_direct_mapped_cache():
    rng = np.random.default_rng(1)
    addresses = 0x4000_0000 + rng.integers(0, 3 * LINES * LINE_BYTES, 3000)
    held: dict[int, int] = {}
    expected = []
    for address in addresses.tolist():
        line = address // LINE_BYTES
        expected.append(held.get(line % LINES) != line)
        held[line % LINES] = line
    assert miss_flags(addresses).tolist() == expected


def test_paths_of_a_softmax():
    """At a scale of 1/16 a difference of 4 is a quarter, so that its factors are its bits."""
    values = {"rows": 1, "cols": 6, "multiplier": 1 << 30, "left_shift": 23, "diff_min": -240}
    step = Step(StepKind.SOFTMAX, 0, {**values, "input": 0, "output": 0})
    x = np.array([100, 99, 96, 87, 68, -128], dtype=np.int8)
    # Differences 0 (one), -1, -4, -13, -32 (computed), -228 (beyond -14: zero).
    paths = softmax_paths(step, x)
    assert (paths["element"], paths["counted"], paths["computed"]) == (6, 6, 4)
    # Quarters beyond the first: 0, 0, 3, 7 of differences in (-1/4, 0].
    assert paths["factor"] == sum(quarters.bit_count() for quarters in (0, 0, 3, 7))
