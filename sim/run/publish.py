"""One run, top to bottom: network, inputs, evaluation by a backend, report."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from tilewright.hw.spec.config import Config
from tilewright.hw.spec.errors import RequestError
from tilewright.mapper.program.program import Program
from tilewright.sim.costs.standby import COIN_CELL_J, average_power
from tilewright.sim.files import make_folder, require_apart, require_writable
from tilewright.sim.networks.labels import read_labels
from tilewright.sim.networks.network_file import NetworkFile, open_network
from tilewright.sim.progress import Progress
from tilewright.sim.report.console import report_console
from tilewright.sim.report.counters import trace_counters
from tilewright.sim.report.page import write_page
from tilewright.sim.report.spans import trace_spans
from tilewright.sim.report.terminal import print_report, report_title
from tilewright.sim.report.trace import write_trace
from tilewright.sim.report.units import quantity
from tilewright.sim.results.course import Course
from tilewright.sim.results.measured import Backend
from tilewright.sim.results.result import RunResult
from tilewright.sim.rtl.backend import RtlResult, run_rtl
from tilewright.sim.run.evaluate import RunChip, evaluate, require_equal
from tilewright.sim.run.inferences import Tensors, inferences_of
from tilewright.sim.run.layers import layer_range
from tilewright.sim.run.predict import Predictor, has_figures
from tilewright.verification.cosim.build import has_model

WAVES_COST = (
    "Waveforms need a build of the simulation model of their own, which takes minutes once, and "
    "about 2 MB of disk for each 1,000 cycles of an 8x8 array; --backend model tells the cycles."
)
"""Told before it begins."""


@dataclass(frozen=True, kw_only=True)
class RunRequest:
    """What the command line asks for. `model` is a path or the name of a built-in network.

    `trust` is the public key of who must have signed the Program, `signature` what they signed.
    `waves_from` and `waves_to` are the first and last layer that the waves show, by name.
    `rate_hz` is how many inferences a second average power is told for, with a battery of
    `battery_j`. `config_file` is where `config` comes from, which no result may replace.
    """

    model: str
    config: Config
    backend: Backend = "rtl"
    input: Path | None = None
    json: Path | None = None
    report: Path | None = None
    figures: Path | None = None
    formats: tuple[str, ...] = ("png",)
    trace: Path | None = None
    waves: Path | None = None
    waves_from: str | None = None
    waves_to: str | None = None
    labels: Path | None = None
    reset_state: bool = False
    rate_hz: float | None = None
    battery_j: float | None = None
    trust: Path | None = None
    signature: Path | None = None
    config_file: Path | None = None

    @property
    def shows_time(self) -> bool:
        """Whether a file is asked for that tells when the engines worked."""
        return any(path is not None for path in (self.report, self.figures, self.trace))


def run(request: RunRequest, progress: Progress, run_chip: RunChip | None = None) -> RunResult:
    """Run one inference or several, write the files that were asked for and print the report.

    ``run_chip`` is who has the chip, for the backend "board"; the RTL is simulated here.

    Raises:
        RequestError: the network, the input, the configuration or a file to write is wrong.
        CheckError: the chip failed, or its outputs are not the functional backend's.
    """
    _check_request(request)
    network = open_network(request.model, progress)
    inferences = inferences_of(network.graph, request.input, reset_state=request.reset_state)
    labels = read_labels(request.labels) if request.labels else ()
    if request.waves:
        progress.note(WAVES_COST)
    if run_chip is None and request.backend == "rtl":
        _predict_first(network, request, inferences.rows[0], progress)
    chip = _admitting(request, run_chip or _simulation(request, progress))
    found = evaluate(network, request.config, request.backend, inferences, progress, chip)
    _publish(_at_rate(found.result, request), found.course, request, labels, progress)
    return require_equal(network.name, found)


def _predict_first(
    network: NetworkFile, request: RunRequest, inputs: Tensors, progress: Progress
) -> None:
    """Tell what the model predicts where RTL takes a build: its user has something to look at.

    Raises RequestError for a rate of inferences that the chip is not quick enough for.
    """
    config = request.config
    built = has_model(config, waves=request.waves is not None)
    if not has_figures(config) or (built and request.rate_hz is None):
        return
    with progress.step("Predicting"):
        result = Predictor(network, inputs).predict(config)
    _at_rate(result, request)
    if built:
        return
    total = result.total
    cycles, clock = total.cycles, f"{config.soc.clock_hz / 1e6:g} MHz"
    progress.note(
        f"Predicted by the model, until the RTL is built and tells: {cycles:,} cycles, "
        f"{quantity(total.latency_s, 's')} at {clock}, {quantity(total.energy_j, 'J')}."
    )


def _at_rate(result: RunResult, request: RunRequest) -> RunResult:
    """The result with the average power, where a rate is asked for."""
    if request.rate_hz is None:
        return result
    total = result.total
    if total.energy_j is None or total.latency_s is None:
        raise _no_energy(request)
    battery_j = request.battery_j or COIN_CELL_J
    power = average_power(
        request.config, total.energy_j, total.latency_s, request.rate_hz, battery_j
    )
    return replace(result, power=power)


def _no_energy(request: RunRequest) -> RequestError:
    return RequestError(
        f"--rate {request.rate_hz:g}: no energy is known here: the {request.backend} backend, "
        "or this chip, counts no events; use --backend rtl or model and control = hardwired"
    )


def _admitting(request: RunRequest, run_chip: RunChip) -> RunChip:
    """Where a key is trusted, the chip gets no Program but those that are signed with it."""
    if request.trust is None:
        return run_chip
    from tilewright.sim.signing.admission import Admission

    admission = Admission(request.trust, request.signature)
    return lambda program, inputs: run_chip(admission.admit(program), inputs)


def _simulation(request: RunRequest, progress: Progress) -> RunChip:
    def simulate(program: Program, inputs: Tensors) -> RtlResult:
        return run_rtl(
            program,
            inputs,
            waves=request.waves,
            wave_layers=_wave_layers(program, request),
            activity=request.shows_time,
            progress=progress,
        )

    return simulate


def _wave_layers(program: Program, request: RunRequest) -> range | None:
    """Numbers of the layers that the waves show; None for the whole run."""
    if request.waves_from is None:
        return None
    first = ("--waves-from", request.waves_from)
    return layer_range(program, first, ("--waves-to", request.waves_to or request.waves_from))


def _check_request(request: RunRequest) -> None:
    """Refuse what cannot be done before anything starts."""
    written = {
        "--json": request.json,
        "--report": request.report,
        "--trace": request.trace,
        "--waves": request.waves,
    }
    for path in written.values():
        if path is not None:
            require_writable(path)
    read = {
        "--model": Path(request.model),
        "--input": request.input,
        "--labels": request.labels,
        "--trust": request.trust,
        "--signature": request.signature,
        "--config": request.config_file,
    }
    require_apart(written, read)
    if request.figures is not None:
        make_folder(request.figures)
    if request.signature is not None and request.trust is None:
        raise RequestError(
            f"--signature {request.signature}: name the public key that it must be of with --trust"
        )
    if request.trust is not None and request.backend in ("functional", "model"):
        raise RequestError(
            f"--trust {request.trust}: the {request.backend} backend loads no chip; use "
            "--backend rtl, or board"
        )
    uncounted = request.config.soc.npu != "none" and request.config.npu.microcode
    if request.rate_hz is not None and (request.backend == "functional" or uncounted):
        raise _no_energy(request)
    if request.battery_j is not None and request.rate_hz is None:
        raise RequestError("--battery: say how many inferences a second it must feed with --rate")
    if request.waves is None and (request.waves_from or request.waves_to):
        raise RequestError("--waves-from, --waves-to: name the file of the waves with --waves")
    if request.waves_to is not None and request.waves_from is None:
        raise RequestError("--waves-to: name the first layer with --waves-from")
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


def _publish(
    result: RunResult,
    course: Course,
    request: RunRequest,
    labels: Sequence[str],
    progress: Progress,
) -> None:
    """Write the files that were asked for, then print the report."""
    if request.json:
        result.to_json(request.json)
    if request.trace:
        curves = trace_counters(result, course)
        title = report_title(result)
        write_trace(request.trace, trace_spans(course), curves, result.clock_hz, title)
    if request.report:
        with progress.step("Drawing the report"):
            write_page(request.report, result, course)
    if request.figures:
        from tilewright.sim.report.figures.run import save_run_figures

        with progress.step("Drawing the pictures"):
            save_run_figures(request.figures, result, course, request.formats)
    # Last: whoever reads it may stop reading.
    print_report(result, report_console(), labels)
