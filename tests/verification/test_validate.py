"""`validate --quick`: the model against the chip on the built-in networks."""

import csv
from dataclasses import replace
from pathlib import Path

import pytest

from mapper.compile import compile_model
from sim import cli
from sim.functional.backend import run_functional
from sim.model.backend import ModelBackend
from sim.progress import Progress
from sim.rtl import run_rtl
from sim.validate import measure
from sim.validate.designs import chosen_designs
from sim.validate.run import validate
from tests.random_networks import random_config, random_input, random_network

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
    monkeypatch.setattr(measure, "run_rtl", None)  # what was measured is not measured again
    again = validate(["kws"], chosen_designs(None, quick=True), tmp_path, Progress())
    assert [comparison.network for comparison in again] == ["kws", "kws"]


DESIGNS = (1, 3, 7)
"""Small memories, banks from 2 to 8, buses of 8 and 16 bytes (tests.random_networks)."""


@pytest.mark.slow
@pytest.mark.parametrize("number", DESIGNS)
@pytest.mark.parametrize("seed", range(100, 112))
def test_the_accelerators_part_of_random_networks(seed: int, number: int) -> None:
    """To the cycle, each cause and event of each layer, up to the first operator on the CPU."""
    graph = random_network(seed)
    config = random_config(number, largest=9 if number < 3 else 16)
    config = replace(config, npu=replace(config.npu, scratchpad_bytes=16 * 1024))
    program = compile_model(graph, config)
    inputs = {program.inputs[0].name: random_input(graph, seed).reshape(program.inputs[0].shape)}
    model = (
        ModelBackend(program).run(cpu_inputs=run_functional(program, inputs).cpu_inputs).segments
    )
    chip = run_rtl(program, inputs).segments
    for predicted, measured in zip(model, chip, strict=True):
        if measured.engine == "cpu":
            break
        assert predicted.cycles == measured.cycles
        assert predicted.causes == measured.causes
        assert predicted.events == measured.events
