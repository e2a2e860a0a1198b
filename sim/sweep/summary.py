"""What a sweep found, in the terminal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.text import Text

from tilewright.hw.spec.config import FIELDS
from tilewright.sim.report.units import counted
from tilewright.sim.sweep import grid
from tilewright.sim.sweep.answer import Answer
from tilewright.sim.sweep.front_table import (
    TOO_QUICK,
    difference,
    front_table,
    is_too_quick,
)
from tilewright.sim.sweep.joint import Design, designs, front_of
from tilewright.sim.sweep.point import STATUSES
from tilewright.sim.sweep.schema import COLUMNS
from tilewright.sim.sweep.store import Store

MOST_REASONS = 3

STYLES = {"ok": "bold green", "invalid": "yellow", "unmappable": "yellow", "failed": "bold red"}

Row = Mapping[str, Any]


def print_summary(store: Store, objectives: Sequence[str], found: Answer, console: Console) -> None:
    """The fronts, then points by status and the commonest reasons.

    A front for each network, or for each scenario where there are any, and then the one over all.
    """
    front = store.front(objectives)
    limited = [limit.column for limit in found.limits]
    figures = tuple(dict.fromkeys((*objectives, *limited)))
    if found.scenarios:
        fronts = _scenario_fronts(store, figures, found)
    else:
        fronts = _network_fronts(store, front)
    for title, rows in fronts:
        _print_front(title, rows, figures, found.fields, console)
    if found.described and found.front:
        title = f"{counted(len(found.front), 'design')} on the joint front: {found.described}"
        rows = [joint_row(design, figures, found) for design in found.front]
        _print_front(title, rows, figures, found.fields, console)
    if any(row["fpga_mhz"] or row["fpga_error"] for row in front):
        console.print(_placed(front, store.meta()["fpga"]))
    if verified := [row for row in front if row["rtl_cycles"]]:
        console.print(_verified(verified, len(front)))
    if quick := sum(map(is_too_quick, front)):
        console.print(
            f"{counted(quick, 'point')} of the front: clock_hz is above max_clock_hz, the highest "
            f"clock that the design is estimated to reach ({TOO_QUICK}); clock_hz=max asks for that"
        )
    console.print(_counts(store.counts()))
    for status, error, number in store.reasons(MOST_REASONS):
        first = (error or "").splitlines()[0]
        console.print(Text(f"  {number:,} {status}: {first}", style=STYLES[status]))


def print_recommendation(found: Answer, console: Console) -> None:
    """The design to take, why, and what runs it in RTL: the last lines of a sweep."""
    taken = found.recommendation
    if taken is None:
        if not found.missed:
            console.print(Text("No design is evaluated for all networks: none is recommended"))
        return
    lines = (
        (f"Recommended: {taken.name}: {taken.figures}", "bold green"),
        (f"Why: {taken.why}", ""),
        (f"In RTL: {taken.command}", ""),
    )
    for line, style in lines:
        console.print(Text(line, style=style), soft_wrap=True)


Front = tuple[str, Sequence[Row]]


def _network_fronts(store: Store, front: Sequence[Row]) -> list[Front]:
    fronts = [(model, [row for row in front if row["model"] == model]) for model in _models(store)]
    return [
        (f"{model}: {counted(len(rows), 'point')} on the front", rows) for model, rows in fronts
    ]


def _models(store: Store) -> list[str]:
    return store.meta()["models"]


def _scenario_fronts(store: Store, figures: Sequence[str], found: Answer) -> list[Front]:
    """The front over all networks in each scenario, as if there were no other."""
    requested = store.requested()
    runs = len(_models(store))
    fronts: list[Front] = []
    for scenario in grid.combinations(found.scenarios):
        within = [row for row in requested if scenario.items() <= row.items()]
        front = front_of(
            designs(within, [*scenario], runs, found.objectives, found.joint, found.limits)
        )
        name = " ".join(f"{key}={value}" for key, value in scenario.items())
        over = f": {found.joint.described(runs, 1)}" if runs > 1 else ""
        rows = [joint_row(design, figures, found) for design in front]
        fronts.append((f"{name}: {counted(len(rows), 'design')} on the front{over}", rows))
    return fronts


def joint_row(design: Design, figures: Sequence[str], found: Answer) -> Row:
    """A design as a row of a table: the row of its only run, or what all have in common."""
    if len(design.rows) == 1:
        return design.rows[0]
    taken = found.recommendation
    chosen = {row["id"] for row in taken.design.rows} if taken else set[int]()
    same = {name: design.rows[0][name] for name in FIELDS}
    values = {name: found.joint.value(name, design.rows) for name in figures}
    is_chosen = design.rows[0]["id"] in chosen
    return {**dict.fromkeys(COLUMNS), **same, **values, "recommended": is_chosen}


def _print_front(
    title: str,
    rows: Sequence[Row],
    figures: Sequence[str],
    fields: Sequence[str],
    console: Console,
) -> None:
    if not rows:
        return
    asked = [name for name in FIELDS if name in fields]
    varying = [name for name in asked if len({row[name] for row in rows}) > 1]
    common = [name for name in asked if name not in varying]
    table = front_table(title, rows, figures, varying, common, console.width)
    console.print(table, crop=False)


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
