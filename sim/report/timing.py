"""A chip's longest paths, in the terminal and as JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from tilewright.hw.spec.config import Config
from tilewright.sim.files import write_atomically
from tilewright.sim.results.timing import ChipTiming
from tilewright.sim.version import origin
from tilewright.verification.gates.opensta import Opinion
from tilewright.verification.gates.timing import Path as TimingPath

SCHEMA = "tilewright.timing/1"


def print_timing(timing: ChipTiming, config: Config, opinion: Opinion | None = None) -> None:
    """The longest path into each block and through each, the longest of all gate by gate, the clock
    and its slack; what OpenSTA says where it was asked."""
    console = Console()
    for title, paths in (
        ("longest path into", timing.to),
        ("longest path through", timing.through),
    ):
        _print_blocks(console, title, paths, timing.fo4_ps)
    _print_steps(console, timing.worst)
    slack = timing.slack_ps(config.soc.clock_hz)
    console.print(
        Text(
            f"Highest clock {timing.highest_hz / 1e6:,.1f} MHz: {timing.worst.delay_ps:,.0f} ps, "
            f"{timing.worst.delay_ps / timing.fo4_ps:.1f} FO4, {timing.worst.levels} gates; "
            f"slack at {config.soc.clock_hz / 1e6:g} MHz: {slack:+,.0f} ps",
            style="bold" if slack >= 0 else "bold red",
        )
    )
    if opinion:
        apart = timing.worst.delay_ps / opinion.period_ps - 1
        console.print(
            f"OpenSTA: {opinion.period_ps:,.0f} ps, {opinion.start} to {opinion.end}; ours is "
            f"{apart:+.2%} of that" + (", with SRAM" if timing.macros else ""),
            markup=False,
            highlight=False,
        )
    console.print(Text(_basis(timing), style="dim"))


def write_timing(path: Path, timing: ChipTiming, config: Config) -> None:
    """Write the document; the file appears whole or not at all."""
    document = {
        "schema": SCHEMA,
        **origin(),
        "config": config.flat(),
        "timing": timing.to_dict() | {"slack_ps": timing.slack_ps(config.soc.clock_hz)},
    }
    write_atomically(path, json.dumps(document, indent=1) + "\n")


def _print_blocks(
    console: Console, title: str, paths: Mapping[str, TimingPath], fo4_ps: float
) -> None:
    table = Table(header_style="bold", box=SIMPLE_HEAD, pad_edge=False)
    table.add_column(title)
    for heading in ("ps", "FO4", "gates"):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("from", overflow="fold")
    table.add_column("to", overflow="fold")
    for block, path in paths.items():
        table.add_row(
            block.replace("_", " "),
            f"{path.delay_ps:,.0f}",
            f"{path.delay_ps / fo4_ps:.1f}",
            str(path.levels),
            Text(path.start),
            Text(path.end),
        )
    console.print(table)


def _print_steps(console: Console, path: TimingPath) -> None:
    table = Table(header_style="bold", box=SIMPLE_HEAD, pad_edge=False, title="the longest path")
    for heading in ("at, ps", "takes, ps"):
        table.add_column(heading, justify="right", no_wrap=True)
    for heading in ("edge", "cell", "in"):
        table.add_column(heading)
    before = 0.0
    for step in path.steps:
        taken = step.arrival_ps - before
        before = step.arrival_ps
        place = Text(step.path or "the top")
        table.add_row(f"{before:,.0f}", f"{taken:,.0f}", step.edge, step.cell, place)
    table.add_row(f"{path.delay_ps:,.0f}", f"{path.setup_ps:,.0f}", "", "setup", Text(path.end))
    console.print(table)


def _basis(timing: ChipTiming) -> str:
    memories = (
        f"memories as {', '.join(timing.macros)}"
        if timing.macros
        else "memories left out (give their --liberty)"
    )
    wires = f"{timing.wire_ff:g} fF of wire an input" if timing.wire_ff else "no wires"
    return (
        f"{timing.library}, {timing.corner}; FO4 {timing.fo4_ps:.1f} ps; {wires}; {memories}. "
        "Ideal clock; every path in one cycle, none taken for false; main memory, outside, takes "
        "no time."
    )
