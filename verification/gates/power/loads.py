"""What each net of a netlist is loaded with, and how steep it is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tilewright.hw.spec.errors import RequestError
from tilewright.verification.gates.liberty import Cell, Library, Numbers
from tilewright.verification.gates.netlist import Instance, Netlist
from tilewright.verification.gates.power.assumptions import Assumptions

_ROUNDS = 20


@dataclass(frozen=True)
class CellGroup:
    """The instances of one cell.

    Attributes:
        numbers: of the instances in the netlist.
        nets: of each pin, net of each instance, and -1 where it is not connected.
    """

    cell: Cell
    numbers: npt.NDArray[np.int64]
    nets: Mapping[str, npt.NDArray[np.int64]]


@dataclass(frozen=True)
class Loads:
    """Of each net: fF of pins and wire, pins that it leads to, ps of its transitions.

    Attributes:
        wire: fF of wire for each pin.
        slew: of nets that nothing of the chip drives: that of an inverter that drives four.
    """

    groups: tuple[CellGroup, ...]
    capacitance: Numbers
    sinks: npt.NDArray[np.int64]
    slews: Numbers
    wire: float
    slew: float


def find_loads(
    netlist: Netlist,
    library: Library,
    assumptions: Assumptions,
    memory_pins: Mapping[int, tuple[int, float]],
) -> Loads:
    """Loads of a netlist; ``memory_pins``: of nets into SRAM, how many pins and their fF."""
    groups = group_cells(netlist, library)
    area = sum(group.cell.area * len(group.numbers) for group in groups)
    wire = assumptions.wire_of(area / max(len(netlist.instances), 1))
    capacitance = np.zeros(netlist.nets)
    sinks = np.zeros(netlist.nets, np.int64)
    for group in groups:
        for pin in group.cell.inputs:
            nets = group.nets[pin.name]
            nets = nets[nets >= 0]
            np.add.at(capacitance, nets, pin.capacitance)
            np.add.at(sinks, nets, 1)
    for net, (pins, load) in memory_pins.items():
        capacitance[net] += load
        sinks[net] += pins
    capacitance += wire * sinks
    slew = typical_slew(library)
    slews = np.full(netlist.nets, slew)
    for group in groups:
        for pin in group.cell.outputs:
            nets = group.nets[pin.name]
            nets = nets[nets >= 0]
            tables = [
                table
                for arc in pin.timing
                for name, table in arc.tables.items()
                if name.endswith("_transition")
            ]
            if tables and len(nets):
                loads = capacitance[nets]
                slews[nets] = np.mean([t.at(slew=slew, load=loads) for t in tables], axis=0)
    return Loads(groups, capacitance, sinks, slews, wire, slew)


def group_cells(netlist: Netlist, library: Library) -> tuple[CellGroup, ...]:
    """The netlist's instances by cell."""
    members: dict[str, list[int]] = {}
    for number, instance in enumerate(netlist.instances):
        members.setdefault(instance.cell, []).append(number)
    return tuple(
        _group(library.cells[name], numbers, netlist.instances)
        for name, numbers in sorted(members.items())
    )


def _group(cell: Cell, numbers: list[int], instances: tuple[Instance, ...]) -> CellGroup:
    nets = {
        pin: np.array([instances[number].pins.get(pin, -1) for number in numbers], np.int64)
        for pin in cell.pins
    }
    return CellGroup(cell, np.array(numbers, np.int64), nets)


def typical_slew(library: Library) -> float:
    """ps: an inverter's that drives four of itself, driven by one like it.

    Raises RequestError where the library has no inverter with delays.
    """
    inverters = [
        cell
        for cell in library.cells.values()
        if len(cell.inputs) == 1
        and len(cell.outputs) == 1
        and (function := cell.outputs[0].function)
        and function.operator == "not"
        and function.operands[0].pin == cell.inputs[0].name
        and any("rise_transition" in arc.tables for arc in cell.outputs[0].timing)
    ]
    if not inverters:
        raise RequestError(
            f"{', '.join(library.sources)}: has no inverter with delays, by which transition times "
            "are reckoned; give the Liberty files of all of a library's standard cells"
        )
    cell = min(inverters, key=lambda cell: (cell.area, cell.name))
    arc = next(arc for arc in cell.outputs[0].timing if "rise_transition" in arc.tables)
    tables = [arc.tables[name] for name in ("rise_transition", "fall_transition")]
    load, slew = 4 * cell.inputs[0].capacitance, 0.0
    for _ in range(_ROUNDS):
        slew = float(np.mean([table.at(slew=slew, load=load) for table in tables]))
    return slew
