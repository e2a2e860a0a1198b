"""From sources to a netlist of a family's cells: Yosys, as the package pyosys brings it."""

from __future__ import annotations

import importlib.metadata
import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from tilewright.hw.fpga.boards import BLOCK_RAM, DSP, FLIP_FLOP, LUT, SPRAM
from tilewright.hw.spec.errors import TilewrightError
from tilewright.verification.cells.netlist import SYNTHESIS
from tilewright.verification.tools.run_tool import Note, run_tool

NETLIST = "netlist.json"
CELLS = "cells.json"

CELL_KINDS: Mapping[str, Mapping[str, str]] = {
    "ecp5": {
        "LUT4": LUT,
        "CCU2C": LUT,
        "TRELLIS_DPR16X4": LUT,
        "TRELLIS_FF": FLIP_FLOP,
        "MULT18X18D": DSP,
        "DP16KD": BLOCK_RAM,
    },
    "ice40": {
        "SB_LUT4": LUT,
        "SB_MAC16": DSP,
        "SB_RAM40_4K": BLOCK_RAM,
        "SB_SPRAM256KA": SPRAM,
    },
    "gowin": {
        **dict.fromkeys(("LUT1", "LUT2", "LUT3", "LUT4", "ALU", "RAM16SDP4"), LUT),
        **dict.fromkeys(("MULT9X9", "MULT18X18"), DSP),
        **dict.fromkeys(
            ("SP", "SPX9", "SDPB", "SDPX9B", "DPB", "DPX9B", "pROM", "pROMX9"), BLOCK_RAM
        ),
    },
}
"""Cells of a netlist and the resource that each takes; all SB_DFF* and DFF* are flip-flops."""

CELL_SIZES: Mapping[str, int] = {
    "CCU2C": 2,
    "TRELLIS_DPR16X4": 6,
    "RAM16SDP4": 4,
    "MULT18X18": 2,
}
"""How many of it cells take that take more than one."""

_SCRIPT = """
import sys
from pyosys import libyosys
synthesise, netlist, cells, *sources = sys.argv[1:]
design = libyosys.Design()
for source in sources:
    reader = "read_rtlil " if source.endswith(".il") else "read_verilog -sv "
    libyosys.run_pass(reader + source, design)
libyosys.run_pass(synthesise, design)
libyosys.run_pass("write_json " + netlist, design)
libyosys.run_pass("tee -q -o " + cells + " stat -json", design)
"""


def yosys_version() -> str:
    """Of pyosys."""
    return f"pyosys {importlib.metadata.version('pyosys')}"


def synthesise(
    sources: Sequence[str], family: str, top: str, folder: Path, log: Path, note: Note
) -> None:
    """Writes NETLIST and CELLS of module ``top`` from files in ``folder``, beside them.

    ``sources`` are Verilog, or RTLIL by the name's end ``.il``: Yosys takes many minutes to read a
    large memory's contents from Verilog. Raises TilewrightError when Yosys fails.
    """
    commands = SYNTHESIS[family].format(top=top)
    command = [sys.executable, "-c", _SCRIPT, commands, NETLIST, CELLS]
    run_tool([*command, *sources], log, "Yosys", note, folder)


def used_resources(cells: Path, family: str) -> dict[str, int]:
    """What a netlist takes of each kind of resource, from the file CELLS."""
    counted = json.loads(cells.read_text())["design"].get("num_cells_by_type")
    if counted is None:
        raise TilewrightError(f"{cells}: Yosys has counted no cells")
    used = dict.fromkeys([*CELL_KINDS[family].values(), FLIP_FLOP], 0)
    for cell, number in counted.items():
        kind = FLIP_FLOP if cell.startswith(("SB_DFF", "DFF")) else CELL_KINDS[family].get(cell)
        if kind is not None:
            used[kind] += number * CELL_SIZES.get(cell, 1)
    return used
