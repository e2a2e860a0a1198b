"""The tables that results can go through."""

from __future__ import annotations

from collections import Counter

from hw.spec.commands import TABLE_ENTRIES, TABLE_SLOTS, TABLE_WORD_BYTES, Command
from hw.spec.errors import CheckError
from hw.spec.npu_config import NpuConfig
from hw.spec.numerics import Int8Array
from sim.functional.hazards import Access
from sim.functional.memory import Memory


class Tables:
    """Slots of int8 [TABLE_ENTRIES], empty at first."""

    def __init__(self, config: NpuConfig) -> None:
        self._config = config
        self._slots: list[Int8Array | None] = [None] * TABLE_SLOTS

    def load(self, command: Command, scratchpad: Memory, counts: Counter[str]) -> Access:
        """TABLE: fill a slot. Raises CheckError where the design has none."""
        self._need_unit()
        address = command["input_address"]
        self._slots[command["slot"]] = scratchpad.read(address, TABLE_ENTRIES).copy()
        counts["table"] += TABLE_ENTRIES // TABLE_WORD_BYTES * self._config.requantiser_lanes
        return Access(reads=((address, address + TABLE_ENTRIES),))

    def through(self, command: Command, results: Int8Array, counts: Counter[str]) -> Int8Array:
        """Return the results of a compute command as its table gives them, if it has one.

        Raises CheckError for a table that was not loaded.
        """
        if not command["table"]:
            return results
        self._need_unit()
        if command["table"] > TABLE_SLOTS:
            raise CheckError(f"table = {command['table']}: there are {TABLE_SLOTS} slots")
        table = self._slots[command["table"] - 1]
        if table is None:
            raise CheckError(f"goes through the table in slot {command['table'] - 1}: it is empty")
        counts["table"] += results.size
        return table[results.view("u1")]

    def _need_unit(self) -> None:
        if not self._config.table_unit:
            raise CheckError("the design has no table unit")
