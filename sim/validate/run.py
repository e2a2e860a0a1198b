"""The model backend against the RTL, point by point: simulate or take what is kept, compare."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tilewright.hw.spec.errors import CheckError, RequestError
from tilewright.mapper.compile import compile_model
from tilewright.mapper.program.program import Program
from tilewright.sim.files import make_folder
from tilewright.sim.networks.inputs import default_inputs
from tilewright.sim.networks.network_file import NetworkFile, open_network
from tilewright.sim.progress import Progress
from tilewright.sim.run.predict import ModelRun, Predictor
from tilewright.sim.validate.compare import Comparison, compared
from tilewright.sim.validate.designs import Design
from tilewright.sim.validate.measure import (
    Measurement,
    Tensors,
    kept_measurement,
    measure,
    measurement_key,
)

POINTS = "points"
"""Folder of what was measured."""

FIRST_RATE = 60_000.0
FIRST_BUILD_S = 60.0
"""Cycles a second, and seconds to build a design, until they are known."""


@dataclass(frozen=True, kw_only=True)
class Point:
    """A network on a design, predicted; ``file`` is where the measurement is kept."""

    network: str
    design: Design
    program: Program
    inputs: Tensors
    prediction: ModelRun
    file: Path

    @property
    def cycles(self) -> int:
        """Predicted."""
        return sum(segment.cycles for segment in self.prediction.segments)


def validate(
    models: Sequence[str], designs: Sequence[Design], out: Path, progress: Progress
) -> list[Comparison]:
    """Compare each network on each design. Measurements in ``out`` are not made again.

    Raises RequestError for a wrong network or a design that cannot hold it, CheckError where the
    chip fails.
    """
    make_folder(out / POINTS)
    networks = [open_network(model, progress) for model in models]
    points = _predicted(networks, designs, out / POINTS, progress)
    done: list[Comparison] = []
    with progress.step("Validating") as step:
        clock = _Clock(points)
        for number, point in enumerate(points, 1):
            label = f"{number} of {len(points)}: {point.network} on {point.design.name}"
            step.detail = f"{label}, {clock.left()}"
            measurement = _measurement(point)
            clock.passed(point, measurement)
            done.append(_compared(point, measurement))
            progress.note(f"{label}: {_outcome(done[-1])}; {clock.left()}")
    return done


def _predicted(
    networks: Sequence[NetworkFile], designs: Sequence[Design], folder: Path, progress: Progress
) -> list[Point]:
    """All points, those of a design one after the other, so that it is built once."""
    predictors = [Predictor(network) for network in networks]
    points: list[Point] = []
    with progress.step("Predicting") as step:
        for design in designs:
            step.detail = design.name
            points += [
                _point(network, predictor, design, folder)
                for network, predictor in zip(networks, predictors, strict=True)
            ]
    return points


def _point(network: NetworkFile, predictor: Predictor, design: Design, folder: Path) -> Point:
    try:
        prediction = predictor.prediction(design.config)
    except RequestError as error:
        raise RequestError(f"{network.name} on {design.name}: {error}") from None
    inputs = default_inputs(network.graph)
    # The model maps once for all memories, with the watchdog of a fast one.
    constant = design.config.memory_is_constant
    program = prediction.program if constant else compile_model(network.graph, design.config)
    key = measurement_key(program, inputs)
    return Point(
        network=network.name,
        design=design,
        program=program,
        inputs=inputs,
        prediction=prediction,
        file=folder / f"{network.name}-{key}.json",
    )


def _measurement(point: Point) -> Measurement:
    try:
        return kept_measurement(point.file) or measure(point.program, point.inputs, point.file)
    except CheckError as error:
        raise CheckError(f"{point.network} on {point.design.name}: {error}") from None


def _compared(point: Point, measurement: Measurement) -> Comparison:
    return compared(
        point.network,
        point.design.name,
        point.program,
        measurement.segments,
        point.prediction.segments,
    )


def _outcome(comparison: Comparison) -> str:
    events = f", {comparison.wrong_events} events differ" if comparison.wrong_events else ""
    return f"{comparison.rtl_cycles:,} cycles, model {comparison.error:+.2%}{events}"


class _Clock:
    """How long the rest takes, from what the points so far took."""

    def __init__(self, points: Sequence[Point]) -> None:
        missing = [point for point in points if not point.file.exists()]
        self._cycles = sum(point.cycles for point in missing)
        self._designs = {point.design for point in missing}
        self._simulated = self._simulate_s = self._build_s = 0.0
        self._built = 0

    def passed(self, point: Point, measurement: Measurement) -> None:
        """A point is done."""
        if not measurement.simulate_s:
            return
        self._cycles -= point.cycles
        self._simulated += point.cycles
        self._simulate_s += measurement.simulate_s
        if point.design in self._designs:
            self._designs.remove(point.design)
            self._build_s += measurement.build_s
            self._built += 1

    def left(self) -> str:
        """In seconds or minutes."""
        rate = self._simulated / self._simulate_s if self._simulated else FIRST_RATE
        build_s = self._build_s / self._built if self._built else FIRST_BUILD_S
        seconds = self._cycles / rate + len(self._designs) * build_s
        return f"{seconds / 60:.0f} min left" if seconds >= 90 else f"{seconds:.0f} s left"
