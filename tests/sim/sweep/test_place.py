"""Which designs of the front are placed on a board, and where that is put; no tool runs."""

import io
from types import SimpleNamespace

import pytest
from rich.console import Console

from hw.spec.errors import RequestError
from sim.progress import Progress
from sim.sweep import place
from sim.sweep.candidate import candidate
from sim.sweep.store import Store


@pytest.fixture
def placed(monkeypatch):
    """Configurations that were placed; one of 8 rows does not fit."""
    asked = []

    def build_chip(_board, config, *_):
        asked.append(config)
        if config.npu.rows == 8:
            raise RequestError("8 rows are too many")
        placement = SimpleNamespace(fmax_mhz={"clk": 47.5, "start": 90.0}, chip_clock="clk")
        return None, SimpleNamespace(placement=placement)

    def all_resources(*_):
        return {"LUT": (100, 1000), "flip-flop": (90, 1000), "DSP": (8, 9), "block RAM": (7, 70)}

    monkeypatch.setattr(place, "build_chip", build_chip)
    monkeypatch.setattr(place, "all_resources", all_resources)
    monkeypatch.setattr(place, "find_tools", lambda _: None)
    return asked


def test_each_design_of_the_front_is_placed_once(placed, tmp_path) -> None:
    said = io.StringIO()
    with Store.create(tmp_path / "results.sqlite") as store:
        for key, model, values, cycles in (
            ("a", "x", {"rows": 4}, 1),
            ("b", "x", {"rows": 6}, 2),
            # Main memory and clock are the board's: the same chip.
            ("c", "y", {"rows": 4, "memory_latency": 20, "clock_hz": 50_000_000}, 1),
            ("d", "z", {"rows": 8}, 1),
        ):
            about = {"key": key, "model": model, "backend": "model", "status": "ok"}
            store.add({**about, **candidate(values).fields, "cycles": cycles})
        store.mark_front(["cycles"])
        for _ in range(2):
            place.place_front(store, "ulx3s-85f", tmp_path, Progress(Console(file=said)))
        columns = ("fpga_lut", "fpga_ff", "fpga_dsp", "fpga_ram", "fpga_mhz", "fpga_error")
        found = {key: tuple(store.point(key)[column] for column in columns) for key in "abcd"}
    fits = (100, 90, 8, 7, 47.5, None)
    nothing = (None,) * 6
    assert found == {"a": fits, "b": nothing, "c": fits, "d": (*nothing[:5], "8 rows are too many")}
    assert [config.npu.rows for config in placed] == [4, 8]
    assert {config.soc.memory_bytes for config in placed} == {256 * 1024}
    assert "8 rows are too many" in said.getvalue()
