"""Which designs of the front are placed on a board, and where that is put; no tool runs."""

import io
from types import SimpleNamespace

import pytest
from rich.console import Console

from tilewright.hw.spec.errors import RequestError, TilewrightError
from tilewright.sim.progress import Progress
from tilewright.sim.sweep import place
from tilewright.sim.sweep.candidate import candidate
from tilewright.sim.sweep.store import Store

COLUMNS = ("fpga_lut", "fpga_ff", "fpga_dsp", "fpga_ram", "fpga_mhz", "fpga_error")
FITS = (100, 90, 8, 7, 47.5, None)
NOTHING = (None,) * 6


@pytest.fixture
def placed(monkeypatch):
    """Boards and chips that were placed; one of 8 rows does not fit, a tool fails at 10."""
    asked = []

    def build_chip(board, config, _tools, _seed, logs, _progress):
        asked.append((board.name, config))
        assert logs.is_dir()
        if config.soc.npu == "array" and config.npu.rows == 8:
            raise RequestError("8 rows are too many")
        if config.npu.rows == 10:
            raise TilewrightError("nextpnr failed")
        placement = SimpleNamespace(fmax_mhz={"clk": 47.5, "start": 90.0}, chip_clock="clk")
        return None, SimpleNamespace(placement=placement)

    def all_resources(*_):
        return {"LUT": (100, 1000), "flip-flop": (90, 1000), "DSP": (8, 9), "block RAM": (7, 70)}

    monkeypatch.setattr(place, "build_chip", build_chip)
    monkeypatch.setattr(place, "all_resources", all_resources)
    monkeypatch.setattr(place, "find_tools", lambda _: None)
    return asked


@pytest.fixture
def front(tmp_path):
    """A database whose front has these points: (key, network, fields, cycles)."""
    with Store.create(tmp_path / "results.sqlite") as store:

        def make(*points):
            for key, model, values, cycles in points:
                about = {"key": key, "model": model, "backend": "model", "status": "ok"}
                store.add({**about, **candidate(values).fields, "cycles": cycles})
            store.mark_front(["cycles"])
            return store

        yield make


def figures(store):
    return {row["key"]: tuple(row[name] for name in COLUMNS) for row in store.front(["key"])}


def test_each_design_of_the_front_is_placed_once(placed, front, tmp_path) -> None:
    said = io.StringIO()
    store = front(
        ("a", "x", {"rows": 4}, 1),
        ("b", "x", {"rows": 6}, 2),
        # Main memory and clock are the board's: the same chip.
        ("c", "y", {"rows": 4, "memory_latency": 20, "clock_hz": 50_000_000}, 1),
        ("d", "z", {"rows": 8}, 1),
        ("e", "w", {"npu": "none", "cpu": "lite"}, 1),
    )
    for _ in range(2):
        assert place.place_front(store, "ulx3s-85f", tmp_path, Progress(Console(file=said))) == 0
    refused = (*NOTHING[:5], "8 rows are too many")
    assert figures(store) == {"a": FITS, "c": FITS, "d": refused, "e": FITS}
    assert tuple(store.point("b")[name] for name in COLUMNS) == NOTHING
    chips = [(chip.soc.npu, chip.npu.rows) for _, chip in placed]
    # What was refused is asked again: the next version may place it.
    assert chips == [("none", 8), ("array", 4), ("array", 8), ("array", 8)]
    assert {chip.soc.memory_bytes for _, chip in placed} == {256 * 1024}
    for text in ("8 rows are too many", "3 designs of", "CPU lite alone", "4x8, CPU full"):
        assert text in said.getvalue()


def test_a_tool_that_fails_ends_nothing(placed, front, tmp_path) -> None:
    store = front(("a", "x", {"rows": 10}, 1), ("b", "y", {"rows": 4}, 1))
    assert place.place_front(store, "ulx3s-85f", tmp_path, Progress()) == 1
    assert figures(store) == {"a": (*NOTHING[:5], "nextpnr failed"), "b": FITS}


def test_another_board_replaces_the_figures(placed, front, tmp_path) -> None:
    store = front(("a", "x", {"rows": 4}, 1))
    said = io.StringIO()
    for board in ("ulx3s-85f", "ulx3s-45f"):
        place.place_front(store, board, tmp_path, Progress(Console(file=said)))
    assert [board for board, _ in placed] == ["ulx3s-85f", "ulx3s-45f"]
    assert "Figures of ulx3s-85f are replaced" in said.getvalue()
    assert store.meta()["fpga"] == "ulx3s-45f"
    assert figures(store) == {"a": FITS}
