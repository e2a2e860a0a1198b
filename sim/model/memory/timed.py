"""Main memories that do not take an access each cycle: what memory.h is told.

The CPU's simulator owns one (`sim.model.cpu.simulator`); the replay of a stream goes on with it.
"""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tilewright.hw.spec.config import Config
from tilewright.hw.spec.memory_kinds import MemoryTiming
from tilewright.hw.spec.registers import MEMORY_BASE

HEADERS = Path(__file__).parent
"""Where memory.h is."""

_PLACES = (
    *("latency", "word_cycles", "page_bytes", "banks", "miss_cycles", "write_cycles"),
    *("refresh_period", "refresh_cycles", "contention"),
)
"""Of a device, as memory.h numbers them."""

Constants = tuple[int, int]
"""Address and bytes of what lies in the weight memory."""


def memory_settings(config: Config, constants: Constants | None) -> NDArray[np.int64]:
    """What ``begin_memory`` of memory.h takes."""
    soc, bus = config.soc, config.npu.bus_bytes
    first, size = constants if constants and soc.has_weight_memory else (MEMORY_BASE, 0)
    first -= MEMORY_BASE
    main = _device(soc.main_memory, bus, soc.memory_contention)
    weights = _device(soc.weight_memory, bus, 0)
    return np.array([bus, first, first + size, *main, *weights], dtype=np.int64)


def _device(timing: MemoryTiming, bus_bytes: int, contention: int) -> list[int]:
    values = {
        **asdict(timing),
        "word_cycles": timing.word_cycles(bus_bytes),
        "contention": contention,
    }
    return [values[place] for place in _PLACES]
