"""Cycles of an operator on the CPU: how often its kernel takes each path, and misses of caches."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from hw.spec.config import SocConfig
from hw.spec.numerics import Int8Array
from hw.spec.program import STEPS, Step, StepKind
from sim.model.cpu.cache import evicted, misses
from sim.model.cpu.figures import Cost, cpu_figures
from sim.model.cpu.loads import Places, loads
from sim.model.cpu.paths import Paths, operator_paths
from sim.model.cpu.softmax import softmax_paths

KEPT_STEPS = 4096
"""Steps whose paths and misses are kept, of all networks."""

Values = tuple[int, ...]
"""A step's values in the order of `hw.spec.program.STEPS`."""


@dataclass(frozen=True)
class Surroundings:
    """What a step finds.

    Attributes
    ----------
    values: address of the step's first value in main memory.
    before: kinds of all steps before.
    """

    values: int
    before: tuple[StepKind, ...] = ()


def step_cycles(step: Step, found: Surroundings, inputs: Int8Array | None, soc: SocConfig) -> int:
    """Cycles of an operator. ``inputs``: if known; only a softmax takes longer for some values."""
    values = tuple(step.values[name] for name in STEPS[step.kind])
    if step.kind is StepKind.SOFTMAX:
        spent = _spent(soc.cpu, step.kind, softmax_paths(step, inputs))
        spent = _Spent(spent.cost + _data(soc.cpu, step.kind, values, found.values), spent.lines)
    else:
        spent = _known(soc.cpu, step.kind, values, found.values)
    cpu = cpu_figures(soc.cpu)
    lines = spent.lines * _evicted(soc.cpu, step.kind, found.before)
    cost = spent.cost + Cost(cpu.code_refill, 1) * lines
    if found.before[-1:] == (StepKind.NPU,):
        cost += cpu.driver.emptied
    elif cpu.data_refill is not None:
        cost += Cost(cpu.data_refill, 1) * -cpu.operators[step.kind].kept_lines
    return cost.at(soc)


@dataclass(frozen=True)
class _Spent:
    """On a kernel whose code is in the cache; and the lines of its code, should they not be."""

    cost: Cost
    lines: float


@lru_cache(maxsize=KEPT_STEPS)
def _known(cpu: str, kind: StepKind, values: Values, address: int) -> _Spent:
    spent = _spent(cpu, kind, operator_paths(_step(kind, values)))
    return _Spent(spent.cost + _data(cpu, kind, values, address), spent.lines)


def _spent(cpu: str, kind: StepKind, counts: Paths) -> _Spent:
    paths = cpu_figures(cpu).operators[kind].paths
    cost = sum((paths[name].cost * count for name, count in counts.items()), Cost(0, 0))
    return _Spent(cost, sum(paths[name].lines for name, count in counts.items() if count))


def _data(cpu: str, kind: StepKind, values: Values, address: int) -> Cost:
    """Misses of the data cache, if there is one."""
    figures = cpu_figures(cpu)
    if figures.data_refill is None:
        return Cost(0, 0)
    return Cost(figures.data_refill, 1) * _misses(
        kind, values, address, figures.operators[kind].frame
    )


@lru_cache(maxsize=KEPT_STEPS)
def _misses(kind: StepKind, values: Values, address: int, frame: int) -> int:
    return misses(loads(_step(kind, values), Places(address, frame)))


@lru_cache(maxsize=KEPT_STEPS)
def _evicted(cpu: str, kind: StepKind, before: tuple[StepKind, ...]) -> float:
    figures = cpu_figures(cpu)
    code = {kind: operator.code for kind, operator in figures.operators.items()}
    return evicted(kind, before, code, figures.code_lines)


def _step(kind: StepKind, values: Values) -> Step:
    return Step(kind, 0, dict(zip(STEPS[kind], values, strict=True)))
