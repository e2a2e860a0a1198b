"""A CPU's operators, from the times of `verification.cpu_shapes` over the latency."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

import numpy as np

from firmware.build import CPU_FEATURES
from hw.spec.errors import TilewrightError
from hw.spec.program import Step
from hw.spec.soc_config import SocConfig
from hw.spec.steps import MEAN, SOFTMAX, StepKind
from sim.model.cpu.cache import misses
from sim.model.cpu.code import CodeCache
from sim.model.cpu.figures import Layout
from sim.model.cpu.loads import Places, loads, softmax_loads
from sim.model.cpu.operators import code_run
from sim.model.cpu.paths import Paths
from sim.model.cpu.softmax import counted
from verification.cpu_fit import SMALL_CYCLES, Line, fit_paths
from verification.cpu_layout import code_lines
from verification.cpu_programs import Bench

LARGEST_MISSES = 0.02
"""Misses that the followed loads do not explain, of a step's cycles: the mean over the steps."""

COLD_LINES = 4
"""Lines of code from which on a step tells how often it waits for each of them."""


@dataclass(frozen=True)
class _Timed:
    """A step, and its time as a line over the latency.

    Attributes
    ----------
    data: lines of data that it loads, as far as the model follows them.
    code: lines of its code that it has to fetch.
    repeats: it follows one of its kind, and finds the code as far as the cache can hold it.
    """

    step: Step
    paths: Paths
    data: int
    code: int
    repeats: bool
    cycles: float
    waits: float


def kernel_figures(
    cpu: str, runs: Mapping[str, Bench], lines: Mapping[str, Line], layout: Layout
) -> dict[str, Any]:
    """Part of `sim.model.cpu.figures.Cpu`: refills, operators. ``lines``: by name of a run."""
    timed: dict[StepKind, list[_Timed]] = {kind: [] for kind in layout.operators}
    for name, bench in runs.items():
        for step in _timed(bench, lines[name], layout, code_lines(cpu)):
            timed[step.step.kind].append(step)
    refill = _data_refill(timed[MEAN]) if CPU_FEATURES[cpu].data_cache else None
    kernels = {kind: _kernel(timed[kind], refill) for kind in sorted(timed)}
    return {
        "data_refill": refill,
        "code_refill": round(median(kernel.code_refill for kernel in kernels.values())),
        "operators": {kind.name: kernel.figures for kind, kernel in kernels.items()},
    }


def _timed(bench: Bench, line: Line, layout: Layout, cache_lines: int) -> list[_Timed]:
    cache = CodeCache(cache_lines, layout.boot)
    found: list[_Timed] = []
    for number, step in enumerate(bench.steps):
        paths = bench.paths(number)
        routine = layout.operators[step.kind]
        fits = sum(len(stretch.lines) for stretch in routine) <= cache_lines
        fetched = cache.run(code_run(routine, paths))
        follows = number > 0 and bench.steps[number - 1].kind is step.kind
        places = Places(bench.values_address(number), layout.frames[step.kind])
        if step.kind is SOFTMAX:
            units = softmax_loads(step, places, counted(step, bench.inputs(number)))
        else:
            units = loads(step, places)
        found.append(
            _Timed(
                step=step,
                paths=paths,
                data=misses(units),
                code=fetched,
                repeats=follows and not (fits and fetched),
                cycles=float(line.cycles[number]),
                waits=float(line.waits[number]),
            )
        )
    return found


def _data_refill(steps: Sequence[_Timed]) -> int:
    """Cycles of a miss beside the latency, from a kernel most of whose loads miss."""
    there = [step for step in steps if step.repeats]
    paths = [{**step.paths, "refill": step.waits} for step in there]
    cycles = np.array([step.cycles for step in there])
    return round(fit_paths("MEAN", paths, cycles, cycles)["refill"])


@dataclass(frozen=True)
class _Kernel:
    """Figures of an operator, and what a line of its code takes beside the latency."""

    figures: dict[str, Any]
    code_refill: float


def _kernel(steps: Sequence[_Timed], refill: int | None) -> _Kernel:
    """``refill``: of the data cache, if there is one.

    With a data cache, each wait is a miss, and the model knows those of loads. Without one, each
    path waits for its loads. What is left of a step that fetches code is its code's.
    """
    name = steps[0].step.kind.name
    there = [step for step in steps if step.repeats]
    cold = [step for step in steps if not step.repeats and step.code >= COLD_LINES]
    paths = [step.paths for step in there]
    times = np.array([step.cycles for step in there])
    waits = dict.fromkeys(paths[0], 0.0)
    data_lines = 0
    if refill is None:
        waits = fit_paths(name, paths, np.array([step.waits for step in there]), times / 10)
    else:
        more = np.array([step.waits - step.data for step in there])
        data_lines = round(float(np.median(more)))
        _check_misses(name, more - data_lines, times, refill)
    taken = (refill or 0) * np.array([step.waits for step in there])
    each = fit_paths(name, paths, times - taken, times)

    def known(step: _Timed) -> float:
        return _sum(waits, step.paths) if refill is None else step.data + data_lines

    fetched = sum(step.code for step in cold)
    waited = sum(step.waits - known(step) for step in cold)
    spent = sum(step.cycles - _sum(each, step.paths) for step in cold)
    spent -= (refill or 0) * sum(map(known, cold))
    figures = {
        "data_lines": data_lines,
        "data_lines_emptied": 0,
        "code_line": [round(float(spent / fetched), 2), round(float(waited / fetched), 3)],
        "code_line_emptied": [0, 0],
        "paths": {path: [round(each[path], 2), round(waits[path], 2)] for path in each},
    }
    return _Kernel(figures, float(spent / waited))


def _check_misses(name: str, unknown: np.ndarray, cycles: np.ndarray, refill: int) -> None:
    """Raises TilewrightError when the misses that nothing explains take too much of the cycles."""
    latency = SocConfig().memory_latency
    error = float(np.mean(np.abs(unknown) * (refill + latency) / (cycles + SMALL_CYCLES)))
    if error > LARGEST_MISSES:
        raise TilewrightError(
            f"{name}: its loads explain the misses but for {error:.1%} of the cycles (at most "
            f"{LARGEST_MISSES:.0%}); sim/model/cpu/spills.py may be that of another compiler's code"
        )


def _sum(costs: Mapping[str, float], paths: Paths) -> float:
    return sum(costs[path] * count for path, count in paths.items())
