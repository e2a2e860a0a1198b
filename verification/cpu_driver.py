"""What firmware's driver takes on a CPU, and operators behind it, from runs on an accelerator.

The model predicts the runs without the driver's own cycles, and the accelerator's exactly: what the
time stamps show besides is the driver's.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import median
from typing import Any

import numpy as np
from numpy.typing import NDArray

from firmware.build import CPU_FEATURES
from hw.spec.config import Config
from hw.spec.settings import load_config
from hw.spec.steps import NPU
from sim.model.cpu.figures import read_cpu
from sim.model.cpu.firmware import Firmware
from sim.model.stream import Left, Stream
from verification.cpu_fit import Line, line_through
from verification.cpu_kernels import COLD_LINES
from verification.cpu_programs import NPU_STREAM, Bench, Times

_SMALLEST = ("rows=2", "cols=2", "scratchpad_bytes=8192", "weight_buffer_bytes=1024")

_PHASES, _STREAM = ("first", "later"), ("start", "running", "finish", "finish_fetching")
_COSTS = ("return_from_npu", "return_from_cpu", "return_without_npu", "emptied")
_NOTHING = {name: [0, 0] for name in _COSTS} | {
    phase: {part: [0, 0] for part in _STREAM} for phase in _PHASES
}
"""A driver that takes no time."""


def driver_config(cpu: str, latency: int) -> Config:
    """The smallest accelerator."""
    return load_config("default", None, [*_SMALLEST, f"cpu={cpu}", f"memory_latency={latency}"])


@dataclass(frozen=True)
class Measured:
    """Runs by name, and chips and the runs' times on them by latency of main memory."""

    chips: Mapping[int, Config]
    runs: Mapping[str, Bench]
    times: Mapping[int, Mapping[str, Times]]


def driver_figures(figures: Mapping[str, Any], alone: Measured, beside: Measured) -> dict[str, Any]:
    """A CPU's figures with those of the driver, and what operators load again behind it.

    ``figures``: those without. ``alone``, ``beside``: on a chip without an accelerator, and on one
    with it.
    """
    left = _left(figures, beside)
    refill = figures["data_refill"]
    kinds = figures["operators"]
    warm = [left[kind].split()[0] for kind in kinds]
    emptied = _rest(warm, [_data_lines(some, refill) for some in warm], refill)
    operators = {
        kind: _behind_npu(of_kind, left[kind], emptied[0], refill)
        for kind, of_kind in kinds.items()
    }
    sleeps = CPU_FEATURES[next(iter(beside.chips.values())).soc.cpu].wfi_sleeps
    driver: dict[str, Any] = {
        phase: {part: left[f"{part}_{phase}"].line.median() for part in _STREAM}
        | ({} if sleeps else {"running": None})
        for phase in _PHASES
    }
    driver["return_without_npu"] = _left(figures, alone)["return_without_npu"].line.median()
    for part in ("return_from_npu", "return_from_cpu"):
        driver[part] = left[part].line.median()
    driver["emptied"] = emptied
    return {**figures, "driver": driver, "operators": operators}


def _behind_npu(
    figures: Mapping[str, Any], left: _Left, emptied: float, refill: int | None
) -> dict[str, Any]:
    """An operator's figures with those for a data cache that was emptied, in so many cycles."""
    warm, cold = left.split()
    lines = _data_lines(warm, refill)
    spent = cold.line.cycles - emptied - (refill or 0) * lines
    code = [float(part.sum() / cold.code_lines.sum()) for part in (spent, cold.line.waits - lines)]
    code_line = [round(code[0], 2), round(code[1], 3)]
    return {**figures, "data_lines_emptied": lines, "code_line_emptied": code_line}


@dataclass(frozen=True)
class _Left:
    """What the model lacks of some steps, over the latency.

    ``code_lines``: what they fetch, of which each takes ``refill`` cycles beside the latency.
    """

    line: Line
    code_lines: NDArray[np.int64]
    refill: int

    def split(self) -> tuple[_Left, _Left]:
        """Steps that fetch the fewest lines of code, without those; and the others."""
        warm = self.code_lines <= max(int(self.code_lines.min()), COLD_LINES - 1)
        first, others = (
            replace(
                self,
                line=Line(self.line.cycles[some], self.line.waits[some]),
                code_lines=self.code_lines[some],
            )
            for some in (warm, ~warm)
        )
        waits = first.line.waits - first.code_lines
        cycles = first.line.cycles - self.refill * first.code_lines
        return replace(first, line=Line(cycles, waits), code_lines=0 * first.code_lines), others


def _left(figures: Mapping[str, Any], measured: Measured) -> dict[str, _Left]:
    """By name of what takes it."""
    found: dict[int, _Residuals] = {}
    for latency, config in measured.chips.items():
        found[latency] = _Residuals({}, {})
        for name, bench in measured.runs.items():
            _add_residuals(found[latency], bench, measured.times[latency][name], config, figures)
    some = next(iter(found.values()))
    return {
        part: _Left(
            line=line_through({latency: of.cycles[part] for latency, of in found.items()}),
            code_lines=np.array(some.code_lines[part]),
            refill=figures["code_refill"],
        )
        for part in some.cycles
    }


def _data_lines(left: _Left, refill: int | None) -> int:
    """Without a data cache, none: each load waits."""
    return 0 if refill is None else left.line.median()[1]


def _rest(parts: Sequence[_Left], data: Sequence[int], refill: int | None) -> list[int]:
    """[cycles, waits] that are left of some parts without lines of data."""
    costs = [part.line.median() for part in parts]
    return [
        round(median(cost[i] - each * n for cost, n in zip(costs, data, strict=True)))
        for i, each in enumerate((refill or 0, 1))
    ]


@dataclass(frozen=True)
class _Residuals:
    """Cycles that the model lacks, and lines of code that it counts, by name of what takes them."""

    cycles: dict[str, list[int]]
    code_lines: dict[str, list[int]]

    def add(self, part: str, cycles: int, code_lines: int = 0) -> None:
        """One more."""
        self.cycles.setdefault(part, []).append(cycles)
        self.code_lines.setdefault(part, []).append(code_lines)


def _add_residuals(
    found: _Residuals, bench: Bench, times: Times, config: Config, figures: Mapping[str, Any]
) -> None:
    """Of one run; of operators, those behind a step on the accelerator."""
    firmware = Firmware(read_cpu({**figures, "driver": _NOTHING}), config.soc)
    stream = Stream(NPU_STREAM, config.npu)
    marks = iter(times.marks)
    left: Left | None = None
    behind_npu = False
    for number, step in enumerate(bench.steps):
        took, on_npu = times.steps[number], step.kind == NPU
        if on_npu:
            ours = firmware.stream()
            replay = stream.replay(config, left, cpu_fetches=ours.fetches)
            start = next(marks) - replay.times()[0]
            phase = "later" if number else "first"
            finish = took - start - replay.done
            asleep = times.asleep[number]
            behind = "finish_fetching" if ours.fetches_behind else "finish"
            found.add(f"start_{phase}", start - ours.start)
            found.add(f"running_{phase}", replay.done - asleep - (ours.running or 0))
            for part in (behind,) if number else ("finish", "finish_fetching"):
                found.add(f"{part}_{phase}", finish - ours.finish)
            left = replay.left
        else:
            address = bench.values_address(number)
            ours = firmware.operator(step, address, bench.inputs(number))
            if behind_npu:
                found.add(step.kind.name, took - ours.cycles, ours.code_lines)
        behind_npu = on_npu
    ended = "from_npu" if behind_npu else "from_cpu"
    part = "return_without_npu" if config.soc.npu == "none" else f"return_{ended}"
    found.add(part, times.back - firmware.back())
