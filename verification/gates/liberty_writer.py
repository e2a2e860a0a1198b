"""Writes what Yosys and ABC need of a library as one plain Liberty file.

They read neither several files of one library nor compressed ones alike, and differ in what they
take for a cell that may be used.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tilewright.verification.gates.boolean import Expression
from tilewright.verification.gates.liberty import (
    LOAD,
    SLEW,
    Cell,
    Library,
    Numbers,
    Pin,
    State,
    Table,
    TimingArc,
)

_SIGNS = {"and": "*", "or": "+", "xor": "^"}
_VARIABLES = {SLEW: "input_net_transition", LOAD: "total_output_net_capacitance"}


def liberty_text(library: Library, cells: Sequence[Cell]) -> str:
    """Liberty of ``cells``: area, functions, capacitances, flip-flops and delays of ``library``."""
    return "\n".join(
        [
            f'library ("{library.name}") {{',
            "delay_model : table_lookup;",
            'time_unit : "1ps";',
            'voltage_unit : "1V";',
            "capacitive_load_unit (1, ff);",
            f"nom_voltage : {library.voltage:g};",
            *_templates(cells),
            *(line for cell in cells for line in _cell(cell)),
            "}",
            "",
        ]
    )


def function_text(function: Expression) -> str:
    """A function in signs that every reader knows."""
    if function.operator == "pin":
        return function.pin
    if function.operator in ("0", "1"):
        return function.operator
    operands = [function_text(operand) for operand in function.operands]
    if function.operator == "not":
        return f"!{operands[0]}"
    return f"({_SIGNS[function.operator].join(operands)})"


def _templates(cells: Sequence[Cell]) -> Iterator[str]:
    """ABC reads no table without the template that it names."""
    tables = {
        _template(table): table
        for cell in cells
        for pin in cell.pins.values()
        for arc in pin.timing
        for table in arc.tables.values()
        if table.axes and set(table.axes) <= _VARIABLES.keys()
    }
    for name, table in tables.items():
        yield f"lu_table_template ({name}) {{"
        for number, (axis, points) in enumerate(zip(table.axes, table.points, strict=True), 1):
            yield f"variable_{number} : {_VARIABLES[axis]};"
            yield f'index_{number} ("{_numbers(points)}");'
        yield "}"


def _template(table: Table) -> str:
    sizes = (str(len(points)) for points in table.points)
    return "_".join((*table.axes, *sizes)) or "scalar"


def _cell(cell: Cell) -> Iterator[str]:
    yield f'cell ("{cell.name}") {{'
    yield f"area : {cell.area:g};"
    if cell.state:
        yield from _state(cell.state)
    for pin in cell.pins.values():
        if pin.direction != "internal":
            yield from _pin(pin)
    yield "}"


def _state(state: State) -> Iterator[str]:
    yield f"{state.kind} ({state.names[0]}, {state.names[1]}) {{"
    names = ("clocked_on", "next_state") if state.kind == "ff" else ("enable", "data_in")
    functions = (state.clock, state.data, state.clear, state.preset)
    for name, function in zip((*names, "clear", "preset"), functions, strict=True):
        if function:
            yield f'{name} : "{function_text(function)}";'
    yield "}"


def _pin(pin: Pin) -> Iterator[str]:
    yield f'pin ("{pin.name}") {{'
    yield f"direction : {pin.direction};"
    yield f"capacitance : {pin.capacitance:g};"
    if pin.is_clock:
        yield "clock : true;"
    if pin.function:
        yield f'function : "{function_text(pin.function)}";'
    if pin.max_capacitance:
        yield f"max_capacitance : {pin.max_capacitance:g};"
    if pin.direction == "output":
        arcs = [arc for arc in pin.timing if arc.kind.startswith("combinational")]
        for related in dict.fromkeys(name for arc in arcs for name in arc.related):
            yield from _timing(related, [arc for arc in arcs if related in arc.related])
    yield "}"


def _timing(related: str, arcs: Sequence[TimingArc]) -> Iterator[str]:
    """One arc for a pin: of any state, or where none is, the slowest of the states."""
    chosen = [arc for arc in arcs if arc.when is None] or arcs
    senses = {arc.sense for arc in chosen}
    yield "timing () {"
    yield f'related_pin : "{related}";'
    yield f"timing_sense : {(senses.pop() if len(senses) == 1 else '') or 'non_unate'};"
    names = dict.fromkeys(name for arc in chosen for name in arc.tables)
    for name in names:
        tables = [arc.tables[name] for arc in chosen if name in arc.tables]
        yield from _table(name, max(tables, key=lambda table: float(table.values.mean())))
    yield "}"


def _table(name: str, table: Table) -> Iterator[str]:
    """With the points in the table: the templates' are those of one file of several."""
    if not table.axes:
        yield f'{name} (scalar) {{ values ("{float(table.values):g}"); }}'
        return
    yield f"{name} ({_template(table)}) {{"
    for number, points in enumerate(table.points, 1):
        yield f'index_{number} ("{_numbers(points)}");'
    rows = table.values.reshape(-1, table.values.shape[-1])
    listed = ", ".join(f'"{_numbers(row)}"' for row in rows)
    yield f"values ({listed});"
    yield "}"


def _numbers(values: Numbers) -> str:
    return ", ".join(f"{value:.7g}" for value in values)
