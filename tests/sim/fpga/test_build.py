"""What a netlist in the cache is found by, what has no room before there is one; no tool runs."""

from pathlib import Path

import pytest

from tilewright.hw.fpga.boards import BOARDS
from tilewright.hw.fpga.sources import BoardSources
from tilewright.hw.spec.errors import RequestError
from tilewright.sim.fpga import build
from tilewright.sim.fpga.configuration import board_config
from tilewright.sim.progress import Progress


def test_another_clock_is_another_netlist(monkeypatch, tmp_path) -> None:
    board, made = BOARDS["icebreaker"], []

    def board_sources(_board, config, _image) -> BoardSources:
        made.append(config.soc.clock_hz)
        return BoardSources({"top.il": ""}, {"top.pcf": ""}, ["nextpnr-ice40"], ["icepack"])

    def synthesise(_names, _family, _top, folder: Path, log: Path, _note) -> None:
        (folder / build.CELLS).write_text('{"design": {"num_cells_by_type": {}}}')
        log.write_text("")

    monkeypatch.setenv("TILEWRIGHT_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(build, "board_sources", board_sources)
    monkeypatch.setattr(build, "synthesise", synthesise)

    def key(values: dict[str, int | str], image: bytes = b"firmware") -> str:
        config = board_config(board, values)
        return build.make_netlist(board, config, image, tmp_path, Progress()).key

    keys = [key({}), key({"clock_hz": 18_000_000}), key({"cols": 8}), key({}, b"other")]
    assert len(set(keys)) == 4
    assert made == [12_000_000, 18_000_000, 12_000_000, 12_000_000]
    assert key({}) == keys[0]
    assert len(made) == 4


@pytest.mark.parametrize("cpu", ["full", "standard", "imac"])
def test_a_boot_stage_without_room_is_refused(tmp_path, cpu) -> None:
    board = BOARDS["icebreaker"]
    config = board_config(board, {"npu": "none", "cpu": cpu})
    with pytest.raises(RequestError, match=f"boot stage for cpu = {cpu} takes .* of 2,048; choose"):
        build.build_chip(board, config, (), 1, tmp_path, Progress())
