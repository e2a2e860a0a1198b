"""Figures of firmware, by CPU: cpu_costs.yaml, which `verification.cpu_costs` writes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from hw.spec.soc_config import SocConfig
from hw.spec.steps import BY_NAME, StepKind
from sim.model.cpu.code import Routine, Stretch
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
class Layout:
    """Firmware in memory, of a chip with an accelerator or without.

    Attributes
    ----------
    boot: lines of code that are in their cache when the inference starts.
    start, running, finish: what a step of the NPU runs up to the start of its stream, before the
        CPU sleeps (or waits), and from the interrupt on; empty without an NPU.
    emptying: what is run in front of an operator behind an NPU step, and not in front of others.
    back_from_npu, back_from_cpu: what is run behind the last step, by the kind of that.
    operators: what a step runs, by its kind; some of it on some paths only.
    frames: lowest address of each operator's frame on the stack.
    """

    boot: Sequence[int]
    start: Routine
    running: Routine
    finish: Routine
    emptying: Routine
    back_from_npu: Routine
    back_from_cpu: Routine
    operators: Mapping[StepKind, Routine]
    frames: Mapping[StepKind, int]


@dataclass(frozen=True)
class Stream:
    """What firmware takes around a command stream, beside the lines of code that it fetches.

    Attributes
    ----------
    start: from the step's time stamp to the pulse that starts the stream.
    running: from there until the CPU sleeps; None where it never does.
    finish: from the interrupt to the step's second time stamp.
    finish_fetching: the same where code must be fetched: some of that is hidden.
    """

    start: Cost
    running: Cost | None
    finish: Cost
    finish_fetching: Cost


@dataclass(frozen=True)
class Driver:
    """What firmware takes around the steps, beside the lines of code that it fetches.

    Attributes
    ----------
    first: of the stream that an inference begins with; ``later``: of others.
    return_from_npu, return_from_cpu: from the last step's second time stamp to the end of the
        inference, by the kind of that step.
    return_without_npu: the same in firmware for a chip without an NPU.
    emptied: the data cache is emptied, before an operator behind an NPU step.
    """

    first: Stream
    later: Stream
    return_from_npu: Cost
    return_from_cpu: Cost
    return_without_npu: Cost
    emptied: Cost


@dataclass(frozen=True)
class Operator:
    """A kernel.

    Attributes
    ----------
    data_lines: lines of data that it loads beside what `sim.model.cpu.loads` follows: of the step,
        the stack and constants. Below 0 where some of what is followed is still there from before.
    data_lines_emptied: the same when the data cache was emptied.
    code_line: of fetching a line of its code. Some come while a line of data does, so that it is
        less than a whole refill; some are fetched on a wrong path.
    code_line_emptied: the same when the data cache was emptied.
    paths: cost of each path of `sim.model.cpu.paths` each time.
    """

    data_lines: int
    data_lines_emptied: int
    code_line: Cost
    code_line_emptied: Cost
    paths: Mapping[str, Cost]


@dataclass(frozen=True, eq=False)
class Cpu:
    """Figures of a CPU.

    Attributes
    ----------
    code_lines: lines of the instruction cache.
    code_refill: cycles to fill one of them beside main memory's latency: of the driver's code.
    data_refill: the same of the data cache; None without one, where each load waits for memory.
    layouts: by `hw.spec.soc_config.SocConfig.npu`.
    """

    code_lines: int
    code_refill: int
    data_refill: int | None
    driver: Driver
    operators: Mapping[StepKind, Operator]
    layouts: Mapping[str, Layout]

    def code(self, lines: int) -> Cost:
        """Of fetching lines of the driver's code."""
        return Cost(self.code_refill, 1) * lines

    def data(self, lines: int) -> Cost:
        """Of fetching lines of data; without a cache, loads are in the costs of what loads."""
        return Cost(0, 0) if self.data_refill is None else Cost(self.data_refill, 1) * lines


def _stream(figures: Mapping[str, Any]) -> Stream:
    running = figures["running"]
    return Stream(
        start=Cost(*figures["start"]),
        running=None if running is None else Cost(*running),
        finish=Cost(*figures["finish"]),
        finish_fetching=Cost(*figures["finish_fetching"]),
    )


def _driver(figures: Mapping[str, Any]) -> Driver:
    return Driver(
        first=_stream(figures["first"]),
        later=_stream(figures["later"]),
        return_from_npu=Cost(*figures["return_from_npu"]),
        return_from_cpu=Cost(*figures["return_from_cpu"]),
        return_without_npu=Cost(*figures["return_without_npu"]),
        emptied=Cost(*figures["emptied"]),
    )


def _operator(figures: Mapping[str, Any]) -> Operator:
    return Operator(
        data_lines=figures["data_lines"],
        data_lines_emptied=figures["data_lines_emptied"],
        code_line=Cost(*figures["code_line"]),
        code_line_emptied=Cost(*figures["code_line_emptied"]),
        paths={name: Cost(*cost) for name, cost in figures["paths"].items()},
    )


def _routine(stretches: Sequence[tuple[int, int, str]]) -> Routine:
    return tuple(
        Stretch(range(first, first + count), frozenset(paths.split()))
        for first, count, paths in stretches
    )


def read_layout(figures: Mapping[str, Any]) -> Layout:
    """A layout as the file holds it: stretches of code as [first line, lines, paths]."""
    names = ("start", "running", "finish", "emptying", "back_from_npu", "back_from_cpu")
    parts = {name: _routine(figures[name]) for name in names}
    return Layout(
        boot=figures["boot"],
        **parts,
        operators={BY_NAME[name]: _routine(code) for name, code in figures["operators"].items()},
        frames={BY_NAME[name]: address for name, address in figures["frames"].items()},
    )


def read_cpu(figures: Mapping[str, Any]) -> Cpu:
    """A CPU as the file holds it."""
    return Cpu(
        code_lines=figures["code_lines"],
        code_refill=figures["code_refill"],
        data_refill=figures["data_refill"],
        driver=_driver(figures["driver"]),
        operators={
            BY_NAME[name]: _operator(operator) for name, operator in figures["operators"].items()
        },
        layouts={npu: read_layout(layout) for npu, layout in figures["layouts"].items()},
    )


@cache
def cpu_figures(cpu: str) -> Cpu:
    """Figures of one of `hw.spec.soc_config.CPU_VARIANTS`."""
    return read_cpu(_all_figures()[cpu])


@cache
def _all_figures() -> Mapping[str, Any]:
    return read_table(files("sim.model") / FIGURES)["cpus"]
