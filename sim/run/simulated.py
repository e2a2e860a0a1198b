"""A point in RTL, with its outputs checked."""

from __future__ import annotations

from tilewright.hw.spec.config import Config
from tilewright.mapper.program.program import Program
from tilewright.sim.networks.network_file import NetworkFile
from tilewright.sim.progress import silent
from tilewright.sim.results.result import RunResult
from tilewright.sim.rtl.backend import RtlResult, run_rtl
from tilewright.sim.run.evaluate import evaluate
from tilewright.sim.run.inferences import Tensors, inferences_of


def simulated(network: NetworkFile, config: Config) -> RunResult:
    """One inference of the seeded signal in RTL; `check` says whether the outputs are right.

    Says nothing on the terminal, where many run at once. Raises RequestError where the network does
    not fit, CheckError where the chip hangs, traps or reports an error.
    """
    progress = silent()

    def run_chip(program: Program, inputs: Tensors) -> RtlResult:
        return run_rtl(program, inputs, progress=progress)

    seeded = inferences_of(network.graph, None)
    return evaluate(network, config, "rtl", seeded, progress, run_chip).result
