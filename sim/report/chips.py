"""Measured chips and modelled designs in the terminal, each kind in columns of its own."""

from __future__ import annotations

from collections.abc import Sequence

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from tilewright.sim.chips.rows import Row, notes
from tilewright.sim.report.units import ABSENT, count, quantity

_BOTH = ("cycles", "latency", "energy")


def print_chips(rows: Sequence[Row], console: Console) -> None:
    """A table a network; a figure stands either under measured or under modelled."""
    for network in dict.fromkeys(row.network for row in rows):
        table = Table(
            title=Text(network, style="bold"),
            title_justify="left",
            header_style="bold",
            box=SIMPLE_HEAD,
            pad_edge=False,
        )
        table.add_column("chip or design", no_wrap=True)
        for kind in _BOTH:
            table.add_column(f"{kind}\nmeasured", justify="right", no_wrap=True)
            table.add_column(f"{kind}\nmodelled", justify="right", no_wrap=True, style="cyan")
        table.add_column("speed-up", justify="right", no_wrap=True)
        table.add_column("process", no_wrap=True)
        for row in rows:
            if row.network == network:
                table.add_row(*_cells(row))
        console.print(table)
    for note in notes(rows):
        console.print(Text(note, style="dim"))


def _cells(row: Row) -> list[str]:
    energy = quantity(row.energy_j, "J")
    if row.within is not None:
        energy += f" x/÷{row.within:.2g}"
    figures = (count(row.cycles), quantity(row.latency_s, "s"), energy)
    pairs = [(figure, ABSENT) if row.measured else (ABSENT, figure) for figure in figures]
    return [
        # A measured chip's name says its clock.
        row.name if row.measured else f"{row.name}, {row.clock_hz / 1e6:g} MHz",
        *(cell for pair in pairs for cell in pair),
        ABSENT if row.speedup is None else f"{row.speedup:.3g}",
        row.process,
    ]
