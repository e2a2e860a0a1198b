"""Cycles of networks on a board's chip, or why there are none."""

from types import SimpleNamespace

import pytest

from tilewright.hw.fpga.boards import BOARDS
from tilewright.hw.spec.errors import CheckError
from tilewright.sim.fpga import latency
from tilewright.sim.fpga.configuration import board_config
from tilewright.sim.networks.network_file import open_network
from tilewright.sim.progress import Progress
from tilewright.sim.run.predict import Predictor


def cycles(board: str, models: list[str], backend: str = "model"):
    config = board_config(BOARDS[board], {})
    return latency.network_cycles(models, config, backend, Progress())


def test_the_model_predicts_the_boards_chip() -> None:
    config = board_config(BOARDS["ulx3s-85f"], {})
    assert (config.soc.memory_latency, config.soc.memory_bytes) == (3, 256 * 1024)
    expected = Predictor(open_network("kws", Progress())).predict(config).total.cycles
    (kws, vww) = cycles("ulx3s-85f", ["kws", "vww"])
    assert (kws.network, kws.cycles) == ("kws", expected)
    assert vww.cycles is None
    assert "memory_bytes is 262144" in vww.reason


def test_what_the_model_does_not_know_has_a_reason() -> None:
    (kws,) = cycles("icebreaker", ["kws"])
    assert kws.cycles is None
    assert "--backend rtl" in kws.reason


def test_wrong_outputs_in_rtl_are_an_error(monkeypatch) -> None:
    result = SimpleNamespace(check=SimpleNamespace(mismatches=3))
    monkeypatch.setattr(latency, "simulated", lambda *_: result)
    with pytest.raises(CheckError, match="kws: 3 outputs in RTL are wrong"):
        cycles("icebreaker", ["kws"], "rtl")
