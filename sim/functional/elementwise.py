"""ELEMENTWISE on the scratchpad, with a check of what it may write over."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.lib.stride_tricks import as_strided

from tilewright.hw.spec.commands import Command, Operation
from tilewright.hw.spec.elementwise import elementwise
from tilewright.hw.spec.errors import CheckError
from tilewright.hw.spec.numerics import Int8Array, Int64Array
from tilewright.sim.functional.hazards import Access, Span
from tilewright.sim.functional.memory import Memory
from tilewright.sim.functional.units import Units


@dataclass(frozen=True)
class _Place:
    """Where an operand's or the output's bytes lie: address of (row, pixel, byte) 0, pitches."""

    address: int
    extents: tuple[int, int, int]
    pitches: tuple[int, int, int]

    @property
    def span(self) -> Span:
        """The first byte, and the one behind the last."""
        last = sum((n - 1) * pitch for n, pitch in zip(self.extents, self.pitches, strict=True))
        return self.address, self.address + last + 1

    def view(self, memory: Memory) -> Int8Array:
        """The bytes, int8 [rows, pixels, bytes]."""
        first, end = self.span
        start = memory.offset(first, end - first)
        return as_strided(memory.data[start:], self.extents, self.pitches)

    def addresses(self) -> Int64Array:
        """Address of each byte, [rows, pixels, bytes]."""
        row, pixel, byte = (
            np.arange(n) * pitch for n, pitch in zip(self.extents, self.pitches, strict=True)
        )
        return self.address + row[:, None, None] + pixel[:, None] + byte


def run_elementwise(command: Command, units: Units, counts: Counter[str]) -> Access:
    """ELEMENTWISE: read both operands, or b alone, and write the results."""
    v = command.values
    if not units.config.elementwise_unit:
        raise CheckError("the design has no unit for element-wise commands")
    if not v["run_bytes"] or not v["output_cols"] or not v["output_rows"]:
        raise CheckError("has no elements")
    alone = v["operation"] == Operation.B_ALONE
    a, b, output = _place(v, "a", v["a_repeat"]), _place(v, "b"), _place(v, "output")
    if alone:
        a = b
    for operand in (a, b):
        _check_order(operand, output, units.config.requantiser_lanes)
    try:
        result = elementwise(v, a.view(units.scratchpad), b.view(units.scratchpad))
    except ValueError as error:
        raise CheckError(str(error)) from None
    output.view(units.scratchpad)[:] = units.tables.through(command, result, counts)
    counts["requantise"] += result.size
    pixels, first = v["output_rows"] * v["output_cols"], v["run_bytes"]
    if v["a_repeat"]:
        first = min(first, units.config.requantiser_lanes)
    counts["elementwise"] += result.size + (0 if alone else pixels * first)
    reads = (b.span,) if alone else (a.span, b.span)
    return Access(reads=reads, writes=(output.span,))


def _place(v: Mapping[str, int], name: str, repeat: int = 0) -> _Place:
    extents = v["output_rows"], v["output_cols"], v["run_bytes"]
    return _Place(
        v[f"{name}_address"],
        extents,
        (v[f"{name}_row_pitch"], v[f"{name}_pixel_pitch"], 0 if repeat else 1),
    )


def _check_order(operand: _Place, output: _Place, lanes: int) -> None:
    """Raise CheckError where a byte of an operand is written before it is read for the last time.

    Groups of so many lanes are read and written in order; a group is written after it is read.
    """
    (first, end), (target, target_end) = operand.span, output.span
    if operand == output or max(first, target) >= min(end, target_end):
        return
    rows, cols, run = output.extents
    beats = -(-run // lanes)
    group = np.arange(rows * cols).reshape(rows, cols, 1) * beats + np.arange(run) // lanes
    never = rows * cols * beats
    written = np.full(max(end, target_end) - min(first, target), never)
    base = min(first, target)
    # In reverse, so that the first write of a byte is the one that stays.
    written[(output.addresses() - base).reshape(-1)[::-1]] = group.reshape(-1)[::-1]
    if bool((written[operand.addresses() - base] < group).any()):
        raise CheckError("writes over a part of an operand that is still to be read")
