"""The memory of tables that results go through, and of the exponentials of SOFTMAX."""

from __future__ import annotations

from collections import Counter

import numpy as np

from tilewright.hw.spec.commands import (
    TABLE_ENTRIES,
    TABLE_SLOTS,
    TABLE_WORD_BYTES,
    TABLE_WORDS,
    Command,
)
from tilewright.hw.spec.errors import CheckError
from tilewright.hw.spec.npu_config import NpuConfig
from tilewright.hw.spec.numerics import INT32_MAX, Int8Array, Int32Array
from tilewright.sim.functional.hazards import Access
from tilewright.sim.functional.memory import Memory


class Tables:
    """Words that TABLEs have filled, none at first; a table is all that one TABLE has brought."""

    def __init__(self, config: NpuConfig) -> None:
        self._config = config
        words = config.table_words
        self._data = np.zeros(TABLE_WORD_BYTES * words, dtype=np.int8)
        self._filled_by = np.zeros(words, dtype=np.int64)
        self._brought = [0]

    def load(self, command: Command, scratchpad: Memory, counts: Counter[str]) -> Access:
        """TABLE: fill words. Raises CheckError where the design has none there."""
        self._need_unit()
        address, words = command["input_address"], command["words"]
        first = TABLE_WORDS * command["slot"]
        if not 1 <= words <= len(self._filled_by) - first:
            raise CheckError(f"words = {words}: there are {len(self._filled_by) - first}")
        size = TABLE_WORD_BYTES * words
        start = TABLE_WORD_BYTES * first
        self._data[start : start + size] = scratchpad.read(address, size)
        self._filled_by[first : first + words] = len(self._brought)
        self._brought.append(words)
        counts["table"] += words * self._config.requantiser_lanes
        return Access(reads=((address, address + size),))

    def through(self, command: Command, results: Int8Array, counts: Counter[str]) -> Int8Array:
        """Return the results of a compute command as its table gives them, if it has one.

        Raises CheckError for a table that was not loaded.
        """
        if not command["table"]:
            return results
        self._need_unit()
        if command["table"] > TABLE_SLOTS:
            raise CheckError(f"table = {command['table']}: there are {TABLE_SLOTS} slots")
        slot = command["table"] - 1
        if self._held(TABLE_WORDS * slot, TABLE_WORDS) != TABLE_WORDS:
            raise CheckError(f"goes through the table in slot {slot}: it is empty")
        counts["table"] += results.size
        table = self._data[TABLE_ENTRIES * slot :][:TABLE_ENTRIES]
        return table[results.view("u1")]

    def exponentials(self, command: Command) -> Int32Array:
        """Return those that a SOFTMAX counts. Raises CheckError where they are none."""
        if not self._config.softmax_unit:
            raise CheckError("the design has no softmax unit")
        count = command["last_exponential"] + 1
        if self._held(0, count) < count:
            raise CheckError(f"takes {count} exponentials that no TABLE has brought")
        found = self._data[: TABLE_WORD_BYTES * count].view("<i4").astype(np.int32)
        if found[0] != INT32_MAX or found.min() < 0:
            raise CheckError("has exponentials that do not begin with 1, or are negative")
        return found

    def _held(self, first: int, count: int) -> int:
        """The words that the TABLE brought which has filled so many; 0 where it was not one."""
        by = self._filled_by[first : first + count]
        return self._brought[by[0]] if (by == by[0]).all() else 0

    def _need_unit(self) -> None:
        if not self._config.table_unit:
            raise CheckError("the design has no table unit")
