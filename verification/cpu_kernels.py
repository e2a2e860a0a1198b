"""A CPU's operators, from the times of `verification.cpu_shapes` over the latency."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

import numpy as np

from firmware.build import CPU_FEATURES
from hw.spec.config import SocConfig
from hw.spec.errors import TilewrightError
from hw.spec.program import Step, StepKind
from sim.model.cpu.cache import evicted, misses
from sim.model.cpu.loads import Places, loads
from sim.model.cpu.paths import Paths, operator_paths
from sim.model.cpu.softmax import softmax_paths
from verification.cpu_fit import SMALL_CYCLES, Line, fit_paths
from verification.cpu_layout import Layout, code_lines, kernel_layouts
from verification.cpu_programs import Bench

LARGEST_CODE_ERROR = 0.05
"""Lines of code that are not explained, of a step's cycles: they matter to tiny steps only."""

LARGEST_MISSES = 0.02
"""Misses that the followed loads do not explain, of a step's cycles: the mean over the steps."""


@dataclass(frozen=True)
class _Timed:
    """A step, and its time as a line over the latency.

    Attributes
    ----------
    values: address of the step's first value.
    evicted: share of the kernel's code that has left its cache since the kernel ran.
    """

    step: Step
    values: int
    paths: Paths
    evicted: float
    cycles: float
    waits: float


def kernel_figures(
    cpu: str, runs: Mapping[str, Bench], lines: Mapping[str, Line], elf: bytes
) -> dict[str, Any]:
    """Part of `sim.model.cpu.figures.Cpu`: refills, operators. ``lines``: by name of a run."""
    layouts = kernel_layouts(elf)
    timed: dict[StepKind, list[_Timed]] = {kind: [] for kind in layouts}
    for name, bench in runs.items():
        for step in _timed(bench, lines[name], layouts, code_lines(cpu)):
            timed[step.step.kind].append(step)
    refill = _data_refill(timed[StepKind.MEAN]) if CPU_FEATURES[cpu].data_cache else None
    kernels = {kind: _kernel(timed[kind], layouts[kind], refill) for kind in sorted(timed)}
    return {
        "data_refill": refill,
        "code_refill": round(median(kernel.code_refill for kernel in kernels.values())),
        "operators": {kind.name: kernel.figures for kind, kernel in kernels.items()},
    }


def _timed(
    bench: Bench, line: Line, layouts: Mapping[StepKind, Layout], cache_lines: int
) -> list[_Timed]:
    code = {kind: layout.code for kind, layout in layouts.items()}
    found: list[_Timed] = []
    for number, step in enumerate(bench.steps):
        if step.kind is StepKind.SOFTMAX:
            size = step.values["rows"] * step.values["cols"]
            inputs = np.frombuffer(bench.bytes_at(step.values["input"], size), np.int8)
            paths = softmax_paths(step, inputs)
        else:
            paths = operator_paths(step)
        before = [earlier.kind for earlier in bench.steps[:number]]
        found.append(
            _Timed(
                step=step,
                values=bench.values_address(number),
                paths=paths,
                evicted=evicted(step.kind, before, code, cache_lines),
                cycles=float(line.cycles[number]),
                waits=float(line.waits[number]),
            )
        )
    return found


def _data_refill(steps: Sequence[_Timed]) -> int:
    """Cycles of a miss beside the latency, from a kernel most of whose loads miss."""
    there = [step for step in steps if not step.evicted]
    paths = [{**step.paths, "refill": step.waits} for step in there]
    cycles = np.array([step.cycles for step in there])
    return round(fit_paths("MEAN", paths, cycles, cycles)["refill"])


@dataclass(frozen=True)
class _Kernel:
    """Figures of an operator, and what a line of its code takes beside the latency."""

    figures: dict[str, Any]
    code_refill: float


def _kernel(steps: Sequence[_Timed], layout: Layout, refill: int | None) -> _Kernel:
    """``refill``: of the data cache, if there is one.

    With a data cache, each wait is a miss, and the model knows those of loads. Without one, each
    path waits for its loads. What is left of a step whose code was gone is its code's.
    """
    name = steps[0].step.kind.name
    there = [step for step in steps if not step.evicted]
    paths = [step.paths for step in there]
    times = np.array([step.cycles for step in there])
    if refill is None:
        waits = fit_paths(name, paths, np.array([step.waits for step in there]), times / 10)
        known = np.array([_sum(waits, step.paths) for step in steps])
        taken = np.zeros(len(steps))
    else:
        waits = dict.fromkeys(paths[0], 0.0)
        known = np.array(
            [misses(loads(step.step, Places(step.values, layout.frame))) for step in steps]
        )
        taken = refill * np.array([step.waits for step in steps])
    cycles = np.array([step.cycles for step in steps]) - taken
    gone = np.array([step.evicted > 0 for step in steps])
    each = fit_paths(name, paths, cycles[~gone], times)
    more = np.array([step.waits for step in steps]) - known
    kept = 0 if refill is None else round(-float(np.median(more[~gone])))
    if refill is not None:
        _check_misses(name, (more + kept)[~gone], times, refill)
    code = np.maximum(more + kept, 0)[gone]
    lines = _code_lines([step for step in steps if step.evicted], code)
    rest = (cycles + taken - np.array([_sum(each, step.paths) for step in steps]))[gone]
    if refill is not None:
        rest -= refill * (known - kept)[gone]
    figures = {
        "code": [list(function) for function in layout.code],
        "frame": layout.frame,
        "kept_lines": kept,
        "paths": {
            path: [round(each[path], 2), round(waits[path], 2), lines[path]] for path in each
        },
    }
    return _Kernel(figures, float(rest.sum() / code.sum()))


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


def _code_lines(steps: Sequence[_Timed], waits: np.ndarray) -> dict[str, float]:
    """Lines of code of each path, from what steps ``waits`` for that found their code gone."""
    taken = [
        {path: step.evicted * (count > 0) for path, count in step.paths.items()} for step in steps
    ]
    cycles = np.array([step.cycles for step in steps])
    name = f"code of {steps[0].step.kind.name}"
    lines = fit_paths(name, taken, waits, cycles, LARGEST_CODE_ERROR)
    return {path: round(value, 1) for path, value in lines.items()}
