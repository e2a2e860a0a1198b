import math

import pytest

from tilewright.hw.spec.config import Config
from tilewright.sim.sweep.joint import Joint, aggregated, designs, excess, front_of
from tilewright.sim.sweep.limits import parse_limits

OBJECTIVES = ("cycles", "area_ge")


def row(model="x", rows=4, memory_latency=8, status="ok", cycles=100, area_ge=7.0):
    fields = {**Config().flat(), "rows": rows, "memory_latency": memory_latency}
    return {**fields, "model": model, "status": status, "cycles": cycles, "area_ge": area_ge}


def test_means_are_geometric_and_weighted():
    rows = [row("x", cycles=100), row("y", cycles=400)]
    assert aggregated(rows, OBJECTIVES, 2, Joint()) == pytest.approx((200, 7))
    # (100 x 400^3) to the fourth root.
    weighted = Joint(weights={"y": 3.0})
    assert aggregated(rows, ["cycles"], 2, weighted) == pytest.approx((math.sqrt(2) * 200,))
    assert aggregated([rows[0], row("y", cycles=0)], ["cycles"], 2, Joint()) == (0,)


def test_equal_figures_stay_exact():
    assert aggregated([row(cycles=3)] * 3, ["cycles"], 3, Joint()) == (3,)


def test_the_worst_case_is_the_largest():
    rows = [row("x", cycles=100), row("y", cycles=400)]
    assert aggregated(rows, ["cycles"], 2, Joint("worst")) == (400,)


def test_a_chip_is_built_for_the_scenario_that_asks_for_most():
    rows = [row(memory_latency=4, area_ge=10.0), row(memory_latency=20, area_ge=12.0)]
    assert aggregated(rows, ["area_ge"], 2, Joint()) == (12.0,)


def test_refused_and_failed_designs_have_no_figures():
    one = row("x")
    for runs, other in ((3, row("y")), (2, row("y", cycles=None)), (2, row("y", status="failed"))):
        assert aggregated([one, other], OBJECTIVES, runs, Joint()) == ()
    assert aggregated([one, row("y", status="unmappable")], OBJECTIVES, 2, Joint()) is None


def test_designs_are_configurations_without_the_scenario():
    rows = [
        row(rows=rows, memory_latency=latency, cycles=rows * latency)
        for rows in (4, 16)
        for latency in (1, 9)
    ]
    rows.append(row(rows=8, memory_latency=1))  # Not evaluated at 9.
    found = designs(rows, ["memory_latency"], 2, ["cycles"], Joint(), ())
    assert sorted((one.rows[0]["rows"], *one.scores) for one in found) == [
        (4, pytest.approx(4 * 3)),
        (16, pytest.approx(16 * 3)),
    ]
    apart = designs(rows, [], 1, ["cycles"], Joint(), ())
    assert len(apart) == 5


def test_the_order_of_rows_changes_nothing():
    rows = [row(model, rows) for rows in (8, 4) for model in ("y", "x")]
    one, other = (
        designs(given, [], 2, OBJECTIVES, Joint(), ()) for given in (rows, list(reversed(rows)))
    )
    assert one == other
    assert [each["model"] for each in one[0].rows] == ["x", "y"]


def test_limits_hold_for_each_run_and_the_farthest_counts():
    limits = parse_limits(["cycles <= 200", "area <= 10"])
    assert excess([row(cycles=200), row(cycles=50)], limits) == 0
    assert excess([row(cycles=300), row(cycles=50, area_ge=11.0)], limits) == 0.5
    assert excess([row(cycles=None)], limits) == math.inf
    # The mean of 50 and 300 keeps the limit, but one of them does not.
    found = designs([row("x", cycles=50), row("y", cycles=300)], [], 2, ["cycles"], Joint(), limits)
    assert front_of(found) == []


def test_the_front_is_of_designs_within_limits_in_order():
    rows = [
        row(rows=rows, cycles=cycles, area_ge=area)
        for rows, cycles, area in ((2, 90, 1.0), (3, 50, 3.0), (4, 60, 4.0), (5, 10, 20.0))
    ]
    limits = parse_limits(["area <= 10"])
    found = designs(rows, [], 1, OBJECTIVES, Joint(), limits)
    assert [design.rows[0]["rows"] for design in front_of(found)] == [3, 2]
    assert front_of([]) == []


def test_what_a_figure_is_is_said():
    assert Joint().described(4, 3) == "geometric mean of 4 networks in 3 scenarios"
    assert Joint("worst").described(1, 3) == "the largest of 3 scenarios"
    assert Joint(weights={"x": 2.0}).described(2, 1) == "geometric mean of 2 networks, weighted"
