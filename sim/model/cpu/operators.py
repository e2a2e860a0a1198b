"""An operator on the CPU: how often its kernel takes each path, and lines that its caches miss."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from hw.spec.numerics import Int8Array
from hw.spec.program import Step
from hw.spec.steps import SOFTMAX, StepKind
from sim.model.cpu.cache import Units, misses
from sim.model.cpu.code import Routine, lines_run
from sim.model.cpu.figures import Cost, Cpu
from sim.model.cpu.loads import Places, loads, softmax_loads
from sim.model.cpu.paths import Paths, operator_paths
from sim.model.cpu.softmax import counted, softmax_paths

KEPT_STEPS = 4096
"""Steps whose paths and misses are kept, of all networks."""


@dataclass(frozen=True)
class Taken:
    """What a step does, whatever its caches hold before.

    Attributes
    ----------
    cost: of its paths.
    data_lines: that it loads, of tensors and where `sim.model.cpu.loads` knows of the stack.
    code: the lines of code that it runs, in order.
    """

    cost: Cost
    data_lines: int
    code: tuple[int, ...]


@dataclass(frozen=True)
class Where:
    """A step's surroundings: CPU, `SocConfig.npu`, address of its first value."""

    cpu: Cpu
    npu: str
    values: int


def step_taken(step: Step, where: Where, inputs: Int8Array | None) -> Taken:
    """``inputs``: what the step reads, if known; only a softmax takes longer for some values."""
    read = None
    if inputs is not None and step.kind is SOFTMAX:
        read = inputs.tobytes()
    return _known(where, step.kind, tuple(step.values[name] for name in step.kind.parameters), read)


def _softmax(where: Where, step: Step, inputs: Int8Array | None) -> Taken:
    units = softmax_loads(step, _places(where, step.kind), counted(step, inputs))
    return _taken(where, step.kind, softmax_paths(step, inputs), units)


@lru_cache(maxsize=KEPT_STEPS)
def _known(where: Where, kind: StepKind, values: tuple[int, ...], inputs: bytes | None) -> Taken:
    step = Step(kind, 0, dict(zip(kind.parameters, values, strict=True)))
    if kind is SOFTMAX:
        return _softmax(where, step, None if inputs is None else np.frombuffer(inputs, np.int8))
    return _taken(where, kind, operator_paths(step), loads(step, _places(where, kind)))


def _places(where: Where, kind: StepKind) -> Places:
    return Places(where.values, where.cpu.layouts[where.npu].frames[kind])


def _taken(where: Where, kind: StepKind, paths: Paths, units: Units) -> Taken:
    return Taken(
        cost=paths_cost(where.cpu.operators[kind].paths, paths),
        data_lines=0 if where.cpu.data_refill is None else misses(units),
        code=code_run(where.cpu.layouts[where.npu].operators[kind], paths),
    )


def paths_cost(costs: Mapping[str, Cost], paths: Paths) -> Cost:
    """Of all paths together."""
    return sum((costs[name] * count for name, count in paths.items()), Cost(0, 0))


def code_run(routine: Routine, paths: Paths) -> tuple[int, ...]:
    """Lines of code of a step that takes paths so often."""
    return lines_run(routine, [name for name, count in paths.items() if count])
