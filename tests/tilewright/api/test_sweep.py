"""Sweeps from Python."""

import json
import sqlite3

import pytest

import tilewright
from tilewright.sim.sweep.campaign import Campaign

GRID = {"rows": [4, 8], "cols": "4..8*2"}


@pytest.fixture(scope="module")
def ad():
    return tilewright.load("ad")


@pytest.fixture(scope="module")
def found(ad):
    return tilewright.sweep(ad, GRID, jobs=1)


def test_points_are_what_predictions_say(ad, found):
    assert [(p.row["rows"], p.row["cols"]) for p in found.points] == [
        (4, 4),
        (4, 8),
        (8, 4),
        (8, 8),
    ]
    for point in found.points:
        predicted = ad.predict(point.config)
        assert (point.cycles, point.energy_j) == (predicted.cycles, predicted.energy_j)
        assert point.area_ge == predicted.area.total_ge
    assert found.error is None


def test_the_front_is_what_nothing_beats(found):
    """Worked out pair by pair."""
    figures = {id(p): (p.latency_s, p.energy_j, p.area_ge) for p in found.points}

    def beaten(one):
        return any(
            other != one and all(a <= b for a, b in zip(other, one, strict=True))
            for other in figures.values()
        )

    expected = {key for key, value in figures.items() if not beaten(value)}
    assert {id(point) for point in found.fronts["ad"]} == expected
    cycles = [point.cycles for point in found.fronts["ad"]]
    assert cycles == sorted(cycles)
    products = {p.latency_s * p.energy_j * p.area_ge: p for p in found.fronts["ad"]}
    assert found.best == products[min(products)].config
    assert [p for p in found.points if p.recommended] == [products[min(products)]]


def test_frames_and_documents(found):
    frame = found.to_frame()
    assert list(frame["cycles"]) == [point.cycles for point in found.points]
    assert frame["on_front"].dtype == bool
    front = found.front_frame()
    expected = ["rows", "cols", "latency_s", "energy_j", "area_ge", "recommended"]
    assert list(front.columns) == expected
    assert front["recommended"].sum() == 1
    document = json.loads(json.dumps(found.to_dict()))
    assert document["schema"] == "tilewright.sweep/2"
    assert [point["cycles"] for point in document["points"]] == list(frame["cycles"])
    assert repr(found).startswith("<Sweep of 4 points; ")


def test_a_folder_has_what_the_verb_writes_and_is_gone_on_with(ad, tmp_path, capsys):
    said = []
    first = tilewright.sweep(ad, {"rows": [4]}, jobs=1, out=tmp_path / "s", progress=said.append)
    files = {path.name for path in (tmp_path / "s").iterdir()}
    assert {"results.sqlite", "results.csv", "pareto.html"} <= files
    assert "1 point to do" in said
    with pytest.raises(tilewright.RequestError, match="--resume"):
        tilewright.sweep(ad, {"rows": [4, 8]}, jobs=1, out=tmp_path / "s")
    said.clear()
    second = tilewright.sweep(
        ad, {"rows": [4, 8]}, jobs=1, out=tmp_path / "s", resume=True, progress=said.append
    )
    assert "1 point to do; 1 known already" in said
    assert second.points[0].latency_s == first.points[0].latency_s
    assert [point.row["rows"] for point in second.points] == [4, 8]
    with sqlite3.connect(tmp_path / "s" / "results.sqlite") as database:
        assert database.execute("SELECT count(*) FROM points").fetchone() == (2,)
    assert capsys.readouterr() == ("", "")


def test_one_value_one_scenario_and_one_objective_need_no_lists(ad):
    found = tilewright.sweep(
        ad, {"rows": 4}, scenarios={"memory_latency": 4}, objectives="latency_s", jobs=1
    )
    (point,) = found.points
    assert (point.row["rows"], point.row["memory_latency"]) == (4, 4)
    assert found.answer.objectives == ("latency_s",)


@pytest.mark.parametrize("kept", [True, False])
def test_an_interrupted_sweep_says_how_to_go_on_where_something_is_kept(
    ad, tmp_path, monkeypatch, kept
):
    """As Ctrl-C after the first point."""
    complete = Campaign.complete

    def interrupted(self, candidates, meter):
        complete(self, candidates[:1], meter)
        raise KeyboardInterrupt

    monkeypatch.setattr(Campaign, "complete", interrupted)
    said = []
    out = {"out": tmp_path / "s"} if kept else {}
    with pytest.raises(KeyboardInterrupt):
        tilewright.sweep(ad, GRID, jobs=1, progress=said.append, **out)
    told = "\n".join(said).partition("Interrupted")[2]
    if kept:
        assert told == (
            f": 1 point kept in {tmp_path / 's'}; go on with:\n"
            "the same call of tilewright.sweep with resume=True"
        )
        monkeypatch.undo()
        tilewright.sweep(ad, GRID, jobs=1, progress=said.append, resume=True, **out)
        assert "3 points to do; 1 known already" in said
    else:
        assert told == ""


def test_what_is_refused_is_a_point_with_a_reason(ad):
    points = [{"rows": 4}, {"rows": 64}]
    found = tilewright.sweep(ad, points=points, base=tilewright.Config(cols=2), jobs=1)
    good, bad = sorted(found.points, key=lambda point: point.row["rows"])
    assert (good.status, good.config.npu.rows, good.config.npu.cols) == ("ok", 4, 2)
    assert (bad.status, bad.config, bad.cycles) == ("invalid", None, None)
    assert "rows = 64" in bad.error


def test_a_limit_that_nothing_keeps_is_raised_or_returned(ad):
    arguments = {"grid": {"rows": [4]}, "limits": "latency <= 1 us", "jobs": 1}
    with pytest.raises(tilewright.RequestError, match="no design keeps") as caught:
        tilewright.sweep(ad, **arguments)
    assert "check=False" in caught.value.__notes__[0]
    assert "/" not in str(caught.value).partition("Loosen")[2]
    found = tilewright.sweep(ad, **arguments, check=False)
    assert str(found.error) == str(caught.value)
    assert (found.best, found.recommendation, len(found.points)) == (None, None, 1)
    assert list(found.front_frame().columns) == [
        "rows", "latency_s", "energy_j", "area_ge", "recommended",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({}, "nothing to sweep"),
        ({"networks": [], "grid": GRID}, "at least one network"),
        ({"networks": ["ad", "ad.onnx"], "grid": GRID}, "same network"),
        ({"grid": {"rowz": [4]}}, "did you mean rows"),
        ({"grid": {"rows": []}}, "rows: 0 values"),
        ({"grid": {"rows": [4, "x"]}}, "must be a whole number"),
        ({"grid": GRID, "points": [{"rows": 4}]}, "choose one"),
        ({"points": []}, "holds no points"),
        ({"points": [{"row": 4}]}, "entry 1: unknown key 'row'"),
        ({"grid": GRID, "where": "row <= 4"}, "did you mean rows"),
        ({"grid": GRID, "scenarios": {"cols": [4]}}, "designer's choice"),
        ({"grid": GRID, "limits": ["energi <= 1 mJ"]}, "did you mean energy_j"),
        ({"grid": GRID, "objectives": ["latency"]}, "latency_s"),
        ({"grid": GRID, "weights": {"kws": 2}}, "'kws' is no network of this sweep: ad"),
        ({"grid": GRID, "weights": {"ad": 0}}, "must be a number above 0"),
        ({"grid": GRID, "weights": {"ad": 2}, "joint": "worst"}, "leave it out"),
        ({"grid": GRID, "jobs": 0}, "--jobs 0"),
        ({"grid": GRID, "search": 0}, "--search 0"),
        ({"grid": GRID, "seed": 1}, "give --search N as well"),
        ({"grid": GRID, "cluster": "localhost"}, "tcp://host:port or local:N"),
        ({"grid": GRID, "backend": "rtl", "verify_front": True}, "RTL already"),
        ({"grid": GRID, "backend": "functional"}, "backend = 'functional': .* 'model', 'rtl'"),
        ({"grid": GRID, "backend": "rlt"}, "did you mean 'rtl'"),
        ({"grid": GRID, "joint": "best"}, "joint = 'best': is none; .*'mean', 'worst'"),
        ({"grid": GRID, "base": "tiny"}, r"base = 'tiny': .*tilewright\.Config\('tiny'\)"),
        ({"grid": [4, 8]}, r"grid = \[4, 8\]: must be a mapping"),
        ({"grid": GRID, "scenarios": 4}, "scenarios = 4: must be a mapping"),
        ({"grid": GRID, "weights": [2]}, r"weights = \[2\]: must be a mapping"),
        ({"points": [3]}, "--points, entry 1 = 3: must be a mapping"),
        ({"points": {"rows": 4}}, "^points = .*: must be a list"),
        ({"points": 3}, "^points = .*: must be a list"),
        ({"grid": GRID, "objectives": "latency"}, "--objective latency: is none"),
        ({"grid": GRID, "resume": True}, "^resume: needs out"),
        ({"networks": 3, "grid": GRID}, "networks = 3: must be a list"),
    ],
)
def test_a_wrong_request_is_refused_before_anything_starts(ad, arguments, said):
    with pytest.raises(tilewright.RequestError, match=said):
        tilewright.sweep(**{"networks": ad, **arguments})
