"""Processes and their figures in the terminal, and as the file to start one's own from."""

from __future__ import annotations

import json

from rich.box import SIMPLE_HEAD
from rich.table import Table
from rich.text import Text

from tilewright.hw.spec.soc_config import SocConfig
from tilewright.sim.report.console import report_console
from tilewright.sim.technology.items import ITEMS
from tilewright.sim.technology.read import read_technology, technologies
from tilewright.sim.technology.technology import BASES, Technology

_LISTED = ("area.gate", "delay.fo4", "leakage.gate", "leakage.sram_bit", "array.product")
"""Items that the list shows beside the names."""


def print_technologies() -> None:
    """A row a technology, the finest node first, then what each is; the default is marked."""
    table = Table(header_style="bold", box=SIMPLE_HEAD, pad_edge=False)
    for heading in ("technology", "figures are"):
        table.add_column(heading, no_wrap=True)
    for item in _LISTED:
        heading = item.replace(".", "\n").replace("_", " ")
        table.add_column(f"{heading}\n{ITEMS[item].unit}", justify="right", no_wrap=True)
    default = SocConfig().technology
    found = [read_technology(name) for name in technologies()]
    for technology in found:
        table.add_row(
            Text(technology.name, style="bold" if technology.name == default else ""),
            technology.basis,
            *(figure(technology.lines[item].value) for item in _LISTED),
        )
    console = report_console()
    console.print(table)
    for technology in found:
        mark = " (the default)" if technology.name == default else ""
        console.print(Text(f"{technology.name}: {technology.title}{mark}"))
    for basis, meaning in BASES.items():
        console.print(Text(f"{basis}: {meaning}", style="dim"))


def print_technology(technology: Technology) -> None:
    """A row a figure: its value at the technology's supply, how sure it is, and its source."""
    console = report_console()
    voltage = technology.voltage
    console.print(Text(f"{technology.name}: {technology.title}", style="bold"))
    console.print(Text(f"{technology.corner}; {technology.basis}: {BASES[technology.basis]}"))
    limits = f"{voltage.lowest} to {voltage.highest} mV"
    if voltage.lowest == voltage.highest:
        limits = "no other voltage is known"
    supply = f"{technology.supply_mv} mV of a nominal {voltage.nominal}; {limits}"
    console.print(Text(f"supply {supply} ({voltage.source})"))
    table = Table(header_style="bold", box=SIMPLE_HEAD, pad_edge=False)
    table.add_column("figure", no_wrap=True)
    table.add_column("value", justify="right", no_wrap=True)
    table.add_column("unit", no_wrap=True)
    table.add_column("within", justify="right", no_wrap=True)
    table.add_column("what and whence")
    for item, line in technology.lines.items():
        kind = ITEMS[item]
        value = technology.value(item) / kind.si
        what = Text(f"{kind.meaning}; ") + Text(line.source, style="dim")
        table.add_row(item, figure(value), kind.unit, f"x{line.within:.3g}", what)
    console.print(table)
    console.print(
        Text("within: the truth is thought to lie between value / within and value x within.")
    )


def technology_yaml(technology: Technology) -> str:
    """The technology as a file, every line stated, at its nominal supply."""
    voltage = technology.voltage
    head = {
        "name": technology.name,
        "title": technology.title,
        "node_nm": technology.node_nm,
        "corner": technology.corner,
        "basis": technology.basis,
    }
    supply = {
        "nominal_mv": voltage.nominal,
        "lowest_mv": voltage.lowest,
        "highest_mv": voltage.highest,
        "threshold_mv": voltage.threshold,
        "alpha": voltage.alpha,
        "leakage_exponent": voltage.leakage_exponent,
        "source": voltage.source,
    }
    lines = [f"{key}: {_text(value)}" for key, value in head.items()]
    lines += ["voltage:", *(f"  {key}: {_text(value)}" for key, value in supply.items()), "lines:"]
    for item, line in technology.lines.items():
        lines.append(
            f"  - {{item: {item}, value: {line.value:.6g}, unit: {ITEMS[item].unit}, within: "
            f"{line.within:.4g}, source: {_text(line.source)}}}"
        )
    return "\n".join(lines) + "\n"


def figure(value: float) -> str:
    """A number with three significant digits, and no exponent where it can be read without."""
    return (
        f"{value:.3g}"
        if 1e-4 <= value < 1000
        else f"{value:,.0f}"
        if value >= 1000
        else f"{value:.2e}"
    )


def _text(value: object) -> str:
    """A value in YAML, of which JSON's texts and numbers are a part."""
    return json.dumps(value, ensure_ascii=False)
