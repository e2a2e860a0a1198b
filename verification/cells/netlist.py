"""The chip as Yosys understands it, for simulation in place of its RTL.

That is a netlist of an FPGA family's cells; or what its description leaves open, made visible:
block RAM that answers with nothing particular where it is read while it is written.
"""

from __future__ import annotations

import importlib.util
import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from amaranth.back import rtlil

from tilewright.hw.block_ram import FORGET_INIT
from tilewright.hw.local_copy import KEEP_COPIES
from tilewright.hw.soc.cpu import cpu_verilog
from tilewright.hw.soc.soc import Soc
from tilewright.hw.spec.config import Config
from tilewright.hw.verilog import SOC_MODULE, memory_models
from tilewright.verification.tools.run_tool import Note, run_tool

NETLIST = "netlist.v"
CELLS = "cells.v"

UNDEFINED_READS = "undefined reads"
"""In place of a family: see the module's text."""

SYNTHESIS = {
    # A register behind a memory becomes part of it; Yosys then writes X for what it reads of a byte
    # that is written, if the memory says that this is undefined (hw.block_ram).
    UNDEFINED_READS: "hierarchy -check -top {top}; proc; flatten; opt_clean; opt_dff; opt_clean; "
    "memory_dff; memory_collect; opt_clean",
    # ABC9 fails an assertion of Yosys on some designs whose nets are wider than a bit. And it takes
    # a wire for 0.3 ns if it is not told better, where 1 ns is nearer to what routing makes of it:
    # between its two halves, the command is followed step by step but for that.
    "ecp5": f"{KEEP_COPIES}; synth_ecp5 -abc9 -top {{top}} -run begin:map_luts; splitnets; "
    "techmap -map +/lattice/latches_map.v; abc9 -W 1000; clean; "
    "synth_ecp5 -abc9 -top {top} -run map_cells:",
    # Not with -dsp: its pass takes every SB_MAC16 for one product of 16 bits, those that are
    # written as two products of 8 bits as well.
    "ice40": f"{FORGET_INIT}; synth_ice40 -abc9 -device u -top {{top}}",
    # The CPU's registers take two block RAMs otherwise, of few.
    "gowin": f'{FORGET_INIT}; setattr -set ram_style "distributed" */m:RegFilePlugin_regFile; '
    "synth_gowin -family gw2a -top {top}",
}
"""Of each family, the commands of Yosys for the module ``top``."""


@dataclass(frozen=True)
class _Device:
    """Stands for a platform of Amaranth, whose device decides which multipliers are taken."""

    device: str


_DEVICES = {"ecp5": _Device("LFE5U-85F"), "ice40": _Device("iCE40UP5K")}


def _share() -> Path:
    """Files that pyosys brings. It is not imported: it makes all extension modules that are loaded
    after it share their symbols, which breaks matplotlib beside onnx."""
    spec = importlib.util.find_spec("pyosys")
    assert spec
    assert spec.origin
    return Path(spec.origin).parent / "share"


_SHARE = _share()
_MODELS: dict[str, list[Path]] = {
    UNDEFINED_READS: [],
    "ecp5": [_SHARE / "ecp5" / "cells_sim.v", Path(__file__).with_name("ecp5_cells.sv")],
    "ice40": [_SHARE / "ice40" / "cells_sim.v"],
}
"""Yosys' models of cells, and ours of those that it leaves empty."""

_INCLUDE = re.compile(r'^`include "(.+)"$', re.MULTILINE)
_EMPTY = re.compile(r"^\(\* blackbox \*\)\nmodule .*?^endmodule$", re.MULTILINE | re.DOTALL)

_SCRIPT = """
import sys
from pyosys import libyosys
synthesise, netlist, *sources = sys.argv[1:]
design = libyosys.Design()
for source in sources:
    reader = "read_rtlil " if source.endswith(".il") else "read_verilog -sv "
    libyosys.run_pass(reader + source, design)
for command in (synthesise, "write_verilog -noattr -norename " + netlist):
    libyosys.run_pass(command, design)
"""


def write_netlist(config: Config, family: str, folder: Path, note: Note = lambda _: None) -> None:
    """Writes Verilog of the chip ``config`` in cells of ``family``, and the cells, into ``folder``.

    ``family``: of SYNTHESIS; of UNDEFINED_READS there are no cells.

    Module and ports are those of the RTL. Raises TilewrightError when Yosys fails.
    """
    chip = rtlil.convert(
        Soc(config), name=SOC_MODULE, platform=_DEVICES.get(family), emit_src=False
    )
    sources = {"soc.il": chip, "cpu.v": cpu_verilog(config.soc.cpu)}
    write_cells(sources, family, SOC_MODULE, folder, note)
    for model in memory_models():
        (folder / model.name).write_text(model.read_text())


def write_cells(
    sources: Mapping[str, str], family: str, top: str, folder: Path, note: Note = lambda _: None
) -> None:
    """Writes NETLIST, the module ``top`` in cells of ``family``, and CELLS into ``folder``.

    ``sources`` are texts by name: Verilog, or RTLIL by the name's end ``.il``. Raises
    TilewrightError when Yosys fails.
    """
    for name, text in sources.items():
        (folder / name).write_text(text)
    command = [sys.executable, "-c", _SCRIPT, SYNTHESIS[family].format(top=top), NETLIST]
    log = folder / "synthesis.log"
    run_tool([*command, *sources], log, "Yosys", note)
    for path in (log, *(folder / name for name in sources)):
        path.unlink()
    (folder / CELLS).write_text(cell_models(family))


def cell_models(family: str) -> str:
    """Verilog of the family's cells."""
    return "\n".join(_model(path) for path in _MODELS[family])


def _model(path: Path) -> str:
    """A file of cells with its includes, without the cells that it leaves empty."""
    text = _INCLUDE.sub(lambda line: (path.parent / line[1]).read_text(), path.read_text())
    return _EMPTY.sub("", text)
