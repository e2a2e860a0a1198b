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
from tilewright.sim.results.power import PowerResult
from tilewright.sim.version import origin
from tilewright.verification.gates.power.kinds import KINDS

SCHEMA = "tilewright.power/1"

NAME_WIDTH = 22
UNKNOWN = "unknown"

_COLUMNS: Mapping[str, tuple[str, ...]] = {
    "switching": ("switching",),
    "internal": ("internal",),
    "clock": ("clock",),
    "tree": ("clock_tree",),
    "leakage": ("leakage", "sram_leakage"),
    "SRAM": ("sram",),
}
"""Headings, and the kinds of energy under them."""


def print_power(result: PowerResult, console: Console) -> None:
    """A row a block, the largest first, then a row a layer, then what to know of the figures."""
    console.print(_blocks(result))
    console.print(_layers(result))
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


def _table(title: str, first: str, headings: list[str]) -> Table:
    table = Table(title=title, title_justify="left", header_style="bold", box=SIMPLE_HEAD)
    table.add_column(first, no_wrap=True)
    for heading in headings:
        table.add_column(heading, justify="right", no_wrap=True)
    return table


def _columns(
    result: PowerResult, values: Mapping[str, float], factor: float, form: str
) -> list[str]:
    """A cell for each heading, of energies times a factor; what is not known is no number."""
    return [
        UNKNOWN
        if heading == "SRAM" and not result.knows_sram
        else format(sum(values[kind] for kind in kinds) * factor, form)
        for heading, kinds in _COLUMNS.items()
    ]


def _blocks(result: PowerResult) -> Table:
    table = _table("Power by block, mW", "block", [*_COLUMNS, "total", "share", "pJ/cycle"])
    energy = result.energy_pj
    whole = sum(sum(values.values()) for values in energy.values())
    milliwatts = result.milliwatts(1.0, result.cycles)

    def add(name: str, values: Mapping[str, float], style: str = "") -> None:
        total = sum(values.values())
        cells = _columns(result, values, milliwatts, ".3f")
        share = percent(total / whole if whole else None)
        each = f"{total / max(result.cycles, 1):,.2f}"
        table.add_row(name, *cells, f"{total * milliwatts:.3f}", share, each, style=style)

    for name, values in sorted(energy.items(), key=lambda item: -sum(item[1].values())):
        add(name.replace("_", " "), values)
    table.add_section()
    add("all", {kind: sum(values[kind] for values in energy.values()) for kind in KINDS}, "bold")
    return table


def _layers(result: PowerResult) -> Table:
    headings = [*_COLUMNS, "total", "cycles", "energy"]
    table = _table("Energy by layer, pJ a cycle", "layer", headings)
    names = short_names([row.layer.name for row in result.layers], NAME_WIDTH)
    for name, row in zip(names, result.layers, strict=True):
        sums = {kind: sum(v[kind] for v in row.energy_pj.values()) for kind in KINDS}
        table.add_row(
            name,
            *_columns(result, sums, 1 / row.cycles, ",.1f"),
            f"{row.total_pj / row.cycles:,.1f}",
            f"{row.cycles:,}",
            quantity(row.total_pj * 1e-12, "J"),
        )
    return table


def _notes(result: PowerResult, total: float) -> list[str]:
    technology = result.technology
    tree = sum(values["clock_tree"] for values in result.energy_pj.values())
    lines = [
        f"{technology.name}, {technology.voltage_v:g} V, {technology.temperature_c:g} C: "
        f"{sum(result.cells.values()):,} cells; the {result.registers:,} flip-flops that are the "
        "RTL's registers took in every cycle what these hold.",
        "From settled values of nets: glitches are not in it. Main memory is not on the chip.",
        f"Assumed: {technology.wire_ff:.2f} fF of wire for each pin that a net leads to; "
        f"{technology.clock_buffers:,} buffers of the clocks, {percent(tree / total)} of all."
        if total
        else "",
    ]
    if not result.knows_sram:
        lines.append(
            "SRAM is left out: no Liberty file tells what an access takes, nor what SRAM leaks; "
            "give those of SRAM macros by --liberty."
        )
    return [line for line in lines if line]
