"""Cycles of a kernel's paths from the times of many steps at two latencies of main memory.

A step's time is a straight line over the latency: the slope is how often it waits for main memory,
exactly. On a CPU with a data cache that is its misses; what is left when they are taken off is the
sum of its paths. Without one, each path has its own loads.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hw.spec.errors import TilewrightError
from sim.model.cpu.paths import Paths

LARGEST_ERROR = 0.02
"""Of a fitted step's cycles: beyond it, the kernel has a path that `sim.model.cpu.paths` lacks."""

SMALL_CYCLES = 300
"""Added to a step's cycles where errors are compared with them: tiny steps need not be as exact."""

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Line:
    """Cycles over the latency: ``cycles`` + ``waits`` x latency, of each step."""

    cycles: Floats
    waits: Floats

    def median(self) -> list[int]:
        """Of the steps: [cycles, waits]."""
        return [round(float(np.median(values))) for values in (self.cycles, self.waits)]


def line_through(times: Mapping[int, Sequence[int]]) -> Line:
    """``times``: of the same steps by latency, two of them."""
    (near, low), (far, high) = (
        (latency, np.array(values, np.float64)) for latency, values in sorted(times.items())
    )
    waits = (high - low) / (far - near)
    return Line(low - near * waits, waits)


def fit_paths(
    kernel: str,
    paths: Sequence[Paths],
    values: Floats,
    times: Floats,
    largest_error: float = LARGEST_ERROR,
) -> dict[str, float]:
    """What each path once adds to ``values``, none of it below 0.

    Errors count relative to ``times``, the steps' cycles. Raises TilewrightError where the paths do
    not explain the values.
    """
    names = list(paths[0])
    counts = np.array([[path[name] for name in names] for path in paths], np.float64)
    scale = times + SMALL_CYCLES
    weighted, wanted = counts / scale[:, None], values / scale
    used = [int(column) for column in np.flatnonzero(counts.any(axis=0))]
    while True:
        found, *_ = np.linalg.lstsq(weighted[:, used], wanted, rcond=None)
        if found.min() >= 0:
            break
        used.pop(int(found.argmin()))
    error = float(np.abs(weighted[:, used] @ found - wanted).max())
    if error > largest_error:
        raise TilewrightError(
            f"{kernel}: its paths explain a benchmark's cycles to {error:.1%} only (at most "
            f"{largest_error:.0%}); look in firmware/kernels for a path that "
            "sim/model/cpu/paths.py lacks"
        )
    each = dict.fromkeys(names, 0.0)
    return each | {names[j]: value for j, value in zip(used, found.tolist(), strict=True)}
