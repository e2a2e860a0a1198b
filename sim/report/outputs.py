"""What a network answered: its likeliest classes, or shapes and first values."""

from __future__ import annotations

from collections.abc import Sequence

from rich.table import Table
from rich.text import Text

from tilewright.sim.report.units import count, quantity
from tilewright.sim.results.result import Output, RunResult

TOP = 5
"""Classes that are shown."""
FIRST = 8
"""Values that are shown where there are no classes."""
_MOST_CLASSES = 100_000
_MOST_ROWS = 20


def answer(output: Output, labels: Sequence[str]) -> str:
    """One output in a line: classes in falling order where they are one vector, else first values.

    A real value is scale * (integer - zero point).
    """
    if _is_classes(output):
        order = sorted(range(len(output.values)), key=lambda i: (-output.values[i], i))[:TOP]
        return ", ".join(f"{_label(i, labels)} {_real(output, i):.3g}" for i in order)
    shown = ", ".join(f"{_real(output, i):.3g}" for i in range(min(FIRST, len(output.values))))
    shape = "x".join(map(str, output.shape))
    return f"[{shape}] {shown}" + (", ..." if len(output.values) > FIRST else "")


def outputs_table(result: RunResult, labels: Sequence[str]) -> Table | None:
    """Each output of the inference; None from a backend that computes none."""
    if not result.outputs:
        return None
    table = Table.grid(padding=(0, 2))
    for output in result.outputs:
        table.add_row(Text(output.name, style="bold"), answer(output, labels))
    return table


def inferences_table(result: RunResult, labels: Sequence[str]) -> Table | None:
    """One row an inference and their sum; None where there was only one."""
    found = result.inferences
    if len(found) < 2:
        return None
    table = Table(header_style="bold", box=None, pad_edge=False)
    table.add_column("inference", justify="right")
    table.add_column("cycles", justify="right")
    table.add_column("energy", justify="right")
    table.add_column("answer", overflow="ellipsis", no_wrap=True)
    head = _MOST_ROWS if len(found) <= _MOST_ROWS else _MOST_ROWS - 1
    for number, inference in enumerate(found[:head], 1):
        said = "; ".join(answer(output, labels) for output in inference.outputs)
        table.add_row(str(number), count(inference.cycles), quantity(inference.energy_j, "J"), said)
    if len(found) > head:
        table.add_row(f"... {len(found)}", "", "", "")
    cycles = [inference.cycles for inference in found]
    joules = [inference.energy_j for inference in found]
    all_cycles = None if None in cycles else sum(c or 0 for c in cycles)
    all_joules = None if None in joules else sum(j or 0.0 for j in joules)
    table.add_row("all", count(all_cycles), quantity(all_joules, "J"), "", style="bold")
    return table


def _is_classes(output: Output) -> bool:
    """Whether an output is one vector of scores."""
    size = len(output.values)
    return 1 < size <= _MOST_CLASSES and max(output.shape, default=0) == size


def _label(index: int, labels: Sequence[str]) -> str:
    return labels[index] if index < len(labels) and labels[index] else f"class {index}"


def _real(output: Output, index: int) -> float:
    return output.scale * (output.values[index] - output.zero_point)
