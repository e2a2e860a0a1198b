"""The front of a sweep for papers: one panel a network."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullFormatter, PercentFormatter

from tilewright.sim.report.colours import OTHER_COLOUR, PALETTE
from tilewright.sim.report.figures.output import save_figure
from tilewright.sim.report.figures.style import INK, WIDTH, engineering, new_figure, styled
from tilewright.sim.report.sweep_data import Column, Row, SweepData, column_of, read_sweep

PANEL_INCHES = 2.5
WIDE_RANGE = 20
"""Largest value over smallest, beyond which an axis is logarithmic."""

MOST_LABELS = 12


def save_front(path: Path, database: Path) -> None:
    """Write the front of a sweep's database as PNG; the file appears whole or not at all.

    Raises RequestError where the database is not that of a sweep or the file cannot be written.
    """
    save_figure(front_figure(read_sweep(database)), path)


@styled
def front_figure(data: SweepData) -> Figure:
    """Points of each network, the step line of the front, and what RTL said of its points."""
    x, y = front_axes(data.objectives)
    panels = max(len(data.models), 1)
    columns = min(panels, 2)
    lines = -(-panels // columns)
    figure = new_figure(PANEL_INCHES * lines + 0.5, WIDTH if columns == 2 else WIDTH * 0.6)
    all_axes = figure.subplots(lines, columns, squeeze=False, sharex=True).flatten()
    for axes in all_axes[panels:]:
        axes.remove()
    for axes, model in zip(all_axes, data.models, strict=False):
        rows = [row for row in data.points if row["model"] == model and row["status"] == "ok"]
        _panel(axes, [row for row in rows if None not in (row[x.name], row[y.name])], x, y)
        axes.set_title(model)
    handles, names = all_axes[0].get_legend_handles_labels()
    if handles:
        figure.legend(handles, names, loc="outside upper left", ncols=2 * columns)
    return figure


def front_axes(objectives: Sequence[str]) -> tuple[Column, Column]:
    """What goes across and what up: area across, if the sweep minimised it."""
    up, *others = dict.fromkeys((*objectives, "cycles", "energy_j"))
    across = "area_ge" if "area_ge" in others else others[0]
    return column_of(across), column_of(up)


def front_of(rows: Sequence[Row], x: Column, y: Column) -> list[Row]:
    """Rows than which no other is as good on both axes, the best on x first."""
    sign_x, sign_y = (-1 if axis.better == "higher" else 1 for axis in (x, y))
    ordered = sorted(rows, key=lambda row: (sign_x * row[x.name], sign_y * row[y.name]))
    best, front = math.inf, list[Row]()
    for row in ordered:
        if sign_y * row[y.name] < best:
            best = sign_y * row[y.name]
            front.append(row)
    return front


def _panel(axes: Axes, rows: Sequence[Row], x: Column, y: Column) -> None:
    front = front_of(rows, x, y)
    marked = [row for row in rows if row["on_front"]]
    verified = [row for row in rows if row.get("rtl_cycles")]
    axes.scatter(*_places(rows, x, y), 7, color=OTHER_COLOUR, label="designs", linewidth=0)
    axes.step(*_places(front, x, y), where="post", color=PALETTE[0], linewidth=1,
              label="front of these axes")  # fmt: skip
    axes.scatter(*_places(marked, x, y), 12, color=PALETTE[0], linewidth=0, zorder=3,
                 label="front of the sweep")  # fmt: skip
    if verified:
        axes.scatter(*_places(verified, x, y), 42, marker="D", facecolor="none",
                     edgecolor=INK, linewidth=0.7, zorder=4,
                     label="run in RTL (model against RTL)")  # fmt: skip
    for row in verified if len(verified) <= MOST_LABELS else ():
        difference = row["cycles"] / row["rtl_cycles"] - 1
        axes.annotate(f"{difference:+.2%}", (row[x.name], row[y.name]), (5, 4),
                      textcoords="offset points", fontsize=6)  # fmt: skip
    for axis, column in ((axes.xaxis, x), (axes.yaxis, y)):
        values = [row[column.name] for row in rows]
        if values and min(values) > 0 and max(values) / min(values) > WIDE_RANGE:
            axes.set(**{f"{axis.axis_name}scale": "log"})
            axis.set_major_locator(LogLocator(10, (1.0, 2.0, 5.0)))
            axis.set_minor_formatter(NullFormatter())
        unit = column.unit if column.unit in ("s", "J") else ""
        share = column.unit == "%"
        axis.set_major_formatter(PercentFormatter(1.0) if share else engineering(unit))
    axes.set_xlabel(_label(x))
    axes.set_ylabel(_label(y))
    axes.grid()


def _label(column: Column) -> str:
    unit = {"GE": " (gate equivalents)", "B": " (bytes)"}.get(column.unit, "")
    return column.label + unit


def _places(rows: Sequence[Row], x: Column, y: Column) -> tuple[list[float], list[float]]:
    return [row[x.name] for row in rows], [row[y.name] for row in rows]
