"""What the chip's memory for tables holds at a point of the stream, so that nothing is sent twice.

It has slots for tables of functions, or exponentials of SOFTMAX in their place.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from tilewright.hw.spec.commands import TABLE_SLOTS, TABLE_WORD_BYTES, TABLE_WORDS


@dataclass
class HeldTables:
    """Nothing at first. ``recent_slot`` was in use last."""

    functions: list[bytes] = field(default_factory=lambda: [b""] * TABLE_SLOTS)
    exponentials: bytes = b""
    recent_slot: int = TABLE_SLOTS - 1

    def slot(self, table: bytes) -> int:
        """Return the slot that holds a table, which is in use from now on."""
        self.recent_slot = self.functions.index(table)
        return self.recent_slot

    def bring(self, table: bytes, *, exponentials: bool) -> dict[str, int] | None:
        """Return where a TABLE puts what it brings, in its fields; None where that is there.

        A function's table takes another slot than was in use last.
        """
        if exponentials:
            return self._bring_exponentials(table)
        if table in self.functions:
            return None
        slot = (self.recent_slot + 1) % TABLE_SLOTS
        self.functions[slot] = table
        self.exponentials = b""
        return {"slot": slot, "words": TABLE_WORDS}

    def _bring_exponentials(self, words: bytes) -> dict[str, int] | None:
        if words == self.exponentials:
            return None
        self.functions = [b""] * TABLE_SLOTS
        self.exponentials = words
        return {"slot": 0, "words": len(words) // TABLE_WORD_BYTES}
