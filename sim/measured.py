"""From what a backend found to the RunResult."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from hw.spec.config import Config
from mapper.program.program import Program
from sim.area import known_area
from sim.energy import energy_table
from sim.network_file import NetworkFile
from sim.result import Check, Host, Layer, ModelInfo, Output, RunResult
from sim.rows import measured_rows, weight_bytes_by_layer

if TYPE_CHECKING:
    from sim.rtl import RtlResult

Backend = Literal["rtl", "model", "functional", "board"]


@dataclass(frozen=True, kw_only=True)
class Measured:
    """Rows of the report, outputs where values are computed, and what the run cost the host."""

    rows: tuple[Layer, ...]
    peak_sram_bytes: int
    host: Host
    outputs: tuple[Output, ...] = ()
    check: Check | None = None


def measured_in_rtl(
    program: Program, chip: RtlResult, check: Check, outputs: tuple[Output, ...] = ()
) -> Measured:
    """What the chip's counters say of an inference."""
    return Measured(
        rows=measured_rows(program, chip.segments, weight_bytes_by_layer(program)),
        peak_sram_bytes=program.peak_sram_bytes,
        outputs=outputs,
        check=check,
        host=Host(
            build_s=chip.build_s,
            simulate_s=chip.simulate_s,
            cycles_per_s=chip.simulated_cycles / chip.simulate_s if chip.simulated_cycles else None,
        ),
    )


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
        area=known_area(config),
    )
