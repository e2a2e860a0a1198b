"""A front as a table, in a terminal of any width."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Group
from rich.table import Table
from rich.text import Text

from tilewright.hw.spec.config import FIELDS
from tilewright.sim.report.units import ABSENT, count, percent, quantity
from tilewright.sim.sweep.schema import OBJECTIVES, PLACED

MOST_ROWS = 20
"""Of a front."""

FRAME, GAP = 1, 3
"""Columns of the terminal that a table takes besides its cells: once, and for each of its own."""

LEFT_OUT = ("recommended", "speedup", "mac_utilisation")
"""What a narrow terminal does without, first to last; other figures are never clipped."""

RECOMMENDED = "◂"
"""Marks the row of the design to take."""

TOO_QUICK = "!"
"""Marks a highest clock that the point's own clock is above."""

Row = Mapping[str, Any]


def front_table(
    title: str,
    rows: Sequence[Row],
    figures: Sequence[str],
    fields: Sequence[str],
    common: Sequence[str],
    width: int,
) -> Group:
    """What stands in ``rows`` with its ``fields``, ``figures`` and what else is known of it.

    ``figures``: columns to minimise, and others to show beside them. ``common``: fields in which
    the rows are equal. ``width``: of the terminal. A table that is wider all the same is to be
    printed uncropped. The recommended row has a mark, and is shown in any case.
    """
    shown = spread(rows)
    if len(shown) < len(rows):
        title += f", {len(shown)} of them shown, evenly spread"
    table = Table(box=SIMPLE_HEAD)
    known = [name for name in common if rows[0][name] is not None]
    if known:
        table.caption = "all with " + ", ".join(f"{name}={rows[0][name]}" for name in known)
        table.caption_justify = "left"
    marked = ["recommended"] if any(row["recommended"] for row in rows) else []
    names = [*fields, *figures, *_others(rows, figures), *marked]
    texts = {name: [_cell(row, name) for row in shown] for name in names}
    headings = _headings(texts, width)
    for name, heading in headings.items():
        style = "cyan" if name in fields else ""
        table.add_column(heading, justify="right", style=style, no_wrap=True)
    table.width = _width(texts, headings)
    lowest = [name for name in figures if name in OBJECTIVES]
    best = {name: min(row[name] for row in rows) for name in lowest}
    for place, row in enumerate(shown):
        cells = {name: Text(texts[name][place]) for name in headings}
        for name in lowest:
            if row[name] == best[name]:
                cells[name].stylize("bold green")
        table.add_row(*cells.values())
    # Not as the table's own title, which would be wrapped to the table's width.
    return Group(Text(title, style="bold"), table)


def _others(rows: Sequence[Row], figures: Sequence[str]) -> list[str]:
    """What is known beside the figures."""
    more = [name for name in ("mac_utilisation", "speedup") if name not in figures]
    found = [name for name in more if _known(rows, name)]
    if any(is_too_quick(row) for row in rows):
        found.append("max_clock_hz")
    if _known(rows, "rtl_mismatches"):
        cycles = [] if "cycles" in figures else ["cycles"]
        found += [*cycles, "rtl_cycles", "model / RTL", "rtl_mismatches"]
    if _known(rows, "synthesised_ge"):
        found += [*([] if "area_ge" in figures else ["area_ge"]), *_SYNTHESISED]
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
    """At most MOST_ROWS of them at even distances: first, last and the recommended are among them.

    The recommended one takes the place of its nearest.
    """
    if len(rows) <= MOST_ROWS:
        return list(rows)
    last = len(rows) - 1
    places = [round(i * last / (MOST_ROWS - 1)) for i in range(MOST_ROWS)]
    for place, row in enumerate(rows):
        if row["recommended"] and place not in places:
            inner = range(1, MOST_ROWS - 1)
            places[min(inner, key=lambda i: abs(places[i] - place))] = place
    return [rows[place] for place in places]


def is_too_quick(row: Row) -> bool:
    """Whether a point's clock is above the highest that its design is estimated to reach."""
    return row["max_clock_hz"] is not None and row["clock_hz"] > row["max_clock_hz"]


def _known(rows: Sequence[Row], name: str) -> bool:
    return any(row[name] is not None for row in rows)


def _cell(row: Row, name: str) -> str:
    if name == "model / RTL":
        return difference(row["cycles"], row["rtl_cycles"])
    if name == "area / Yosys":
        return _area_difference(row["area_ge"], row["synthesised_ge"])
    if name == "recommended":
        return RECOMMENDED if row[name] else ""
    value = row[name]
    if value is None:
        return ABSENT
    if name == "max_clock_hz":
        return f"{value / 1e6:,.0f} MHz" + (f" {TOO_QUICK}" if is_too_quick(row) else "")
    form = _FORMS.get(name)
    if form:
        return form(value)
    if name in FIELDS:
        return str(value)
    return count(value) if isinstance(value, int) else f"{value:,.1f}"


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
    "recommended": "",
    "latency_s": "latency",
    "energy_j": "energy",
    "area_ge": "area (GE)",
    "area_mm2": "area (mm2)",
    "energy_within": "energy within",
    "max_clock_hz": "highest clock",
    "logic_ge": "logic (GE)",
    "memory_ge": "memory (GE)",
    "sram_bytes": "SRAM (bytes)",
    "peak_sram_bytes": "peak scratchpad (bytes)",
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
    "area_mm2": lambda value: f"{value:.3g}",
    "energy_within": lambda value: f"x{value:.2g}",
    "logic_ge": _gates,
    "memory_ge": _gates,
    "synthesised_ge": _gates,
}

_SYNTHESISED = ("synthesised_ge", "area / Yosys")
