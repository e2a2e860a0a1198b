"""Cycles of networks on a board's chip, by the model or in RTL."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tilewright.hw.spec.config import Config
from tilewright.hw.spec.errors import CheckError, RequestError
from tilewright.sim.networks.network_file import open_network
from tilewright.sim.progress import Progress
from tilewright.sim.run.predict import Predictor
from tilewright.sim.run.simulated import simulated


@dataclass(frozen=True)
class NetworkCycles:
    """A network on the chip: its cycles, or why it cannot run there."""

    network: str
    cycles: int | None
    reason: str = ""


def network_cycles(
    models: Sequence[str], config: Config, backend: str, progress: Progress
) -> list[NetworkCycles]:
    """Cycles of each network, as ``backend`` (``"model"`` or ``"rtl"``) says.

    Raises RequestError for a file that is no network, CheckError when RTL fails its check.
    """
    networks = [open_network(model, progress) for model in models]
    found: list[NetworkCycles] = []
    for network in networks:
        doing = "Predicting" if backend == "model" else "Simulating"
        try:
            with progress.step(f"{doing} {network.name}"):
                result = (
                    Predictor(network).predict(config)
                    if backend == "model"
                    else simulated(network, config)
                )
            if result.check and result.check.mismatches:
                raise CheckError(
                    f"{network.name}: {result.check.mismatches} outputs in RTL are wrong; "
                    "`run` with the same configuration keeps the evidence"
                )
            found.append(NetworkCycles(network.name, result.total.cycles))
        except RequestError as error:
            found.append(NetworkCycles(network.name, None, str(error)))
    return found
