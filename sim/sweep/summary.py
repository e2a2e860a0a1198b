"""What a sweep found, in the terminal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.text import Text

from hw.spec.config import FIELDS
from sim.report.units import counted
from sim.sweep.front_table import difference, front_table
from sim.sweep.point import STATUSES
from sim.sweep.store import Store

MOST_REASONS = 3

STYLES = {"ok": "bold green", "invalid": "yellow", "unmappable": "yellow", "failed": "bold red"}

Row = Mapping[str, Any]


def print_summary(store: Store, objectives: Sequence[str], console: Console) -> None:
    """The front of each network, then points by status and the commonest reasons."""
    front = store.front(objectives)
    fields = store.meta()["fields"]
    varying = _varying(front, fields)
    common = [name for name in FIELDS if name in fields and name not in varying]
    for model in store.meta()["models"]:
        if rows := [row for row in front if row["model"] == model]:
            table = front_table(model, rows, objectives, varying, common, console.width)
            console.print(table, crop=False)
    if any(row["fpga_mhz"] or row["fpga_error"] for row in front):
        console.print(_placed(front, store.meta()["fpga"]))
    if verified := [row for row in front if row["rtl_cycles"]]:
        console.print(_verified(verified, len(front)))
    console.print(_counts(store.counts()))
    for status, error, number in store.reasons(MOST_REASONS):
        first = (error or "").splitlines()[0]
        console.print(Text(f"  {number:,} {status}: {first}", style=STYLES[status]))


def _varying(front: Sequence[Row], fields: Sequence[str]) -> list[str]:
    """Those of the fields that the points do not have in common."""
    return [name for name in FIELDS if name in fields and len({row[name] for row in front}) > 1]


def _placed(front: Sequence[Row], board: str) -> Text:
    """Which board LUT and MHz in the tables are of, and how many points have none."""
    placed = sum(row["fpga_mhz"] is not None for row in front)
    refused = sum(row["fpga_error"] is not None for row in front)
    return Text(
        f"FPGA: {placed:,} of {counted(len(front), 'point')} on the fronts placed on {board}"
        + (f"; {refused:,} cannot be, the column fpga_error says why" if refused else ""),
        style="yellow" if refused else "bold green",
    )


def _verified(rows: Sequence[Row], front: int) -> Text:
    """How the model's cycles compare with the RTL's, and whether its outputs were right."""
    wrong = sum(bool(row["rtl_mismatches"]) for row in rows)
    farthest = max(rows, key=lambda row: abs(row["cycles"] / row["rtl_cycles"] - 1))
    equal = sum(row["cycles"] == row["rtl_cycles"] for row in rows)
    distance = difference(farthest["cycles"], farthest["rtl_cycles"])
    return Text(
        f"RTL: {len(rows):,} of {counted(front, 'point')} on the fronts simulated, "
        + (f"{wrong:,} with wrong outputs" if wrong else "all outputs right")
        + f"; cycles as the model says in {equal:,}"
        + (f", farthest off: {distance}" if equal < len(rows) else ""),
        style="bold red" if wrong else "bold green",
    )


def _counts(counts: Mapping[str, int]) -> Text:
    line = Text(f"{counted(sum(counts.values()), 'point')}: ")
    known = [status for status in STATUSES if status in counts]
    for place, status in enumerate(known):
        line.append(", " if place else "")
        line.append(f"{counts[status]:,} {status}", style=STYLES[status])
    return line
