"""The profile record that MARK writes: a snapshot of the NPU's counters at the end of a layer.

Counters run from the start of a command stream and never stop; a layer's figures are the
differences between its record and the one before. In every cycle exactly one of the causes
counts, so that their differences add up to the difference of the time stamps.
"""

from __future__ import annotations

CAUSES: tuple[tuple[str, str], ...] = (
    ("busy", "the array takes a reduction step, or another unit is at work"),
    ("weights", "waits for weights (the ring is empty)"),
    ("activations", "waits for activations from the scratchpad"),
    ("drain", "waits for the requantiser to take the finished tile"),
    ("transfer", "waits for a LOAD or STORE"),
    ("parameters", "waits for the parameters of a channel block"),
    ("command", "no compute command at hand: fetch, decode, start and end of a command"),
)
"""Compute-queue states: name, meaning."""

EVENTS: tuple[tuple[str, str], ...] = (
    ("mac", "products of rows and columns in use"),
    ("accumulator_access", "accumulator updates and read-outs, rows and columns in use"),
    ("scratchpad_read_words", "scratchpad reads, up to port_bytes each"),
    ("scratchpad_write_words", "scratchpad writes, up to port_bytes each"),
    ("weight_buffer_read_words", "weight words read"),
    ("requantise", "elements requantised, and products for SOFTMAX's reciprocals"),
    ("elementwise", "operands of ELEMENTWISE, each time that a lane scales one; products of LSTM"),
    (
        "table",
        "accesses to the tables, each lane's: elements looked up, words of a new table; and to "
        "that of LSTM's functions",
    ),
    ("memory_read_beats", "main memory reads by the NPU, bus_bytes each"),
    ("memory_write_beats", "main memory writes by the NPU, bus_bytes each"),
)
"""Event counters: name, meaning."""

ACTIVITIES = ("array", "requantiser", "DMA")
"""Engines that say in each cycle whether they are at work, from bit 0 of the NPU's ``activity``:
a step of the array, results of the requantiser, a beat of main memory."""

RECORD: tuple[str, ...] = (
    "layer",
    "time",
    *(f"cycles_{name}" for name, _ in CAUSES),
    *(f"events_{name}" for name, _ in EVENTS),
)
"""Names of a record's 32-bit words, in order; the rest of the record is zero."""

RECORD_WORDS = 24
RECORD_BYTES = 4 * RECORD_WORDS

assert len(RECORD) <= RECORD_WORDS
