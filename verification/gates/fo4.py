"""A library's FO4: the delay of an inverter that drives four of its kind.

Delays of logic in units of it hardly depend on the process, which makes it the unit of estimates.
"""

from __future__ import annotations

from dataclasses import dataclass

from tilewright.hw.spec.errors import RequestError
from tilewright.verification.gates.liberty import LOAD, SLEW, Cell, Library, TimingArc
from tilewright.verification.gates.usable import usable_cells

_FAN_OUT = 4
_STEPS = 100
"""Inverters in the chain whose last one is looked at; the slew has settled long before."""


@dataclass(frozen=True)
class Fo4:
    """Of the smallest inverter, in a chain of such: each drives four, the next one and three more.

    Attributes:
        cell: the inverter.
        delay_ps: mean of the rising and the falling output.
        slew_ps: mean transition time between them, in the terms of the library's tables.
    """

    cell: str
    delay_ps: float
    slew_ps: float


def fo4(library: Library) -> Fo4:
    """The library's. Raises RequestError for one without an inverter that has delays."""
    inverters = [cell for cell in usable_cells(library).logic if _delay_arc(cell)]
    if not inverters:
        raise RequestError(
            f"{', '.join(library.sources)}: has no inverter with delays, which the FO4 is made of"
        )
    cell = min(inverters, key=lambda cell: (cell.area, cell.name))
    arc = _delay_arc(cell)
    assert arc
    load = _FAN_OUT * cell.inputs[0].capacitance
    rising = falling = 0.0
    for _ in range(_STEPS):
        rising, falling = (
            float(arc.tables["rise_transition"].at(**{SLEW: falling, LOAD: load})),
            float(arc.tables["fall_transition"].at(**{SLEW: rising, LOAD: load})),
        )
    rise = float(arc.tables["cell_rise"].at(**{SLEW: falling, LOAD: load}))
    fall = float(arc.tables["cell_fall"].at(**{SLEW: rising, LOAD: load}))
    return Fo4(cell.name, (rise + fall) / 2, (rising + falling) / 2)


def _delay_arc(cell: Cell) -> TimingArc | None:
    """An inverter's, with delays and transitions of both edges; None of other cells."""
    function = cell.outputs[0].function
    if len(cell.inputs) != 1 or function is None or function.operator != "not":
        return None
    needed = {"cell_rise", "cell_fall", "rise_transition", "fall_transition"}
    return next((arc for arc in cell.outputs[0].timing if needed <= arc.tables.keys()), None)
