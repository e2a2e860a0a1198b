"""Energy at gate level, in the terminal and as JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from tilewright.sim.files import write_atomically
from tilewright.sim.report.units import percent, quantity, short_names
from tilewright.sim.results.power import KINDS, PowerResult
from tilewright.sim.version import origin

SCHEMA = "tilewright.power/1"

NAME_WIDTH = 28


def print_power(result: PowerResult) -> None:
    """A row a block, the largest first, then a row a layer, then what to know of the figures."""
    console = Console()
    kinds = [kind for kind in KINDS if result.knows_sram or not kind.startswith("sram")]
    console.print(_blocks(result, kinds))
    console.print(_layers(result, kinds))
    total = sum(row.total_pj for row in result.layers)
    power = result.milliwatts(total, result.cycles)
    console.print(
        Text(
            f"{result.model}: {quantity(total * 1e-12, 'J')} in {result.cycles:,} cycles, "
            f"{power:.3g} mW at {result.clock_hz / 1e6:g} MHz, "
            f"{total / max(result.cycles, 1):,.1f} pJ a cycle",
            style="bold",
        )
    )
    for line in _notes(result, total):
        console.print(Text(line, style="dim"))


def write_power(path: Path, result: PowerResult) -> None:
    """Write the document; the file appears whole or not at all."""
    document = {"schema": SCHEMA, **origin(), **result.to_dict()}
    write_atomically(path, json.dumps(document, indent=1) + "\n")


def _table(first: str, headings: list[str]) -> Table:
    table = Table(header_style="bold", box=SIMPLE_HEAD, pad_edge=False)
    table.add_column(first)
    for heading in headings:
        table.add_column(heading.replace("_", " "), justify="right", no_wrap=True)
    return table


def _blocks(result: PowerResult, kinds: list[str]) -> Table:
    table = _table("mW", [*kinds, "total", "share", "pJ a cycle"])
    energy = result.energy_pj
    whole = sum(sum(values.values()) for values in energy.values())

    def add(name: str, values: Mapping[str, float], style: str = "") -> None:
        total = sum(values[kind] for kind in kinds)
        cells = [_milliwatts(result, values[kind]) for kind in kinds]
        each = f"{total / max(result.cycles, 1):,.2f}"
        share = percent(total / whole if whole else None)
        table.add_row(name, *cells, _milliwatts(result, total), share, each, style=style)

    for name, values in sorted(energy.items(), key=lambda item: -sum(item[1].values())):
        add(name.replace("_", " "), values)
    table.add_section()
    sums = {kind: sum(values[kind] for values in energy.values()) for kind in kinds}
    add("all", sums, "bold")
    return table


def _milliwatts(result: PowerResult, picojoules: float) -> str:
    return f"{result.milliwatts(picojoules, result.cycles):.3f}"


def _layers(result: PowerResult, kinds: list[str]) -> Table:
    table = _table("pJ a cycle", [*kinds, "total", "cycles", "energy"])
    names = short_names([row.layer.name for row in result.layers], NAME_WIDTH)
    for name, row in zip(names, result.layers, strict=True):
        sums = [sum(values[kind] for values in row.energy_pj.values()) for kind in kinds]
        table.add_row(
            name,
            *(f"{value / row.cycles:,.2f}" for value in sums),
            f"{row.total_pj / row.cycles:,.2f}",
            f"{row.cycles:,}",
            quantity(row.total_pj * 1e-12, "J"),
        )
    return table


def _notes(result: PowerResult, total: float) -> list[str]:
    technology = result.technology
    tree = sum(values["clock_tree"] for values in result.energy_pj.values())
    lines = [
        f"{technology.name}, {technology.corner}: {technology.voltage_v:g} V, "
        f"{technology.temperature_c:g} C; {sum(result.cells.values()):,} cells, of which "
        f"{result.registers:,} registers were equal to the RTL's in every cycle.",
        "From settled values of nets: glitches are not in it. Main memory is not on the chip.",
        f"Assumed: {technology.wire_ff:.2f} fF of wire for each pin that a net leads to; "
        f"{technology.clock_buffers:,} buffers of the clocks, {percent(tree / total)} of all."
        if total
        else "",
    ]
    if not result.knows_sram:
        lines.append(
            f"SRAM is left out: {result.memories} memories have accesses and leakage that no "
            "Liberty file tells; give those of SRAM macros by --liberty."
        )
    return [line for line in lines if line]
