"""A chip's area by block, in the terminal and as JSON."""

from __future__ import annotations

import json
from pathlib import Path

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from tilewright.hw.spec.config import Config
from tilewright.sim.costs.area import Area, area_table
from tilewright.sim.costs.area.parts import SRAM
from tilewright.sim.costs.silicon import area_mm2
from tilewright.sim.files import write_atomically
from tilewright.sim.report.terminal import BAR_WIDTH, area_line
from tilewright.sim.report.units import percent
from tilewright.sim.version import origin

SCHEMA = "tilewright.area/1"


def print_area(area: Area, config: Config) -> None:
    """A row a block, the largest first, with its share of the whole; then the sums."""
    console = Console()
    table = Table(header_style="bold", box=SIMPLE_HEAD, pad_edge=False)
    table.add_column("block")
    for heading in ("GE", "share"):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("")
    whole = area.total_ge
    for name, ge in sorted(area.parts.items(), key=lambda item: -item[1]):
        is_memory = name.endswith(SRAM)
        label = name.removesuffix(SRAM).replace("_", " ") + (", SRAM" if is_memory else "")
        bar = Text("█" * round(ge / whole * BAR_WIDTH), style="blue" if is_memory else "green")
        table.add_row(label, f"{ge:,.0f}", percent(ge / whole), bar)
    console.print(table)
    line = area_line(area, area_mm2(config, area))
    console.print(Text(f"{_what(config)}: {line}", style="bold"))
    console.print(Text(_trust(area), style="dim"))


def write_area(path: Path, area: Area, config: Config) -> None:
    """Write the document; the file appears whole or not at all."""
    document = {
        "schema": SCHEMA,
        **origin(),
        "config": config.flat(),
        "area": area.to_dict() | {"mm2": area_mm2(config, area)},
    }
    write_atomically(path, json.dumps(document, indent=1) + "\n")


def _what(config: Config) -> str:
    if config.soc.npu == "none":
        return f"CPU {config.soc.cpu} alone"
    return f"{config.npu.rows}x{config.npu.cols} and CPU {config.soc.cpu}"


def _trust(area: Area) -> str:
    note = "1 GE: a two-input NAND gate; main memory is not on the chip. "
    if area.source == "yosys":
        return note + "Gates as Yosys mapped them."
    table = area_table()
    return note + (
        f"Estimated: against Yosys {table.mean_error:.1%} off on average and {table.max_error:.1%} "
        f"at most, on {table.designs} designs; --synthesise counts the gates."
    )
