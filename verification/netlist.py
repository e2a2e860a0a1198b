"""The chip as a netlist of an FPGA family's cells, for simulation in place of its RTL."""

from __future__ import annotations

import importlib.util
import re
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from amaranth.back import rtlil

from hw.block_ram import FORGET_INIT
from hw.generate import SOC_MODULE, main_memory_model
from hw.soc.cpu import cpu_verilog
from hw.soc.soc import Soc
from hw.spec.config import Config
from verification.run_tool import run_tool

SYNTHESIS = {
    "ecp5": "synth_ecp5 -abc9",
    # Not with -dsp: its pass takes every SB_MAC16 for one product of 16 bits, those that are
    # written as two products of 8 bits as well.
    "ice40": f"{FORGET_INIT}; synth_ice40 -abc9 -device u",
}
"""Of each family, the command of Yosys; the top module is added."""


@dataclass(frozen=True)
class _Device:
    """Stands for a platform of Amaranth, whose device decides which multipliers are taken."""

    device: str


_DEVICES = {"ice40": _Device("iCE40UP5K")}


def _share() -> Path:
    """Files that pyosys brings. It is not imported: it makes all extension modules that are loaded
    after it share their symbols, which breaks matplotlib beside onnx."""
    spec = importlib.util.find_spec("pyosys")
    assert spec
    assert spec.origin
    return Path(spec.origin).parent / "share"


_SHARE = _share()
_MODELS = {"ice40": _SHARE / "ice40" / "cells_sim.v"}
"""Yosys' models of cells."""

_INCLUDE = re.compile(r'^`include "(.+)"$', re.MULTILINE)
_EMPTY = re.compile(r"^\(\* blackbox \*\)\nmodule .*?^endmodule$", re.MULTILINE | re.DOTALL)

_SCRIPT = """
import sys
from pyosys import libyosys
synthesise, netlist = sys.argv[1:]
design = libyosys.Design()
for command in (
    "read_rtlil soc.il",
    "read_verilog -sv cpu.v",
    synthesise,
    "write_verilog -noattr -norename " + netlist,
):
    libyosys.run_pass(command, design)
"""


def write_netlist(
    config: Config, family: str, folder: Path, note: Callable[[str], None] = lambda _: None
) -> None:
    """Writes Verilog of the chip ``config`` in cells of ``family``, and the cells, into ``folder``.

    Module and ports are those of the RTL. Raises TilewrightError when Yosys fails.
    """
    chip = rtlil.convert(Soc(config), name=SOC_MODULE, platform=_DEVICES[family], emit_src=False)
    (folder / "soc.il").write_text(chip)
    (folder / "cpu.v").write_text(cpu_verilog(config.soc.cpu))
    command = [sys.executable, "-c", _SCRIPT, f"{SYNTHESIS[family]} -top {SOC_MODULE}"]
    run_tool([*command, "netlist.v"], folder / "synthesis.log", "Yosys", note)
    for name in ("soc.il", "cpu.v", "synthesis.log"):
        (folder / name).unlink()
    (folder / "cells.v").write_text(_model(_MODELS[family]))
    model = main_memory_model()
    (folder / model.name).write_text(model.read_text())


def _model(path: Path) -> str:
    """A file of cells with its includes, without the cells that it leaves empty."""
    text = _INCLUDE.sub(lambda line: (path.parent / line[1]).read_text(), path.read_text())
    return _EMPTY.sub("", text)
