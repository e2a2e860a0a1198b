"""Run by `verification.area.synthesis` in a process of its own: Yosys from RTL to cells.

In the working directory lie soc.il and cpu.v, cells.genlib, known.json, a list of modules that are
not to be mapped, and rules.json, `synthesis.RULES`. Leaves found.json: for each other module its
cells by type, how many of its flip-flops a clock gate feeds, and the bits of its SRAM.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from pathlib import Path
from typing import Any

from pyosys import libyosys

FLIP_FLOP, CLOCK_GATE = "$_DFF_P_", "CLKGATE_X1"


def main(top: str) -> None:
    """Map the modules below ``top``."""
    design = libyosys.Design()

    def run(*commands: str) -> None:
        for command in commands:
            libyosys.run_pass(command, design)

    # Equal circuits are one module only if they keep their ports; the CPU is one module.
    run(
        "read_verilog cpu.v",
        "read_rtlil soc.il",
        "flatten VexRiscv",
        f"hierarchy -check -top {top}",
    )
    known, rules = (json.loads(Path(name).read_text()) for name in ("known.json", "rules.json"))
    if known:
        run(f"blackbox {' '.join(known)}")
    # The reset sets a register's first value; a chip knows no other.
    run("proc", "setattr -unset init w:*", "synth -run coarse:fine", "memory_collect")
    for name, cell in _cells(design):
        if cell.type.str() == "$mem_v2" and _is_sram(name, *_size(cell), rules):
            cell.set_bool_attribute(libyosys.IdString("\\sram"), True)
    run("memory_map -attr !sram", "setattr -unset init w:*", "opt -undriven -fine", "techmap")
    gated_bits = rules["gated_bits"]
    run("opt -fast", f"clockgate -pos {CLOCK_GATE} E:CK:GCK -min_net_size {gated_bits}")
    run(f"dfflegalize -cell {FLIP_FLOP} x", "techmap", "opt_expr", "opt_merge", "opt_clean")
    run("abc -genlib cells.genlib", "opt_clean")
    Path("found.json").write_text(json.dumps(_found(design)))


def _is_sram(module: str, word: int, words: int, rules: dict[str, Any]) -> bool:
    is_large = words >= rules["sram_words"] and word * words >= rules["sram_bits"]
    return is_large or module in rules["sram_modules"]


def _size(memory: libyosys.Cell) -> tuple[int, int]:
    word, words = (memory.getParam(libyosys.IdString(name)) for name in ("\\WIDTH", "\\SIZE"))
    return word.as_int(False), words.as_int(False)


def _modules(design: libyosys.Design) -> list[tuple[str, libyosys.Module]]:
    """Those that are mapped, by name."""
    return [
        (module.name.str()[1:], module)
        for module in design.modules_.values()
        if not module.get_blackbox_attribute(False)
    ]


def _cells(design: libyosys.Design) -> list[tuple[str, libyosys.Cell]]:
    """Name of its module, and cell."""
    return [(name, cell) for name, module in _modules(design) for cell in module.cells_.values()]


def _found(design: libyosys.Design) -> dict[str, dict[str, object]]:
    cells: dict[str, Counter[str]] = {name: Counter() for name, _ in _modules(design)}
    bits: Counter[str] = Counter()
    for name, cell in _cells(design):
        kind = cell.type.str().removeprefix("\\")
        if kind == "$mem_v2":
            word, words = _size(cell)
            bits[name] += word * words
        elif kind != "$scopeinfo":
            cells[name][kind] += 1
    gated = {name: _gated(module) for name, module in _modules(design)}
    return {
        name: {"cells": kinds, "gated": gated[name], "sram_bits": bits[name]}
        for name, kinds in cells.items()
    }


def _gated(module: libyosys.Module) -> int:
    """Flip-flops of the module that take their clock from a clock gate."""
    cells = [(cell.type.str().removeprefix("\\"), cell) for cell in module.cells_.values()]
    clocks = {
        cell.getPort(libyosys.IdString("\\GCK")).as_bit()
        for kind, cell in cells
        if kind == CLOCK_GATE
    }
    return sum(
        cell.getPort(libyosys.IdString("\\C")).as_bit() in clocks
        for kind, cell in cells
        if kind == FLIP_FLOP
    )


if __name__ == "__main__":
    main(sys.argv[1])
