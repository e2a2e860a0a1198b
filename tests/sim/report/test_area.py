import json
import sys

import pytest

from tests.sim.technology.plain_technology import plain_file
from tilewright.hw.spec.settings import load_config
from tilewright.sim import __main__ as entry
from tilewright.sim.costs.area import Area, estimate_area
from tilewright.sim.report import area as report


def test_the_verb_prints_blocks_and_writes_them(monkeypatch, capsys, tmp_path):
    path = tmp_path / "a.json"
    plain = plain_file(tmp_path, {"area.gate": 2, "area.sram_bit": 0.5})
    sets = ["cpu=lite", f"technology={plain}"]
    arguments = ["area", "--preset", "cpu-only", "--set", sets[0], "--set", sets[1]]
    arguments += ["--json", str(path)]
    monkeypatch.setattr(sys, "argv", ["tilewright", *arguments])
    monkeypatch.setenv("TILEWRIGHT_CACHE", str(tmp_path))
    assert entry.main() == 0
    printed = capsys.readouterr().out
    assert "CPU lite alone" in printed
    assert "--synthesise" in printed
    document = json.loads(path.read_text())
    config = load_config("cpu-only", sets=sets)
    assert document["schema"] == "tilewright.area/1"
    assert document["config"] == config.flat()
    area = estimate_area(config)
    mm2 = document["area"].pop("mm2")
    assert document["area"] == area.to_dict()
    # Two caches of 1 KB, with 23 bits of tag for each of their 32 lines.
    bits = 2 * (1024 * 8 + 32 * 23)
    assert mm2 == pytest.approx((area.logic_ge * 2 + bits * 0.5) / 1e6)


def test_largest_first_with_bars_by_share(capsys):
    parts = {"array": 300.0, "cpu": 100.0, "scratchpad_sram": 600.0}
    report.print_area(Area(parts, "yosys"), load_config(sets=["rows=4", "cols=6"]))
    lines = [line.split() for line in capsys.readouterr().out.splitlines() if "%" in line]
    assert lines == [
        ["scratchpad,", "SRAM", "600", "60.0%", "█" * 18],
        ["array", "300", "30.0%", "█" * 9],
        ["cpu", "100", "10.0%", "█" * 3],
    ]


def test_counted_gates_are_said_to_be(capsys, tmp_path):
    plain = plain_file(tmp_path, {"area.gate": 2, "area.sram_bit": 1e-9})
    config = load_config(sets=[f"technology={plain}"])
    report.print_area(Area({"array": 90_400.0, "cpu_sram": 32_800.0}, "yosys"), config)
    text = " ".join(capsys.readouterr().out.split())
    # 90,400 gates of 2 um2; bits take next to nothing.
    assert "8x8 and CPU full: 123 kGE, 0.181 mm2 (logic 90, memories 33; counted by Yosys)" in text
    assert "stimated" not in text
