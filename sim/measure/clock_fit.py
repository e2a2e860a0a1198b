"""Coefficients of the clock's estimate (`sim.costs.clock`) from designs that were timed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from tilewright.hw.spec.config import Config
from tilewright.hw.spec.settings import load_config
from tilewright.sim.costs.clock.estimate import Coefficients, delays
from tilewright.sim.costs.clock.features import CPU, Features, logic_features, memory_features


@dataclass(frozen=True)
class Timed:
    """A design: what was set, and FO4 of the longest path into each block.

    Attributes:
        logic: from registers.
        memory: from SRAM, behind its access.
    """

    sets: tuple[str, ...]
    logic: Mapping[str, float]
    memory: Mapping[str, float]

    @property
    def config(self) -> Config:
        """The defaults with what was set."""
        return load_config(sets=self.sets)

    @property
    def period(self) -> float:
        """FO4 of the longest path from registers."""
        return max(self.logic.values())


@dataclass(frozen=True)
class Fit:
    """See `sim.costs.clock.estimate.ClockTable`."""

    logic: Coefficients
    memory: Coefficients
    cpu: Mapping[str, float]
    cpu_memory: Mapping[str, float]

    def period(self, config: Config) -> float | None:
        """FO4 of the longest path from registers; None for a CPU that no design had."""
        if config.soc.cpu not in self.cpu:
            return None
        return max(*delays(self.logic, logic_features(config)).values(), self.cpu[config.soc.cpu])


def fit(designs: Sequence[Timed]) -> Fit:
    """Least squares for each block, of coefficients that are not negative."""
    return Fit(
        logic=_fit_blocks(designs, logic_features, lambda design: design.logic),
        memory=_fit_blocks(designs, memory_features, lambda design: design.memory),
        cpu=_of_cpus(designs, lambda design: design.logic),
        cpu_memory=_of_cpus(designs, lambda design: design.memory),
    )


def errors_left_out(designs: Sequence[Timed]) -> list[tuple[Timed, float]]:
    """Relative error of each design's period, by a fit to all designs but it.

    Designs with a CPU of their own cannot be left out.
    """
    found: list[tuple[Timed, float]] = []
    for design in designs:
        others = [other for other in designs if other is not design]
        blocks = {block for other in others for block in logic_features(other.config)}
        if not logic_features(design.config).keys() <= blocks:
            continue
        guess = fit(others).period(design.config)
        if guess is not None:
            found.append((design, guess / design.period - 1))
    return found


def _of_cpus(
    designs: Sequence[Timed], of: Callable[[Timed], Mapping[str, float]]
) -> dict[str, float]:
    """The mean of each variant's; what surrounds it hardly matters."""
    known: dict[str, list[float]] = {}
    for design in designs:
        if CPU in of(design):
            known.setdefault(design.config.soc.cpu, []).append(of(design)[CPU])
    return {cpu: sum(values) / len(values) for cpu, values in known.items()}


def _fit_blocks(
    designs: Sequence[Timed],
    features: Callable[[Config], Features],
    of: Callable[[Timed], Mapping[str, float]],
) -> dict[str, dict[str, float]]:
    found: dict[str, dict[str, float]] = {}
    known = [(features(design.config), of(design)) for design in designs]
    for block in dict.fromkeys(block for blocks, _ in known for block in blocks):
        rows = [
            (blocks[block], paths[block])
            for blocks, paths in known
            if block in blocks and block in paths
        ]
        if not rows:
            continue
        names = list(dict.fromkeys(name for row, _ in rows for name in row))
        table = np.array([[row.get(name, 0.0) for name in names] for row, _ in rows])
        solved = not_negative(table, np.array([value for _, value in rows]))
        found[block] = dict(zip(names, solved.tolist(), strict=True))
    return found


def not_negative(table: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Least squares with no coefficient below 0, [columns] of ``table`` [values, columns].

    The best of all choices of columns that may be above 0, of which there are few; of equal ones
    that with the fewest.
    """
    count = table.shape[1]
    best, least = np.zeros(count), float(values @ values)
    rounding = least * 1e-12
    for size in range(1, count + 1):
        for chosen in combinations(range(count), size):
            columns = list(chosen)
            if np.linalg.matrix_rank(table[:, columns]) < size:
                continue
            solved, *_ = np.linalg.lstsq(table[:, columns], values, rcond=None)
            rest = values - table[:, columns] @ solved
            if solved.min() >= 0 and float(rest @ rest) < least - rounding:
                least = float(rest @ rest)
                best = np.zeros(count)
                best[columns] = solved
    return best
