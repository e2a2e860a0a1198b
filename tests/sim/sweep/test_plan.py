import pytest

from tilewright.hw.spec.errors import RequestError
from tilewright.sim.sweep.grid import parse_grids
from tilewright.sim.sweep.plan import Plan
from tilewright.sim.sweep.where import Where


def plan(grids=(), base=None, listed=({},), where=(), scenarios=()):
    axes = parse_grids(scenarios, "--scenario")
    return Plan(base or {}, tuple(listed), parse_grids(grids), Where(where), axes)


def test_every_combination_over_the_base():
    found, excluded = plan(["rows=4,8", "cols=4,8"], base={"memory_latency": 3}).candidates()
    assert [(one.fields["rows"], one.fields["cols"]) for one in found] == [
        (4, 4),
        (4, 8),
        (8, 4),
        (8, 8),
    ]
    assert {one.fields["memory_latency"] for one in found} == {3}
    assert excluded == 0


def test_derived_fields_follow_the_varied_ones():
    found, _ = plan(["rows=8,32"], base={"bus_bytes": 8}).candidates()
    assert [one.fields["port_bytes"] for one in found] == [16, 32]
    assert [one.fields["requantiser_lanes"] for one in found] == [8, 32]


def test_a_list_times_a_grid():
    found, _ = plan(["cols=4,8"], listed=[{"rows": 4}, {"rows": 8, "cpu": "imac"}]).candidates()
    assert [(one.fields["rows"], one.fields["cpu"], one.fields["cols"]) for one in found] == [
        (4, "full", 4),
        (4, "full", 8),
        (8, "imac", 4),
        (8, "imac", 8),
    ]


def test_equal_configurations_are_one():
    found, excluded = plan(["port_bytes=0,16", "rows=8"]).candidates()
    assert (len(found), excluded) == (1, 0)


def test_excluded_combinations_are_counted():
    found, excluded = plan(["rows=4,8,16", "cols=4,8"], where=["rows * cols <= 32"]).candidates()
    assert len(found) == 3
    assert excluded == 3


def test_constraints_see_derived_fields():
    found, excluded = plan(["rows=8,32"], where=["port_bytes == 16"]).candidates()
    assert [one.fields["rows"] for one in found] == [8]
    assert excluded == 1


def test_refused_configurations_are_kept_with_the_reason():
    found, _ = plan(["rows=8,64"]).candidates()
    assert found[0].refusal is None
    assert found[1].config is None
    assert "rows = 64" in found[1].refusal
    assert found[1].fields["rows"] == 64


def test_nothing_left_and_too_much_are_refused():
    with pytest.raises(RequestError, match="excludes all 2"):
        plan(["rows=4,8"], where=["rows == 5"]).candidates()
    with pytest.raises(RequestError, match="--search"):
        plan(
            ["memory_latency=1..64", "rows=2..32", "cols=2..32", "memory_bytes=1..99"]
        ).candidates()


def test_without_an_accelerator_its_fields_make_no_points():
    found, excluded = plan(["npu=array,none", "rows=4,8,64", "bus_bytes=4,8"]).candidates()
    alone = [one for one in found if one.fields["npu"] == "none"]
    assert [(one.fields["rows"], one.fields["bus_bytes"]) for one in alone] == [
        (None, 4),
        (None, 8),
    ]
    assert {one.fields[name] for one in alone for name in ("port_bytes", "cols")} == {None}
    assert [one.refusal for one in alone] == [None, None]
    assert (len(found), excluded) == (6 + 2, 0)


def test_constraints_see_the_accelerators_fields_where_there_is_none():
    found, excluded = plan(["npu=array,none", "rows=4,8"], where=["rows == 4"]).candidates()
    assert [(one.fields["npu"], one.fields["rows"]) for one in found] == [
        ("array", 4),
        ("none", None),
    ]
    assert excluded == 2


def test_refused_configurations_have_no_derived_fields_but_those_asked_for():
    found, _ = plan(["rows=64", "port_bytes=0,32"]).candidates()
    assert [one.fields["port_bytes"] for one in found] == [None, 32]
    assert [one.fields["requantiser_lanes"] for one in found] == [None, None]
    # A constraint finds a number there all the same.
    assert plan(["rows=8,64"], where=["port_bytes < 16"]).candidates()[1] == 1


def test_a_design_is_in_every_scenario():
    given = plan(
        ["rows=4,16"], {"memory_latency": 2}, scenarios=["memory_latency=4,20", "clock_hz=1000000"]
    )
    designs, excluded = given.candidates()
    assert ([one.fields["rows"] for one in designs], excluded) == ([4, 16], 0)
    for design in designs:
        found = [one.fields for one in given.in_scenarios(design)]
        assert [(one["memory_latency"], one["clock_hz"]) for one in found] == [
            (4, 1_000_000),
            (20, 1_000_000),
        ]
        assert {one["rows"] for one in found} == {design.fields["rows"]}
        assert {one["requantiser_lanes"] for one in found} == {design.fields["rows"]}
    assert given.fields == ["clock_hz", "memory_latency", "rows"]
    assert given.described()["scenario"] == {"memory_latency": [4, 20], "clock_hz": [1_000_000]}


def test_without_scenarios_a_design_is_a_configuration():
    given = plan(["rows=4"])
    (design,), _ = given.candidates()
    assert given.in_scenarios(design) == [design]


def test_a_refused_design_is_refused_in_every_scenario():
    given = plan(["rows=64"], scenarios=["memory_latency=4,20"])
    (design,), _ = given.candidates()
    found = given.in_scenarios(design)
    assert [one.fields["memory_latency"] for one in found] == [4, 20]
    assert all("rows = 64" in one.refusal for one in found)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"scenarios": ["rows=4,8"]}, "rows: is the designer's choice; give it by --grid"),
        ({"scenarios": ["cpu=full,imac"]}, "cpu: is the designer's choice"),
        ({"grids": ["memory_latency=4"]}, "is among the designs already"),
        ({"listed": [{"memory_latency": 4}]}, "is among the designs already"),
        ({"where": ["rows > memory_latency"]}, "every design meets all scenarios"),
    ],
)
def test_what_contradicts_a_scenario_is_refused(changes, said):
    with pytest.raises(RequestError, match=said):
        plan(**{"scenarios": ["memory_latency=4,20"], **changes})


def test_a_kind_of_memory_sets_its_timing_in_each_scenario():
    """The design is one and the same: what follows from its scenario is not its own."""
    sweep = plan(["cols=4,8"], scenarios=["memory_kind=sram,dram", "weight_memory_kind=none,flash"])
    found, _ = sweep.candidates()
    assert len(found) == 2
    each = [sweep.in_scenarios(design) for design in found]
    shown = [
        [one.fields[name] for name in ("memory_latency", "memory_banks", "weight_memory_latency")]
        for one in each[0]
    ]
    assert shown == [[2, 1, 0], [2, 1, 3], [6, 4, 0], [6, 4, 3]]
    for scenarios in each:
        own = [
            {name: one.fields[name] for name in one.fields if name not in sweep.not_the_designs}
            for one in scenarios
        ]
        assert own == [own[0]] * 4


def test_a_field_of_the_designs_stays_theirs_whatever_the_memory():
    sweep = plan(["memory_miss_cycles=3,9"], scenarios=["memory_kind=sram,dram"])
    assert "memory_miss_cycles" not in sweep.not_the_designs
    assert "memory_page_bytes" in sweep.not_the_designs
    (first, second) = sweep.in_scenarios(sweep.candidates()[0][0])
    assert [one.fields["memory_miss_cycles"] for one in (first, second)] == [3, 3]


def test_each_point_has_a_highest_clock_of_its_own():
    found, _ = plan(["technology=fdsoi22,lp40", "clock_hz=max,50M"]).candidates()
    clocks = [one.fields["clock_hz"] for one in found]
    assert clocks[1] == clocks[3] == 50_000_000
    assert clocks[0] > clocks[2] > 50_000_000
    assert [one.config.soc.clock_hz for one in found] == clocks
