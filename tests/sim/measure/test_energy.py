"""What is kept of gate-level runs, and what was made of it, are one state."""

import pytest

from tilewright.sim.measure.energy import BEGIN, END, PAGE, TECHNOLOGY
from tilewright.sim.measure.energy_fit import fit, fit_clock
from tilewright.sim.measure.energy_table import errors_left_out, tables_text
from tilewright.sim.measure.gate_runs import kept_runs
from tilewright.sim.technology.read import read_technology

STALE = "run python -m sim.measure.energy"


def test_the_technology_is_the_fit_to_the_runs_that_are_kept():
    runs, lines = kept_runs(), read_technology(str(TECHNOLOGY)).lines
    clock = fit_clock(runs)
    made = fit(runs, clock) | {"clock.flip_flop": clock.flip_flop}
    for item, value in made.items():
        assert lines[item].value == pytest.approx(max(value, 1e-4), rel=1e-4), (item, STALE)


def test_the_page_has_the_tables():
    page = PAGE.read_text().partition(BEGIN)[2].partition(END)[0]
    assert page == tables_text(kept_runs(), read_technology(str(TECHNOLOGY))), STALE


def test_networks_that_the_fit_has_not_seen_are_within_15_per_cent():
    errors = errors_left_out(kept_runs(), read_technology(str(TECHNOLOGY)))
    assert len(errors) >= 3
    assert all(abs(one.whole) < 0.15 for one in errors)
