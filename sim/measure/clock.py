"""Makes the clock's estimate: times a set of designs and fits sim/costs/clock/paths.yaml to them.

``python -m sim.measure.clock --liberty CELLS.lib --liberty SRAM.lib ...`` maps what the cache does
not have, some minutes a design. Beside paths.yaml it writes the designs' longest paths,
clock_designs.yaml, and the table of docs/timing.md; without --liberty it fits what is kept again.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import yaml

from tilewright.hw.spec.errors import TilewrightError
from tilewright.hw.spec.settings import load_config
from tilewright.sim.files import write_atomically
from tilewright.sim.measure.clock_fit import Timed, errors_left_out, fit
from tilewright.sim.progress import Progress
from tilewright.verification.gates.liberty import Library

ROOT = Path(__file__).resolve().parents[2]
COEFFICIENTS = ROOT / "sim" / "costs" / "clock" / "paths.yaml"
DESIGNS_FILE = Path(__file__).with_name("clock_designs.yaml")
PAGE = ROOT / "docs" / "timing.md"
TABLE_BEGIN, TABLE_END = "<!-- designs -->\n", "<!-- end -->"

DESIGNS: tuple[str, ...] = (
    "rows=4 cols=4 requantiser_lanes=1 cpu=lite",
    "rows=8 cols=8",
    "npu=none",
    "rows=8 cols=4 bus_bytes=4 depthwise_kernel=5 requantiser_lanes=1 cpu=imac",
    "rows=4 cols=8 accumulator_bits=20 requantiser_lanes=2 scratchpad_banks=2 depthwise_kernel=1 "
    "cpu=standard",
    "control=microcode rows=4 cols=16 bus_bytes=4 accumulator_bits=24 scratchpad_bytes=32768 "
    "memory_bytes=131072 memory_latency=3 cpu=min",
    "rows=4 cols=4 scratchpad_banks=16 depthwise_kernel=7 requantiser_lanes=1 cpu=lite",
    "npu=none cpu=min bus_bytes=4",
    "rows=8 cols=8 port_bytes=32 bus_bytes=32 requantiser_lanes=1 cpu=lite",
    "rows=2 cols=2 requantiser_lanes=1 port_bytes=8 bus_bytes=4 cpu=lite",
    "rows=16 cols=8 requantiser_lanes=1 accumulator_bits=24 bus_bytes=16 cpu=lite",
    "rows=4 cols=16 accumulator_bits=28 requantiser_lanes=1 depthwise_kernel=1 cpu=lite",
)
"""What is set of each design: every field that has a say, in small designs."""


def time_design(sets: str, library: Library, progress: Progress) -> Timed:
    """A design's longest paths; those from SRAM where ``library`` has some."""
    from tilewright.sim.measure.timing import map_chip, starts_at_memory, time_netlist
    from tilewright.verification.gates.liberty import without_memories

    netlist = map_chip(load_config(sets=sets.split()), library, progress)
    memory: dict[str, float] = {}
    if library.memories:
        whole = time_netlist(netlist, library, progress)
        memory = {
            block: (path.delay_ps - path.steps[0].arrival_ps) / whole.fo4_ps
            for block, path in whole.to.items()
            if starts_at_memory(path)
        }
    logic = time_netlist(netlist, without_memories(library), progress)
    return Timed(
        tuple(sets.split()),
        {block: path.delay_ps / logic.fo4_ps for block, path in logic.to.items()},
        memory,
    )


def read_designs() -> tuple[str, list[Timed]]:
    """Library, and the designs as they were last timed."""
    document = yaml.safe_load(DESIGNS_FILE.read_text())
    return document["library"], [
        Timed(tuple(line["set"].split()), line["logic"], line["memory"])
        for line in document["designs"]
    ]


def coefficients_text(library: str, designs: Sequence[Timed]) -> str:
    """The text of paths.yaml."""
    errors = [abs(error) for _, error in errors_left_out(designs)]
    found = fit(designs)
    lines = [
        "# FO4 delays of what sim/costs/clock/features.py counts. Written by",
        "# python -m sim.measure.clock; the error is that of designs left out of the fit.",
        f"library: {library}",
        f"error: {{designs: {len(errors)}, mean: {sum(errors) / len(errors):.4f}, "
        f"max: {max(errors):.4f}}}",
        f"cpu: {{{_listed(found.cpu)}}}",
        f"cpu_memory: {{{_listed(found.cpu_memory)}}}",
    ]
    for kind, blocks in (("logic", found.logic), ("memory", found.memory)):
        lines += [f"{kind}:", *(f"  {name}: {{{_listed(of)}}}" for name, of in blocks.items())]
    return "\n".join(lines) + "\n"


def designs_text(library: str, designs: Sequence[Timed]) -> str:
    """The text of clock_designs.yaml."""
    lines = [
        "# FO4 delays of the longest path into each block, from registers, and from SRAM behind",
        "# its access. Written by python -m sim.measure.clock.",
        f"library: {library}",
        "designs:",
    ]
    for design in designs:
        lines += [
            f"- set: {' '.join(design.sets)}",
            f"  logic: {{{_listed(design.logic)}}}",
            f"  memory: {{{_listed(design.memory)}}}",
        ]
    return "\n".join(lines) + "\n"


def table_text(designs: Sequence[Timed]) -> str:
    """The designs as a table in Markdown."""
    errors = {design.sets: error for design, error in errors_left_out(designs)}
    lines = [
        "| design | longest path by timing, FO4 | into | estimated without it | error |",
        "|---|---:|---|---:|---:|",
    ]
    for design in designs:
        block = max(design.logic, key=lambda name: design.logic[name]).replace("_", " ")
        row = f"| {' '.join(design.sets)} | {design.period:.1f} | {block} |"
        if (error := errors.get(design.sets)) is None:
            lines.append(f"{row} nothing like it is in the others | |")
        else:
            lines.append(f"{row} {design.period * (1 + error):.1f} | {error:+.1%} |")
    return "\n".join(lines) + "\n"


def _listed(numbers: Mapping[str, float]) -> str:
    return ", ".join(f"{name}: {number:.2f}" for name, number in numbers.items())


def _timed(liberty: Sequence[Path]) -> tuple[str, list[Timed]]:
    from tilewright.verification.gates.liberty_reader import read_liberty

    library, progress = read_liberty(liberty), Progress()
    found: list[Timed] = []
    for number, sets in enumerate(DESIGNS, 1):
        progress.note(f"{number} of {len(DESIGNS)}: {sets}", style="dim")
        found.append(time_design(sets, library, progress))
    return library.name, found


def main() -> int:
    """Entry of ``python -m sim.measure.clock``."""
    parser = argparse.ArgumentParser(description="fit the clock's estimate")
    parser.add_argument(
        "--liberty", action="append", type=Path, default=[], metavar="F.lib", help="cells and SRAM"
    )
    options = parser.parse_args()
    try:
        if options.liberty:
            write_atomically(DESIGNS_FILE, designs_text(*_timed(options.liberty)))
        library, designs = read_designs()
        write_atomically(COEFFICIENTS, coefficients_text(library, designs))
        table = table_text(designs)
        before, _, rest = PAGE.read_text().partition(TABLE_BEGIN)
        write_atomically(
            PAGE, before + TABLE_BEGIN + table + TABLE_END + rest.partition(TABLE_END)[2]
        )
    except TilewrightError as error:
        print(f"error: {error}", file=sys.stderr)
        return error.exit_status
    print(table, end="")
    return 0


if __name__ == "__main__":
    sys.exit(main())
