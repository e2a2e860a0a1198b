"""Which cells of a library a chip of ours is made of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase

from tilewright.hw.spec.errors import RequestError
from tilewright.verification.gates.liberty import Cell, Library

_GATES = "latch_posedge"
"""Begin of the kinds of clock gates whose output rests low and whose enable may change any time in
the clock's low half: what follows an edge's registers is taken at the next edge."""


@dataclass(frozen=True)
class Usable:
    """Cells by role.

    Attributes
    ----------
    logic: gates with a function of their inputs.
    registers: flip-flops that take one input at the rising edge.
    clock_gate: the smallest; None without one: registers then keep their value by a multiplexer.
    high, low: cells that give a constant, and their pin; None without.
    """

    logic: tuple[Cell, ...]
    registers: tuple[Cell, ...]
    clock_gate: Cell | None
    high: tuple[str, str] | None
    low: tuple[str, str] | None


def usable_cells(library: Library, dont_use: tuple[str, ...] = ()) -> Usable:
    """The cells that a chip is mapped to; ``dont_use``: patterns of names of others to leave out.

    A library's own ``dont_use`` holds for gates and registers, not for clock gates and constants:
    tools place these themselves, for which libraries keep them out of mapping. Raises RequestError
    where the library has no cells for a chip.
    """
    allowed = [
        cell
        for cell in library.cells.values()
        if not any(fnmatchcase(cell.name, pattern) for pattern in dont_use)
    ]
    gates = [cell for cell in allowed if _is_logic(cell) and not cell.dont_use]
    logic = tuple(cell for cell in gates if not any(_is_better(other, cell) for other in gates))
    registers = tuple(cell for cell in allowed if is_register(cell) and not cell.dont_use)
    missing = {"gates": logic, "flip-flops that take their input at the rising edge": registers}
    for what, found in missing.items():
        if not found:
            raise RequestError(
                f"{', '.join(library.sources)}: has no {what} that may be used; give the Liberty "
                "files of all of a library's standard cells"
            )
    clock_gates = [cell for cell in allowed if is_clock_gate(cell)]
    constants = {
        function.operator: (cell.name, cell.outputs[0].name)
        for cell in reversed(allowed)
        if not cell.inputs and len(cell.outputs) == 1 and (function := cell.outputs[0].function)
    }
    return Usable(
        logic=logic,
        registers=registers,
        clock_gate=min(clock_gates, key=lambda cell: (cell.area, cell.name), default=None),
        high=constants.get("1"),
        low=constants.get("0"),
    )


def is_clock_gate(cell: Cell) -> bool:
    """Whether it is an integrated clock gate for registers that take their input as it rises."""
    return cell.clock_gate.startswith(_GATES) and all(
        cell.pin_of_gate(role) for role in ("clock", "enable", "out")
    )


def is_register(cell: Cell) -> bool:
    """Whether it is a flip-flop with one data input, which it may invert, and a rising clock.

    It may be cleared or set asynchronously, which is then never done.
    """
    state = cell.state
    if state is None or state.kind != "ff" or state.clock is None or state.data is None:
        return False
    return state.clock.operator == "pin" and len(state.data.pins) == 1 and not cell.clock_gate


def register_pins(cell: Cell) -> tuple[str, str, Mapping[str, bool]]:
    """Clock pin and data pin of a flip-flop; its outputs, and whether each is the opposite of what
    the data pin had."""
    state = cell.state
    assert state
    assert state.clock
    assert state.data
    inverts = state.data.operator == "not"
    outputs: dict[str, bool] = {}
    for pin in cell.outputs:
        if pin.function and pin.function.pins and pin.function.pins[0] in state.names:
            opposite = pin.function.pins[0] == state.names[1]
            outputs[pin.name] = inverts ^ opposite ^ (pin.function.operator == "not")
    return state.clock.pin, state.data.pins[0], outputs


def _is_logic(cell: Cell) -> bool:
    """Gates of one output, which all that reads libraries agrees on."""
    if cell.state or cell.clock_gate or cell.memory or len(cell.outputs) != 1 or not cell.inputs:
        return False
    function = cell.outputs[0].function
    inputs = {pin.name for pin in cell.inputs}
    # A three-state buffer has a pin that its function does not name.
    return function is not None and set(function.pins) == inputs


def _is_better(cell: Cell, other: Cell) -> bool:
    """Whether nothing speaks for the ``other`` cell: a delay cell, beside a buffer."""
    ours, theirs = _measures(cell), _measures(other)
    return (
        _shape(cell) == _shape(other)
        and ours != theirs
        and all(one <= two for one, two in zip(ours, theirs, strict=True))
    )


def _shape(cell: Cell) -> tuple[tuple[str, ...], int]:
    """What the cell does, with its inputs in the file's order."""
    function = cell.outputs[0].function
    assert function
    names = tuple(pin.name for pin in cell.inputs)
    return names, function.truth_table(names)


def _measures(cell: Cell) -> tuple[float, ...]:
    """Area, longest mean delay of its tables, what it can drive: less is better."""
    delays = [
        float(table.values.mean())
        for arc in cell.outputs[0].timing
        for name, table in arc.tables.items()
        if name.startswith("cell_")
    ]
    drive = cell.outputs[0].max_capacitance or 0.0
    return cell.area, max(delays, default=0.0), -drive
