"""The functional backend's scratchpad and tables for a test of single commands."""

from collections import Counter
from collections.abc import Sequence

import numpy as np

from tests.hw.npu.commands import table_of
from tilewright.hw.spec.npu_config import NpuConfig
from tilewright.sim.functional.memory import Memory
from tilewright.sim.functional.tables import Tables
from tilewright.sim.functional.units import Units


def units_of(config: NpuConfig, content: bytes, tables: Sequence[bytes] = ()) -> Units:
    """``content`` in the scratchpad, ``tables`` in the slots."""
    data = np.frombuffer(content, dtype=np.int8).copy()
    units = Units(config, Memory(data, 0, "the scratchpad"), Tables(config))
    for slot, table in enumerate(tables):
        source = Memory(np.frombuffer(table, dtype=np.int8), 0, "a table")
        units.tables.load(table_of(0, slot), source, Counter())
    return units
