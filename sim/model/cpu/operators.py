"""Cycles of an operator on the CPU: how often its kernel takes each path, and misses of caches."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from hw.spec.config import SocConfig
from hw.spec.numerics import Int8Array
from hw.spec.program import STEPS, Step, StepKind
from sim.model.cpu.cache import misses
from sim.model.cpu.figures import Cost, cpu_figures
from sim.model.cpu.loads import Places, loads
from sim.model.cpu.paths import Paths, operator_paths
from sim.model.cpu.softmax import softmax_paths

KEPT_STEPS = 4096
"""Steps whose paths and misses are kept, of all networks."""


@dataclass(frozen=True)
class Surroundings:
    """What a step finds.

    Attributes
    ----------
    values: address of the step's first value in main memory.
    before: the operator that the CPU ran last, if any.
    emptied: whether the NPU worked since, after which firmware empties the data cache.
    """

    values: int
    before: StepKind | None = None
    emptied: bool = False


def step_cycles(step: Step, found: Surroundings, inputs: Int8Array | None, soc: SocConfig) -> int:
    """Cycles of an operator. ``inputs``: if known; only a softmax takes longer for some values."""
    cpu = cpu_figures(soc.cpu)
    operator = cpu.operators[step.kind]
    values = tuple(step.values[name] for name in STEPS[step.kind])
    if step.kind is StepKind.SOFTMAX:
        paths = _cost_of_paths(soc.cpu, step.kind, softmax_paths(step, inputs))
        cost = paths + cpu.refills(_misses(step.kind, values, found.values, operator.frame))
    else:
        cost = _cost(soc.cpu, step.kind, values, found.values)
    lines = 0 if step.kind is found.before else operator.code_lines
    lines -= 0 if found.emptied else operator.kept_lines
    return (cost + cpu.refills(lines)).at(soc)


@lru_cache(maxsize=KEPT_STEPS)
def _cost(cpu: str, kind: StepKind, values: tuple[int, ...], address: int) -> Cost:
    """Beside what is left in the caches from before."""
    figures = cpu_figures(cpu)
    step = Step(kind, 0, dict(zip(STEPS[kind], values, strict=True)))
    cost = _cost_of_paths(cpu, kind, operator_paths(step))
    if figures.data_cache:
        frame = figures.operators[kind].frame
        cost += figures.refills(_misses(kind, values, address, frame))
    return cost


def _cost_of_paths(cpu: str, kind: StepKind, paths: Paths) -> Cost:
    costs = cpu_figures(cpu).operators[kind].paths
    return sum((costs[name] * count for name, count in paths.items()), Cost(0, 0))


@lru_cache(maxsize=KEPT_STEPS)
def _misses(kind: StepKind, values: tuple[int, ...], address: int, frame: int) -> int:
    step = Step(kind, 0, dict(zip(STEPS[kind], values, strict=True)))
    return misses(loads(step, Places(address, frame)))
