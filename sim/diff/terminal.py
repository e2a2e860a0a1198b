"""A difference in the terminal."""

from __future__ import annotations

from collections.abc import Sequence

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from tilewright.sim.diff.difference import Difference, LayerPair
from tilewright.sim.diff.rows import (
    cause_rows,
    config_rows,
    energy_rows,
    layer_row,
    remarks,
    total_rows,
)
from tilewright.sim.report.units import shortened

NAME_WIDTH = 28
OF_LAYERS = ("layer", "operator", "on", "A", "B", "change", "", "energy A", "energy B", "")
LEAST_WIDTH = {"operator": 120, "energy A": 100, "energy B": 100, "on": 80}
"""Columns of a terminal that shows a column of the layers' table."""


def print_difference(found: Difference, console: Console) -> None:
    """Both results, their layers side by side, then figures, causes and configuration."""
    for letter, run in (("A", found.a), ("B", found.b)):
        by = f", Tilewright {run.origin}" if run.origin else ""
        console.print(Text(f"{letter}  {run.title}  ({run.path}{by})", style="bold"))
    for line in remarks(found):
        console.print(Text(line))
    console.print(_layers(found.layers, console.width))
    for title, rows in (
        ("", total_rows(found)),
        ("lost to, cycles", cause_rows(found)),
        ("energy", energy_rows(found)),
    ):
        if rows:
            console.print(_figures((title, "A", "B", "change"), rows))
    if found.config:
        console.print(_figures(("configuration", "A", "B"), config_rows(found)))


def _layers(layers: Sequence[LayerPair], width: int) -> Table:
    shown = [
        number
        for number, heading in enumerate(OF_LAYERS)
        if width >= LEAST_WIDTH.get(heading, 0) and not (number == 9 and width < 100)
    ]
    table = Table(header_style="bold", box=SIMPLE_HEAD, pad_edge=False)
    for number in shown:
        table.add_column(OF_LAYERS[number], justify="left" if number < 3 else "right", no_wrap=True)
    for pair in layers:
        cells = layer_row(pair)
        cells = (shortened(cells[0], NAME_WIDTH), *cells[1:])
        table.add_row(*(Text(cells[number]) for number in shown), style=_style(pair))
    return table


def _style(pair: LayerPair) -> str | None:
    """Better is green, worse red, what has no counterpart yellow."""
    change = pair.cycles.change
    if change is None:
        return "yellow" if pair.where else None
    return ("green" if change < 0 else "red") if change else None


def _figures(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> Table:
    table = Table(header_style="bold", box=SIMPLE_HEAD, pad_edge=False)
    for number, heading in enumerate(headings):
        table.add_column(heading, justify="right" if number else "left")
    for row in rows:
        table.add_row(*map(Text, row))
    return table
