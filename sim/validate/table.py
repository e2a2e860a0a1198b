"""The comparison as files: a CSV of layers, a Markdown page."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence

from tilewright.hw.spec.profile import CAUSES, EVENTS
from tilewright.sim.validate.compare import LARGE_CYCLES, LIMITS, Comparison, LayerPair
from tilewright.sim.validate.designs import Design
from tilewright.sim.version import origin_line

_CAUSES = tuple(name for name, _ in CAUSES)
_EVENTS = tuple(name for name, _ in EVENTS)

HEADINGS = (
    "network",
    "design",
    "RTL",
    "model",
    "error",
    "largest error of a layer",
    "NPU off",
    "causes off",
    "events off",
    "kept",
)
"""Of the table with a row for each network on each design."""

LEGEND = f"""\
RTL, model: cycles of the inference. Largest error: of a layer of more than {LARGE_CYCLES:,} cycles.
NPU off: cycles by which the accelerator's layers are off, summed without their signs. Causes off:
the same of its cycles by cause. Events off: counts of events that differ. Kept: the limits."""


def csv_text(comparisons: Iterable[Comparison]) -> str:
    """A row for each layer, and for what belongs to none; cycles, causes and events of both."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    kinds = [f"{name}_cycles" for name in _CAUSES] + list(_EVENTS)
    writer.writerow(
        ["network", "design", "layer", "op", "engine", "rtl_cycles", "model_cycles", "error"]
        + [f"{side}_{kind}" for side in ("rtl", "model") for kind in kinds]
    )
    for comparison in comparisons:
        for layer in comparison.layers:
            writer.writerow(_csv_row(comparison, layer))
    return text.getvalue()


def _csv_row(comparison: Comparison, layer: LayerPair) -> list[str | int]:
    row: list[str | int] = [
        comparison.network,
        comparison.design,
        layer.name,
        layer.op,
        layer.engine,
        layer.rtl.cycles,
        layer.model.cycles,
        f"{layer.error:.6f}",
    ]
    for side in (layer.rtl, layer.model):
        row += [side.causes.get(name, "") for name in _CAUSES]
        row += [side.events.get(name, "") for name in _EVENTS]
    return row


def cells(comparison: Comparison) -> tuple[str, ...]:
    """What stands under HEADINGS."""
    worst = comparison.worst
    return (
        comparison.network,
        comparison.design,
        f"{comparison.rtl_cycles:,}",
        f"{comparison.model_cycles:,}",
        signed(comparison.error),
        f"{signed(worst.error)} {worst.name}" if worst and worst.error else "0",
        f"{comparison.npu_off:,}",
        f"{comparison.moved:,}",
        f"{comparison.wrong_events:,}",
        "no" if comparison.violations() else "yes",
    )


_LIMITS = (
    f"Networks within {LIMITS.network:.0%}, layers over {LARGE_CYCLES:,} cycles within "
    f"{LIMITS.layer:.0%}, events equal."
)


def signed(error: float) -> str:
    """-0.0012 -> -0.12%; nothing but 0 is shown as 0."""
    if not error:
        return "0"
    return f"{error:+.2%}" if abs(error) >= 0.00005 else f"{error:+.4%}"


def markdown(comparisons: Sequence[Comparison], designs: Sequence[Design], statement: str) -> str:
    """The verdict, a row for each network on each design, and what the designs set."""
    lines = ["# The model against the RTL", "", statement, "", *_markdown_table(comparisons), ""]
    lines += [LEGEND, "", "## Designs", "", "| design | settings |", "|---|---|"]
    lines += [f"| {design.name} | {design.settings} |" for design in designs]
    lines += ["", "## Limits", "", _LIMITS, "", origin_line()]
    return "\n".join(lines) + "\n"


def _markdown_table(comparisons: Sequence[Comparison]) -> list[str]:
    left = 2
    rule = ["---"] * left + ["--:"] * (len(HEADINGS) - left)
    rows = (cells(comparison) for comparison in comparisons)
    return [f"| {' | '.join(row)} |" for row in (HEADINGS, rule, *rows)]
