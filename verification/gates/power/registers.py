"""Energy that flip-flops spend on their clock, by what they hold and are given."""

from __future__ import annotations

import numpy as np

from tilewright.verification.gates.evaluation.evaluator import Counts
from tilewright.verification.gates.liberty import Cell, Numbers
from tilewright.verification.gates.power.internal import state_weights, table_value
from tilewright.verification.gates.usable import register_pins

STATES = ((0, 0), (0, 1), (1, 0), (1, 1))
"""Data and state, in the order of `Activity.pulses`."""


def clock_energy(cell: Cell, pulses: Counts, slew: float) -> Numbers:
    """fJ that the clock pin's edges take inside of each of a cell's registers.

    ``pulses``: [registers, 8], as in `Activity`. A rising edge finds data and state as they are at
    a cycle's end; the falling one, half a cycle later, as they have then settled.
    """
    clock, data, outputs = register_pins(cell)
    arcs = [arc for arc in cell.pins[clock].power if not arc.related]
    one = np.ones(1)
    energy = np.zeros(len(pulses))
    for number, (given, held) in enumerate(STATES):
        high = {data: given * one}
        high |= {pin: (held ^ inverted) * one for pin, inverted in outputs.items()}
        # Clear, preset and scan are at rest.
        high |= {
            pin.name: _rest(cell, pin.name) * one for pin in cell.inputs if pin.name not in high
        }
        for supply in dict.fromkeys(arc.supply for arc in arcs):
            parts = [arc for arc in arcs if arc.supply == supply]
            for arc, weight in zip(parts, state_weights(parts, high, one), strict=True):
                rise = float(table_value(arc.rise, slew * one, 0 * one)[0])
                fall = float(table_value(arc.fall, slew * one, 0 * one)[0])
                share = float(weight[0])
                energy += share * (rise * pulses[:, number] + fall * pulses[:, 4 + number])
    return energy


def _rest(cell: Cell, pin: str) -> int:
    """The value of a control pin that leaves the flip-flop alone."""
    state = cell.state
    assert state
    for function in (state.clear, state.preset):
        if function and pin in function.pins:
            return int(function.value({**dict.fromkeys(function.pins, 0), pin: 0}) != 0)
    return 0
