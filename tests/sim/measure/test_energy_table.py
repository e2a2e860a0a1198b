"""Errors of the model against runs that are made up."""

import pytest

from tests.sim.measure.made_up_runs import layer, run
from tests.sim.technology.plain_technology import plain_file
from tilewright.sim.costs.area import estimate_clocked
from tilewright.sim.measure.energy_table import error, tables_text
from tilewright.sim.technology.read import read_technology


@pytest.fixture
def technology(tmp_path):
    """A product takes 2 pJ; what the clock reaches, and the tables in every cycle, next to none."""
    least = dict.fromkeys(("clock.flip_flop", "clock.clock_gate", "sram.access"), 1e-9)
    least |= dict.fromkeys(("sram.bit", "sram.bit_of_root_word"), 1e-9)
    return read_technology(plain_file(tmp_path, {"array.product": 2, **least}))


def test_what_the_model_is_off(technology):
    """The model says 2 pJ for each of 1000, 3000 and 10 products; gates took 1600, 6600 and 5."""
    made_up = run(
        layer({"array": 1600.0}, name="a", cycles=1001, live_products=1000),
        layer({"array": 6600.0}, name="b", cycles=5000, live_products=3000),
        layer({"array": 5.0}, name="short", cycles=1000, live_products=10),
    )
    found = error(made_up, technology)
    assert found.layers == pytest.approx({"a": 0.25, "b": -1 / 11}, abs=1e-3)
    assert found.whole == pytest.approx(8020 / 8205 - 1, abs=1e-3)
    assert found.worst == ("a", found.layers["a"])


def test_each_run_by_a_fit_to_the_others(technology):
    """Three runs that a product of 5 pJ explains and one that takes a tenth more."""
    runs = []
    for network, sets, each in (
        ("ad", "rows=4 cols=8", 5.0),
        ("ic", "rows=8 cols=4", 5.0),
        ("kws", "rows=4 cols=4", 5.0),
        ("vww", "rows=2 cols=2", 5.5),
    ):
        rows = [
            layer({"array": n * each}, name="fc", cycles=2000, live_products=n)
            for n in (4000, 9000)
        ]
        blocks = estimate_clocked(run(sets=sets).config)
        runs.append(run(*rows, network=network, sets=sets, rest_pj=dict.fromkeys(blocks, 1e-9)))
    lines = tables_text(runs, technology).splitlines()
    (vww,) = [line for line in lines if line.startswith("| vww | rows=2 cols=2 | 4,000 |")]
    # 13,000 products of 5.5 pJ; 5 of 5.5 are 9.1% less.
    assert vww.split(" | ")[3:6] == ["71.5", "18", "-9.1%"]
