"""The result of a run as a table in the terminal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

from rich.box import SIMPLE_HEAD
from rich.console import Console, Group
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from tilewright.sim.costs.area import Area
from tilewright.sim.costs.standby import AveragePower
from tilewright.sim.report.outputs import inferences_table, outputs_table
from tilewright.sim.report.shapes import dims, window
from tilewright.sim.report.units import (
    ABSENT,
    count,
    duration,
    percent,
    quantity,
    share,
    shortened,
)
from tilewright.sim.results.result import Layer, RunResult, Total

NAME_WIDTH = 28
LOST_WIDTH = 34
NARROWEST = {"layer": 8, "lost to": len("idle columns 100%")}
GAP = 3
BAR_WIDTH = 30
MODELLED = "modelled, not measured"

WIDE = 110
"""Columns of a terminal that shows every column of the table."""

WIDEST = 150
"""Columns of a terminal that shows shapes, windows and tiles as well."""

_COLUMNS: tuple[tuple[str, Literal["left", "right"], bool], ...] = (
    ("layer", "left", False),
    ("operator", "left", True),
    ("window", "left", True),
    ("output", "left", True),
    ("tiles", "right", True),
    ("on", "left", True),
    ("cycles", "right", True),
    ("share", "right", True),
    ("MACs", "right", True),
    ("util.", "right", True),
    ("lost to", "left", False),
    ("energy", "right", True),
)
"""Heading, alignment, and whether the column is as wide as its content."""

_FROM_WIDTH = {"share": WIDE, "MACs": WIDE, "window": WIDEST, "output": WIDEST, "tiles": WIDEST}
"""Columns of the table that need a terminal of so many columns."""

_OF_THE_ARRAY = ("tiles", "util.", "lost to")
"""Columns that say nothing where there is none."""


def print_report(result: RunResult, console: Console, labels: Sequence[str] = ()) -> None:
    """Layer table, totals, energy breakdown, answers, check and notes."""
    total = result.total
    console.print(_layers(result, total, console.width), crop=False)
    parts = [_totals(result, total)]
    if total.energy_by_component_j is not None:
        parts.append(_energy(total.energy_by_component_j))
    console.print(
        Panel(Group(*parts), title=Text(report_title(result)), title_align="left", expand=False)
    )
    for answers in (outputs_table(result, labels), inferences_table(result, labels)):
        if answers is not None:
            console.print(answers)
    for line in _why_on_the_cpu(result):
        console.print(Text(line, style="cyan"))
    console.print(_check(result))
    for note in result.model.notes:
        console.print(Text(f"Note: {note}", style="yellow"))
    if total.energy_j is not None:
        technology = f"{result.config['technology']}, {result.config['energy_table']}"
        console.print(Text(f"Energy is {MODELLED}: {technology}.", style="dim"))


def _why_on_the_cpu(result: RunResult) -> list[str]:
    """A line for each reason for which operators are on the CPU, with what they cost."""
    found: dict[str, list[Layer]] = {}
    for layer in result.layers:
        if layer.reason and result.has_array:
            found.setdefault(layer.reason, []).append(layer)
    lines: list[str] = []
    for reason, layers in found.items():
        known = all(layer.cycles is not None for layer in layers)
        cycles = sum(layer.cycles or 0 for layer in layers)
        names = ", ".join(layer.name for layer in layers[:3]) + (", ..." if layers[3:] else "")
        cost = f" ({count(cycles)} cycles)" if known else ""
        lines.append(f"On the CPU{cost}: {names}: {reason}.")
    return lines


def loss_summary(layer: Layer, width: int = LOST_WIDTH) -> str:
    """The largest causes with their share of the layer's cycles: 'weights 12%, drain 3%'.

    As many as fit the width, but one at least.
    """
    shown: list[str] = []
    for cause, cycles in sorted(layer.losses.items(), key=lambda item: -item[1]):
        if layer.cycles and cycles >= layer.cycles / 200:
            shown.append(f"{cause} {100 * cycles / layer.cycles:.0f}%")
    while len(shown) > 1 and len(", ".join(shown)) > width:
        shown.pop()
    return ", ".join(shown) or ABSENT


def total_rows(result: RunResult, total: Total) -> list[tuple[str, str]]:
    """Label and value of each total, for every form of the report."""
    if not result.has_array:
        return [*_totals_of_the_cpu(result, total), *_host(result)]
    rows = [
        ("cycles", f"{count(total.cycles)}  (NPU {count(total.npu_cycles)}, CPU "
                   f"{count(total.cpu_cycles)})"),
        ("latency", _latency(result, total)),
        ("MACs", f"{count(total.macs)}, utilisation {percent(total.mac_utilisation)}"),
        *_counted(result, total),
        ("scratchpad", f"{count(total.peak_sram_bytes)} of "
                       f"{count(int(result.config['scratchpad_bytes']))} bytes at the peak"),
        ("area", area_line(result.area, result.area_mm2)),
        *power_rows(result.power),
    ]  # fmt: skip
    if total.cycles is None:
        rows = [row for row in rows if row[0] in ("MACs", "scratchpad", "area")]
        rows[0] = ("MACs", count(total.macs))
        rows.insert(0, ("cycles", f"not measured by the {result.backend} backend"))
    return [*rows, *_host(result)]


def _counted(result: RunResult, total: Total) -> list[tuple[str, str]]:
    """Energy and traffic, which are known where the accelerator counts what it does."""
    if not result.has_counters:
        return [("energy", "not known: a microprogrammed accelerator counts no events")]
    moved = f"{count(total.read_bytes)} bytes read, {count(total.write_bytes)} written"
    return [("energy", _joules(total)), ("main memory", moved)]


def _joules(total: Total) -> str:
    within = f"; within a factor of {total.energy_within:.2g}" if total.energy_within else ""
    return f"{quantity(total.energy_j, 'J')} ({MODELLED}{within})"


def power_rows(power: AveragePower | None) -> list[tuple[str, str]]:
    """Average power and battery life for each way to wait, the better one first."""
    if power is None:
        return []
    rows: list[tuple[str, str]] = []
    for name, way in sorted(power.ways.items(), key=lambda item: item[1].average_w):
        rows.append(
            (
                f"{name} at {power.rate_hz:g}/s",
                f"{quantity(way.average_w, 'W')} on average, {quantity(way.waiting_w, 'W')} while "
                f"waiting; {duration(way.battery_s)} on {power.battery_j:,.4g} J",
            )
        )
    return rows


def _totals_of_the_cpu(result: RunResult, total: Total) -> list[tuple[str, str]]:
    """Where there is no accelerator: no array, no scratchpad, and nobody counts traffic."""
    rows = [
        ("MACs", count(total.macs)),
        ("area", area_line(result.area, result.area_mm2)),
        *power_rows(result.power),
    ]
    if total.cycles is None:
        return [("cycles", f"not measured by the {result.backend} backend"), *rows]
    return [
        ("cycles", f"{count(total.cycles)}, all on the CPU"),
        ("latency", _latency(result, total)),
        rows[0],
        ("energy", _joules(total)),
        *rows[1:],
    ]


def _latency(result: RunResult, total: Total) -> str:
    return f"{quantity(total.latency_s, 's')} at {result.clock_hz / 1e6:g} MHz"


def _host(result: RunResult) -> list[tuple[str, str]]:
    verb = {"model": "predict", "board": "load and run"}.get(result.backend, "simulate")
    host = f"{result.host.simulate_s:.2f} s to {verb}"
    if result.host.cycles_per_s is not None:
        host += f" ({count(round(result.host.cycles_per_s))} cycles/s)"
    rows = [("host", host)]
    if result.host.build_s >= 0.05:
        rows.append(("build", f"{result.host.build_s:.1f} s, once for this hardware"))
    return rows


def area_line(area: Area, mm2: float) -> str:
    """Gate equivalents of logic and memories, square millimetres, and whence they are known."""
    logic, memory, total = (
        f"{value / 1000:,.0f}" for value in (area.logic_ge, area.memory_ge, area.total_ge)
    )
    source = "estimated" if area.source == "estimate" else "counted by Yosys"
    return f"{total} kGE, {mm2:.3g} mm2  (logic {logic}, memories {memory}; {source})"


def check_line(result: RunResult) -> str:
    """One sentence on the comparison with the reference."""
    check = result.check
    if check is None and result.backend == "model":
        return "Predicted, not simulated: this backend computes no outputs."
    if check is None:
        return "Not compared: this backend is the reference that the others are checked against."
    if check.mismatches:
        return (
            f"MISMATCH: {count(check.mismatches)} of {count(check.elements)} output elements "
            f"differ from the {check.reference} backend."
        )
    return (
        f"Bit-exact: all {count(check.elements)} output elements equal the "
        f"{check.reference} backend's."
    )


def report_title(result: RunResult) -> str:
    """Network, array (or CPU) and backend."""
    rows, cols = result.config["rows"], result.config["cols"]
    where = f"{rows}x{cols}" if result.has_array else f"the CPU {result.config['cpu']} alone"
    return f"{result.model.name} on {where}, {result.backend}"


def _layers(result: RunResult, total: Total, width: int) -> Table:
    """One row a layer; a narrow terminal gets fewer columns, never clipped figures."""
    rows = [_cells(layer, total) for layer in result.layers]
    widths = _widths(result, rows, width)
    table = Table(header_style="bold", box=SIMPLE_HEAD, pad_edge=False)
    table.width = sum(widths.values()) + GAP * len(widths)
    for heading, justify, _ in _COLUMNS:
        if heading in widths:
            table.add_column(heading, justify=justify, no_wrap=True, width=widths[heading])
    for layer, cells in zip(result.layers, rows, strict=True):
        cells["layer"] = shortened(layer.name, widths["layer"])
        cells["lost to"] = loss_summary(layer, widths.get("lost to", 0))
        table.add_row(
            *(Text(cells[heading]) for heading in widths),
            style=None if layer.engine == "npu" else "cyan",
        )
    return table


def _widths(result: RunResult, rows: Sequence[Mapping[str, str]], width: int) -> dict[str, int]:
    """Columns that there is room for, and how wide they are."""
    widths = {
        heading: max(len(heading), *(len(row[heading]) for row in rows))
        if rigid
        else NARROWEST[heading]
        for heading, _, rigid in _COLUMNS
        if result.has_array or heading not in _OF_THE_ARRAY
    }

    def free() -> int:
        return width - sum(widths.values()) - GAP * len(widths)

    for heading, least in _FROM_WIDTH.items():
        if width < least:
            widths.pop(heading, None)
    for heading in ("operator", "lost to"):
        if free() < 0:
            widths.pop(heading, None)
    longest = max((len(layer.name) for layer in result.layers), default=0)
    most = {
        "layer": max(min(NAME_WIDTH, longest), NARROWEST["layer"]),
        "lost to": LOST_WIDTH if "lost to" in widths else 0,
    }
    names = max(free() // 2, free() - most["lost to"] + NARROWEST["lost to"])
    for heading, room in (("layer", names), ("lost to", width)):
        if most[heading]:
            widths[heading] += max(0, min(most[heading] - NARROWEST[heading], room, free()))
    return widths


def _cells(layer: Layer, total: Total) -> dict[str, str]:
    """The texts that are never shortened."""
    return {
        "operator": layer.op,
        "window": window(layer.geometry),
        "output": dims(layer.geometry.output) if layer.geometry else ABSENT,
        "tiles": str(layer.geometry.tiles) if layer.geometry and layer.geometry.tiles else ABSENT,
        "on": layer.engine.upper(),
        "cycles": count(layer.cycles),
        "share": percent(share(layer.cycles, total.cycles)),
        "MACs": count(layer.macs) if layer.macs else ABSENT,
        "util.": percent(layer.mac_utilisation) if layer.macs else ABSENT,
        "energy": quantity(layer.energy_j, "J"),
    }


def _totals(result: RunResult, total: Total) -> Table:
    grid = Table.grid(padding=(0, 2))
    for label, value in total_rows(result, total):
        grid.add_row(Text(label, style="bold"), value)
    return grid


def _energy(components: Mapping[str, float]) -> Table:
    whole = sum(components.values())
    grid = Table.grid(padding=(0, 2))
    grid.add_row("")
    for component, joules in sorted(components.items(), key=lambda item: -item[1]):
        if not joules:
            continue
        part = joules / whole
        grid.add_row(
            component.replace("_", " "),
            Text(quantity(joules, "J"), justify="right"),
            Text(percent(part), justify="right"),
            Text("█" * round(part * BAR_WIDTH), style="green"),
        )
    return grid


def _check(result: RunResult) -> Text:
    if result.check is None:
        return Text(check_line(result))
    return Text(check_line(result), style="bold red" if result.check.mismatches else "bold green")
