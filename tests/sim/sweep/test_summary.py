import io

import pytest
from rich.console import Console

from hw.spec.config import make_config
from sim.sweep.front_table import MOST_ROWS, difference, spread
from sim.sweep.store import Store
from sim.sweep.summary import print_summary

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


def summary(store, width=120):
    store.mark_front(OBJECTIVES)
    text = io.StringIO()
    print_summary(store, OBJECTIVES, Console(width=width, file=text))
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
    assert lines[3] == ["3", "1", "us", "999.0", "k"]
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
    assert lines[3][-5:] == ["11,800", "6,200", "32", "70", "51.1"]
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
    assert any(line.split()[-3:] == ["1,000.0", "k", "-0.1%"] for line in lines)
    assert any(line.split()[-2:] == ["-", "-"] for line in lines)


def test_a_long_front_is_shown_from_end_to_end():
    rows = [{"id": number} for number in range(57)]
    shown = [row["id"] for row in spread(rows)]
    assert (len(shown), shown[0], shown[-1]) == (MOST_ROWS, 0, 56)
    assert shown == sorted(set(shown))
    assert spread(rows[:5]) == rows[:5]


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
    assert row[:6] == ["131072", "65536", "2", "us", "998.0", "k"]
    # With less room there are fewer of the other figures.
    assert row[6:] == {60: ["50.0%"]}.get(width, [])
    if width >= 50:
        assert max(len(line.rstrip()) for line in lines) <= width


def test_fields_that_no_point_has_are_not_in_common(store):
    store.set_meta({"fields": ["rows", "npu"]})
    add(store, 1, npu="none", rows=None)
    assert "all with npu=none" in summary(store)
    assert "None" not in summary(store)
