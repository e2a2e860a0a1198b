"""SOFTMAX on the scratchpad, with a check that no result lies over what is still to be read."""

from __future__ import annotations

from collections import Counter

from numpy.lib.stride_tricks import as_strided

from tilewright.hw.spec.commands import SOFTMAX_ROW, Command
from tilewright.hw.spec.errors import CheckError
from tilewright.hw.spec.numerics import Int8Array
from tilewright.hw.spec.softmax import softmax_by_table
from tilewright.sim.functional.hazards import Access, Span
from tilewright.sim.functional.memory import Memory
from tilewright.sim.functional.units import Units

RECIPROCAL_PRODUCTS = 7
"""Of each row, on the requantiser's multiplier."""


def run_softmax(command: Command, units: Units, counts: Counter[str]) -> Access:
    """Each row's probabilities. Raises CheckError for whatever the hardware could not do."""
    rows, size = command["rows"], command["row_bytes"]
    if not rows or not 1 <= size <= SOFTMAX_ROW:
        raise CheckError(f"has {rows} rows of {size} elements; rows have 1 to {SOFTMAX_ROW}")
    if rows > 1 and command["output_row_pitch"] < size:
        raise CheckError("writes rows over one another")
    exponentials = units.tables.exponentials(command)
    source, read = _rows(command, "input", units.scratchpad)
    target, written = _rows(command, "output", units.scratchpad)
    in_place = (read, command["input_row_pitch"]) == (written, command["output_row_pitch"])
    if not in_place and max(read[0], written[0]) < min(read[1], written[1]):
        raise CheckError("writes over a part of its input that is still to be read")
    target[:] = softmax_by_table(source, exponentials)
    counts["table"] += 2 * target.size
    counts["requantise"] += target.size + RECIPROCAL_PRODUCTS * rows
    return Access(reads=(read,), writes=(written,))


def _rows(command: Command, side: str, scratchpad: Memory) -> tuple[Int8Array, Span]:
    """The rows, int8 [rows, row_bytes], and (first, behind the last) address."""
    rows, size, pitch = command["rows"], command["row_bytes"], command[f"{side}_row_pitch"]
    first = command[f"{side}_address"]
    extent = (rows - 1) * pitch + size
    start = scratchpad.offset(first, extent)
    view: Int8Array = as_strided(scratchpad.data[start:], (rows, size), (pitch, 1))
    return view, (first, first + extent)
