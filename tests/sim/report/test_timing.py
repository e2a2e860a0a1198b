import sys
from dataclasses import replace

import pytest

from tilewright.hw.spec.settings import load_config
from tilewright.sim import __main__ as entry
from tilewright.sim.report.timing import print_timing
from tilewright.sim.results.timing import ChipTiming
from tilewright.verification.gates.opensta import Opinion
from tilewright.verification.gates.timing import Path, Step

STEPS = (Step("DFF", "npu.compute.array.sum", "rise", 100.0), Step("INV", "cpu", "fall", 1900.0))
PATH = Path(
    "array.sum[3]", "cpu.flag[0]", "npu.compute.array.sum", "cpu.flag", 2000.0, 100.0, STEPS
)
TIMING = ChipTiming(
    library="cells",
    corner="slow: 0.9 V, 125 C",
    fo4_ps=40.0,
    wire_ff=0.0,
    macros=(),
    worst=PATH,
    to={"cpu": PATH},
    through={"array": PATH, "cpu": PATH},
)


def printed(monkeypatch, capsys, *arguments):
    monkeypatch.setenv("COLUMNS", "140")
    print_timing(*arguments)
    return capsys.readouterr().out


def test_the_clock_its_slack_and_what_it_stands_on(monkeypatch, capsys):
    text = printed(monkeypatch, capsys, TIMING, load_config(sets=["clock_hz=400M"]))
    # A period of 2.5 ns; 2000 / 40 FO4.
    assert "Highest clock 500.0 MHz: 2,000 ps, 50.0 FO4, 1 gates; slack at 400 MHz: +500 ps" in text
    assert "memories left out" in text
    assert "no wires" in text
    assert "slow: 0.9 V, 125 C" in text
    rows = [line.split() for line in text.splitlines() if "array.sum[3]" in line]
    assert rows[0] == ["cpu", "2,000", "50.0", "1", "array.sum[3]", "cpu.flag[0]"]
    assert len(rows) == 3


def test_gate_by_gate(monkeypatch, capsys):
    text = printed(monkeypatch, capsys, TIMING, load_config())
    rows = [line.split() for line in text.splitlines()]
    assert ["1,900", "1,800", "fall", "INV", "cpu"] in rows
    assert ["2,000", "100", "setup", "cpu.flag[0]"] in rows


def test_a_second_opinion(monkeypatch, capsys):
    opinion = Opinion(1990.0, "array.sum[3]", "cpu.flag[0]")
    timing = replace(TIMING, macros=("RAM",), wire_ff=1.5)
    text = printed(monkeypatch, capsys, timing, load_config(), opinion)
    assert "OpenSTA: 1,990 ps, array.sum[3] to cpu.flag[0]; ours is +0.50% of that" in text
    assert "1.5 fF of wire an input; memories as RAM" in text


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--timing"], "--timing needs the cells' delays: give the library's --liberty"),
        (["--sta"], "--sta needs --timing"),
        (["--liberty", "a.lib"], "--liberty needs --timing"),
        (["--timing", "--liberty", "a.lib", "--synthesise"], "choose one"),
        (["--timing", "--liberty", "a.lib", "--wire-ff", "-1"], "--wire-ff '-1': must be"),
        (["--timing", "--liberty", "a.lib"], "a.lib"),
    ],
)
def test_options_that_say_nothing_together(monkeypatch, capsys, tmp_path, options, message):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["tilewright", "area", *options])
    assert entry.main() == 2
    assert message in capsys.readouterr().err
