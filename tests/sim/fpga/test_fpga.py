"""What is written and said of a chip that reaches its clock, and of one that does not."""

import json
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from tilewright.hw.fpga.boards import BOARDS
from tilewright.hw.spec.errors import CheckError, TilewrightError
from tilewright.sim import __main__ as entry
from tilewright.sim.fpga import fpga
from tilewright.sim.fpga.configuration import board_config
from tilewright.sim.fpga.latency import NetworkCycles
from tilewright.sim.fpga.placement import Placement, TimingPath
from tilewright.sim.progress import Progress


@pytest.fixture
def make(monkeypatch, tmp_path):
    """Makes a bitstream with tools that find ``fmax_mhz``; an older one lies in the folder."""
    old = tmp_path / "out" / "top.bin"
    old.parent.mkdir()
    old.write_bytes(b"old")
    new = tmp_path / "new.bin"
    new.write_bytes(b"new")

    def call(fmax_mhz: float, load: bool = False) -> Path:
        path = TimingPath("a", "b", 1e3 / fmax_mhz, 1.0, 1e3 / fmax_mhz - 1.0, ("a", "b"))
        placement = Placement({"clk": fmax_mhz}, {"clk": path}, {"LUT": (500, 5280)})
        netlist = SimpleNamespace(used={"flip-flop": 300}, seconds={"yosys": 2.0})
        routed = SimpleNamespace(bitstream=new, placement=placement, seconds={"nextpnr-ice40": 3.0})
        monkeypatch.setattr(fpga, "find_tools", lambda _: ())
        monkeypatch.setattr(fpga, "build_chip", lambda *_: (netlist, routed))
        monkeypatch.setattr(fpga, "network_cycles", lambda *_: [NetworkCycles("kws", 2_400_000)])
        board = BOARDS["icebreaker"]
        request = fpga.FpgaRequest(
            board=board, config=board_config(board, {}), out=old.parent, seed=1, load=load
        )
        fpga.fpga(request, Progress())
        return old.parent

    return call


def test_latency_is_told_at_the_boards_clock(make, capsys) -> None:
    out = make(18.0)
    assert (out / "top.bin").read_bytes() == b"new"
    result = json.loads((out / "fpga.json").read_text())
    assert result["networks"] == [{"name": "kws", "cycles": 2_400_000, "latency_s": 0.2}]
    assert result["resources"]["flip-flop"] == {"used": 300, "available": 5280}
    assert result["timing_met"] is True
    said = capsys.readouterr().out
    assert "latency at 12 MHz" in said
    assert "200 ms" in said


@pytest.mark.parametrize(
    ("called", "command"),
    [("/p/sim/__main__.py", "python -m sim"), ("/usr/bin/tilewright", "tilewright")],
)
def test_the_end_says_what_to_do_next(make, capsys, monkeypatch, called, command) -> None:
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr(sys, "argv", [called])
    out = make(18.0)
    said = capsys.readouterr().out.splitlines()
    assert (
        f"Load it:   iceprog {out}/top.bin   (or openFPGALoader -b ice40_generic {out}/top.bin)"
        in said
    )
    assert f"Run on it: {command} board --port PORT --board icebreaker run --model kws" in said


def test_the_bitstream_is_loaded(make, monkeypatch, tmp_path) -> None:
    loaded = []
    monkeypatch.setattr(fpga, "require_loader", lambda board: board.name)
    monkeypatch.setattr(fpga, "load", lambda *arguments: loaded.append(arguments))
    out = make(18.0, load=True)
    assert loaded == [("icebreaker", out / "top.bin", BOARDS["icebreaker"])]
    with pytest.raises(CheckError):
        make(10.0, load=True)
    assert len(loaded) == 1, "nothing is loaded that misses its clock"


def test_without_a_loader_nothing_begins(monkeypatch, capsys, tmp_path) -> None:
    monkeypatch.setenv("PATH", "")
    monkeypatch.chdir(tmp_path)
    command = ["tilewright", "fpga", "--board", "icebreaker", "--out", "out", "--load"]
    monkeypatch.setattr(sys, "argv", command)
    assert entry.main() == 2
    assert "--load: iCEBreaker takes iceprog or openFPGALoader" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("seed", ["-1", "99999999999999999999", "2147483648", "1.5", "x", ""])
def test_a_bad_seed_is_refused_before_anything_begins(seed, monkeypatch, capsys, tmp_path) -> None:
    monkeypatch.chdir(tmp_path)
    command = ["tilewright", "fpga", "--board", "icebreaker", "--out", "out", "--seed", seed]
    monkeypatch.setattr(sys, "argv", command)
    assert entry.main() == 2
    said = capsys.readouterr().err
    assert "--seed" in said
    assert "must be a whole number in 0..2147483647" in said
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(("arguments", "seed"), [([], 1), (["--seed", "7"], 7)])
def test_the_seed_that_is_asked_for(arguments, seed, monkeypatch, tmp_path) -> None:
    asked = []
    monkeypatch.setattr(fpga, "fpga", lambda request, _: asked.append(request.seed))
    command = ["tilewright", "fpga", "--board", "icebreaker", "--out", str(tmp_path), *arguments]
    monkeypatch.setattr(sys, "argv", command)
    assert entry.main() == 0
    assert asked == [seed]


@pytest.mark.parametrize(
    ("board", "values", "backend"),
    [
        ("icebreaker", {}, "rtl"),
        ("icebreaker", {"control": "hardwired", "npu": "none", "cpu": "lite"}, "model"),
        ("ulx3s-85f", {}, "model"),
    ],
)
def test_cycles_come_from_where_there_are_figures(
    board, values, backend, monkeypatch, tmp_path
) -> None:
    """Of small FPGAs' designs the model has none."""

    class Asked(Exception):  # noqa: N818
        pass

    def network_cycles(models, config, chosen, progress):
        raise Asked(chosen)

    monkeypatch.setattr(fpga, "find_tools", lambda _: ())
    monkeypatch.setattr(fpga, "network_cycles", network_cycles)
    for asked, expected in ((None, backend), ("rtl", "rtl"), ("model", "model")):
        request = fpga.FpgaRequest(
            board=BOARDS[board],
            config=board_config(BOARDS[board], values),
            out=tmp_path,
            seed=1,
            backend=asked,
        )
        with pytest.raises(Asked, match=expected):
            fpga.fpga(request, Progress())


def test_a_tool_that_fails_leaves_no_older_result(make, monkeypatch, tmp_path) -> None:
    make(18.0)

    def fail(*_):
        raise TilewrightError("Yosys failed")

    monkeypatch.setattr(fpga, "build_chip", fail)
    board, out = BOARDS["icebreaker"], tmp_path / "out"
    request = fpga.FpgaRequest(board=board, config=board_config(board, {}), out=out, seed=1)
    with pytest.raises(TilewrightError, match="Yosys failed"):
        fpga.fpga(request, Progress())
    assert list(out.iterdir()) == []


def test_a_clock_that_is_missed_gives_no_bitstream(make, tmp_path) -> None:
    with pytest.raises(CheckError, match=r"reaches 10\.0 MHz of the 12 MHz.*clock_hz=9000000"):
        make(10.0)
    out = tmp_path / "out"
    assert [path.name for path in out.iterdir()] == ["fpga.json"]
    result = json.loads((out / "fpga.json").read_text())
    assert (result["timing_met"], result["bitstream"]) == (False, None)
    assert result["networks"][0]["latency_s"] == pytest.approx(0.24)
