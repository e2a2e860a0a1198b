"""One run, top to bottom: network, Program, backend, comparison, result, report."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich.console import Console

from hw.spec.config import Config
from hw.spec.errors import CheckError, RequestError
from mapper.compile import compile_model
from mapper.program.program import Program
from sim.check import compare, keep_evidence
from sim.course import Course
from sim.files import make_folder, require_writable
from sim.functional.backend import run_functional
from sim.inputs import SYNTHETIC_INPUT, default_inputs, load_inputs
from sim.measured import Backend, Measured, measured_in_rtl, model_info, run_result
from sim.network_file import NetworkFile, open_network
from sim.predict import Predictor
from sim.progress import Progress
from sim.report.page import write_page
from sim.report.terminal import print_report, report_title
from sim.result import Host, Output, RunResult
from sim.rows import unmeasured_rows
from sim.rtl import RtlResult, run_rtl
from sim.spans import trace_spans
from sim.trace import write_trace

Tensors = Mapping[str, NDArray[np.int8]]

RunChip = Callable[[Program, Tensors], RtlResult]
"""Runs a Program on a chip."""

PIPED_WIDTH = 120
"""Columns of the report where nobody's terminal sets them."""


@dataclass(frozen=True, kw_only=True)
class RunRequest:
    """What the command line asks for. `model` is a path or the name of a built-in network."""

    model: str
    config: Config
    backend: Backend = "rtl"
    input: Path | None = None
    json: Path | None = None
    report: Path | None = None
    png: Path | None = None
    trace: Path | None = None
    waves: Path | None = None

    @property
    def shows_time(self) -> bool:
        """Whether a file is asked for that tells when the engines worked."""
        return any(path is not None for path in (self.report, self.png, self.trace))


def run(request: RunRequest, progress: Progress, run_chip: RunChip | None = None) -> RunResult:
    """Run one inference, write the files that were asked for and print the report.

    ``run_chip`` is who has the chip, for the backend "board"; the RTL is simulated here.

    Raises:
        RequestError: the network, the input, the configuration or a file to write is wrong.
        CheckError: the chip failed, or its outputs are not the functional backend's.
    """
    _check_request(request)
    network = open_network(request.model, progress)
    inputs, remarks = _inputs(network, request)
    if request.backend == "model":
        with progress.step("Predicting"):
            prediction = Predictor(network, inputs, remarks).prediction(request.config)
        course = Course(prediction.program, prediction.segments)
        return _published(prediction.result, course, request, progress)
    model = model_info(network, remarks)
    with progress.step("Mapping"):
        program = compile_model(network.graph, request.config)
    started = time.monotonic()
    with progress.step("Computing the reference"):
        reference = run_functional(program, inputs).outputs
    reference_s = time.monotonic() - started
    if request.backend == "functional":
        measured = _computed(network, program, reference, reference_s)
        result = run_result(model, request.config, "functional", measured)
        return _published(result, Course(program), request, progress)
    chip = (run_chip or _simulation(request, progress))(program, inputs)
    check, difference = compare(reference, chip.outputs)
    measured = measured_in_rtl(program, chip, check, _outputs(network, chip.outputs))
    result = run_result(model, request.config, request.backend, measured)
    _published(result, Course(program, chip.segments, chip.activity), request, progress)
    if check.mismatches:
        evidence = keep_evidence(program, inputs, reference, chip.outputs, chip.uart)
        raise CheckError(f"{network.name}: {difference}\nEvidence is kept in {evidence}")
    return result


def _simulation(request: RunRequest, progress: Progress) -> RunChip:
    def simulate(program: Program, inputs: Tensors) -> RtlResult:
        return run_rtl(
            program,
            inputs,
            waves=request.waves,
            activity=request.shows_time,
            progress=progress,
        )

    return simulate


def _computed(network: NetworkFile, program: Program, outputs: Tensors, seconds: float) -> Measured:
    """What the functional backend says; it knows no cycles."""
    return Measured(
        rows=unmeasured_rows(program),
        peak_sram_bytes=program.peak_sram_bytes,
        outputs=_outputs(network, outputs),
        host=Host(build_s=0.0, simulate_s=seconds, cycles_per_s=None),
    )


def _check_request(request: RunRequest) -> None:
    """Refuse what cannot be done before anything starts."""
    for path in (request.json, request.report, request.trace, request.waves):
        if path is not None:
            require_writable(path)
    if request.png is not None:
        make_folder(request.png)
    if request.backend == "functional":
        for option, path in (("--trace", request.trace), ("--waves", request.waves)):
            if path is not None:
                raise RequestError(
                    f"{option} {path}: the functional backend knows no cycles; use --backend rtl"
                )
    if request.backend == "model" and request.waves is not None:
        raise RequestError(
            f"--waves {request.waves}: the model backend simulates no signals; use --backend rtl"
        )


def _inputs(network: NetworkFile, request: RunRequest) -> tuple[Tensors, tuple[str, ...]]:
    if request.input is None:
        return default_inputs(network.graph), (SYNTHETIC_INPUT,)
    return load_inputs(network.graph, request.input)


def _outputs(network: NetworkFile, outputs: Tensors) -> tuple[Output, ...]:
    return tuple(_output(network, name, values) for name, values in outputs.items())


def _output(network: NetworkFile, tensor: str, values: NDArray[Any]) -> Output:
    described = network.graph.tensors[tensor]
    return Output(
        name=network.graph.ports[tensor].name,
        shape=described.shape,
        dtype=described.dtype,
        scale=described.scale,
        zero_point=described.zero_point,
        values=tuple(values.reshape(-1).tolist()),
    )


def _published(
    result: RunResult, course: Course, request: RunRequest, progress: Progress
) -> RunResult:
    """Write the files that were asked for, then print the report. Returns the result."""
    if request.json:
        result.to_json(request.json)
    if request.trace:
        spans = trace_spans(course)
        write_trace(request.trace, spans, result.clock_hz, report_title(result))
    if request.report:
        with progress.step("Drawing the report"):
            write_page(request.report, result, course)
    if request.png:
        from sim.report.figures.run import save_run_figures

        with progress.step("Drawing the pictures"):
            save_run_figures(request.png, result, course)
    # Last: whoever reads it may stop reading.
    print_report(result, Console(width=None if sys.stdout.isatty() else PIPED_WIDTH))
    return result
