"""Derives a technology from gate-level runs: ``python -m sim.measure.energy``.

::

    python -m sim.measure.energy --liberty CELLS.lib --liberty SRAM.lib ... RUN.json RUN.json ...
    python -m sim.measure.energy

``RUN.json`` are documents of ``python -m sim power`` in the library's cells and macros, one for
each network and design. What is needed of them is kept in energy_layers.json beside this file;
figures of cells and macros come from the library; sim/technology/ihp-sg13g2.yaml and the tables of
docs/energy.md are written. Without arguments, the tables are made again from what is kept.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from tilewright.hw.spec.errors import RequestError, TilewrightError
from tilewright.sim.files import write_atomically
from tilewright.sim.measure.energy_fit import GateRun, fit, fit_clock
from tilewright.sim.measure.energy_table import tables_text
from tilewright.sim.measure.gate_runs import LAYERS, kept_runs, read_run, runs_text
from tilewright.sim.measure.process import Process, derived_text, read_process
from tilewright.sim.technology.read import read_technology

ROOT = Path(__file__).resolve().parents[2]
TECHNOLOGY = ROOT / "sim" / "technology" / "ihp-sg13g2.yaml"
PAGE = ROOT / "docs" / "energy.md"
BEGIN, END = "<!-- gates: begin -->\n", "<!-- gates: end -->"


def write_technology(process: Process, runs: Sequence[GateRun]) -> None:
    """The file of the technology."""
    clock = fit_clock(runs)
    write_atomically(TECHNOLOGY, derived_text(process, runs, clock, fit(runs, clock)))


def main(arguments: Sequence[str]) -> int:
    """Entry of ``python -m sim.measure.energy``."""
    parser = argparse.ArgumentParser(prog="python -m sim.measure.energy")
    parser.add_argument("--liberty", action="append", default=[], type=Path, metavar="F.lib")
    parser.add_argument("runs", nargs="*", type=Path, metavar="RUN.json")
    options = parser.parse_args(arguments)
    try:
        if bool(options.liberty) != bool(options.runs):
            raise RequestError("give the Liberty files and the documents of power, or neither")
        if options.runs:
            process = read_process(options.liberty)
            runs = [read_run(path, process.nand2_um2) for path in options.runs]
            write_atomically(LAYERS, runs_text(runs))
            write_technology(process, kept_runs())
        text = tables_text(kept_runs(), read_technology(str(TECHNOLOGY)))
        before, _, rest = PAGE.read_text().partition(BEGIN)
        write_atomically(PAGE, before + BEGIN + text + END + rest.partition(END)[2])
    except TilewrightError as error:
        print(f"error: {error}", file=sys.stderr)
        return error.exit_status
    print(text, end="")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
