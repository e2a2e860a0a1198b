"""`validate --quick`: the model against the chip on the built-in networks."""

import csv
import json
from pathlib import Path

import pytest

from tests.documents import faults
from tilewright.sim import cli
from tilewright.sim.progress import Progress
from tilewright.sim.validate import measure
from tilewright.sim.validate.designs import chosen_designs
from tilewright.sim.validate.run import validate

pytestmark = [pytest.mark.rtl]


def test_the_quick_set_keeps_its_limits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Events equal, networks and layers within their limits, the accelerator to the cycle."""
    cli.handle(["validate", "--quick", "--out", str(tmp_path)])
    rows = list(csv.DictReader((tmp_path / "validation.csv").read_text().splitlines()))
    assert {row["network"] for row in rows} == {"vww", "kws", "ic", "ad"}
    assert len({row["design"] for row in rows}) == 2
    accelerated = [row for row in rows if row["engine"] == "npu"]
    assert accelerated
    for row in accelerated:
        assert row["rtl_cycles"] == row["model_cycles"], row
        for key, value in row.items():
            if key.startswith("rtl_"):
                assert value == row[key.replace("rtl_", "model_")], (key, row)
    assert "8 of 8 comparisons keep the limits" in (tmp_path / "summary.md").read_text()
    assert (tmp_path / "parity.png").read_bytes().startswith(b"\x89PNG")
    kept = list(tmp_path.glob("**/*.json"))
    assert len(kept) == 8
    assert [faults(json.loads(path.read_text())) for path in kept] == [[]] * 8
    monkeypatch.setattr(measure, "run_rtl", None)  # what was measured is not measured again
    again = validate(["kws"], chosen_designs(None, quick=True), tmp_path, Progress())
    assert [comparison.network for comparison in again] == ["kws", "kws"]
