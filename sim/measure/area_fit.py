"""Coefficients of the area estimate (`sim.costs.area.estimate`) from designs that Yosys mapped."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from tilewright.hw.spec.config import Config
from tilewright.hw.spec.settings import load_config
from tilewright.sim.costs.area.counts import counts

Coefficients = Mapping[str, Mapping[str, float]]
"""Block -> count -> gate equivalents of one."""


@dataclass(frozen=True)
class Design:
    """A mapped design: what was set, and gate equivalents and SRAM bits by block."""

    sets: tuple[str, ...]
    logic: Mapping[str, float]
    sram_bits: Mapping[str, int]

    @property
    def config(self) -> Config:
        """The defaults with what was set."""
        return load_config(sets=self.sets)

    @property
    def logic_ge(self) -> float:
        """All blocks."""
        return sum(self.logic.values())


def fit(designs: Sequence[Design]) -> Coefficients:
    """Least squares for each block, relative to each design's whole logic."""
    found: dict[str, dict[str, float]] = {}
    known = [(counts(design.config), design) for design in designs]
    for block in dict.fromkeys(block for blocks, _ in known for block in blocks):
        rows = [(blocks[block], design) for blocks, design in known if block in blocks]
        weights = np.array([1 / design.logic_ge for _, design in rows])
        values = np.array([design.logic.get(block, 0.0) for _, design in rows])
        names = list(rows[0][0])
        table = np.array([[row[name] for name in names] for row, _ in rows], dtype=float)
        scale = np.abs(table).max(axis=0).clip(min=1)
        solved, *_ = np.linalg.lstsq(table / scale * weights[:, None], values * weights, rcond=1e-9)
        found[block] = dict(zip(names, (solved / scale).tolist(), strict=True))
    return found


def estimate(coefficients: Coefficients, config: Config) -> dict[str, float]:
    """Gate equivalents of each block but the CPU."""
    return {
        block: sum(number * coefficients[block][name] for name, number in numbers.items())
        for block, numbers in counts(config).items()
    }


def errors_left_out(designs: Sequence[Design], chosen: Sequence[Design]) -> list[float]:
    """Relative error of the ``chosen`` designs' logic, each by a fit to all designs but it."""
    errors: list[float] = []
    for design in chosen:
        others = fit([other for other in designs if other is not design])
        guess = sum(estimate(others, design.config).values()) + design.logic["cpu"]
        errors.append(guess / design.logic_ge - 1)
    return errors
