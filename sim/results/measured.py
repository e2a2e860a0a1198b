"""From what a backend found to the RunResult."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from tilewright.hw.spec.config import Config
from tilewright.sim.costs.area import estimate_area
from tilewright.sim.costs.energy import energy_table
from tilewright.sim.networks.network_file import NetworkFile
from tilewright.sim.results.result import Check, Host, Layer, ModelInfo, Output, RunResult

Backend = Literal["rtl", "model", "functional", "board"]


@dataclass(frozen=True, kw_only=True)
class Measured:
    """Rows of the report, outputs where values are computed, and what the run cost the host."""

    rows: tuple[Layer, ...]
    peak_sram_bytes: int
    host: Host
    outputs: tuple[Output, ...] = ()
    check: Check | None = None


def model_info(network: NetworkFile, remarks: Sequence[str]) -> ModelInfo:
    """The network as the result describes it; ``remarks`` follow its own notes."""
    return ModelInfo(
        name=network.name,
        path=network.path,
        sha256=network.sha256,
        macs=network.graph.macs(),
        parameters=network.graph.parameters(),
        notes=(*network.notes, *remarks),
    )


def run_result(model: ModelInfo, config: Config, backend: Backend, measured: Measured) -> RunResult:
    """The result of a run."""
    return RunResult(
        model=model,
        config={**config.flat(), "energy_table": energy_table().name},
        backend=backend,
        clock_hz=config.soc.clock_hz,
        layers=measured.rows,
        outputs=measured.outputs,
        check=measured.check,
        host=measured.host,
        peak_sram_bytes=measured.peak_sram_bytes,
        area=estimate_area(config),
    )
