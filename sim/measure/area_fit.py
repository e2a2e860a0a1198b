"""Coefficients of the estimates of gates and registers, from designs that Yosys mapped."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from tilewright.hw.spec.config import Config
from tilewright.hw.spec.settings import load_config
from tilewright.sim.costs.area.counts import counts
from tilewright.sim.costs.area.parts import Clocked

Coefficients = Mapping[str, Mapping[str, float]]
"""Block -> count -> gate equivalents, or registers, of one."""


@dataclass(frozen=True)
class Design:
    """A mapped design: what was set; gate equivalents, SRAM bits and registers by block."""

    sets: tuple[str, ...]
    logic: Mapping[str, float]
    sram_bits: Mapping[str, int]
    clocked: Mapping[str, Clocked]

    @property
    def config(self) -> Config:
        """The defaults with what was set."""
        return load_config(sets=self.sets)

    @property
    def logic_ge(self) -> float:
        """All blocks."""
        return sum(self.logic.values())


def fit(
    designs: Sequence[Design], values_of: Callable[[Design], Mapping[str, float]]
) -> Coefficients:
    """Least squares for each block, relative to each design's sum over all blocks.

    ``values_of`` a design: by block, what is to be fitted.
    """
    found: dict[str, dict[str, float]] = {}
    known = [(counts(design.config), values_of(design)) for design in designs]
    for block in dict.fromkeys(block for blocks, _ in known for block in blocks):
        rows = [(blocks[block], values) for blocks, values in known if block in blocks]
        weights = np.array([1 / sum(values.values()) for _, values in rows])
        values = np.array([values.get(block, 0.0) for _, values in rows])
        names = list(rows[0][0])
        table = np.array([[row[name] for name in names] for row, _ in rows], dtype=float)
        scale = np.abs(table).max(axis=0).clip(min=1)
        solved, *_ = np.linalg.lstsq(table / scale * weights[:, None], values * weights, rcond=1e-9)
        found[block] = dict(zip(names, (solved / scale).tolist(), strict=True))
    return found


def estimate(coefficients: Coefficients, config: Config) -> dict[str, float]:
    """What each block has of what was fitted, all but the CPU."""
    return {
        block: sum(number * coefficients[block][name] for name, number in numbers.items())
        for block, numbers in counts(config).items()
    }


def errors_left_out(
    designs: Sequence[Design],
    chosen: Sequence[Design],
    values_of: Callable[[Design], Mapping[str, float]],
) -> list[float]:
    """Relative error of the ``chosen`` designs' sums, each by a fit to all designs but it."""
    errors: list[float] = []
    for design in chosen:
        others = fit([other for other in designs if other is not design], values_of)
        values = values_of(design)
        guess = sum(estimate(others, design.config).values()) + values["cpu"]
        errors.append(guess / sum(values.values()) - 1)
    return errors
