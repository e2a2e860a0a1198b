"""Firmware over one inference: its steps one by one, with what the caches keep between them."""

from __future__ import annotations

from dataclasses import dataclass

from hw.spec.numerics import Int8Array
from hw.spec.program import Step
from hw.spec.soc_config import SocConfig
from sim.model.cpu.code import CodeCache, Routine, lines_run
from sim.model.cpu.figures import Cpu
from sim.model.cpu.operators import Where, step_taken


@dataclass(frozen=True)
class StreamStep:
    """Firmware's part of an NPU step, in cycles.

    Attributes
    ----------
    start: from the step's time stamp to the pulse that starts the stream.
    running: from there until the CPU sleeps; None where it never does.
    finish: from the interrupt to the step's second time stamp.
    fetches: whether the CPU fetches code while the stream begins.
    fetches_behind: whether it does behind the interrupt.
    """

    start: int
    running: int | None
    finish: int
    fetches: bool
    fetches_behind: bool


@dataclass(frozen=True)
class OperatorStep:
    """An operator on the CPU: its cycles, and lines of code that it has to fetch."""

    cycles: int
    code_lines: int


class Firmware:
    """Call its methods in the order of the Program's steps."""

    def __init__(self, cpu: Cpu, soc: SocConfig) -> None:
        """``cpu``: figures of ``soc.cpu``."""
        self._soc = soc
        self._cpu = cpu
        self._layout = self._cpu.layouts[soc.npu]
        self._code = CodeCache(self._cpu.code_lines, self._layout.boot)
        self._begun = False
        self._behind_npu = False

    def stream(self) -> StreamStep:
        """A step of the NPU."""
        driver = self._cpu.driver
        costs = driver.later if self._begun else driver.first
        self._begun = self._behind_npu = True
        lines = [
            self._run(routine)
            for routine in (self._layout.start, self._layout.running, self._layout.finish)
        ]
        code = [self._cpu.code(count) for count in lines]
        start = costs.start + code[0]
        finish = (costs.finish_fetching if lines[2] else costs.finish) + code[2]
        running = None if costs.running is None else (costs.running + code[1]).at(self._soc)
        return StreamStep(
            start=start.at(self._soc),
            running=running,
            finish=finish.at(self._soc),
            fetches=lines[1] > 0,
            fetches_behind=lines[2] > 0,
        )

    def operator(self, step: Step, values: int, inputs: Int8Array | None) -> OperatorStep:
        """A step on the CPU.

        ``values``: address of the step's first value; ``inputs``: what it reads, if known.
        """
        taken = step_taken(step, Where(self._cpu, self._soc.npu, values), inputs)
        figures = self._cpu.operators[step.kind]
        emptying = self._run(self._layout.emptying) if self._behind_npu else 0
        # One of these lines comes while the data cache is being emptied.
        fetched = self._code.run(taken.code) + max(emptying - 1, 0)
        line, data = figures.code_line, figures.data_lines
        cost = taken.cost
        if self._behind_npu:
            cost += self._cpu.driver.emptied
            line, data = figures.code_line_emptied, figures.data_lines_emptied
        cost += line * fetched + self._cpu.data(taken.data_lines + data)
        self._begun, self._behind_npu = True, False
        return OperatorStep(cost.at(self._soc), fetched)

    def back(self) -> int:
        """From the last step's second time stamp to the end of the inference."""
        driver, layout = self._cpu.driver, self._layout
        if self._behind_npu:
            cost, routine = driver.return_from_npu, layout.back_from_npu
        else:
            cost, routine = driver.return_from_cpu, layout.back_from_cpu
        if self._soc.npu == "none":
            cost = driver.return_without_npu
        return (cost + self._cpu.code(self._run(routine))).at(self._soc)

    def _run(self, routine: Routine) -> int:
        return self._code.run(lines_run(routine))
