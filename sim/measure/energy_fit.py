"""A technology's event energies, fitted to what gates take: layers of networks on designs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from tilewright.hw.spec.config import Config
from tilewright.hw.spec.settings import load_config
from tilewright.sim.costs.area import estimate_clocked
from tilewright.sim.costs.energy import LOGIC, Price

COMPONENT_OF: Mapping[str, str] = {
    "array": "array",
    "columns": "columns",
    "feeder": "columns",
    "parameters": "requantiser",
    "drain": "requantiser",
    "requantiser": "requantiser",
    "softmax": "requantiser",
    "elementwise": "requantiser",
    "tables": "requantiser",
    "lstm": "requantiser",
    "mover": "scratchpad",
    "scratchpad": "scratchpad",
    "weight_ring": "weight_buffer",
    "control": "control",
    "commands": "control",
    "transfers": "control",
    "peripherals": "control",
    "bus": "bus",
    "cpu": "cpu",
}
"""Blocks of the netlist, and the component of `sim.costs.energy` whose lines their gates are fitted
with. Accumulators are in block ``array``, and are fitted together with it."""

Counts = Mapping[str, float]

FITTED_WITH: Mapping[str, str] = {"accumulators": "array"}
"""Components whose gates are another one's block as well."""

LINES: Mapping[str, tuple[Price, ...]] = {
    component: tuple(
        price for price in LOGIC if FITTED_WITH.get(price.component, price.component) == component
    )
    for component in dict.fromkeys(COMPONENT_OF.values())
}
"""Lines of each component."""


def _count(price: Price, config: Config, counts: Counts) -> float:
    """How often a line's event happens in a layer."""
    return price.times(config.npu) * sum(counts[event] for event in price.events)


@dataclass(frozen=True, kw_only=True)
class LayerEnergy:
    """A row of a run whose gates were added up.

    Attributes:
        name, cycles: of the row.
        events: as a layer's; all those that `LINES` counts.
        logic_pj: by component: gates, registers and clocks, without leakage; with the SRAM of
            the CPU's caches and of the transfers' queues, whose accesses nobody counts.
        sram_pj: by component: accesses of the other SRAM.
    """

    name: str
    cycles: int
    events: Counts
    logic_pj: Mapping[str, float]
    sram_pj: Mapping[str, float]

    @property
    def dynamic_pj(self) -> float:
        """All but leakage."""
        return sum(self.logic_pj.values()) + sum(self.sram_pj.values())


@dataclass(frozen=True, kw_only=True)
class GateRun:
    """A network on a design.

    Attributes:
        network, sets: which, and what the design sets over the default.
        rest_pj: by block: a cycle's clock pins, clock gates and clock tree in the row of the run in
            which they take least: what the clock reaches in every cycle.
        banks: reads of the scratchpad's banks for a word that is read of it.
        leakage_w: of gates, their SRAM left out; ``gates`` gate equivalents of the netlist.
        layers: the rows.
    """

    network: str
    sets: str
    rest_pj: Mapping[str, float]
    banks: float
    leakage_w: float
    gates: float
    layers: tuple[LayerEnergy, ...]

    @cached_property
    def config(self) -> Config:
        """The design."""
        return load_config(sets=self.sets.split())


@dataclass(frozen=True)
class Clock:
    """pJ a cycle of a flip-flop without a clock gate, and of a clock gate."""

    flip_flop: float
    clock_gate: float

    def of(self, config: Config) -> dict[str, float]:
        """pJ a cycle by component of what the clock reaches in every cycle."""
        found: dict[str, float] = {}
        for block, at in estimate_clocked(config).items():
            component = COMPONENT_OF[block]
            joules = at.free * self.flip_flop + at.clock_gates * self.clock_gate
            found[component] = found.get(component, 0.0) + joules
        return found


def fit_clock(runs: Sequence[GateRun]) -> Clock:
    """Least squares over the blocks of all runs, relative to each run's sum."""
    rows: list[tuple[float, float]] = []
    values: list[float] = []
    for run in runs:
        whole = sum(run.rest_pj.values())
        for block, at in estimate_clocked(run.config).items():
            rows.append((at.free / whole, at.clock_gates / whole))
            values.append(run.rest_pj.get(block, 0.0) / whole)
    flip_flop, clock_gate = _not_negative(np.array(rows), np.array(values))
    return Clock(flip_flop, clock_gate)


def fit(runs: Sequence[GateRun], clock: Clock) -> dict[str, float]:
    """pJ of each line of `LINES`; least squares of each component, relative to layers' energy.

    No line is negative. What the clock takes in every cycle is taken off first.
    """
    found: dict[str, float] = {}
    rows = [(run.config, clock.of(run.config), layer) for run in runs for layer in run.layers]
    weights = np.array([1 / layer.dynamic_pj for _, _, layer in rows])
    for component, lines in LINES.items():
        values = [
            layer.logic_pj.get(component, 0.0) - rest.get(component, 0.0) * layer.cycles
            for _, rest, layer in rows
        ]
        counted = [
            [_count(price, config, layer.events) for price in lines] for config, _, layer in rows
        ]
        solved = _not_negative(np.array(counted) * weights[:, None], np.array(values) * weights)
        found |= {price.item: factor for price, factor in zip(lines, solved, strict=True)}
    return found


def _not_negative(table: NDArray[np.float64], values: NDArray[np.float64]) -> list[float]:
    """Least squares with factors of 0 or more: the best of all choices of columns."""
    count = table.shape[1]
    best, least = np.zeros(count), float(np.square(values).sum())
    scale = np.abs(table).max(axis=0)
    usable = [column for column in range(count) if scale[column] > 0]
    for number in range(1, len(usable) + 1):
        for columns in combinations(usable, number):
            chosen = [*columns]
            scaled = table[:, chosen] / scale[chosen]
            part, *_ = np.linalg.lstsq(scaled, values, rcond=None)
            error = float(np.square(scaled @ part - values).sum())
            if (part >= 0).all() and error < least:
                best, least = np.zeros(count), error
                best[chosen] = part / scale[chosen]
    return best.tolist()
