"""Measured cycles of firmware, by CPU: cpu_costs.yaml, which `verification.cpu_costs` writes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from hw.spec.config import SocConfig
from hw.spec.program import StepKind
from sim.tables import read_table

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
    emptied: of an operator after an NPU step, when firmware empties the data cache: that, and what
        is loaded again from the stack and the Program.
    """

    start: Cost
    finish: Cost
    awake: Cost | None
    return_from_npu: Cost
    return_from_cpu: Cost
    return_without_npu: Cost
    emptied: Cost


@dataclass(frozen=True)
class Path:
    """A path of a kernel: its cost each time; and ``lines`` of code, once if they are not there."""

    cost: Cost
    lines: float


@dataclass(frozen=True)
class Operator:
    """A kernel.

    Attributes
    ----------
    code: its functions, (address, bytes) each.
    frame: lowest address of its frame on the stack.
    kept_lines: lines of the data cache that are still there when no NPU step ran before.
    paths: by the names of `sim.model.cpu.paths`.
    """

    code: tuple[tuple[int, int], ...]
    frame: int
    kept_lines: int
    paths: Mapping[str, Path]


@dataclass(frozen=True)
class Cpu:
    """Figures of a CPU.

    Attributes
    ----------
    code_lines: lines of the instruction cache.
    code_refill: cycles to fill one of them, beside main memory's latency.
    data_refill: the same of the data cache; None without one, where each load waits for memory.
    """

    code_lines: int
    code_refill: int
    data_refill: int | None
    driver: Driver
    operators: Mapping[StepKind, Operator]


def _driver(figures: Mapping[str, Any]) -> Driver:
    costs = {name: Cost(*cost) for name, cost in figures.items() if name != "awake"}
    awake = figures["awake"]
    return Driver(awake=None if awake is None else Cost(*awake), **costs)


def _operator(figures: Mapping[str, Any]) -> Operator:
    return Operator(
        code=tuple((address, size) for address, size in figures["code"]),
        frame=figures["frame"],
        kept_lines=figures["kept_lines"],
        paths={
            name: Path(Cost(cycles, waits), lines)
            for name, (cycles, waits, lines) in figures["paths"].items()
        },
    )


@cache
def cpu_figures(cpu: str) -> Cpu:
    """Figures of one of `hw.spec.config.CPU_VARIANTS`."""
    figures: Mapping[str, Any] = read_table(files("sim.model") / FIGURES)["cpus"][cpu]
    return Cpu(
        code_lines=figures["code_lines"],
        code_refill=figures["code_refill"],
        data_refill=figures["data_refill"],
        driver=_driver(figures["driver"]),
        operators={
            StepKind[name]: _operator(operator) for name, operator in figures["operators"].items()
        },
    )
