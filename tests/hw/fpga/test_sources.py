"""What the tools get of a board's chip: pins, clocks, memories; no tool runs."""

import pytest

from tilewright.hw.fpga.boards import BOARDS
from tilewright.hw.fpga.sources import board_sources
from tilewright.sim.fpga.configuration import board_config

pytest.importorskip("amaranth_boards")

IMAGE = bytes(range(16))


def sources(name: str, **values: int | str):
    board = BOARDS[name]
    return board_sources(board, board_config(board, {"npu": "none", **values}), IMAGE)


def test_ulx3s_with_another_clock() -> None:
    made = sources("ulx3s-45f", cpu="lite", clock_hz=40_000_000)
    pins = made.constraints["top.lpf"]
    assert 'LOCATE COMP "uart_0__tx__io" SITE "L4"' in pins
    assert 'LOCATE COMP "clk25_0__io" SITE "G2"' in pins
    assert 'FREQUENCY PORT "clk25_0__io" 25000000' in pins
    assert {"--45k", "CABGA381", "top.lpf", "top.config"} <= set(made.place)
    assert "--quiet" not in made.place
    assert made.pack[-2:] == ["--bit", "top.bit"]
    assert "module VexRiscv" in made.hardware["cpu.v"]
    text = made.hardware["top.il"]
    pll = text[text.index("cell \\EHXPLLL") :].partition("\n  end\n")[0]
    # 25 MHz x 2 x 8 is 400 MHz in the PLL, and a tenth of that comes out.
    dividers = {"CLKI_DIV": 1, "CLKFB_DIV": 2, "CLKOP_DIV": 8, "CLKOS_DIV": 10}
    for parameter, value in dividers.items():
        assert f"parameter \\{parameter} {value}\n" in pll
    # Placement aims higher than the clock, on a net that is there.
    assert 'FREQUENCY NET "clk" 75000000 HZ;' in pins
    top = text[text.rindex("\nmodule \\top\n") :]
    assert "wire width 1 \\clk\n" in top
    # Its reset has one of the clock's global wires.
    assert text.count("cell \\DCCA") == 1


def test_icebreaker() -> None:
    made = sources("icebreaker")
    pins = made.constraints["top.pcf"]
    assert "set_io uart_0__tx__io 9" in pins
    assert "set_frequency clk12_0__io 12.0" in pins
    assert "--up5k" in made.place
    assert made.pack == ["top.asc", "top.bin"]
    text = made.hardware["top.il"]
    assert text.count("cell \\SB_SPRAM256KA") == 4
    assert "SB_PLL40" not in text  # the oscillator's own clock


def test_tang_nano_20k() -> None:
    """Pins of Sipeed's schematic; the tool is a newer nextpnr than the one that Amaranth calls."""
    made = sources("tang-nano-20k")
    pins = made.constraints["top.cst"]
    located = {"clk27_0__io": 4, "uart_0__tx__io": 69, "uart_0__rx__io": 70, "led_0__io": 15}
    for name, pin in located.items():
        assert f'IO_LOC "{name}" {pin};' in pins
    assert made.place == [
        *("--device", "GW2AR-LV18QN88C8/I7", "--vopt", "family=GW2A-18C", "--vopt", "cst=top.cst"),
        *("--freq", "27", "--json", "top.json", "--write", "top.placed.json"),
    ]
    assert made.pack == ["-d", "GW2A-18C", "-o", "top.fs", "top.placed.json"]
    assert "module VexRiscv" in made.hardware["cpu.v"]
    # 80 KiB of main memory, in words of 4 bytes.
    assert "memory width 32 size 20480" in made.hardware["top.il"]
