"""A process' cells as its Liberty files describe them: logic, energy, delay.

Units are the same whatever a file's are: ps, fF, V, fJ (1 fF V^2), nW; areas as files give them, in
um2. Tables are linear between their points and continue their outermost stretch beyond them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np
import numpy.typing as npt

from tilewright.hw.spec.errors import RequestError
from tilewright.verification.gates.boolean import Expression

Direction = Literal["input", "output", "inout", "internal"]

Numbers = npt.NDArray[np.float64]

SLEW, LOAD, DATA_SLEW, CLOCK_SLEW = "slew", "load", "data_slew", "clock_slew"
"""Axes of tables: transition time of an input and load of the output; of constraints, transition
times of the constrained pin and of the related one."""


@dataclass(frozen=True, eq=False)
class Table:
    """Values over up to three axes.

    Attributes:
        axes: names of the axes; none of a scalar.
        points: along each axis, ascending; ps or fF.
        values: one dimension for each axis; ps or fJ.
    """

    axes: tuple[str, ...]
    points: tuple[Numbers, ...]
    values: Numbers

    def at(self, **where: npt.ArrayLike) -> Numbers:
        """Values at positions along the axes, arrays that broadcast; other axes do not matter.

        Raises KeyError where an axis of the table has no position.
        """
        positions = np.broadcast_arrays(*(np.asarray(where[axis], float) for axis in self.axes))
        if not positions:
            return self.values
        low: list[npt.NDArray[np.intp]] = []
        share: list[Numbers] = []
        for points, position in zip(self.points, positions, strict=True):
            if len(points) == 1:
                low.append(np.zeros(position.shape, np.intp))
                share.append(np.zeros(position.shape))
                continue
            below = np.clip(np.searchsorted(points, position) - 1, 0, len(points) - 2)
            low.append(below)
            share.append((position - points[below]) / (points[below + 1] - points[below]))
        total = np.zeros(positions[0].shape)
        for corner in range(1 << len(self.axes)):
            weight = np.ones(positions[0].shape)
            index: list[npt.NDArray[np.intp]] = []
            for axis, points in enumerate(self.points):
                up = corner >> axis & 1
                weight = weight * (share[axis] if up else 1 - share[axis])
                index.append(np.minimum(low[axis] + up, len(points) - 1))
            total += weight * self.values[tuple(index)]
        return total


@dataclass(frozen=True, eq=False)
class PowerArc:
    """Energy inside the cell for a transition of its pin, without what charges the load.

    Attributes:
        related: pins whose transitions cause it; none where the pin's own is meant.
        when: the state of the other pins in which it holds; None: where no other arc does.
        supply: the supply pin that gives it, where a file tells them apart; their energies add up.
        rise, fall: fJ, over SLEW and LOAD.
    """

    related: tuple[str, ...]
    when: Expression | None
    rise: Table | None
    fall: Table | None
    supply: str = ""


@dataclass(frozen=True, eq=False)
class TimingArc:
    """Delays from the related pins, or a constraint between them and the pin.

    Attributes:
        kind: Liberty's timing_type; "combinational" where a file names none.
        sense: "positive_unate", "negative_unate", "non_unate", or "" where a file names none.
        tables: by Liberty's names, as cell_rise and fall_transition (ps, over SLEW and LOAD), and
            rise_constraint (ps, over DATA_SLEW and CLOCK_SLEW).
    """

    related: tuple[str, ...]
    kind: str
    sense: str
    when: Expression | None
    tables: Mapping[str, Table]


@dataclass(frozen=True, eq=False)
class Pin:
    """A pin, or the equal pins of a bus.

    Attributes:
        bits: of a bus; 1 of a pin.
        capacitance: fF, as input.
        function: of an output, over inputs and the names of the cell's state.
        max_capacitance, max_slew: fF and ps; None without a limit.
        is_clock: said to be one, by ``clock``.
        gate: its role in an integrated clock gate: "clock", "enable", "test", "out".
    """

    name: str
    direction: Direction
    bits: int = 1
    capacitance: float = 0.0
    function: Expression | None = None
    max_capacitance: float | None = None
    max_slew: float | None = None
    is_clock: bool = False
    gate: str = ""
    power: tuple[PowerArc, ...] = ()
    timing: tuple[TimingArc, ...] = ()


@dataclass(frozen=True, eq=False)
class State:
    """A flip-flop's or latch's state.

    Attributes:
        names: of the state and of its opposite, in functions of outputs.
        clock: of a flip-flop, where it rises; of a latch, where it is open.
        data: what is taken.
        clear, preset: asynchronously.
    """

    kind: Literal["ff", "latch"]
    names: tuple[str, str]
    clock: Expression | None
    data: Expression | None
    clear: Expression | None
    preset: Expression | None


@dataclass(frozen=True, eq=False)
class Cell:
    """A cell.

    Attributes:
        area: um2.
        leakage: nW, whatever the state.
        dont_use: the library's wish; clock gates often have it, since tools place them themselves.
        clock_gate: Liberty's clock_gating_integrated_cell, as latch_posedge_precontrol.
        memory: words and bits of a word of an SRAM.
    """

    name: str
    area: float
    leakage: float
    pins: Mapping[str, Pin]
    dont_use: bool = False
    state: State | None = None
    clock_gate: str = ""
    memory: tuple[int, int] | None = None

    def pin_of_gate(self, role: str) -> str:
        """Name of the pin with a role in a clock gate, or nothing."""
        return next((pin.name for pin in self.pins.values() if pin.gate == role), "")

    @property
    def outputs(self) -> tuple[Pin, ...]:
        """In the order of the file."""
        return tuple(pin for pin in self.pins.values() if pin.direction == "output")

    @property
    def inputs(self) -> tuple[Pin, ...]:
        """In the order of the file."""
        return tuple(pin for pin in self.pins.values() if pin.direction == "input")


@dataclass(frozen=True, eq=False)
class Library:
    """One or several Liberty files of one process corner.

    Attributes:
        name: of the first file's library.
        voltage: V.
        temperature: degrees Celsius.
        corner: name of its operating conditions.
        slew_thresholds: shares of the voltage between which transition times are measured, and the
            factor from there to the tables' transition times.
        wire_capacitance: fF for each unit of length of the library's wire-load model; 0 without.
        cells: by name.
    """

    name: str
    voltage: float
    temperature: float
    corner: str
    cells: Mapping[str, Cell]
    slew_thresholds: tuple[float, float, float] = (0.1, 0.9, 1.0)
    wire_capacitance: float = 0.0
    sources: tuple[str, ...] = field(default=())

    @property
    def memories(self) -> tuple[Cell, ...]:
        """Its SRAMs."""
        return tuple(cell for cell in self.cells.values() if cell.memory)


def without_memories(library: Library) -> Library:
    """The same library without its SRAMs."""
    cells = {name: cell for name, cell in library.cells.items() if not cell.memory}
    return replace(library, cells=cells)


def merged(libraries: Iterable[Library]) -> Library:
    """One library of all cells; standard cells come in several files, and each SRAM in its own.

    Raises RequestError where the corners differ, or two files have a cell of the same name.
    """
    first, *rest = libraries
    cells = dict(first.cells)
    for other in rest:
        if (other.voltage, other.temperature) != (first.voltage, first.temperature):
            raise RequestError(
                f"{other.sources[0]}: is for {other.voltage:g} V and {other.temperature:g} C, but "
                f"{first.sources[0]} for {first.voltage:g} V and {first.temperature:g} C; give "
                "files of one corner"
            )
        if both := cells.keys() & other.cells.keys():
            raise RequestError(
                f"{other.sources[0]}: cell {min(both)} is in another of the Liberty files as well"
            )
        cells |= other.cells
    return Library(
        name=first.name,
        voltage=first.voltage,
        temperature=first.temperature,
        corner=first.corner,
        cells=cells,
        slew_thresholds=first.slew_thresholds,
        wire_capacitance=first.wire_capacitance,
        sources=(first.sources + tuple(source for other in rest for source in other.sources)),
    )
