"""What firmware's driver takes on a CPU, from runs on the smallest accelerator.

The accelerator's own cycles are the model's, which are exact; what the time stamps show besides is
firmware's.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass

import numpy as np

from firmware.build import CPU_FEATURES
from hw.spec.commands import decode_stream
from hw.spec.config import load_config
from hw.spec.program import Step, StepKind
from mapper.compile import compile_model
from mapper.program import Program
from sim.inputs import default_inputs
from sim.model.stream import StreamReplay
from sim.model.work import prepare
from sim.network_file import open_network
from sim.progress import Progress
from sim.rtl import run_rtl
from verification.cpu_fit import line_through

_SMALLEST = ("rows=2", "cols=2", "scratchpad_bytes=8192", "weight_buffer_bytes=1024")
_ENDS_ON_NPU, _ENDS_ON_CPU = "ad", "kws"
"""Networks: the last layer of one is the accelerator's, that of the other a softmax on the CPU."""


@dataclass(frozen=True)
class _Times:
    """Cycles at one latency; see `sim.model.cpu.figures.Driver`."""

    start: int
    finish: int
    awake: int
    return_from_npu: int
    return_from_cpu: int


def driver_figures(
    cpu: str, latencies: tuple[int, ...], progress: Progress
) -> dict[str, list[int] | None]:
    """Costs by name, but for a chip without an NPU."""
    times = {latency: asdict(_times(cpu, latency, progress)) for latency in latencies}
    names = list(times[latencies[0]])
    figures: dict[str, list[int] | None] = {
        name: line_through({latency: [times[latency][name]] for latency in latencies}).median()
        for name in names
    }
    if not CPU_FEATURES[cpu].wfi_sleeps:
        figures["awake"] = None
    return figures


def _times(cpu: str, latency: int, progress: Progress) -> _Times:
    sets = [*_SMALLEST, f"cpu={cpu}", f"memory_latency={latency}"]
    config = load_config("default", None, sets)
    returns: list[int] = []
    start = finish = awake = 0
    for network in (_ENDS_ON_CPU, _ENDS_ON_NPU):
        graph = open_network(network, progress).graph
        program = compile_model(graph, config)
        segments = run_rtl(program, default_inputs(graph), progress=progress).segments
        returns.append(segments[-1].cycles)
        step, *others = program.steps
        assert step.kind is StepKind.NPU, network
        assert all(other.kind is not StepKind.NPU for other in others), network
        worked = [segment for segment in segments if segment.engine == "npu"]
        replay = _replay(program, step)
        start = worked[0].cycles - replay.marks[0].time
        finish = sum(segment.cycles for segment in worked) - start - replay.done
        awake = sum(segment.cpu_active for segment in worked)
    from_cpu, from_npu = returns
    return _Times(start, finish, awake, from_npu, from_cpu)


def _replay(program: Program, step: Step) -> StreamReplay:
    words = np.frombuffer(program.image[: len(program.image) // 4 * 4], dtype="<u4")
    first = (step.values["commands"] - program.base) // 4
    commands = decode_stream(words[first:].tolist())
    replay = StreamReplay(prepare(commands, program.config.npu), program.config)
    replay.run()
    return replay
