"""Dividers of PLLs, by the formulas and limits of the devices' data sheets."""

import pytest

from tilewright.hw.fpga.boards import BOARDS
from tilewright.hw.fpga.clock import board_clock_hz, ecp5_pll, ice40_pll
from tilewright.hw.spec.errors import RequestError


@pytest.mark.parametrize("wanted", [25e6, 40e6, 48e6, 50e6, 60e6, 66.7e6, 80e6, 100e6])
def test_ecp5(wanted: float) -> None:
    pll = ecp5_pll(25e6, wanted)
    assert pll.output_hz == 25e6 / pll.reference * pll.feedback / pll.post
    assert abs(pll.output_hz - wanted) <= 0.01 * wanted
    assert 25e6 / pll.reference >= 3.125e6
    assert 400e6 <= 25e6 / pll.reference * pll.feedback <= 800e6
    assert pll.feedback % 8 == 0
    assert pll.feedback <= 80 * 8
    assert pll.post <= 128


@pytest.mark.parametrize("wanted", [16.5e6, 18e6, 20.25e6, 24e6, 30e6, 48e6])
def test_ice40(wanted: float) -> None:
    pll = ice40_pll(12e6, wanted)
    vco = 12e6 / pll.reference * pll.feedback
    assert pll.output_hz == vco / pll.post
    assert abs(pll.output_hz - wanted) <= 0.01 * wanted
    assert 533e6 <= vco <= 1066e6
    assert 12e6 / pll.reference >= 10e6


def test_a_clock_out_of_reach_is_refused() -> None:
    with pytest.raises(RequestError, match=r"clock_hz = 1000000: .*nearest clock is 8\.\d+ MHz"):
        ice40_pll(12e6, 1e6)
    with pytest.raises(RequestError, match=r"clock_hz = 900000000: .*nearest clock is 27\d MHz"):
        ice40_pll(12e6, 900e6)
    with pytest.raises(RequestError, match=r"clock_hz = 900000000: .*nearest clock is 400 MHz"):
        ecp5_pll(25e6, 900e6)


def test_a_board_of_gowin_has_its_oscillators_clock() -> None:
    board = BOARDS["tang-nano-20k"]
    assert board_clock_hz(board, 27_000_000) == 27_000_000
    with pytest.raises(RequestError, match="Tang Nano 20K runs at its oscillator's 27 MHz"):
        board_clock_hz(board, 30_000_000)
