"""The RTL backend: firmware and Program on the chip's Verilog, and what its counters say."""

from __future__ import annotations

import shutil
from collections.abc import Collection, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from tilewright.firmware.build import build_firmware
from tilewright.hw.spec.errors import CheckError, RequestError, TilewrightError
from tilewright.hw.spec.profile import ACTIVITIES, RECORD_BYTES
from tilewright.hw.spec.program import TIME_WORDS
from tilewright.hw.spec.registers import MEMORY_BASE
from tilewright.mapper.program.inputs import Tensor, input_parts
from tilewright.mapper.program.program import Program, ProgramPort
from tilewright.sim.files import replacing, require_room, writing
from tilewright.sim.progress import Progress
from tilewright.sim.results.course import Activity
from tilewright.sim.results.memory_events import pack_events, with_memory_events
from tilewright.sim.results.segments import CLOCK, Segment, read_segments
from tilewright.sim.rtl.failure import describe_failure
from tilewright.verification.cosim.build import Model, build_model
from tilewright.verification.cosim.simulate import Job, Outcome, simulate
from tilewright.verification.tools.cache import run_folder

BOOT_CYCLES = 200_000
STEP_CYCLES = 20_000
"""Added to the Program's bound: start-up and checks, and what firmware prints for each step."""


BYTE_INSTRUCTIONS = 50
ACCESS_CYCLES = 4
"""Firmware's CRC of a byte, at most, and what an access takes beside main memory's time."""


@dataclass(frozen=True, kw_only=True)
class RtlResult:
    """One inference on the chip.

    Attributes
    ----------
    outputs, states: tensors by name, of the Program's shapes; states as the next inference finds
        them.
    cycles: from firmware's call that starts the inference to its return.
    segments: where they went, in order; their cycles add up to `cycles`.
    start: the chip's timer at the first of them.
    uart: everything that firmware printed.
    activity: stretches of work of the NPU's engines, when asked for.
    build_s, simulate_s: seconds of host time; build_s is 0 when the model was in the cache.
    simulated_cycles: all cycles of the simulation, boot and prints included; None on a board, which
        simulates nothing.
    """

    outputs: Mapping[str, Tensor]
    states: Mapping[str, Tensor]
    cycles: int
    segments: tuple[Segment, ...]
    uart: str
    activity: tuple[Activity, ...]
    build_s: float
    simulate_s: float
    simulated_cycles: int | None
    start: int = 0

    @property
    def cpu_active(self) -> int:
        """Cycles in which the CPU was not asleep."""
        return sum(segment.cpu_active for segment in self.segments)


def run_rtl(
    program: Program,
    inputs: Mapping[str, Tensor],
    *,
    waves: Path | None = None,
    wave_layers: Collection[int] | None = None,
    activity: bool = False,
    netlist: str | None = None,
    progress: Progress | None = None,
) -> RtlResult:
    """Run ``program`` on ``inputs`` (by name, of the Program's shapes).

    Builds firmware and simulation model unless the cache has them. ``waves`` names an FST file to
    write, of the stretch from the first to the last of ``wave_layers`` (numbers in the Program's
    layers; the chip is simulated twice then, once to find it) or of all; ``activity`` asks for when
    each engine of the NPU worked; ``netlist`` names an FPGA family whose synthesised cells are
    simulated in place of the RTL. Raises RequestError when an input does not fit or a tool is
    missing, CheckError when the chip hangs, traps or reports an error: the evidence is then kept in
    a directory that the message names.
    """
    progress = progress or Progress()
    config = program.config
    image = memory_image(program, inputs, build_firmware(config, program.step_kinds))
    model = _model(program, waves is not None, netlist, progress)
    limit = program.cycle_bound + check_bound(program) + BOOT_CYCLES
    limit += STEP_CYCLES * len(program.steps)
    constants = (program.base, len(program.image))
    ranges = result_ranges(program)
    job = Job(config, image, ranges, limit, waves, activity, constants=constants)
    if waves is not None and wave_layers is not None:
        found = _simulate(model, replace(job, waves=None), program, progress)
        job = replace(job, window=_window(program, found, wave_layers))
    outcome = _simulate(model, job, program, progress)
    result = read_result(program, outcome.memory)
    start = int.from_bytes(outcome.memory[0][:4], "little")
    return replace(
        result,
        segments=with_memory_events(
            result.segments, start, config, pack_events(*outcome.memory_events.T)
        ),
        uart=outcome.uart,
        activity=tuple(
            Activity(ACTIVITIES[engine], (begin - start) % CLOCK, (done - start) % CLOCK)
            for engine, begin, done in outcome.activity
        ),
        build_s=model.build_s,
        simulate_s=outcome.simulate_s,
        simulated_cycles=outcome.cycle,
    )


def _window(program: Program, found: Outcome, layers: Collection[int]) -> tuple[int, int]:
    """Cycles since reset from the first of ``layers`` to the end of the last one."""
    segments = [s for s in read_result(program, found.memory).segments if s.layer in layers]
    start = int.from_bytes(found.memory[0][:4], "little")
    return start + segments[0].start, start + segments[-1].start + segments[-1].cycles


def check_bound(program: Program) -> int:
    """Cycles within which firmware has checked the image, before the inference."""
    config, size = program.config, len(program.image)
    # The checker reads four bytes or more at a time; firmware's code may come from no cache.
    if config.has_checker:
        return size if config.memory_is_constant else size * config.access_cycles
    return size * BYTE_INSTRUCTIONS * (config.access_cycles + ACCESS_CYCLES)


def result_ranges(program: Program) -> list[tuple[int, int]]:
    """(address, bytes) of what a run leaves in main memory."""
    return [
        (program.total_address, 8),
        (program.times_address, 4 * TIME_WORDS * len(program.steps)),
        (program.profile_address, RECORD_BYTES * program.profile_records),
        *((port.address, port.bytes) for port in _lasting(program)),
    ]


def read_result(program: Program, memory: Sequence[bytes]) -> RtlResult:
    """The result in the bytes of `result_ranges`; what they do not tell is zero or empty."""
    total, times, records, *tensors = memory
    start, end = (int(word) for word in np.frombuffer(total, np.uint32))
    values = [
        np.frombuffer(data, port.dtype).reshape(port.shape)
        for port, data in zip(_lasting(program), tensors, strict=True)
    ]
    count = len(program.outputs)
    return RtlResult(
        outputs={port.name: value for port, value in zip(program.outputs, values, strict=False)},
        states={
            state.port.name: value
            for state, value in zip(program.states, values[count:], strict=True)
        },
        cycles=(end - start) % CLOCK,
        segments=read_segments(program.steps, start, end, times, records),
        uart="",
        activity=(),
        build_s=0.0,
        simulate_s=0.0,
        simulated_cycles=None,
        start=start,
    )


def memory_image(program: Program, inputs: Mapping[str, Tensor], firmware: bytes) -> bytes:
    """Main memory at reset, from MEMORY_BASE: firmware, Program, inputs.

    Raises RequestError when an input is missing or has another shape or type.
    """
    parts = [
        (MEMORY_BASE, firmware),
        (program.base, program.image),
        *input_parts(program, inputs),
    ]
    end = max(address + len(data) for address, data in parts) - MEMORY_BASE
    if end > program.config.soc.memory_bytes:
        raise RequestError(
            f"{program.name}: needs {end} bytes of main memory; set memory_bytes to more than "
            f"{program.config.soc.memory_bytes}"
        )
    image = bytearray(end)
    for address, data in parts:
        image[address - MEMORY_BASE : address - MEMORY_BASE + len(data)] = data
    return bytes(image)


def _lasting(program: Program) -> list[ProgramPort]:
    """Outputs, then states."""
    return [*program.outputs, *(state.port for state in program.states)]


def _model(program: Program, waves: bool, netlist: str | None, progress: Progress) -> Model:
    with progress.step("Preparing the simulation model") as step:

        def note(text: str) -> None:
            step.detail = text

        return build_model(program.config, waves=waves, netlist=netlist, note=note)


def _simulate(model: Model, job: Job, program: Program, progress: Progress) -> Outcome:
    """Run in a directory of its own, which remains when the run fails."""
    folder = run_folder(program.name)
    keep = False
    try:
        with progress.step("Simulating") as step:

            def on_cycle(cycle: int) -> None:
                step.detail = f"{cycle / 1e6:.1f} M cycles"

            with (
                writing(folder),
                replacing(job.waves) if job.waves else nullcontext() as waves,
            ):
                job = replace(job, waves=waves)
                outcome = simulate(model.executable, job, folder, on_cycle)
        if message := describe_failure(outcome, job, program):
            (folder / "uart.txt").write_text(outcome.uart)
            raise CheckError(f"{message}\nEvidence is kept in {folder}")
    except TilewrightError as error:
        if not isinstance(error, RequestError | CheckError):
            # A simulator that could not write seldom says so.
            require_room(folder / "room", folder)
        keep = not isinstance(error, RequestError)
        raise
    finally:
        if not keep:
            shutil.rmtree(folder, ignore_errors=True)
    return outcome
