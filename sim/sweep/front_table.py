"""The front of a network as a table, in a terminal of any width."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.table import Table
from rich.text import Text

from hw.spec.config import FIELDS
from sim.report.units import ABSENT, count, counted, percent, quantity
from sim.sweep.schema import PLACED

MOST_ROWS = 20
"""Of a network's front."""

FRAME, GAP = 1, 3
"""Columns of the terminal that a table takes besides its cells: once, and for each of its own."""

LEFT_OUT = ("speedup", "mac_utilisation")
"""What a narrow terminal does without, first to last; other figures are never clipped."""

Row = Mapping[str, Any]


def front_table(
    model: str,
    rows: Sequence[Row],
    objectives: Sequence[str],
    fields: Sequence[str],
    common: Sequence[str],
    width: int,
) -> Table:
    """The points in ``rows`` with their ``fields``, objectives and what else is known of them.

    ``common``: fields in which they are equal. ``width``: of the terminal. A table that is wider
    all the same is to be printed uncropped.
    """
    shown = spread(rows)
    title = f"{model}: {counted(len(rows), 'point')} on the front"
    if len(shown) < len(rows):
        title += f", {len(shown)} of them shown, evenly spread"
    table = Table(title=Text(title), title_style="bold", title_justify="left", box=SIMPLE_HEAD)
    known = [name for name in common if rows[0][name] is not None]
    if known:
        table.caption = "all with " + ", ".join(f"{name}={rows[0][name]}" for name in known)
        table.caption_justify = "left"
    names = [*fields, *objectives, *_others(rows, objectives)]
    texts = {name: [_cell(row, name) for row in shown] for name in names}
    headings = _headings(texts, width)
    for name, heading in headings.items():
        style = "cyan" if name in fields else ""
        table.add_column(heading, justify="right", style=style, no_wrap=True)
    table.width = _width(texts, headings)
    best = {name: min(row[name] for row in rows) for name in objectives}
    for place, row in enumerate(shown):
        cells = {name: Text(texts[name][place]) for name in headings}
        for name in objectives:
            if row[name] == best[name]:
                cells[name].stylize("bold green")
        table.add_row(*cells.values())
    return table


def _others(rows: Sequence[Row], objectives: Sequence[str]) -> list[str]:
    """Figures beside the objectives."""
    found = [name for name in ("mac_utilisation", "speedup") if _known(rows, name)]
    if _known(rows, "rtl_mismatches"):
        cycles = [] if "cycles" in objectives else ["cycles"]
        found += [*cycles, "rtl_cycles", "model / RTL", "rtl_mismatches"]
    if _known(rows, "synthesised_ge"):
        found += [*([] if "area_ge" in objectives else ["area_ge"]), *_SYNTHESISED]
    found += [name for name in PLACED if _known(rows, name)]
    return found


def _headings(texts: Mapping[str, Sequence[str]], width: int) -> dict[str, str]:
    """Headings of the columns to show, by column: as many as need be on more than one line."""
    headings = {name: _HEADINGS.get(name, name.replace("_", " ")) for name in texts}
    for name in sorted(headings, key=lambda name: -len(headings[name])):
        if _width(texts, headings) > width:
            words = headings[name].split()
            most = max(map(len, (*texts[name], *words)))
            headings[name] = "\n".join(textwrap.wrap(headings[name], most))
    for name in LEFT_OUT:
        if _width(texts, headings) > width:
            headings.pop(name, None)
    return headings


def _width(texts: Mapping[str, Sequence[str]], headings: Mapping[str, str]) -> int:
    """Of the table with these headings, whose lines and cells are not broken."""
    cells = sum(max(map(len, (*texts[name], *text.split("\n")))) for name, text in headings.items())
    return FRAME + cells + GAP * len(headings)


def spread(rows: Sequence[Row]) -> list[Row]:
    """At most MOST_ROWS of them, the first and the last among them, at even distances."""
    if len(rows) <= MOST_ROWS:
        return list(rows)
    last = len(rows) - 1
    return [rows[round(i * last / (MOST_ROWS - 1))] for i in range(MOST_ROWS)]


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
    "fpga_lut": "LUT",
    "fpga_ff": "FF",
    "fpga_dsp": "DSP",
    "fpga_ram": "RAM",
    "fpga_mhz": "MHz",
    "model / RTL": "model to RTL",
    "rtl_mismatches": "wrong outputs",
}
"""Where the cells say the unit, or the column's name is long."""

_FORMS: Mapping[str, Callable[[Any], str]] = {
    "latency_s": lambda value: quantity(value, "s"),
    "energy_j": lambda value: quantity(value, "J"),
    "mac_utilisation": percent,
    "speedup": lambda value: f"{value:,.1f} x",
    "fpga_mhz": lambda value: f"{value:.1f}",
    "area_ge": _gates,
    "logic_ge": _gates,
    "memory_ge": _gates,
    "synthesised_ge": _gates,
}

_SYNTHESISED = ("synthesised_ge", "area / Yosys")
