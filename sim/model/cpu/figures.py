"""Measured cycles of firmware, by CPU: cpu_costs.yaml, which `verification.cpu_costs` writes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

import yaml

from hw.spec.config import SocConfig
from hw.spec.program import StepKind

FIGURES = "cpu_costs.yaml"


@dataclass(frozen=True)
class Cost:
    """Cycles of a piece of firmware: its own, and how often it waits for main memory."""

    cycles: float
    waits: float

    def at(self, soc: SocConfig) -> int:
        """Cycles with this main memory."""
        return round(self.cycles + self.waits * soc.memory_latency)

    def __add__(self, other: Cost) -> Cost:
        return Cost(self.cycles + other.cycles, self.waits + other.waits)

    def __mul__(self, times: float) -> Cost:
        return Cost(self.cycles * times, self.waits * times)


@dataclass(frozen=True)
class Driver:
    """What firmware takes around the steps.

    Attributes
    ----------
    start: from a step's time stamp to the pulse that starts its command stream.
    finish: from the interrupt to the step's second time stamp.
    awake: of an NPU step, all that the CPU is not asleep; None where it never sleeps.
    return_from_npu, return_from_cpu: from the last step's second time stamp to the end of the
        inference, by the kind of that step.
    return_without_npu: the same in firmware for a chip without an NPU.
    """

    start: Cost
    finish: Cost
    awake: Cost | None
    return_from_npu: Cost
    return_from_cpu: Cost
    return_without_npu: Cost


@dataclass(frozen=True)
class Operator:
    """A kernel.

    Attributes
    ----------
    paths: of each, once.
    frame: lowest address of the kernel's frame on the stack.
    code_lines: lines of the instruction cache that are filled when another kernel ran before.
    kept_lines: lines of the data cache that are still there when no NPU step ran before.
    """

    paths: Mapping[str, Cost]
    frame: int
    code_lines: int
    kept_lines: int


@dataclass(frozen=True)
class Cpu:
    """Figures of a CPU.

    Attributes
    ----------
    data_cache: whether loads go through one; without, each waits for main memory.
    refill: cycles of a cache's miss beside main memory's latency.
    """

    data_cache: bool
    refill: int
    driver: Driver
    operators: Mapping[StepKind, Operator]

    def refills(self, lines: int) -> Cost:
        """So many lines of a cache, filled from main memory."""
        return Cost(self.refill, 1) * lines


def _driver(figures: Mapping[str, Any]) -> Driver:
    costs = {name: Cost(*cost) for name, cost in figures.items() if name != "awake"}
    awake = figures["awake"]
    return Driver(awake=None if awake is None else Cost(*awake), **costs)


@cache
def cpu_figures(cpu: str) -> Cpu:
    """Figures of one of `hw.spec.config.CPU_VARIANTS`."""
    text = (files("sim.model") / FIGURES).read_text()
    figures: Mapping[str, Any] = yaml.safe_load(text)["cpus"][cpu]
    return Cpu(
        data_cache=figures["data_cache"],
        refill=figures["refill"],
        driver=_driver(figures["driver"]),
        operators={
            StepKind[name]: Operator(
                paths={path: Cost(*cost) for path, cost in operator["paths"].items()},
                frame=operator["frame"],
                code_lines=operator["code_lines"],
                kept_lines=operator["kept_lines"],
            )
            for name, operator in figures["operators"].items()
        },
    )
