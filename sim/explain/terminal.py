"""An explanation in the terminal."""

from __future__ import annotations

from collections.abc import Sequence

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from tilewright.sim.explain.changes import Change
from tilewright.sim.explain.losses import Loss
from tilewright.sim.explain.rows import (
    COMPUTES,
    LEAST_GAIN,
    computing,
    gains,
    layers_text,
    meanings,
    signed,
    without_gain,
)
from tilewright.sim.report.terminal import MODELLED, report_title
from tilewright.sim.report.units import count, percent, share
from tilewright.sim.results.result import RunResult


def print_explanation(
    result: RunResult, losses: Sequence[Loss], changes: Sequence[Change], console: Console
) -> None:
    """What was lost, what each cause is, and what changes would give."""
    cycles = result.total.cycles
    console.print(Text(f"{report_title(result)}: {count(cycles)} cycles", style="bold"))
    console.print(_losses(result, losses))
    for cause, meaning in meanings(losses).items():
        console.print(Text(f"{cause}: {meaning}", style="dim"))
    found = gains(result, losses, changes)
    better = [gain for gain in found if gain.cycles <= -LEAST_GAIN]
    console.print()
    console.print(Text("What one change alone would give, as the model predicts", style="bold"))
    if better:
        table = _table(("change", "cycles", "energy", "area"), ("against",))
        for gain in better:
            table.add_row(
                Text(gain.change.text),
                signed(gain.cycles),
                signed(gain.energy),
                signed(gain.area),
                ", ".join(gain.against),
            )
        console.print(table)
    for line in without_gain(found, changes):
        console.print(Text(line))
    for note in result.model.notes:
        console.print(Text(f"Note: {note}", style="yellow"))
    console.print(Text(f"Energy and area are {MODELLED}; the clock is taken to stay.", style="dim"))


def _losses(result: RunResult, losses: Sequence[Loss]) -> Table:
    total = result.total.cycles
    table = _table(("cycles go to", "cycles", "share"), ("most of them in",))
    used = computing(result, losses)
    table.add_row(COMPUTES, count(used), percent(share(used, total)), "", style="green")
    for loss in losses:
        table.add_row(
            loss.cause,
            count(loss.cycles),
            percent(share(loss.cycles, total)),
            Text(layers_text(loss)),
        )
    return table


def _table(figures: Sequence[str], texts: Sequence[str]) -> Table:
    """The first column is a name, ``texts`` may wrap."""
    table = Table(header_style="bold", box=SIMPLE_HEAD, pad_edge=False)
    for number, heading in enumerate(figures):
        table.add_column(heading, justify="right" if number else "left", no_wrap=number > 0)
    for heading in texts:
        table.add_column(heading)
    return table
