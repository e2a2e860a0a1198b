"""SRAM macros in place of the chip's memories, and what an access takes."""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil

import numpy as np

from tilewright.hw.spec.errors import RequestError
from tilewright.verification.gates.liberty import Cell, Library, Pin, Table
from tilewright.verification.gates.netlist import Memory
from tilewright.verification.gates.power.internal import table_value

_WRITE = re.compile(r"w", re.IGNORECASE)
_LOW = re.compile(r"(_n|b)$", re.IGNORECASE)
_SMALL = 0.05
"""An access takes more than this share of the dearest one."""


@dataclass(frozen=True)
class Access:
    """fJ of a cycle in which a macro is read, is written, and rests."""

    read: float
    write: float
    idle: float


@dataclass(frozen=True)
class Tiling:
    """Macros that make up a memory: ``rows`` of words, ``columns`` of bits."""

    memory: Memory
    macro: Cell
    rows: int
    columns: int
    access: Access

    @property
    def macros(self) -> int:
        """How many."""
        return self.rows * self.columns

    def column(self, number: int) -> slice:
        """The bits of a word that are in a column."""
        width = self.macro.memory[1] if self.macro.memory else 0
        return slice(number * width, (number + 1) * width)


def tile(memories: Sequence[Memory], library: Library) -> tuple[Tiling, ...]:
    """Each memory in equal macros of the library: those that need the least area.

    None where the library has no macros. Raises RequestError where a macro's energies cannot be
    told apart.
    """
    if not library.memories:
        return ()
    accesses = {macro.name: access_energies(macro) for macro in library.memories}
    tilings: list[Tiling] = []
    for memory in memories:
        options = [
            Tiling(
                memory,
                macro,
                ceil(memory.words / macro.memory[0]),
                ceil(memory.bits / macro.memory[1]),
                accesses[macro.name],
            )
            for macro in library.memories
            if macro.memory
        ]
        tilings.append(min(options, key=lambda t: (t.macros * t.macro.area, t.macros)))
    return tuple(tilings)


def access_energies(macro: Cell) -> Access:
    """What the energies of a macro's clock pin say, by the states in which they hold.

    Of the states that take more than a rest, those in which the pin called after writing is active
    are writes. Raises RequestError where that leaves reading or writing open.
    """
    clock = max(
        (pin for pin in macro.inputs if pin.is_clock),
        key=lambda pin: max((_energy(arc.rise, arc.fall) for arc in pin.power), default=0.0),
        default=None,
    )
    if clock is None or not clock.power:
        raise RequestError(f"SRAM {macro.name}: no clock pin with internal power")
    states = _states(clock)
    dearest = max(states.values())
    read = {pins: e for pins, e in states.items() if e > _SMALL * dearest}
    names = [name for name, _ in next(iter(states))]
    write_pin = next((name for name in names if _WRITE.search(name)), None)
    if write_pin is None:
        raise RequestError(f"SRAM {macro.name}: no pin for writing in the states of {clock.name}")
    active = not _LOW.search(write_pin)
    writes = [e for pins, e in read.items() if dict(pins)[write_pin] == active]
    reads = [e for pins, e in read.items() if dict(pins)[write_pin] != active]
    if not writes or not reads:
        raise RequestError(
            f"SRAM {macro.name}: its states do not tell reading from writing by {write_pin}"
        )
    return Access(min(reads), min(writes), min(states.values()))


def _states(clock: Pin) -> dict[tuple[tuple[str, bool], ...], float]:
    """Energy of a pulse in each state of the pins that arcs name."""
    arcs = [arc for arc in clock.power if not arc.related]
    names = sorted({pin for arc in arcs if arc.when for pin in arc.when.pins})
    found: dict[tuple[tuple[str, bool], ...], float] = {}
    for values in itertools.product((False, True), repeat=len(names)):
        state = dict(zip(names, values, strict=True))
        bits = {name: int(value) for name, value in state.items()}
        holding = [arc for arc in arcs if arc.when and arc.when.value(bits)]
        chosen = holding or [arc for arc in arcs if arc.when is None]
        if chosen:
            found[tuple(state.items())] = sum(_energy(arc.rise, arc.fall) for arc in chosen)
    return found


def _energy(*tables: Table | None) -> float:
    """fJ of a rise and a fall at the tables' first points."""
    zero = np.zeros(1)
    return float(sum(table_value(table, zero, zero)[0] for table in tables))
