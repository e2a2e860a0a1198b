"""The model's dynamic energy against what gates take, of runs that the fit has not seen."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from tilewright.sim.costs.energy import energy_in
from tilewright.sim.measure.energy_fit import GateRun, LayerEnergy, fit, fit_clock
from tilewright.sim.technology.technology import Line, Technology

LONG = 1000
"""Cycles of a layer whose error is stated."""

NOT_DYNAMIC = ("leakage", "main_memory")
_PJ = 1e12


@dataclass(frozen=True)
class Error:
    """Of a run: relative errors of its sum, and of each long layer by its name."""

    run: GateRun
    whole: float
    layers: dict[str, float]

    @property
    def worst(self) -> tuple[str, float]:
        """The layer that is off most; nothing, 0 where none is long."""
        return max(self.layers.items(), key=lambda item: abs(item[1]), default=("-", 0.0))


def errors_left_out(runs: Sequence[GateRun], technology: Technology) -> list[Error]:
    """Each run by a fit to the others that are of another network and of another design.

    Where all others share one of these with it, those of another network remain.
    """
    found: list[Error] = []
    for run in runs:
        others = [one for one in runs if one.network != run.network and one.sets != run.sets]
        others = others or [one for one in runs if one.network != run.network]
        found.append(error(run, refitted(technology, others)))
    return found


def refitted(technology: Technology, runs: Sequence[GateRun]) -> Technology:
    """The technology with the lines that runs tell fitted to these."""
    clock = fit_clock(runs)
    values = fit(runs, clock) | {
        "clock.flip_flop": clock.flip_flop,
        "clock.clock_gate": clock.clock_gate,
    }
    lines = {
        item: Line(item, values[item], 1.0, "refitted") if item in values else line
        for item, line in technology.lines.items()
    }
    return dataclasses.replace(technology, lines=lines)


def error(run: GateRun, technology: Technology) -> Error:
    """The model's errors for a run."""
    energy = energy_in(run.config, technology)
    layers: dict[str, float] = {}
    total = measured = 0.0
    for layer in run.layers:
        events = {name: round(count) for name, count in layer.events.items()}
        parts = energy.by_component(events, layer.cycles)
        guess = sum(pj for name, pj in parts.items() if name not in NOT_DYNAMIC) * _PJ
        total, measured = total + guess, measured + layer.dynamic_pj
        if layer.cycles > LONG:
            layers[layer.name] = guess / layer.dynamic_pj - 1
    return Error(run, total / measured - 1, layers)


def tables_text(runs: Sequence[GateRun], technology: Technology) -> str:
    """Both tables in Markdown: runs, and the layers of all of them."""
    errors = errors_left_out(runs, technology)
    lines = [
        "| network | design | cycles | gates, nJ | pJ a cycle | model | worst long layer |",
        "|---|---|--:|--:|--:|--:|---|",
    ]
    for one in errors:
        run = one.run
        cycles = sum(layer.cycles for layer in run.layers)
        joules = sum(layer.dynamic_pj for layer in run.layers)
        name, worst = one.worst
        lines.append(
            f"| {run.network} | {run.sets or 'default'} | {cycles:,} | {joules / 1000:,.1f} | "
            f"{joules / cycles:,.0f} | {one.whole:+.1%} | {worst:+.1%}, {name} |"
        )
    lines += ["", *_layer_lines(errors)]
    return "\n".join(lines) + "\n"


def _layer_lines(errors: Sequence[Error]) -> Iterator[str]:
    yield "<details><summary>Layer by layer</summary>"
    yield ""
    yield "| network | design | layer | cycles | gates, pJ a cycle | model |"
    yield "|---|---|---|--:|--:|--:|"
    for one in errors:
        for layer in one.run.layers:
            if layer.name in one.layers and layer.cycles > LONG:
                yield _layer_line(one, layer)
    yield ""
    yield "</details>"


def _layer_line(one: Error, layer: LayerEnergy) -> str:
    each = layer.dynamic_pj / layer.cycles
    return (
        f"| {one.run.network} | {one.run.sets or 'default'} | {layer.name} | {layer.cycles:,} | "
        f"{each:,.0f} | {one.layers[layer.name]:+.1%} |"
    )
