import pytest

from tests.sim.report.sweep_database import Database
from tilewright.sim.report.figures.sweep import front_axes, front_figure, front_of, save_front
from tilewright.sim.report.sweep_data import column_of, read_sweep


@pytest.fixture
def path(tmp_path):
    database = Database()
    for model, cycles, area, front, rtl in (
        ("vww", 1000, 100.0, 1, 800),
        ("vww", 500, 200.0, 1, None),
        ("vww", 600, 300.0, 0, None),
        ("kws", 50, 100.0, 1, None),
    ):
        database.add(model, cycles=cycles, area_ge=area, on_front=front, rtl_cycles=rtl)
    database.add("kws", "failed", error="hang")
    return database.write(tmp_path / "results.sqlite")


def test_a_panel_a_network_with_its_points_and_its_front(path):
    vww, kws = front_figure(read_sweep(path)).axes
    points, marked, verified = (c.get_offsets().tolist() for c in vww.collections)
    assert points == [[100, 1000], [200, 500], [300, 600]]
    assert marked == [[100, 1000], [200, 500]]
    assert verified == [[100, 1000]]
    assert [text.get_text() for text in vww.texts] == ["+25.00%"]
    xs, ys = vww.lines[0].get_data()
    assert (list(xs), list(ys)) == ([100, 200], [1000, 500])
    assert vww.lines[0].get_drawstyle() == "steps-post"
    assert kws.collections[0].get_offsets().tolist() == [[100, 50]]


@pytest.mark.parametrize(
    ("objectives", "axes"),
    [
        (("cycles", "energy_j", "area_ge"), ("area_ge", "cycles")),
        (("latency_s", "energy_j"), ("energy_j", "latency_s")),
        (("cycles",), ("energy_j", "cycles")),
        (("area_ge",), ("cycles", "area_ge")),
    ],
)
def test_area_goes_across(objectives, axes):
    assert tuple(column.name for column in front_axes(objectives)) == axes


def test_equal_and_worse_points_are_not_on_the_front():
    rows = [{"cycles": c, "area_ge": a} for c, a in ((5, 1), (5, 2), (4, 3), (4, 3), (9, 1))]
    front = front_of(rows, column_of("area_ge"), column_of("cycles"))
    assert [(row["area_ge"], row["cycles"]) for row in front] == [(1, 5), (3, 4)]


def test_more_utilisation_is_better():
    rows = [{"area_ge": a, "mac_utilisation": u} for a, u in ((1, 0.5), (2, 0.4), (3, 0.9))]
    front = front_of(rows, column_of("area_ge"), column_of("mac_utilisation"))
    assert [row["area_ge"] for row in front] == [1, 3]


def test_the_picture_of_any_sweep_is_written(path, tmp_path):
    save_front(tmp_path / "front.png", path)
    empty = tmp_path / "empty.sqlite"
    Database().write(empty)
    save_front(tmp_path / "empty.png", empty)
    for name in ("front.png", "empty.png"):
        assert (tmp_path / name).read_bytes().startswith(b"\x89PNG")
