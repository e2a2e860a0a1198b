"""What compute commands work on: the design, its scratchpad and its tables."""

from __future__ import annotations

from dataclasses import dataclass

from tilewright.hw.spec.npu_config import NpuConfig
from tilewright.sim.functional.memory import Memory
from tilewright.sim.functional.tables import Tables


@dataclass(frozen=True)
class Units:
    """Shared by all compute commands, from one stream to the next."""

    config: NpuConfig
    scratchpad: Memory
    tables: Tables
