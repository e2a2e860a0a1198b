"""The functional backend's scratchpad and tables for a test of single commands."""

from collections import Counter
from collections.abc import Sequence

import numpy as np

from hw.spec.npu_config import NpuConfig
from sim.functional.memory import Memory
from sim.functional.tables import Tables
from sim.functional.units import Units
from tests.hw.npu.commands import table_of


def units_of(config: NpuConfig, content: bytes, tables: Sequence[bytes] = ()) -> Units:
    """``content`` in the scratchpad, ``tables`` in the slots."""
    data = np.frombuffer(content, dtype=np.int8).copy()
    units = Units(config, Memory(data, 0, "the scratchpad"), Tables(config))
    for slot, table in enumerate(tables):
        source = Memory(np.frombuffer(table, dtype=np.int8), 0, "a table")
        units.tables.load(table_of(0, slot), source, Counter())
    return units
