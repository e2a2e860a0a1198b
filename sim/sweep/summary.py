"""What a sweep found, in the terminal."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from hw.spec.config import FIELDS
from sim.report.units import ABSENT, count, counted, percent, quantity
from sim.sweep.point import STATUSES
from sim.sweep.store import Store

MOST_ROWS = 20
"""Of a network's front."""

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
            console.print(_table(model, rows, objectives, varying, common))
    if verified := [row for row in front if row["rtl_cycles"]]:
        console.print(_verified(verified, len(front)))
    console.print(_counts(store.counts()))
    for status, error, number in store.reasons(MOST_REASONS):
        first = (error or "").splitlines()[0]
        console.print(Text(f"  {number:,} {status}: {first}", style=STYLES[status]))


def spread(rows: Sequence[Row]) -> list[Row]:
    """At most MOST_ROWS of them, the first and the last among them, at even distances."""
    if len(rows) <= MOST_ROWS:
        return list(rows)
    last = len(rows) - 1
    return [rows[round(i * last / (MOST_ROWS - 1))] for i in range(MOST_ROWS)]


def _varying(front: Sequence[Row], fields: Sequence[str]) -> list[str]:
    """Those of the fields that the points do not have in common."""
    return [name for name in FIELDS if name in fields and len({row[name] for row in front}) > 1]


def _table(
    model: str,
    rows: Sequence[Row],
    objectives: Sequence[str],
    fields: Sequence[str],
    common: Sequence[str],
) -> Table:
    shown = spread(rows)
    extra = [name for name in ("mac_utilisation", "speedup") if _known(rows, name)]
    if _known(rows, "rtl_mismatches"):
        extra += ["rtl_cycles", "model / RTL", "rtl_mismatches"]
    if "rtl_cycles" in extra and "cycles" not in objectives:
        extra.insert(extra.index("rtl_cycles"), "cycles")
    if _known(rows, "synthesised_ge"):
        extra += [*(["area_ge"] if "area_ge" not in objectives else []), *_SYNTHESISED]
    title = f"{model}: {counted(len(rows), 'point')} on the front"
    if len(shown) < len(rows):
        title += f", {len(shown)} of them shown, evenly spread"
    table = Table(title=Text(title), title_style="bold", title_justify="left", box=SIMPLE_HEAD)
    if common:
        table.caption = "all with " + ", ".join(f"{name}={rows[0][name]}" for name in common)
        table.caption_justify = "left"
    for name in (*fields, *objectives, *extra):
        style = "cyan" if name in fields else ""
        heading = _HEADINGS.get(name, name.replace("_", " "))
        table.add_column(heading, justify="right", style=style)
    best = {name: min(row[name] for row in rows) for name in objectives}
    for row in shown:
        cells = [Text(_cell(row, name)) for name in (*fields, *objectives, *extra)]
        for place, name in enumerate(objectives, len(fields)):
            if row[name] == best[name]:
                cells[place].stylize("bold green")
        table.add_row(*cells)
    return table


def _known(rows: Sequence[Row], name: str) -> bool:
    return any(row[name] is not None for row in rows)


def _cell(row: Row, name: str) -> str:
    if name == "model / RTL":
        return difference(row["cycles"], row["rtl_cycles"])
    if name == "area / Yosys":
        return _area_difference(row["area_ge"], row["synthesised_ge"])
    value = row[name]
    if value is None:
        return ABSENT
    form = _FORMS.get(name)
    if form:
        return form(value)
    return count(value) if isinstance(value, int) and name not in FIELDS else str(value)


def difference(model: int, rtl: int | None) -> str:
    """How far the model's cycles are from the RTL's."""
    if not rtl:
        return ABSENT
    return "equal" if model == rtl else f"{100 * (model - rtl) / rtl:+.3f}%"


def _area_difference(estimate: float, counted: float | None) -> str:
    return f"{100 * (estimate - counted) / counted:+.1f}%" if counted else ABSENT


def _gates(value: float) -> str:
    return f"{value / 1000:,.1f} k"


_HEADINGS = {
    "latency_s": "latency",
    "energy_j": "energy",
    "area_ge": "area (GE)",
    "logic_ge": "logic (GE)",
    "memory_ge": "memory (GE)",
    "mac_utilisation": "utilisation",
    "synthesised_ge": "by Yosys (GE)",
    "area / Yosys": "area to Yosys",
    "model / RTL": "model to RTL",
    "rtl_mismatches": "wrong outputs",
}
"""Where the cells say the unit, or the column's name is long."""

_FORMS: Mapping[str, Callable[[Any], str]] = {
    "latency_s": lambda value: quantity(value, "s"),
    "energy_j": lambda value: quantity(value, "J"),
    "mac_utilisation": percent,
    "speedup": lambda value: f"{value:,.1f} x",
    "area_ge": _gates,
    "logic_ge": _gates,
    "memory_ge": _gates,
    "synthesised_ge": _gates,
}

_SYNTHESISED = ("synthesised_ge", "area / Yosys")


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
