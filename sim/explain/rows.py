"""Losses and changes as rows of text, for every form of the explanation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tilewright.sim.explain.changes import Change, against
from tilewright.sim.explain.losses import ON_THE_CPU, Loss
from tilewright.sim.report.units import ABSENT, percent
from tilewright.sim.results.result import RunResult

COMPUTES = "computes"
MOST_LAYERS = 3
LEAST_GAIN = 0.001
"""Share of the cycles that a change must save to have a row of its own."""


def computing(result: RunResult, losses: Sequence[Loss]) -> int:
    """Cycles that are no loss."""
    return (result.total.cycles or 0) - sum(loss.cycles for loss in losses)


def layers_text(loss: Loss) -> str:
    """The layers that lost most, with their cycles; of those on the CPU also why they are there."""
    shown = ", ".join(f"{name} {cycles:,}" for name, cycles in loss.layers[:MOST_LAYERS])
    more = len(loss.layers) - MOST_LAYERS
    text = f"{shown}, {more} more" if more > 0 else shown
    return f"{text}: {loss.meaning}" if loss.cause == ON_THE_CPU else text


@dataclass(frozen=True, kw_only=True)
class Gain:
    """A change beside the configuration as it is; each relative, less is better."""

    change: Change
    cycles: float
    energy: float | None
    area: float
    against: tuple[str, ...]


def gains(result: RunResult, losses: Sequence[Loss], changes: Sequence[Change]) -> list[Gain]:
    """What changes that can be made give, in their order."""
    causes = [loss.cause for loss in losses]
    found: list[Gain] = []
    for change in changes:
        if change.result is None:
            continue
        before, after = result.total, change.result.total
        found.append(
            Gain(
                change=change,
                cycles=_relative(after.cycles, before.cycles) or 0.0,
                energy=_relative(after.energy_j, before.energy_j),
                area=_relative(change.result.area.total_ge, result.area.total_ge) or 0.0,
                against=against(change.key, causes),
            )
        )
    return found


def without_gain(found: Sequence[Gain], changes: Sequence[Change]) -> list[str]:
    """Sentences on the changes that have no row: those that save nothing, those that cannot be."""
    lines: list[str] = []
    idle = [gain.change.text for gain in found if gain.cycles > -LEAST_GAIN]
    if idle:
        lines.append(f"No fewer cycles: {', '.join(idle)}.")
    lines += [
        f"Not possible alone: {change.text}: {change.refusal}"
        for change in changes
        if change.result is None
    ]
    return lines


def meanings(losses: Sequence[Loss]) -> dict[str, str]:
    """What each cause is; why operators are on the CPU stands beside them."""
    return {loss.cause: loss.meaning for loss in losses if loss.cause != ON_THE_CPU}


def signed(value: float | None) -> str:
    """0.0123 -> +1.2%."""
    if value is None:
        return ABSENT
    text = percent(abs(value))
    return text if text == percent(0.0) else f"{'+' if value > 0 else '-'}{text}"


def _relative(after: float | None, before: float | None) -> float | None:
    return None if after is None or not before else after / before - 1
