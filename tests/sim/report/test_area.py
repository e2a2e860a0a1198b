import json
import sys

from tilewright.hw.spec.settings import load_config
from tilewright.sim import __main__ as entry
from tilewright.sim.costs.area import Area, estimate_area
from tilewright.sim.report import area as report


def test_the_verb_prints_blocks_and_writes_them(monkeypatch, capsys, tmp_path):
    path = tmp_path / "a.json"
    arguments = ["area", "--preset", "cpu-only", "--set", "cpu=lite", "--json", str(path)]
    monkeypatch.setattr(sys, "argv", ["tilewright", *arguments])
    monkeypatch.setenv("TILEWRIGHT_CACHE", str(tmp_path))
    assert entry.main() == 0
    printed = capsys.readouterr().out
    assert "CPU lite alone" in printed
    assert "--synthesise" in printed
    document = json.loads(path.read_text())
    config = load_config("cpu-only", sets=["cpu=lite"])
    assert document["schema"] == "tilewright.area/1"
    assert document["config"] == config.flat()
    assert document["area"] == estimate_area(config).to_dict()


def test_largest_first_with_bars_by_share(capsys):
    parts = {"array": 300.0, "cpu": 100.0, "scratchpad_sram": 600.0}
    report.print_area(Area(parts, "yosys"), load_config(sets=["rows=4", "cols=6"]))
    lines = [line.split() for line in capsys.readouterr().out.splitlines() if "%" in line]
    assert lines == [
        ["scratchpad,", "SRAM", "600", "60.0%", "█" * 18],
        ["array", "300", "30.0%", "█" * 9],
        ["cpu", "100", "10.0%", "█" * 3],
    ]


def test_counted_gates_are_said_to_be(capsys):
    report.print_area(Area({"array": 90_400.0, "cpu_sram": 32_800.0}, "yosys"), load_config())
    text = capsys.readouterr().out
    assert "8x8 and CPU full: 123 kGE  (logic 90, memories 33; counted by Yosys)" in text
    assert "stimated" not in text
