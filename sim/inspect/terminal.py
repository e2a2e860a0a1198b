"""What an inspection found, in the terminal."""

from __future__ import annotations

from collections.abc import Sequence

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from tilewright.sim.inspect.inspected import Inspected, InspectedOp
from tilewright.sim.inspect.svg import LEGEND
from tilewright.sim.inspect.weights import WeightFigures
from tilewright.sim.report.shapes import dims
from tilewright.sim.report.units import ABSENT, count, counted, percent, shortened

NAME_WIDTH = 28

LEAST_WIDTH = {"output": 60, "MACs": 80, "bits": 100, "zeros": 100, "quantisation": 150}
"""Columns of a terminal that shows a column."""

STYLES = {"cpu": "cyan", "obstacle": "red", "unknown": "red", "unchecked": "dim", "free": "dim"}


def print_inspected(network: Inspected, console: Console) -> None:
    """Operators, figures of the whole, why operators are on the CPU, and all obstacles."""
    console.print(_operators(network.ops, console.width))
    grid = Table.grid(padding=(0, 2))
    for label, text in _figures(network):
        grid.add_row(Text(label, style="bold"), text)
    console.print(grid)
    for line in _why(network.ops):
        console.print(Text(line, style="cyan"))
    if network.obstacles:
        console.print(Text(f"Does not run: {_obstacles(network)}", style="bold red"))
        for number, text in enumerate(network.obstacles, 1):
            console.print(Text(f"  {number}. {text}"))
    for note in network.remarks:
        console.print(Text(f"Note: {note}", style="yellow"))


def _operators(ops: Sequence[InspectedOp], width: int) -> Table:
    rows = [_cells(op) for op in ops]
    known = [
        name
        for name in (rows[0] if rows else {})
        if width >= LEAST_WIDTH.get(name, 0) and any(row[name] != ABSENT for row in rows)
    ]
    table = Table(header_style="bold", box=SIMPLE_HEAD, pad_edge=False)
    for name in known:
        right = name in ("MACs", "weights", "zeros", "bits")
        table.add_column(name, justify="right" if right else "left", no_wrap=True)
    for op, row in zip(ops, rows, strict=True):
        table.add_row(*(Text(row[name]) for name in known), style=STYLES.get(op.status))
    return table


def _cells(op: InspectedOp) -> dict[str, str]:
    weights = op.weights if op.weights and op.weights.bytes else None
    return {
        "name": shortened(op.name, NAME_WIDTH),
        "operator": op.kind,
        "output": dims(op.shape) if op.shape is not None else ABSENT,
        "MACs": count(op.macs) if op.macs else ABSENT,
        "weights": count(weights.bytes) if weights else ABSENT,
        "zeros": percent(weights.zero_share) if weights else ABSENT,
        "bits": f"{weights.entropy_bits:.2f}" if weights and weights.values else ABSENT,
        "quantisation": op.quantisation or ABSENT,
        "where": LEGEND[op.status].removeprefix("on the "),
    }


def _figures(network: Inspected) -> list[tuple[str, str]]:
    rows = [("file", f"{network.path}, sha256 {network.sha256[:16]}")]
    rows += [("input", text) for text in network.inputs]
    rows += [("output", text) for text in network.outputs]
    rows.append(("operators", _counts(network.ops)))
    if network.macs is not None:
        rows.append(("MACs", count(network.macs)))
    if network.weights is not None:
        rows.append(("weights", _weights(network.weights)))
    if network.peak_bytes is not None:
        at = f", at {network.peak_at}" if network.peak_at else ""
        rows.append(("activations", f"{count(network.peak_bytes)} bytes alive at once{at}"))
    if network.peak_sram_bytes:
        rows.append(("scratchpad", f"{count(network.peak_sram_bytes)} bytes as it is mapped"))
    return rows


def _weights(weights: WeightFigures) -> str:
    if not weights.values:
        return f"{count(weights.bytes)} bytes"
    return (
        f"{count(weights.bytes)} bytes; of the int8 values {percent(weights.zero_share)} are zero, "
        f"entropy {weights.entropy_bits:.2f} bits"
    )


def _counts(ops: Sequence[InspectedOp]) -> str:
    found = ((text, sum(op.status == status for op in ops)) for status, text in LEGEND.items())
    return f"{len(ops)}: " + ", ".join(f"{number} {text}" for text, number in found if number)


def _why(ops: Sequence[InspectedOp]) -> list[str]:
    """A line for each reason for which operators are on the CPU."""
    reasons: dict[str, list[str]] = {}
    for op in ops:
        if op.status == "cpu" and not op.reason.startswith("computed with"):
            reasons.setdefault(op.reason, []).append(op.name)
    return [
        f"On the CPU: {', '.join(names[:3])}{', ...' if names[3:] else ''}: {reason}."
        for reason, names in reasons.items()
    ]


def _obstacles(network: Inspected) -> str:
    return counted(len(network.obstacles), "obstacle")
