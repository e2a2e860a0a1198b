"""From what a backend found to the RunResult."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from tilewright.hw.spec.config import Config
from tilewright.sim.costs.area import estimate_area
from tilewright.sim.costs.clock import remark
from tilewright.sim.costs.silicon import area_mm2
from tilewright.sim.networks.network_file import NetworkFile
from tilewright.sim.results.result import Check, Host, Layer, ModelInfo, Output, RunResult
from tilewright.sim.technology.read import technology_of

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
    area = estimate_area(config)
    # A board's clock is what its FPGA reaches, and the functional backend tells no time.
    said = remark(config) if backend in ("model", "rtl") else None
    return RunResult(
        model=replace(model, notes=(*model.notes, said)) if said else model,
        config={**config.flat(), "energy_table": technology_of(config).title},
        backend=backend,
        clock_hz=config.soc.clock_hz,
        layers=measured.rows,
        outputs=measured.outputs,
        check=measured.check,
        host=measured.host,
        peak_sram_bytes=measured.peak_sram_bytes,
        area=area,
        area_mm2=area_mm2(config, area),
    )
