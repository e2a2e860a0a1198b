"""An explanation as a page without scripts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path

from tilewright.sim.explain.changes import Change
from tilewright.sim.explain.losses import BETWEEN, ON_THE_CPU, Loss
from tilewright.sim.explain.rows import (
    COMPUTES,
    LEAST_GAIN,
    Gain,
    computing,
    gains,
    layers_text,
    meanings,
    signed,
    without_gain,
)
from tilewright.sim.files import write_atomically
from tilewright.sim.report.colours import BUSY_COLOUR, LOSS_COLOURS, OTHER_COLOUR
from tilewright.sim.report.html import bar, cell, document, head, legend, table
from tilewright.sim.report.terminal import MODELLED, report_title
from tilewright.sim.report.units import count, percent, share
from tilewright.sim.results.result import RunResult

COLOURS: Mapping[str, str] = {
    COMPUTES: BUSY_COLOUR,
    **LOSS_COLOURS,
    ON_THE_CPU: OTHER_COLOUR,
    BETWEEN: "#8a919b",
}


def write_explanation(
    path: Path, result: RunResult, losses: Sequence[Loss], changes: Sequence[Change]
) -> None:
    """Write the page; the file appears whole or not at all."""
    write_atomically(path, explanation_page(result, losses, changes))


def explanation_page(result: RunResult, losses: Sequence[Loss], changes: Sequence[Change]) -> str:
    """The HTML text."""
    notes = "".join(f'<p class="note">{escape(note)}</p>' for note in result.model.notes)
    found = gains(result, losses, changes)
    lines = "".join(f"<p>{escape(line)}</p>" for line in without_gain(found, changes))
    body = (
        f"<p>{count(result.total.cycles)} cycles, predicted by the model.</p>{notes}"
        f"<h2>Where the cycles go</h2>{_losses(result, losses)}"
        f"<h2>What one change alone would give</h2>{_changes(result, found)}{lines}"
        f"<p>Predicted; energy and area are {MODELLED}; the clock is taken to stay.</p>"
    )
    return document(f"Why {report_title(result)}", body)


def _losses(result: RunResult, losses: Sequence[Loss]) -> str:
    total = result.total.cycles
    used, known = computing(result, losses), meanings(losses)
    parts: dict[str, float] = {COMPUTES: share(used, total) or 0.0}
    for loss in losses:  # operators may be on the CPU for several reasons
        parts[loss.cause] = parts.get(loss.cause, 0.0) + (share(loss.cycles, total) or 0.0)
    rows = [_loss_row(COMPUTES, "", used, total, "")]
    rows += [
        _loss_row(loss.cause, known.get(loss.cause, ""), loss.cycles, total, layers_text(loss))
        for loss in losses
    ]
    columns = (("", True), ("cycles", False), ("share", False), ("most of them in", True))
    whole = table(f"{head(columns)}<tbody>{''.join(rows)}</tbody>")
    told = {
        cause: f"{cause}: {count(round(part * (total or 0)))} cycles, {percent(part)}"
        for cause, part in parts.items()
    }
    picture = bar(parts, COLOURS, "whole", told)
    return legend({name: COLOURS[name] for name in parts}) + picture + whole


def _loss_row(cause: str, meaning: str, cycles: int, total: int | None, layers: str) -> str:
    below = f"<small>{escape(meaning)}</small>" if meaning else ""
    return (
        f'<tr><td class="left">{escape(cause)}{below}</td>'
        f"{cell(count(cycles))}{cell(percent(share(cycles, total)))}{cell(layers, left=True)}</tr>"
    )


def _changes(result: RunResult, found: Sequence[Gain]) -> str:
    better = [gain for gain in found if gain.cycles <= -LEAST_GAIN]
    if not better:
        return "<p>None of the obvious changes saves cycles.</p>"
    columns = (
        ("change", True),
        ("cycles", False),
        ("", False),
        ("left of them", True),
        ("energy", False),
        ("area", False),
        ("against", True),
    )
    rows = "".join(_change_row(gain) for gain in better)
    return table(f"{head(columns)}<tbody>{rows}</tbody>")


def _change_row(gain: Gain) -> str:
    result = gain.change.result
    assert result is not None
    told = f"{count(result.total.cycles)} cycles, {percent(1 + gain.cycles)} of today's"
    left = bar({COMPUTES: 1 + gain.cycles}, {COMPUTES: BUSY_COLOUR}, "cycles", {COMPUTES: told})
    return (
        f"<tr>{cell(gain.change.text, left=True)}{cell(count(result.total.cycles))}"
        f'{cell(signed(gain.cycles))}<td class="left">{left}</td>{cell(signed(gain.energy))}'
        f"{cell(signed(gain.area))}{cell(', '.join(gain.against), left=True)}</tr>"
    )
