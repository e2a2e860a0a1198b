"""What the instruction-set simulator knows of each VexRiscv build, beside its firmware's features.

The builds are those of pythondata-cpu-vexriscv; tests/verification/test_cpu_cycles.py holds the
simulator against their Verilog.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Core:
    """A core's pipeline.

    Attributes
    ----------
    code_lines: lines of 32 bytes in its instruction cache, which has one way.
    single_fetch: one stage looks a line up, and another one takes words apart that hold
        instructions of 16 bits; elsewhere two stages look it up.
    iterative: it multiplies a bit a cycle and shifts a place a cycle.
    """

    code_lines: int = 128
    single_fetch: bool = False
    iterative: bool = False


CORES: Mapping[str, Core] = {
    "full": Core(),
    "standard": Core(),
    "imac": Core(single_fetch=True),
    "lite": Core(code_lines=64, iterative=True),
}
"""By name of the CPU in `hw.spec.soc_config.CPU_VARIANTS`."""
