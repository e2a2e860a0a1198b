"""Run by `verification.area.synthesis` in a process of its own: Yosys from RTL to cells.

In the working directory lie soc.il and cpu.v, cells.genlib, known.json, a list of modules that are
not to be mapped, and rules.json, `synthesis.RULES`. Leaves found.json: for each other module its
cells by type, and the bits of its SRAM.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from pathlib import Path
from typing import Any

from pyosys import libyosys


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
    run("opt -fast", f"clockgate -pos CLKGATE_X1 E:CK:GCK -min_net_size {rules['gated_bits']}")
    run("dfflegalize -cell $_DFF_P_ x", "techmap", "opt_expr", "opt_merge", "opt_clean")
    run("abc -genlib cells.genlib", "opt_clean")
    Path("found.json").write_text(json.dumps(_found(design)))


def _is_sram(module: str, word: int, words: int, rules: dict[str, Any]) -> bool:
    is_large = words >= rules["sram_words"] and word * words >= rules["sram_bits"]
    return is_large or module in rules["sram_modules"]


def _size(memory: libyosys.Cell) -> tuple[int, int]:
    word, words = (memory.getParam(libyosys.IdString(name)) for name in ("\\WIDTH", "\\SIZE"))
    return word.as_int(False), words.as_int(False)


def _cells(design: libyosys.Design) -> list[tuple[str, libyosys.Cell]]:
    """Name of its module, and cell."""
    return [
        (module.name.str()[1:], cell)
        for module in design.modules_.values()
        if not module.get_blackbox_attribute(False)
        for cell in module.cells_.values()
    ]


def _found(design: libyosys.Design) -> dict[str, dict[str, object]]:
    cells: dict[str, Counter[str]] = {
        module.name.str()[1:]: Counter()
        for module in design.modules_.values()
        if not module.get_blackbox_attribute(False)
    }
    bits: Counter[str] = Counter()
    for name, cell in _cells(design):
        kind = cell.type.str().removeprefix("\\")
        if kind == "$mem_v2":
            word, words = _size(cell)
            bits[name] += word * words
        elif kind != "$scopeinfo":
            cells[name][kind] += 1
    return {name: {"cells": kinds, "sram_bits": bits[name]} for name, kinds in cells.items()}


if __name__ == "__main__":
    main(sys.argv[1])
