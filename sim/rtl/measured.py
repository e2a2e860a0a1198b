"""From the chip's counters to what a run measured."""

from __future__ import annotations

from tilewright.mapper.program.program import Program
from tilewright.sim.results.measured import Measured
from tilewright.sim.results.result import Check, Host, Output
from tilewright.sim.results.rows import measured_rows
from tilewright.sim.results.streams import sent_by_layer
from tilewright.sim.rtl.backend import RtlResult


def measured_in_rtl(
    program: Program, chip: RtlResult, check: Check, outputs: tuple[Output, ...] = ()
) -> Measured:
    """What the chip's counters say of an inference."""
    return Measured(
        rows=measured_rows(program, chip.segments, sent_by_layer(program)),
        peak_sram_bytes=program.peak_sram_bytes,
        outputs=outputs,
        check=check,
        host=Host(
            build_s=chip.build_s,
            simulate_s=chip.simulate_s,
            cycles_per_s=chip.simulated_cycles / chip.simulate_s if chip.simulated_cycles else None,
        ),
    )
