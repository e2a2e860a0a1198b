"""What static timing analysis takes from a cell: arcs from edge to edge, and setup checks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import ceil
from typing import Literal

from tilewright.hw.spec.errors import RequestError
from tilewright.verification.gates.liberty import (
    CLOCK_SLEW,
    DATA_SLEW,
    Cell,
    Library,
    Table,
    TimingArc,
)

Edge = Literal[0, 1]
RISE: Edge = 0
FALL: Edge = 1
EDGES: tuple[Edge, Edge] = (RISE, FALL)

_TABLES: Mapping[Edge, tuple[str, str]] = {
    RISE: ("cell_rise", "rise_transition"),
    FALL: ("cell_fall", "fall_transition"),
}
_CONSTRAINTS: Mapping[Edge, str] = {RISE: "rise_constraint", FALL: "fall_constraint"}
_COMBINATIONAL = ("combinational", "combinational_rise", "combinational_fall")


@dataclass(frozen=True, eq=False)
class Arc:
    """From an edge of a pin to one of an output; ps over slew and load."""

    source: str
    source_edge: Edge
    target: str
    target_edge: Edge
    delay: Table
    slew: Table


@dataclass(frozen=True, eq=False)
class Check:
    """How long before the clock's rising edge an input must have its edge; ps over both slews."""

    pin: str
    edge: Edge
    setup: Table


@dataclass(frozen=True, eq=False)
class CellTiming:
    """A cell's arcs, worst case of all states (Liberty's ``when``).

    Attributes:
        logic: from inputs to outputs.
        launch: from the clock's rising edge to outputs; ``source`` is the clock pin.
        checks: of inputs against the clock's rising edge.
        clocks: pins that must be the clock.
    """

    logic: tuple[Arc, ...]
    launch: tuple[Arc, ...]
    checks: tuple[Check, ...]
    clocks: tuple[str, ...]


def cell_timing(cell: Cell) -> CellTiming:
    """Of a gate, of a flip-flop that takes data as the clock rises, of a clock gate, or of an SRAM.

    What a clock gate does to the clock is no arc: clocks are ideal. A missing timing sense is taken
    for either. Asynchronous clears, three-state outputs, hold, pulse widths: not looked at.
    """
    outputs = () if cell.clock_gate else cell.outputs
    launch = tuple(
        edge
        for pin in outputs
        for arc in pin.timing
        if arc.kind == "rising_edge"
        for edge in _arcs(pin.name, arc, (RISE,))
    )
    logic = tuple(
        edge
        for pin in outputs
        if not (cell.state or cell.memory)
        for arc in pin.timing
        if arc.kind in _COMBINATIONAL
        for edge in _arcs(pin.name, arc, EDGES)
    )
    setups = [
        (pin.name, arc) for pin in cell.inputs for arc in pin.timing if arc.kind == "setup_rising"
    ]
    checks = tuple(
        Check(name, edge, arc.tables[_CONSTRAINTS[edge]])
        for name, arc in setups
        for edge in EDGES
        if _CONSTRAINTS[edge] in arc.tables
    )
    clocks = {arc.source for arc in launch} | {pin for _, arc in setups for pin in arc.related}
    return CellTiming(logic, launch, checks, tuple(sorted(clocks)))


def _arcs(output: str, arc: TimingArc, edges: tuple[Edge, ...]) -> Iterator[Arc]:
    """From the given edges of the related pins."""
    for source in arc.related:
        for source_edge in edges:
            for target_edge, (delay, slew) in _TABLES.items():
                same = source_edge == target_edge
                unlike = "negative_unate" if same else "positive_unate"
                clocked = arc.kind == "rising_edge"
                if delay in arc.tables and slew in arc.tables and (clocked or arc.sense != unlike):
                    yield Arc(
                        source,
                        source_edge,
                        output,
                        target_edge,
                        arc.tables[delay],
                        arc.tables[slew],
                    )


@dataclass(frozen=True, eq=False)
class Macro:
    """An SRAM that stands for the chip's memories.

    Attributes:
        launch: from the clock to a bit that is read, of the output's own tables.
        checks: of all inputs alike, the strictest of the macro's.
    """

    cell: Cell
    launch: tuple[Arc, ...]
    checks: tuple[Check, ...]


@dataclass(frozen=True)
class Macros:
    """The SRAMs of a library."""

    library: Library

    def of(self, words: int, bits: int) -> Macro | None:
        """The one that a memory of ``words`` of ``bits`` has least area of, in as many as it needs.

        None where the library has none. Raises RequestError for one that states no access.
        """

        def size(cell: Cell) -> tuple[float, int]:
            assert cell.memory
            number = ceil(words / cell.memory[0]) * ceil(bits / cell.memory[1])
            return number * cell.area, number

        cell = min(self.library.memories, key=size, default=None)
        return None if cell is None else _macro(cell)


def _macro(cell: Cell) -> Macro:
    timing = cell_timing(cell)
    if not timing.launch:
        raise RequestError(
            f"SRAM {cell.name}: its Liberty states no delay from a rising clock to an output"
        )
    # A second clock, as that of a built-in test, is another way to the same words.
    clock = timing.launch[0].source
    launch = tuple(
        arc
        for arc in timing.launch
        if arc.source == clock and arc.target == timing.launch[0].target
    )
    related = {
        pin.name
        for pin in cell.inputs
        for arc in pin.timing
        if arc.kind == "setup_rising" and clock in arc.related
    }
    checks: list[Check] = []
    for edge in EDGES:
        own = [check for check in timing.checks if check.pin in related and check.edge == edge]
        if own:
            checks.append(max(own, key=_least_setup))
    return Macro(cell, launch, tuple(checks))


def _least_setup(check: Check) -> float:
    """Setup of an input and a clock that change at once."""
    return float(check.setup.at(**{DATA_SLEW: 0.0, CLOCK_SLEW: 0.0}))
