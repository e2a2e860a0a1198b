import io
from pathlib import Path

import pytest
from rich.console import Console

from tilewright.hw.spec.config import make_config
from tilewright.sim.sweep.answer import answer
from tilewright.sim.sweep.front_table import MOST_ROWS, difference, spread
from tilewright.sim.sweep.joint import Joint
from tilewright.sim.sweep.limits import parse_limits
from tilewright.sim.sweep.plan import Plan
from tilewright.sim.sweep.request import SweepRequest
from tilewright.sim.sweep.store import Store
from tilewright.sim.sweep.summary import print_recommendation, print_summary
from tilewright.sim.sweep.where import Where

OBJECTIVES = ["latency_s", "area_ge"]


@pytest.fixture
def store(tmp_path):
    with Store.create(tmp_path / "results.sqlite") as store:
        store.set_meta({"models": ["net"], "fields": ["rows", "cols"]})
        yield store


def add(store, number, status="ok", **columns):
    config = make_config({"rows": 2 + number}).flat()
    point = {"key": str(number), "model": "net", "backend": "model", **config, "status": status}
    store.add({**point, "latency_s": number * 1e-6, "area_ge": 1e6 - 1e3 * number, **columns})


def summary(store, width=120, scenarios=None, limits=()):
    """What is printed of a sweep through the fields that ``meta`` names."""
    models = store.meta()["models"]
    scenarios = scenarios or {}
    axes = {name: (8,) for name in store.meta()["fields"] if name not in scenarios}
    request = SweepRequest(
        models=tuple(models), plan=Plan({}, ({},), axes, Where(()), scenarios), jobs=1,
        out=Path("build/sweep"), command="", objectives=tuple(OBJECTIVES),
        limits=parse_limits(limits),
    )  # fmt: skip
    store.mark_limits(request.limits)
    store.mark_front(OBJECTIVES, tuple(scenarios))
    found = answer(store, request, Joint(), len(models))
    text = io.StringIO()
    console = Console(width=width, file=text)
    print_summary(store, OBJECTIVES, found, console)
    print_recommendation(found, console)
    return text.getvalue()


def test_the_front_shows_what_varies_and_what_counts(store):
    for number in (1, 2, 3):
        add(store, number, cycles=1000 * number)
    add(store, 4, status="unmappable", error="conv: too large\nset rows")
    add(store, 5, status="unmappable", error="conv: too large\nset rows")
    text = summary(store)
    lines = [line.split() for line in text.splitlines() if line.strip()]
    assert lines[0] == ["net:", "3", "points", "on", "the", "front"]
    assert lines[1] == ["rows", "latency", "area", "(GE)"]
    assert lines[3] == ["3", "1", "µs", "999.0", "k", "◂"]
    assert "5 points: 3 ok, 2 unmappable" in text
    assert "2 unmappable: conv: too large" in text


def test_verified_points_show_the_difference(store):
    add(store, 1, cycles=1010, rtl_cycles=1000, rtl_mismatches=0)
    add(store, 2, cycles=2000, rtl_cycles=2000, rtl_mismatches=0)
    text = summary(store)
    assert "+1.000%" in text
    assert "equal" in text
    assert "2 of 2 points on the fronts simulated, all outputs right" in text
    assert "as the model says in 1, farthest off: +1.000%" in text


def test_placed_points_show_figures_and_the_board(store):
    store.set_meta({"fpga": "ulx3s-45f"})
    add(store, 1, fpga_lut=11_800, fpga_ff=6_200, fpga_dsp=32, fpga_ram=70, fpga_mhz=51.06)
    add(store, 2, fpga_error="too many DSP")
    lines = [line.split() for line in summary(store).splitlines() if line.strip()]
    assert lines[1][-5:] == ["LUT", "FF", "DSP", "RAM", "MHz"]
    assert lines[3][-6:] == ["11,800", "6,200", "32", "70", "51.1", "◂"]
    assert lines[4][-5:] == ["-"] * 5
    said = (
        "FPGA: 1 of 2 points on the fronts placed on ulx3s-45f; 1 cannot be, the column fpga_error"
    )
    assert said in summary(store)


def test_synthesised_points_show_the_difference(store):
    add(store, 1, synthesised_ge=1e6)
    add(store, 2)
    lines = summary(store).splitlines()
    assert "by Yosys (GE)" in lines[2]
    # The first point's area is estimated as 999,000.
    assert any(line.split()[-3:] == ["k", "-0.1%", "◂"] for line in lines)
    assert any(line.split()[-2:] == ["-", "-"] for line in lines)


def test_a_long_front_is_shown_from_end_to_end():
    rows = [{"id": number, "recommended": 0} for number in range(57)]
    shown = [row["id"] for row in spread(rows)]
    assert (len(shown), shown[0], shown[-1]) == (MOST_ROWS, 0, 56)
    assert shown == sorted(set(shown))
    assert spread(rows[:5]) == rows[:5]


@pytest.mark.parametrize("place", range(57))
def test_the_recommended_row_of_a_long_front_is_shown(place):
    rows = [{"id": number, "recommended": number == place} for number in range(57)]
    shown = [row["id"] for row in spread(rows)]
    assert place in shown
    assert (len(shown), shown[0], shown[-1]) == (MOST_ROWS, 0, 56)
    assert shown == sorted(set(shown))


def test_differences():
    assert difference(100, 100) == "equal"
    assert difference(99, 100) == "-1.000%"
    assert difference(99, None) == "-"


def test_what_the_front_has_in_common_is_said(store):
    add(store, 6)
    add(store, 5, latency_s=1.0, area_ge=2e6)
    assert "all with rows=8, cols=8" in summary(store)


def test_a_name_that_looks_like_markup_is_shown_as_it_is(store):
    store.set_meta({"models": ["a[/red]b"]})
    add(store, 1, model="a[/red]b")
    assert "a[/red]b: 1 point on" in summary(store)


@pytest.mark.parametrize("width", [60, 50, 40, 20])
def test_a_narrow_terminal_clips_no_figure(store, width):
    store.set_meta({"fields": ["scratchpad_bytes", "weight_buffer_bytes"]})
    for number, scratchpad in ((1, 65_536), (2, 131_072)):
        fields = {"scratchpad_bytes": scratchpad, "weight_buffer_bytes": scratchpad // 2}
        add(store, number, mac_utilisation=0.5, speedup=1234.5, **fields)
    text = summary(store, width)
    assert "…" not in text
    lines = text.splitlines()
    row = next(line.split() for line in lines if "131072" in line)
    assert row[:6] == ["131072", "65536", "2", "µs", "998.0", "k"]
    # With less room there are fewer of the other figures.
    assert row[6:] == {60: ["50.0%"]}.get(width, [])
    if width >= 50:
        assert max(len(line.rstrip()) for line in lines[:-3]) <= width
        # What is to be copied is left whole.
        assert lines[-1].startswith("In RTL: python -m sim run --model net --set rows=")


def test_fields_that_no_point_has_are_not_in_common(store):
    store.set_meta({"fields": ["rows", "npu"]})
    add(store, 1, npu="none", rows=None)
    assert "all with npu=none" in summary(store)
    assert "None" not in summary(store)


def test_networks_come_apart_and_then_together(store):
    store.set_meta({"models": ["one", "two"], "fields": ["rows"]})
    for number in (2, 6):
        # "one" takes 2 and 6 us, "two" 8 and 6: together 4 and 6.
        for model, latency in (("one", number), ("two", 8 if number == 2 else 6)):
            add(store, number, model=model, key=f"{model}{number}", latency_s=latency * 1e-6)
    text = summary(store)
    assert "one: 2 points on the front" in text
    assert "two: 1 point on the front" in text
    assert "2 designs on the joint front: geometric mean of 2 networks" in text
    joint = text[text.index("joint front") :].splitlines()
    assert joint[4].split() == ["4", "4", "µs", "998.0", "k", "◂"]
    assert joint[5].split() == ["8", "6", "µs", "994.0", "k"]
    assert text.index("2 points on") < text.index("joint front") < text.index("4 points: 4 ok")


def test_scenarios_have_a_front_each(store):
    store.set_meta({"fields": ["rows", "memory_latency"]})
    for number in (1, 2):
        for latency, factor in ((4, 1), (20, 9)):
            add(store, number, key=f"{number}{latency}", memory_latency=latency,
                latency_s=number * factor * 1e-6)  # fmt: skip
    text = summary(store, scenarios={"memory_latency": (4, 20)})
    assert "memory_latency=4: 2 designs on the front\n" in text
    assert "memory_latency=20: 2 designs on the front\n" in text
    # The geometric mean of 1 and 9, and of 2 and 18.
    joint = text[text.index("joint front: geometric mean of 2 scenarios") :].splitlines()
    assert joint[4].split()[:3] == ["3", "3", "µs"]
    assert joint[5].split()[:3] == ["4", "6", "µs"]


def test_a_limit_adds_its_column(store):
    add(store, 1, sram_bytes=100_000)
    add(store, 2, sram_bytes=200_000)
    text = summary(store, limits=["sram on the chip <= 128 KiB"])
    assert "net: 1 point on the front" in text
    assert "SRAM (bytes)" in text
    assert "100,000" in text
    assert "200,000" not in text


def test_the_last_line_runs_the_recommended_design_in_rtl(store):
    add(store, 1)
    add(store, 2)
    *_, name, why, command = summary(store).splitlines()
    # 1 us x 999 kGE is less than 2 us x 998.
    assert name == "Recommended: rows=3 cols=8: latency 1 µs, area 999,000 GE"
    assert why.startswith("Why: the smallest product of latency, area of the 2 designs on the")
    assert why.endswith("latency the best, area the best")
    assert command == "In RTL: python -m sim run --model net --set rows=3"


def test_nothing_is_recommended_where_nothing_is_complete(store):
    store.set_meta({"models": ["net", "other"]})
    add(store, 1)
    assert "none is recommended" in summary(store).splitlines()[-1]


def test_a_clock_above_the_highest_is_marked(store):
    add(store, 1, max_clock_hz=80_000_000)
    add(store, 2, max_clock_hz=250_000_000)
    text = summary(store)
    # The default clock is 100 MHz.
    assert "80 MHz !" in text
    assert "250 MHz  " in text
    assert "1 point of the front: clock_hz is above max_clock_hz" in text


def test_clocks_that_are_reached_are_not_spoken_of(store):
    add(store, 1, max_clock_hz=100_000_000)
    text = summary(store)
    assert "highest clock" not in text
    assert "max_clock_hz" not in text
