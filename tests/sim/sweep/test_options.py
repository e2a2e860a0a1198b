"""Command lines of `sweep` that are refused, each with one message, before anything starts."""

import sys

import pytest

from tilewright.sim import __main__ as entry
from tilewright.sim.fpga import tools

GRID = ["--grid", "rows=4,8"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "nothing to sweep"),
        (["--grid", "rowz=4"], "did you mean rows"),
        ([*GRID, "--where", "row <= 4"], "did you mean rows"),
        ([*GRID, "--where", "rows > 8"], "excludes all 2"),
        ([*GRID, "--set", "cols"], "KEY=VALUE"),
        ([*GRID, "--preset", "tinny"], "did you mean tiny"),
        ([*GRID, "--points", "none.csv"], "none.csv"),
        ([*GRID, "--objective", "latency"], "latency_s"),
        ([*GRID, "--objective", "cycles", "--objective", "cycles"], "twice"),
        ([*GRID, "--jobs", "0"], "--jobs 0"),
        ([*GRID, "--jobs", "many"], "--jobs many"),
        ([*GRID, "--jobs", ""], "--jobs ''"),
        ([*GRID, "--search", "4", "--seed", ""], "--seed ''"),
        ([*GRID, "--search", "0"], "--search 0"),
        ([*GRID, "--seed", "1"], "--search"),
        ([*GRID, "--search", "4", "--seed", "x"], "--seed x"),
        ([*GRID, "--cluster", "localhost"], "tcp://host:port or local:N"),
        ([*GRID, "--search", "3", "--seed", "4294967296"], "in 0..4294967295"),
        ([*GRID, "--cluster", "tls://localhost:8786"], "tcp://host:port or local:N"),
        ([*GRID, "--cluster", "ucx://localhost:8786"], "tcp://host:port or local:N"),
        ([*GRID, "--cluster", "tcp://localhost:99999"], "tcp://host:port or local:N"),
        ([*GRID, "--cluster", "local:0"], "tcp://host:port or local:N"),
        ([*GRID, "--cluster", "local:2", "--jobs", "2"], "--jobs"),
        ([*GRID, "--backend", "rtl", "--verify-front"], "RTL already"),
        ([*GRID, "--backend", "functional"], "functional"),
        ([*GRID, "--model", "ad.onnx"], "same network"),
        ([*GRID, "--model", "none.onnx"], "none.onnx"),
        ([*GRID, "--out", "file"], "file"),
        ([*GRID, "--limit", "energi <= 1 mJ"], "did you mean energy_j (energy)?"),
        ([*GRID, "--limit", "rows <= 4"], "choose it by --where"),
        ([*GRID, "--scenario", "memory_latncy=4"], "--scenario: unknown key 'memory_latncy'"),
        ([*GRID, "--scenario", "memory_latency"], "--scenario 'memory_latency': must read"),
        ([*GRID, "--scenario", "cols=4,8"], "give it by --grid"),
        ([*GRID, "--joint", "best"], "best"),
        ([*GRID, "--weight", "kws=2"], "'kws' is no network of this sweep: ad"),
        ([*GRID, "--weight", "ad=0"], "'0' must be a number above 0"),
        ([*GRID, "--weight", "ad=2", "--weight", "ad=3"], "given twice"),
        ([*GRID, "--weight", "ad=2", "--joint", "worst"], "leave it out with --joint worst"),
        ([*GRID, "--fpga", "icebraker"], "did you mean icebreaker"),
        (["--grid", "rows=64"], "no point could be evaluated; 1 point invalid"),
        (["--grid", "scratchpad_bytes=1..1000000000"], "values"),
    ],
)
def test_a_wrong_request_is_one_message(monkeypatch, capsys, tmp_path, arguments, said):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file").write_text("")
    command = ["tilewright", "sweep", "--model", "ad", "--out", "out", *arguments]
    monkeypatch.setattr(sys, "argv", command)
    assert entry.main() == 2
    errors = [line for line in capsys.readouterr().err.splitlines() if line.startswith("error: ")]
    assert len(errors) == 1
    assert said in errors[0]


def test_no_result_replaces_what_the_sweep_reads(monkeypatch, capsys, tmp_path):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "results.csv").write_text("rows\n4\n")
    command = ["tilewright", "sweep", "--model", "ad", "--points", "results.csv", "--out", "."]
    monkeypatch.setattr(sys, "argv", command)
    assert entry.main() == 2
    assert "results.csv: is the file that --points reads" in capsys.readouterr().err
    assert (tmp_path / "results.csv").read_text() == "rows\n4\n"


def test_missing_tools_are_told_before_the_first_point(monkeypatch, capsys, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(tools.importlib.util, "find_spec", lambda _: None)
    command = ["tilewright", "sweep", "--model", "ad", *GRID, "--fpga", "ecp5"]
    monkeypatch.setattr(sys, "argv", [*command, "--out", str(tmp_path / "out")])
    assert entry.main() == 2
    assert "nextpnr-ecp5 is not installed" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_a_list_and_a_grid_of_one_field_contradict(monkeypatch, capsys, tmp_path):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "p.csv").write_text("rows\n4\n")
    options = ["--model", "ad", "--out", "out", "--points", "p.csv"]
    for more, said in ((GRID, "choose one"), (["--search", "3"], "evaluated whole")):
        monkeypatch.setattr(sys, "argv", ["tilewright", "sweep", *options, *more])
        assert entry.main() == 2
        assert said in capsys.readouterr().err
