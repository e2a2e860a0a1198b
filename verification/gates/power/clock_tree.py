"""An estimate of the buffers between a clock's source and its sinks."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil

import numpy as np

from tilewright.verification.gates.liberty import LOAD, SLEW, Cell, Library
from tilewright.verification.gates.power.assumptions import Assumptions


@dataclass(frozen=True)
class Buffer:
    """A cell that drives clocks.

    Attributes:
        drive: fF that it is given to drive.
        input: fF that it is itself, with its wire.
    """

    cell: Cell
    drive: float
    input: float


@dataclass(frozen=True)
class Tree:
    """Buffers of a clock net: how many, fJ that they take for a pulse, and nW of leakage."""

    buffers: int
    pulse_fj: float
    leakage_nw: float


def clock_buffer(library: Library, assumptions: Assumptions, wire: float) -> Buffer | None:
    """The library's buffer that drives most for its input; None without one with a limit."""
    buffers = [
        cell
        for cell in library.cells.values()
        if not cell.dont_use
        and len(cell.inputs) == 1
        and len(cell.outputs) == 1
        and (function := cell.outputs[0].function)
        and function.operator == "pin"
        and function.pin == cell.inputs[0].name
        and cell.outputs[0].max_capacitance
    ]
    if not buffers:
        return None
    cell = max(buffers, key=lambda cell: (cell.outputs[0].max_capacitance or 0.0, -cell.area))
    limit = cell.outputs[0].max_capacitance or 0.0
    drive = assumptions.buffer_load * limit
    return Buffer(cell, drive, cell.inputs[0].capacitance + wire)


def clock_tree(
    buffer: Buffer | None, load: float, root_drive: float, slew: float, voltage: float
) -> Tree:
    """Buffers that drive ``load`` (fF), in levels, until what is left is no more than
    ``root_drive`` (fF).

    Each takes its internal energy and what charges its input; what it drives is counted where the
    sinks and their wires are.
    """
    count, energy = 0, 0.0
    while buffer and load > root_drive and buffer.input < buffer.drive:
        level = ceil(load / buffer.drive)
        energy += level * (_internal(buffer.cell, slew, load / level) + buffer.input * voltage**2)
        count += level
        load = level * buffer.input
    leakage = count * buffer.cell.leakage if buffer else 0.0
    return Tree(count, energy, leakage)


def _internal(cell: Cell, slew: float, load: float) -> float:
    """fJ of a rise and a fall."""
    where = {SLEW: np.array(slew), LOAD: np.array(load)}
    tables = [table for arc in cell.outputs[0].power for table in (arc.rise, arc.fall) if table]
    return float(sum(table.at(**where) for table in tables))
