"""LSTM on the scratchpad, with a check of what it may write over."""

from __future__ import annotations

from collections import Counter

import numpy as np

from tilewright.hw.spec import numerics as nm
from tilewright.hw.spec.arithmetic import lstm_cell, sigmoid_int16
from tilewright.hw.spec.commands import (
    LSTM_FUNCTIONS,
    LSTM_GATE_BYTES,
    LSTM_GATES,
    LSTM_PRODUCTS,
    MAX_LEFT_SHIFT,
    Command,
)
from tilewright.hw.spec.errors import CheckError
from tilewright.hw.spec.lstm import cell_factors
from tilewright.sim.functional.hazards import Access, Span
from tilewright.sim.functional.memory import Memory


def run_lstm(command: Command, scratchpad: Memory, counts: Counter[str]) -> Access:
    """Take the cells on by a time step."""
    v, units = command.values, command["units"]
    if not units:
        raise CheckError("has no units")
    if not -31 <= v["output_shift"] <= MAX_LEFT_SHIFT:
        raise CheckError("shift out of range")
    reads = [
        _span(command, name, size)
        for name, size in (
            ("input", LSTM_GATE_BYTES),
            ("recurrent", LSTM_GATE_BYTES),
            ("cell", 2),
        )
    ]
    writes = [
        _span(command, name, size)
        for name, size in (("next_cell", 2), ("hidden", 1), ("output", 1))
    ]
    _check_places(reads, writes)
    inputs, recurrent = (
        scratchpad.int16(span[0], 4 * units).reshape(units, 4).astype(np.int32)
        for span in reads[:2]
    )
    sums = lstm_cell.saturated(inputs + recurrent)
    state, result = lstm_cell.update(
        {name: sums[:, gate] for gate, name in enumerate(LSTM_GATES)},
        scratchpad.int16(v["cell_address"], units),
        sigmoid_int16.table(),
        cell_factors(v["cell_shift"], (v["output_multiplier"], v["output_shift"])),
        (v["cell_low"], v["cell_high"]),
    )
    hidden = nm.clamp_int8(result + v["output_zero_point"], v["clamp_low"], v["clamp_high"])
    scratchpad.write(v["next_cell_address"], state.astype(np.int16))
    for name in ("hidden_address", "output_address"):
        scratchpad.write(v[name], hidden)
    counts["requantise"] += units
    counts["elementwise"] += LSTM_PRODUCTS * units
    counts["table"] += LSTM_FUNCTIONS * units
    return Access(reads=tuple(reads), writes=tuple(writes))


def _span(command: Command, name: str, size: int) -> Span:
    address = command[f"{name}_address"]
    return address, address + size * command["units"]


def _check_places(reads: list[Span], writes: list[Span]) -> None:
    """Raise CheckError where a byte's value would depend on the order of accesses."""
    state = writes[0]
    for place in writes:
        for other in [*reads, *(write for write in writes if write is not place)]:
            in_place = place is state and other == state
            if not in_place and max(place[0], other[0]) < min(place[1], other[1]):
                raise CheckError("writes over what it reads or writes elsewhere")
