"""Points in RTL; all on the default hardware, whose build other tests need too."""

import sqlite3
import sys
from contextlib import closing

import pytest

from tilewright.sim import __main__ as entry

pytestmark = pytest.mark.rtl


@pytest.fixture
def sweep(monkeypatch, capsys, tmp_path):
    """Runs `sweep` of kws with two clocks; gives (status, stdout, points)."""

    def call(*arguments):
        command = ["sweep", "--model", "kws", "--grid", "clock_hz=50000000,100000000"]
        options = ["--jobs", "1", "--out", str(tmp_path)]
        monkeypatch.setattr(sys, "argv", ["tilewright", *command, *options, *arguments])
        status = entry.main()
        with closing(sqlite3.connect(tmp_path / "results.sqlite")) as database:
            database.row_factory = sqlite3.Row
            points = database.execute("SELECT * FROM points").fetchall()
        return status, capsys.readouterr().out, points

    return call


def test_the_front_is_verified_in_rtl(sweep):
    status, out, points = sweep("--verify-front", "--objective", "latency_s")
    assert status == 0
    on_front = [point for point in points if point["on_front"]]
    assert [point["clock_hz"] for point in on_front] == [100_000_000]
    assert on_front[0]["rtl_mismatches"] == 0
    assert on_front[0]["rtl_cycles"] == pytest.approx(on_front[0]["cycles"], rel=0.01)
    assert [point["rtl_cycles"] for point in points if not point["on_front"]] == [None]
    assert "all outputs right" in out
    # What is known is not simulated again.
    again = sweep("--verify-front", "--objective", "latency_s", "--resume")
    assert [tuple(point) for point in again[2]] == [tuple(point) for point in points]


def test_a_sweep_in_rtl(sweep):
    status, _, points = sweep("--backend", "rtl")
    assert status == 0
    assert {(point["backend"], point["status"]) for point in points} == {("rtl", "ok")}
    first, second = points
    assert first["cycles"] == second["cycles"]
    assert {first["latency_s"], second["latency_s"]} == {
        first["cycles"] / 5e7,
        first["cycles"] / 1e8,
    }
