"""Whole sweeps, as a user meets them."""

import csv
import math
import os
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import psutil
import pytest

from tilewright.sim import __main__ as entry
from tilewright.sim.sweep.store import Store

ROOT = Path(__file__).parents[3]
LARGE = ["--grid", "rows=2..6", "--grid", "cols=2..9"]
"""40 points, each with a mapping of its own: a second of work or more."""


@pytest.fixture
def sweep(monkeypatch, capsys, tmp_path):
    """Runs `sweep` in an empty folder, in one process; gives (status, stdout, stderr)."""
    monkeypatch.chdir(tmp_path)

    def call(*arguments):
        command = ["tilewright", "sweep", "--jobs", "1", "--out", "out", *map(str, arguments)]
        monkeypatch.setattr(sys, "argv", command)
        status = entry.main()
        captured = capsys.readouterr()
        return status, captured.out, captured.err

    return call


def started(folder, *arguments):
    """A sweep in a process of its own."""
    return subprocess.Popen(
        [sys.executable, "-m", "sim", "sweep", "--out", "out", *arguments],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def rows(folder, columns="id, key, status"):
    """What is stored at the moment."""
    path = folder / "out" / "results.sqlite"
    if not path.exists():
        return []
    with closing(sqlite3.connect(path, timeout=30)) as database:
        try:
            return database.execute(f"SELECT {columns} FROM points ORDER BY id").fetchall()
        except sqlite3.OperationalError:  # The tables are not there yet.
            return []


def wait_for_rows(process, folder):
    while not (stored := rows(folder)):
        assert process.poll() is None, process.communicate()
        time.sleep(0.02)
    return stored


def assert_each_once(stored, number):
    assert len(stored) == len({key for _, key, _ in stored}) == number
    assert {status for _, _, status in stored} == {"ok"}


def test_points_have_a_status_and_a_reason(sweep, tmp_path):
    status, out, err = sweep(
        *("--model", "ad", "--model", "kws", "--grid", "rows=4,8,64", "--set", "cols=4"),
        *("--grid", "memory_bytes=262144,4194304", "--where", "rows != 8 or memory_bytes > 300000"),
    )
    assert status == 0
    assert "10 points to do; 1 combination excluded" in err
    assert "No file" not in out
    found = rows(tmp_path, "model, rows, memory_bytes, status, error")
    assert sorted((row[0], row[1], row[3]) for row in found if row[2] > 300_000) == [
        (model, width, "invalid" if width == 64 else "ok")
        for model in ("ad", "kws")
        for width in (4, 8, 64)
    ]
    errors = {row[3]: row[4] for row in found}
    assert "rows = 64: must be 2..32" in errors["invalid"]
    # 256 KiB hold kws, but not the 264 KB of weights of ad.
    assert ("ad", 4, "unmappable") in {(row[0], row[1], row[3]) for row in found}
    assert "memory_bytes" in errors["unmappable"]
    assert "on the front" in out
    assert "5 ok" in out
    with (tmp_path / "out" / "results.csv").open(newline="") as file:
        written = list(csv.DictReader(file))
    assert [row["model"] for row in written] == [row[0] for row in found]
    assert (tmp_path / "out" / "pareto.html").stat().st_size > 1000


def test_a_stored_point_is_what_run_says(sweep, tmp_path, monkeypatch, capsys):
    import json

    assert sweep("--model", "ad", "--grid", "rows=4", "--set", "memory_latency=20")[0] == 0
    options = ["--backend", "model", "--rows", "4", "--set", "memory_latency=20", "--json", "r"]
    monkeypatch.setattr(sys, "argv", ["tilewright", "run", "--model", "ad", *options])
    assert entry.main() == 0
    capsys.readouterr()
    result = json.loads((tmp_path / "r").read_text())
    names = [name for name in result["total"] if name in ["cycles", "latency_s", "energy_j"]]
    names += ["npu_cycles", "cpu_cycles", "read_bytes", "write_bytes", "peak_sram_bytes"]
    (stored,) = rows(tmp_path, ", ".join(names))
    assert list(stored) == [result["total"][name] for name in names]
    with closing(sqlite3.connect(tmp_path / "out" / "results.sqlite")) as database:
        layers = database.execute("SELECT name, cycles FROM layers ORDER BY position").fetchall()
    assert layers == [(layer["name"], layer["cycles"]) for layer in result["layers"]]


def test_networks_and_scenarios_have_one_answer(sweep, tmp_path):
    status, out, _ = sweep(
        *("--model", "ad", "--model", "kws", "--grid", "rows=2,8", "--set", "cols=4"),
        *("--scenario", "memory_latency=4,20", "--objective", "cycles", "--weight", "kws=2"),
    )
    assert status == 0
    found = rows(tmp_path, "model, rows, memory_latency, cycles, on_joint_front, recommended")
    cycles = {row[:3]: row[3] for row in found}
    assert len(cycles) == 8
    means = {
        width: math.prod(
            cycles[model, width, latency] ** (weight / 6)
            for model, weight in (("ad", 1), ("kws", 2))
            for latency in (4, 20)
        )
        for width in (2, 8)
    }
    best = min(means, key=means.get)
    assert {row[1] for row in found if row[4]} == {row[1] for row in found if row[5]} == {best}
    assert (
        "1 design on the joint front: geometric mean of 2 networks in 2 scenarios, weighted" in out
    )
    assert f"Recommended: rows={best}: cycles {round(means[best]):,} (" in out
    command = out.splitlines()[-1]
    assert (
        f"--grid rows={best} --set cols=4 --scenario memory_latency=4,20 --backend rtl" in command
    )


def test_a_limit_leaves_designs_out(sweep, tmp_path):
    options = ["--model", "ad", "--grid", "rows=2,8", "--set", "cols=4"]
    status, out, _ = sweep(*options, "--limit", "area <= 900 kGE")
    assert status == 0
    # The larger array has more gates than that.
    assert rows(tmp_path, "rows, within_limits, on_front, area_ge > 900000") == [
        (2, 1, 1, 0),
        (8, 0, 0, 1),
    ]
    assert "the best in latency, energy, area of all designs that keep area <= 900 kGE" in out
    status, out, err = sweep(*options, "--limit", "area<=1kGE", "--limit", "energy<=1J", "--resume")
    assert status == 2
    (area,) = (row[0] for row in rows(tmp_path, "area_ge") if row[0] < 900_000)
    assert "limits was area <= 900 kGE, now is area<=1kGE,energy<=1J" in err
    assert (
        "no design keeps --limit 'area<=1kGE' and --limit 'energy<=1J': nearest comes rows=2" in err
    )
    assert f"area {round(area):,} GE, {area / 1000 - 1:,.0%} above area<=1kGE." in err
    assert "Recommended" not in out


def test_a_search_meets_all_scenarios_and_knows_the_limits(sweep, tmp_path):
    options = ["--model", "ad", "--grid", "rows=2..6", "--grid", "cols=2..4", "--search", "3"]
    options += ["--scenario", "memory_latency=4,20", "--joint", "worst"]
    status, _, err = sweep(*options, "--limit", "area <= 1 kGE")
    assert status == 2
    assert "Search longer, by a larger --search N" in err
    found = rows(tmp_path, "rows, cols, memory_latency")
    assert len(found) == len(set(found)) == 6
    assert len({row[:2] for row in found}) == 3
    status, _, err = sweep(*options, "--limit", "area <= 9 MGE", "--resume")
    assert status == 2
    assert "limits was area <= 1 kGE, now is area <= 9 MGE" in err


def test_the_chips_sram_is_a_column(sweep, tmp_path):
    assert sweep("--model", "ad", "--grid", "rows=2,64", "--set", "cols=4")[0] == 0
    # 64 KiB and 16 KiB; 127 words of 64 + 2 + 20 + 8 bits; 256 exponentials of 4 bytes a lane, in
    # place of 2 tables; and the caches of the CPU, 71,168 bits.
    bits = 8 * (65536 + 16384) + 127 * 94 + 8 * 4 * 256 * 2 + 71_168
    assert rows(tmp_path, "rows, sram_bytes") == [(64, None), (2, -(-bits // 8))]


def test_an_existing_sweep_is_resumed_only_on_request(sweep, tmp_path):
    assert sweep("--model", "ad", "--grid", "rows=4")[0] == 0
    status, _, err = sweep("--model", "ad", "--grid", "rows=4,8")
    assert status == 2
    assert "--resume" in err
    status, _, err = sweep("--model", "ad", "--grid", "rows=4,8", "--resume")
    assert status == 0
    assert "rows was 4, now is 4,8" in err
    assert "1 point to do; 1 known already" in err
    assert_each_once(rows(tmp_path), 2)
    status, _, err = sweep("--model", "ad", "--grid", "rows=4,8", "--resume", "--search", "2")
    assert status == 2
    assert "cannot be resumed: search was nothing" in err


def test_a_refused_sweep_does_not_block_its_folder(sweep, tmp_path):
    assert sweep("--model", "ad", "--grid", "rows=64,65")[0] == 2
    assert sweep("--model", "ad", "--grid", "rows=4")[0] == 0
    assert_each_once(rows(tmp_path), 1)


def test_a_smaller_grid_shows_its_own_points_alone(sweep, tmp_path):
    assert sweep("--model", "ad", "--grid", "rows=4,8")[0] == 0
    status, out, err = sweep("--model", "ad", "--grid", "rows=8", "--resume")
    assert status == 0
    assert "0 points to do; 1 known already" in err
    assert "ad: 1 point on the front" in out
    assert "1 point: 1 ok" in out
    assert rows(tmp_path, "rows, requested, on_front") == [(4, 0, 0), (8, 1, 1)]
    assert len((tmp_path / "out" / "results.csv").read_text().splitlines()) == 2
    assert sweep("--model", "ad", "--grid", "rows=4,8", "--resume")[0] == 0
    assert rows(tmp_path, "rows, requested") == [(4, 1), (8, 1)]


def test_a_search_with_a_smaller_budget_says_so(sweep, tmp_path):
    options = ["--model", "ad", "--grid", "rows=4..9", "--grid", "cols=4..40..12"]
    assert sweep(*options, "--search", "6")[0] == 0
    first = {row for row in rows(tmp_path) if row[2] == "ok"}
    assert len(first) == 6
    status, out, err = sweep(*options, "--search", "3", "--resume")
    assert status == 0
    assert "--search 3: 6 configurations are evaluated already" in err
    assert " 3 ok" in out
    assert {row for row in rows(tmp_path) if row[2] == "ok"} == first


def test_an_interrupt_keeps_what_is_there_and_says_how_to_go_on(sweep, tmp_path, monkeypatch):
    add = Store.add
    added = []

    def interrupted(self, *arguments, **options):
        if len(added) == 3:
            raise KeyboardInterrupt
        added.append(add(self, *arguments, **options))

    options = ["--model", "ad", "--grid", "rows=4..9"]
    with monkeypatch.context() as patch:
        patch.setattr(Store, "add", interrupted)
        status, _, err = sweep(*options)
    assert status == 130
    assert "3 points kept" in err
    assert "--grid rows=4..9 --resume" in err
    assert len((tmp_path / "out" / "results.csv").read_text().splitlines()) == 4
    status, _, err = sweep(*options, "--resume")
    assert status == 0
    assert "3 points to do; 3 known already" in err
    assert_each_once(rows(tmp_path), 6)


def test_kill_and_resume(tmp_path):
    arguments = ["--model", "ad", *LARGE, "--jobs", "1"]
    with started(tmp_path, *arguments) as process:
        wait_for_rows(process, tmp_path)
        children = psutil.Process(process.pid).children(recursive=True)
        process.kill()
    # Workers notice that nobody listens any more.
    assert not psutil.wait_procs(children, timeout=30)[1]
    stored = rows(tmp_path)
    assert 0 < len(stored) < 40
    with started(tmp_path, *arguments, "--resume") as process:
        _, err = process.communicate()
    assert process.returncode == 0, err
    assert f"{40 - len(stored)} point" in err
    assert f"{len(stored)} known already" in err
    assert_each_once(rows(tmp_path), 40)
    assert rows(tmp_path)[: len(stored)] == stored


def test_a_resumed_search_ends_with_the_same_points(tmp_path):
    arguments = ["--model", "ad", *LARGE, "--search", "24", "--seed", "5", "--jobs", "1"]
    whole, cut = tmp_path / "whole", tmp_path / "cut"
    for folder in (whole, cut):
        folder.mkdir()
    with started(whole, *arguments) as process:
        assert process.wait() == 0
    with started(cut, *arguments) as process:
        wait_for_rows(process, cut)
        process.kill()
    stored = rows(cut)
    assert 0 < len(stored) < 24
    with started(cut, *arguments, "--resume") as process:
        assert process.wait() == 0
    assert rows(cut)[: len(stored)] == stored
    assert_each_once(rows(cut), 24)
    assert {row[1] for row in rows(cut)} == {row[1] for row in rows(whole)}


def test_a_dask_cluster_survives_a_killed_worker(tmp_path):
    with started(tmp_path, "--model", "ad", *LARGE, "--cluster", "local:2") as process:
        wait_for_rows(process, tmp_path)
        workers = [
            child
            for child in psutil.Process(process.pid).children(recursive=True)
            if any("spawn_main" in word for word in child.cmdline())
        ]
        assert len(workers) == 2
        os.kill(workers[0].pid, signal.SIGKILL)
        assert len(rows(tmp_path)) < 40
        _, err = process.communicate()
    assert process.returncode == 0, err
    assert "Traceback" not in err
    assert_each_once(rows(tmp_path), 40)
