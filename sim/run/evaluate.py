"""A network on a configuration by one backend: inferences one after another, each checked.

Nothing is printed and no file is written but the evidence of a failure; `sim.run.publish` does that
for the command line, sweeps and validations read the result.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace

from tilewright.hw.spec.config import Config
from tilewright.hw.spec.errors import CheckError
from tilewright.mapper.compile import compile_model
from tilewright.mapper.program.inputs import Tensor
from tilewright.mapper.program.program import Program
from tilewright.sim.functional.backend import FunctionalBackend, FunctionalResult
from tilewright.sim.networks.network_file import NetworkFile
from tilewright.sim.progress import Progress
from tilewright.sim.results.course import Course
from tilewright.sim.results.measured import Backend, Measured, model_info, run_result
from tilewright.sim.results.result import Host, Inference, Output, RunResult
from tilewright.sim.results.rows import unmeasured_rows
from tilewright.sim.rtl.backend import RtlResult
from tilewright.sim.rtl.measured import measured_in_rtl
from tilewright.sim.run.check import check_run
from tilewright.sim.run.inferences import Inferences, Tensors
from tilewright.sim.run.predict import Predictor

RunChip = Callable[[Program, Tensors], RtlResult]
"""Runs a Program on a chip, for an inference: RTL that is simulated here, or a board."""


@dataclass(frozen=True, kw_only=True)
class Evaluation:
    """The result, whose figures but `inferences` are the last one's, and when its engines worked.

    ``difference`` says what was wrong with an output; it ends the evaluation.
    """

    result: RunResult
    course: Course
    difference: str = ""


def evaluate(
    network: NetworkFile,
    config: Config,
    backend: Backend,
    inferences: Inferences,
    progress: Progress,
    run_chip: RunChip | None = None,
) -> Evaluation:
    """Map a network and run all inferences; ``run_chip`` is the chip of backends "rtl" and "board".

    Raises RequestError where network, input or configuration is wrong, CheckError where a chip
    fails. An output that differs from the functional backend's is no error: see `Evaluation`.
    """
    if backend == "model":
        return _predicted(network, config, inferences, progress)
    model = model_info(network, (*network.graph.remarks, *inferences.remarks))
    with progress.step("Mapping"):
        program = compile_model(network.graph, config)
    reference = FunctionalBackend(program)
    done: list[Inference] = []
    states: Tensors = {}
    result, course, difference = None, Course(program), ""
    for number, row in enumerate(inferences.rows):
        inputs = {**row, **states}
        started = time.monotonic()
        with progress.step(_titled("Computing the reference", number, inferences)):
            expected = reference.run(inputs)
        seconds = time.monotonic() - started
        if backend == "functional":
            measured = _computed(network, program, expected, seconds)
        else:
            assert run_chip is not None
            chip = run_chip(program, inputs)
            measured, difference = _checked(network, program, inputs, expected, chip)
            course = Course(program, chip.segments, chip.activity)
        result = run_result(model, config, backend, measured)
        done.append(_inference(result))
        if difference:
            break
        states = {} if inferences.reset_state else expected.states
    assert result is not None
    result = replace(result, inferences=tuple(done))
    return Evaluation(result=result, course=course, difference=difference)


def require_equal(network: str, evaluation: Evaluation) -> RunResult:
    """Return the result. Raises CheckError where an output is not the functional backend's."""
    if evaluation.difference:
        raise CheckError(f"{network}: {evaluation.difference}")
    return evaluation.result


def _titled(what: str, number: int, inferences: Inferences) -> str:
    count = len(inferences.rows)
    return what if count == 1 else f"{what}, inference {number + 1} of {count}"


def _predicted(
    network: NetworkFile, config: Config, inferences: Inferences, progress: Progress
) -> Evaluation:
    """By the model: cycles without outputs. Values matter to operators on the CPU only."""
    states: Tensors = {}
    done: list[Inference] = []
    prediction = None
    for number, row in enumerate(inferences.rows):
        remarks = (*network.graph.remarks, *inferences.remarks)
        predictor = Predictor(network, {**row, **states}, remarks)
        with progress.step(_titled("Predicting", number, inferences)):
            prediction = predictor.prediction(config)
        done.append(_inference(prediction.result))
        if prediction.program.states and number + 1 < len(inferences.rows):
            left = FunctionalBackend(prediction.program).run({**row, **states}).states
            states = {} if inferences.reset_state else left
    assert prediction is not None
    result = replace(prediction.result, inferences=tuple(done))
    return Evaluation(result=result, course=Course(prediction.program, prediction.segments))


def _computed(
    network: NetworkFile, program: Program, found: FunctionalResult, seconds: float
) -> Measured:
    """What the functional backend says; it knows no cycles."""
    return Measured(
        rows=unmeasured_rows(program),
        peak_sram_bytes=program.peak_sram_bytes,
        outputs=described(network, found.outputs),
        host=Host(build_s=0.0, simulate_s=seconds, cycles_per_s=None),
    )


def _checked(
    network: NetworkFile,
    program: Program,
    inputs: Tensors,
    expected: FunctionalResult,
    chip: RtlResult,
) -> tuple[Measured, str]:
    """What the chip measured, and what is wrong with its outputs or states."""
    check, difference = check_run(program, inputs, expected, chip)
    return measured_in_rtl(program, chip, check, described(network, chip.outputs)), difference


def described(network: NetworkFile, outputs: Tensors) -> tuple[Output, ...]:
    """The outputs as the result has them."""
    return tuple(_output(network, name, values) for name, values in outputs.items())


def _output(network: NetworkFile, tensor: str, values: Tensor) -> Output:
    described = network.graph.tensors[tensor]
    quant = described.quant
    return Output(
        name=network.graph.ports[tensor].name,
        shape=described.shape,
        dtype=described.dtype,
        scale=quant.scale[0] if quant else 1.0,
        zero_point=quant.zero_point[0] if quant else 0,
        values=tuple(values.reshape(-1).tolist()),
    )


def _inference(result: RunResult) -> Inference:
    total = result.total
    return Inference(cycles=total.cycles, energy_j=total.energy_j, outputs=result.outputs)
