"""Runs are made up of known figures, which the fit must find again."""

import pytest

from tests.sim.measure.made_up_runs import layer, run
from tilewright.hw.spec.settings import load_config
from tilewright.sim.costs.area import estimate_clocked
from tilewright.sim.measure.energy_fit import (
    COMPONENT_OF,
    LINES,
    Clock,
    fit,
    fit_clock,
)

NO_CLOCK = Clock(0.0, 0.0)


def test_every_block_and_line_has_a_component():
    assert set(LINES) == set(COMPONENT_OF.values())
    assert {line.item for line in LINES["array"]} == {
        "array.product", "array.element_cycle", "accumulators.readout"
    }  # fmt: skip


def test_lines_of_one_component_are_told_apart():
    """A product takes 2 pJ, an element of the 4x8 or 2x2 a cycle 0.5, a sum read out 3."""
    runs = [
        run(
            layer({"array": 100 * 2 + 10 * 32 * 0.5}, live_products=100, busy_cycles=10),
            layer({"array": 7 * 2 + 20 * 3}, live_products=7, requantise=20),
        ),
        run(
            layer({"array": 50 * 2 + 30 * 4 * 0.5}, live_products=50, busy_cycles=30),
            sets="rows=2 cols=2",
        ),
    ]
    found = fit(runs, NO_CLOCK)
    assert found["array.product"] == pytest.approx(2)
    assert found["array.element_cycle"] == pytest.approx(0.5)
    assert found["accumulators.readout"] == pytest.approx(3)


def test_both_ways_over_the_bus_cost_the_same():
    runs = [
        run(
            layer({"bus": 30 * 0.25}, main_memory_read_bytes=10, main_memory_write_bytes=20),
            layer({"bus": 8 * 0.25}, main_memory_read_bytes=8),
        )
    ]
    assert fit(runs, NO_CLOCK)["bus.byte"] == pytest.approx(0.25)


def test_what_nothing_explains_costs_nothing():
    """More sleep and less energy: the best that is not negative is nothing for sleep."""
    runs = [
        run(
            layer({"cpu": 100.0}, cpu_active_cycles=10, cpu_sleep_cycles=0),
            layer({"cpu": 90.0}, cpu_active_cycles=10, cpu_sleep_cycles=50),
        )
    ]
    found = fit(runs, NO_CLOCK)
    assert found["cpu.sleep_cycle"] == 0
    # The least of (a x - 1)^2 + (b x - 1)^2, errors relative to the layers' energy.
    a, b = 10 / 100, 10 / 90
    assert found["cpu.active_cycle"] == pytest.approx((a + b) / (a * a + b * b))


def test_the_clocks_share_is_taken_off_first():
    config = load_config(sets=["rows=4", "cols=8"])
    blocks = estimate_clocked(config)
    clock = Clock(0.01, 0.03)
    rest = blocks["cpu"].free * 0.01 + blocks["cpu"].clock_gates * 0.03
    assert clock.of(config)["cpu"] == pytest.approx(rest)
    runs = [run(layer({"cpu": 40 * 6 + 100 * rest}, cycles=100, cpu_active_cycles=40))]
    assert fit(runs, clock)["cpu.active_cycle"] == pytest.approx(6)


def test_the_clock_of_runs_that_follow_it():
    """0.02 pJ a cycle of each flip-flop that the clock reaches always, 0.05 of each clock gate."""
    runs = []
    for sets in ("rows=4 cols=8", "rows=8 cols=4"):
        blocks = estimate_clocked(load_config(sets=sets.split()))
        rest = {name: at.free * 0.02 + at.clock_gates * 0.05 for name, at in blocks.items()}
        runs.append(run(sets=sets, rest_pj=rest))
    found = fit_clock(runs)
    assert found.flip_flop == pytest.approx(0.02)
    assert found.clock_gate == pytest.approx(0.05)
