"""Makes the estimates of gates and registers: synthesises designs, fits costs/area/gates.yaml.

``python -m sim.measure.area`` takes what was mapped before from the cache; without any it needs
about 25 CPU minutes. Beside gates.yaml it writes the designs' areas, area_designs.yaml, and
the table of docs/area.md.
"""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import yaml

from tilewright.hw.spec.errors import TilewrightError
from tilewright.hw.spec.settings import load_config
from tilewright.hw.spec.soc_config import CPU_VARIANTS
from tilewright.sim.costs.area.counts import sram_bits
from tilewright.sim.costs.area.parts import Clocked
from tilewright.sim.files import write_atomically
from tilewright.sim.measure.area_fit import Design, errors_left_out, fit
from tilewright.sim.measure.gates import mapped_blocks
from tilewright.sim.progress import Progress

ROOT = Path(__file__).resolve().parents[2]
COEFFICIENTS = ROOT / "sim" / "costs" / "area" / "gates.yaml"
DESIGNS_FILE = Path(__file__).with_name("area_designs.yaml")
PAGE = ROOT / "docs" / "area.md"
TABLE_BEGIN, TABLE_END = "<!-- designs -->\n", "<!-- end -->"

DESIGNS: tuple[str, ...] = (
    *(f"npu=none cpu={cpu}" for cpu in CPU_VARIANTS),
    "npu=none cpu=min bus_bytes=4",
    "rows=8 cols=8",
    "rows=2 cols=2",
    "rows=4 cols=4",
    "rows=16 cols=8",
    "rows=8 cols=16 requantiser_lanes=4",
    "rows=8 cols=4 bus_bytes=4 depthwise_kernel=5",
    "rows=4 cols=8 accumulator_bits=20 requantiser_lanes=2",
    "rows=8 cols=8 bus_bytes=16 scratchpad_banks=8",
    "rows=6 cols=12 accumulator_bits=24 requantiser_lanes=1",
    "rows=12 cols=6 depthwise_kernel=1 scratchpad_banks=2",
    "rows=16 cols=16 bus_bytes=16 scratchpad_bytes=131072",
    "rows=8 cols=8 port_bytes=32 bus_bytes=32",
    "rows=4 cols=4 scratchpad_banks=16 depthwise_kernel=7",
    "rows=8 cols=8 port_bytes=8 bus_bytes=4 requantiser_lanes=2",
    "rows=4 cols=16 accumulator_bits=28",
    "rows=16 cols=4 bus_bytes=16 requantiser_lanes=8 accumulator_bits=24",
    "rows=24 cols=6 requantiser_lanes=4",
    "rows=5 cols=7 scratchpad_bytes=262144 weight_buffer_bytes=65536 memory_latency=32",
    "rows=3 cols=24 port_bytes=32 depthwise_kernel=1",
    "rows=2 cols=8 port_bytes=32 scratchpad_banks=8 weight_buffer_bytes=2048 memory_latency=1",
    "rows=32 cols=4 bus_bytes=32 requantiser_lanes=2",
    "rows=16 cols=16 depthwise_kernel=5 requantiser_lanes=4 port_bytes=32",
    "rows=32 cols=32 requantiser_lanes=8",
    "rows=3 cols=2 requantiser_lanes=1 cpu=lite",
    "rows=7 cols=9 accumulator_bits=22 depthwise_kernel=5 scratchpad_banks=16 bus_bytes=16 "
    "requantiser_lanes=3 memory_latency=20",
    "control=microcode rows=4 cols=16 bus_bytes=4 accumulator_bits=24 scratchpad_bytes=32768 "
    "memory_bytes=131072 memory_latency=3 cpu=min",
    "control=microcode rows=4 cols=8 bus_bytes=4 accumulator_bits=32 scratchpad_bytes=65536 "
    "memory_bytes=262144 memory_latency=1 cpu=min",
)
"""What is set of each design: every field that has a say, small and large, and not one by one."""

FITTED: Mapping[str, Callable[[Design], Mapping[str, float]]] = {
    "logic": lambda design: design.logic,
    "free": lambda design: {name: found.free for name, found in design.clocked.items()},
    "gated": lambda design: {name: found.gated for name, found in design.clocked.items()},
    "clock_gates": lambda design: {name: at.clock_gates for name, at in design.clocked.items()},
}
"""Sections of gates.yaml, and what of a design each is fitted to."""


def map_design(sets: str, progress: Progress) -> Design:
    """A design by Yosys. Raises TilewrightError if its SRAM is not what the formula says."""
    config = load_config(sets=sets.split())
    found = mapped_blocks(config, progress)
    bits = found.sram_bits
    if (expected := sram_bits(config)) != {k: n for k, n in bits.items() if k != "cpu"}:
        raise TilewrightError(
            f"{sets}: the netlist's SRAM has {bits} bits, sim/costs/area/counts.py says {expected}"
        )
    return Design(tuple(sets.split()), found.logic, bits, found.clocked)


def read_designs() -> list[Design]:
    """The designs as they were last mapped."""
    return [
        Design(
            tuple(line["set"].split()),
            line["logic"],
            line["sram_bits"],
            {block: Clocked(*numbers) for block, numbers in line["clocked"].items()},
        )
        for line in yaml.safe_load(DESIGNS_FILE.read_text())
    ]


def accelerated(designs: Sequence[Design]) -> list[Design]:
    """Those with an accelerator: the others are the CPU, which is not estimated, and its bus."""
    return [design for design in designs if design.config.soc.npu != "none"]


def coefficients_text(designs: Sequence[Design]) -> str:
    """The text of gates.yaml."""
    lines = [
        "# Gate equivalents (NAND2) and registers of what sim/costs/area/counts.py counts. Written",
        "# by python -m sim.measure.area; errors are those of designs left out of the fit,",
        "# clocked_error that of flip-flops without a clock gate.",
        f"error: {_error_text(designs, FITTED['logic'])}",
        f"clocked_error: {_error_text(designs, FITTED['free'])}",
        "cpu:",
    ]
    alone = {design.config.soc.cpu: design for design in designs if design.sets[0] == "npu=none"}
    for cpu, design in alone.items():
        bits = design.sram_bits.get("cpu", 0)
        registers = dataclasses.asdict(design.clocked["cpu"])
        clocked = "".join(f", {name}: {count:.0f}" for name, count in registers.items())
        lines.append(f"  {cpu}: {{ge: {design.logic['cpu']:.0f}, sram_bits: {bits}{clocked}}}")
    for section, values_of in FITTED.items():
        lines.append(f"{section}:")
        for block, numbers in fit(designs, values_of).items():
            inner = ", ".join(f"{name}: {number:.5g}" for name, number in numbers.items())
            lines.append(f"  {block}: {{{inner}}}")
    return "\n".join(lines) + "\n"


def _error_text(
    designs: Sequence[Design], values_of: Callable[[Design], Mapping[str, float]]
) -> str:
    errors = [abs(error) for error in errors_left_out(designs, accelerated(designs), values_of)]
    mean = sum(errors) / len(errors)
    return f"{{designs: {len(errors)}, mean: {mean:.4f}, max: {max(errors):.4f}}}"


def designs_text(designs: Sequence[Design]) -> str:
    """The text of area_designs.yaml."""
    lines = [
        "# Gate equivalents, SRAM bits, and registers (free, gated, clock gates) by Yosys. Written",
        "# by python -m sim.measure.area.",
    ]
    for design in designs:
        logic = ", ".join(f"{name}: {ge:.0f}" for name, ge in design.logic.items())
        bits = ", ".join(f"{name}: {count}" for name, count in design.sram_bits.items())
        clocked = ", ".join(
            f"{name}: [{', '.join(f'{n:.0f}' for n in dataclasses.astuple(numbers))}]"
            for name, numbers in design.clocked.items()
        )
        lines += [
            f"- set: {' '.join(design.sets)}",
            f"  logic: {{{logic}}}",
            f"  sram_bits: {{{bits}}}",
            f"  clocked: {{{clocked}}}",
        ]
    return "\n".join(lines) + "\n"


def table_text(designs: Sequence[Design]) -> str:
    """The designs with an accelerator as a table in Markdown."""
    chosen = accelerated(designs)
    lines = [
        "| design | logic by Yosys, GE | estimated without it | error |",
        "|---|---:|---:|---:|",
    ]
    for design, error in zip(
        chosen, errors_left_out(designs, chosen, FITTED["logic"]), strict=True
    ):
        guess = design.logic_ge * (1 + error)
        lines.append(
            f"| {' '.join(design.sets)} | {design.logic_ge:,.0f} | {guess:,.0f} | {error:+.1%} |"
        )
    return "\n".join(lines) + "\n"


def main() -> int:
    """Entry of ``python -m sim.measure.area``."""
    progress = Progress()
    try:
        found: list[Design] = []
        for number, sets in enumerate(DESIGNS, 1):
            progress.note(f"{number} of {len(DESIGNS)}: {sets}", style="dim")
            found.append(map_design(sets, progress))
        write_atomically(DESIGNS_FILE, designs_text(found))
        designs = read_designs()
        write_atomically(COEFFICIENTS, coefficients_text(designs))
        table = table_text(designs)
        before, _, rest = PAGE.read_text().partition(TABLE_BEGIN)
        write_atomically(
            PAGE, before + TABLE_BEGIN + table + TABLE_END + rest.partition(TABLE_END)[2]
        )
    except TilewrightError as error:
        print(f"error: {error}", file=sys.stderr)
        return error.exit_status
    print(table, end="")
    print(COEFFICIENTS.read_text().splitlines()[2])
    return 0


if __name__ == "__main__":
    sys.exit(main())
