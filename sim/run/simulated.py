"""A point in RTL, with its outputs checked."""

from __future__ import annotations

from rich.console import Console

from hw.spec.config import Config
from mapper.compile import compile_model
from sim.functional.backend import run_functional
from sim.networks.inputs import SYNTHETIC_INPUT, default_inputs
from sim.networks.network_file import NetworkFile
from sim.progress import Progress
from sim.results.measured import model_info, run_result
from sim.results.result import RunResult
from sim.rtl.backend import run_rtl
from sim.rtl.measured import measured_in_rtl
from sim.run.check import compare, keep_evidence


def simulated(network: NetworkFile, config: Config) -> RunResult:
    """One inference of the seeded signal in RTL; `check` says whether the outputs are right.

    Says nothing on the terminal, where many run at once. Raises RequestError where the network does
    not fit, CheckError where the chip hangs, traps or reports an error.
    """
    program = compile_model(network.graph, config)
    inputs = default_inputs(network.graph)
    reference = run_functional(program, inputs).outputs
    chip = run_rtl(program, inputs, progress=Progress(Console(stderr=True, quiet=True)))
    check, _ = compare(reference, chip.outputs)
    if check.mismatches:
        keep_evidence(program, inputs, reference, chip.outputs, chip.uart)
    measured = measured_in_rtl(program, chip, check)
    return run_result(model_info(network, (SYNTHETIC_INPUT,)), config, "rtl", measured)
