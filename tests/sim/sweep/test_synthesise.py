"""Which designs go to Yosys, and where their area is put."""

import io

import pytest
from rich.console import Console

from tilewright.hw.spec.config import make_config
from tilewright.sim.costs.area import Area
from tilewright.sim.progress import Progress
from tilewright.sim.sweep import synthesise
from tilewright.sim.sweep.candidate import candidate
from tilewright.sim.sweep.store import Store


@pytest.fixture
def counted(monkeypatch):
    """Configurations that Yosys was asked for; it finds 1000 gates for each row."""
    asked = []

    def synthesise_area(config, progress):
        asked.append(config)
        return Area({"array": 1000.0 * config.npu.rows}, "yosys")

    monkeypatch.setattr(synthesise, "synthesise_area", synthesise_area)
    return asked


def test_each_design_of_the_front_is_counted_once(counted, tmp_path):
    said = io.StringIO()
    with Store.create(tmp_path / "results.sqlite") as store:
        for key, model, values, cycles in (
            ("a", "x", {"rows": 4}, 1),
            ("b", "x", {"rows": 8}, 2),
            ("c", "y", {"rows": 4, "clock_hz": 50_000_000}, 1),
            ("d", "z", {"npu": "none"}, 1),
        ):
            about = {"key": key, "model": model, "backend": "model", "status": "ok"}
            store.add({**about, **candidate(values).fields, "cycles": cycles})
        store.mark_front(["cycles"])
        for _ in range(2):
            synthesise.synthesise_front(store, Progress(Console(file=said)))
        found = {key: store.point(key)["synthesised_ge"] for key in "abcd"}
        assert found == {"a": 4000, "b": None, "c": 4000, "d": 8000}
    # The clock makes no other netlist, and nothing is counted a second time.
    assert counted == [make_config({"rows": 4}), make_config({"npu": "none"})]
    assert "2 designs of the front to Yosys" in said.getvalue()
    assert "1 of 2: 4x8, CPU full" in said.getvalue()
    assert "2 of 2: CPU full alone" in said.getvalue()
