"""What firmware's driver takes on a CPU, from runs on the smallest accelerator.

The accelerator's own cycles are the model's, which are exact; what the time stamps show besides is
firmware's.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from firmware.build import CPU_FEATURES
from hw.spec.commands import decode_stream
from hw.spec.config import load_config
from hw.spec.program import HEADER_WORDS, STEP_WORDS, Step, StepKind
from mapper.compile import compile_model
from mapper.program import Program
from sim.functional.backend import run_functional
from sim.inputs import default_inputs
from sim.model.cpu.cache import misses
from sim.model.cpu.loads import Places, loads
from sim.model.cpu.softmax import softmax_paths
from sim.model.stream import Replayed, Stream
from sim.network_file import open_network
from sim.progress import Progress
from sim.rtl import RtlResult, run_rtl
from verification.cpu_fit import line_through
from verification.cpu_programs import STEP_HEAD_WORDS

_SMALLEST = ("rows=2", "cols=2", "scratchpad_bytes=8192", "weight_buffer_bytes=1024")
_ENDS_ON_NPU, _ENDS_ON_CPU = "ad", "kws"
"""Networks: one is the accelerator's alone, the other ends with a softmax on the CPU."""

Run = tuple[Program, RtlResult]


@dataclass(frozen=True)
class DriverRuns:
    """Both networks at one latency of main memory."""

    on_npu: Run
    on_both: Run


def run_driver(cpu: str, latency: int, progress: Progress) -> DriverRuns:
    """Run both networks on the chip."""
    sets = [*_SMALLEST, f"cpu={cpu}", f"memory_latency={latency}"]
    config = load_config("default", None, sets)
    runs: list[Run] = []
    for network in (_ENDS_ON_NPU, _ENDS_ON_CPU):
        graph = open_network(network, progress).graph
        program = compile_model(graph, config)
        runs.append((program, run_rtl(program, default_inputs(graph), progress=progress)))
    return DriverRuns(*runs)


def driver_figures(cpu: str, runs: Mapping[int, DriverRuns]) -> dict[str, list[int] | None]:
    """Costs of `sim.model.cpu.figures.Driver` but for a chip without an NPU."""
    times = {latency: _times(found) for latency, found in runs.items()}
    figures: dict[str, list[int] | None] = {
        name: line_through({latency: [times[latency][name]] for latency in times}).median()
        for name in next(iter(times.values()))
    }
    if not CPU_FEATURES[cpu].wfi_sleeps:
        figures["awake"] = None
    return figures


def emptied_cost(runs: Mapping[int, DriverRuns], kernels: Mapping[str, Any]) -> list[int]:
    """What an operator takes longer after an NPU step, when firmware empties the data cache.

    From the softmax behind the accelerator, less its paths, its code and its loads. ``kernels``:
    the CPU's figures without the driver.
    """
    softmax = kernels["operators"]["SOFTMAX"]
    times = {latency: [run.on_both[1].segments[-2].cycles] for latency, run in runs.items()}
    program, _ = next(iter(runs.values())).on_both
    number, step = len(program.steps) - 1, program.steps[-1]
    assert step.kind is StepKind.SOFTMAX
    header = dict(zip((name for name, _ in HEADER_WORDS), _words(program), strict=False))
    values = header["steps_address"] + 4 * (STEP_WORDS * number + STEP_HEAD_WORDS)
    data = misses(loads(step, Places(values, softmax["frame"])))
    graph = open_network(_ENDS_ON_CPU, Progress()).graph
    paths = softmax_paths(step, run_functional(program, default_inputs(graph)).cpu_inputs[number])
    code = sum(softmax["paths"][name][2] for name, count in paths.items() if count)
    spent = sum(softmax["paths"][name][0] * count for name, count in paths.items())
    spent += kernels["data_refill"] * data + kernels["code_refill"] * code
    line = line_through(times)
    return [round(float(line.cycles[0]) - spent), round(float(line.waits[0]) - data - code)]


def _times(runs: DriverRuns) -> dict[str, int]:
    """Cycles at one latency by name."""
    program, chip = runs.on_npu
    (step,) = program.steps
    worked = [segment for segment in chip.segments if segment.engine == "npu"]
    replay = _replay(program, step)
    start = worked[0].cycles - replay.times()[0]
    return {
        "start": start,
        "finish": sum(segment.cycles for segment in worked) - start - replay.done,
        "awake": sum(segment.cpu_active for segment in worked),
        "return_from_npu": chip.segments[-1].cycles,
        "return_from_cpu": runs.on_both[1].segments[-1].cycles,
    }


def _replay(program: Program, step: Step) -> Replayed:
    first = (step.values["commands"] - program.base) // 4
    commands = decode_stream(_words(program)[first:])
    return Stream(commands, program.config.npu).replay(program.config)


def _words(program: Program) -> list[int]:
    return np.frombuffer(program.image[: len(program.image) // 4 * 4], dtype="<u4").tolist()
