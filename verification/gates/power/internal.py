"""Energy inside of cells, from the tables of their pins."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from tilewright.verification.gates.boolean import Expression
from tilewright.verification.gates.liberty import LOAD, SLEW, Numbers, Pin, PowerArc, Table


def own_energy(
    pin: Pin, high: Mapping[str, Numbers], slew: Numbers, load: Numbers
) -> tuple[Numbers, Numbers]:
    """fJ of a rise and of a fall of an input pin, by its own arcs, for each instance.

    ``high``: how often each pin of the cell is one.
    """
    arcs = [arc for arc in pin.power if not arc.related]
    return _mean(arcs, high, slew, load)


def output_energy(
    pin: Pin,
    transitions: Mapping[str, Numbers],
    high: Mapping[str, Numbers],
    slews: Mapping[str, Numbers],
    load: Numbers,
) -> Numbers:
    """fJ of a transition of an output pin, the mean of rise and fall, for each instance.

    What causes it is one of the pins that arcs name, each as often as it changes: ``transitions``.
    """
    related = dict.fromkeys(name for arc in pin.power for name in arc.related)
    total, weights = np.zeros(load.shape), np.zeros(load.shape)
    for name in related:
        arcs = [arc for arc in pin.power if name in arc.related]
        rise, fall = _mean(arcs, high, slews[name], load)
        # Where nothing changes, nothing is asked for.
        weight = transitions[name] + 1e-9
        total += weight * (rise + fall) / 2
        weights += weight
    if related:
        return total / weights
    rise, fall = _mean(list(pin.power), high, next(iter(slews.values()), load * 0), load)
    return (rise + fall) / 2


def _mean(
    arcs: Sequence[PowerArc], high: Mapping[str, Numbers], slew: Numbers, load: Numbers
) -> tuple[Numbers, Numbers]:
    """fJ of rise and fall, the states of ``arcs`` weighted by how often they are.

    What supplies give adds up. An arc without a state holds in all states that no other names.
    """
    rise, fall = np.zeros(load.shape), np.zeros(load.shape)
    for supply in dict.fromkeys(arc.supply for arc in arcs):
        parts = [arc for arc in arcs if arc.supply == supply]
        for arc, weight in zip(parts, state_weights(parts, high, load), strict=True):
            rise += weight * table_value(arc.rise, slew, load)
            fall += weight * table_value(arc.fall, slew, load)
    return rise, fall


def state_weights(
    arcs: Sequence[PowerArc], high: Mapping[str, Numbers], like: Numbers
) -> list[Numbers]:
    """How often each arc holds; pins are taken to be independent."""
    given = [_probability(arc.when, high, like) if arc.when else None for arc in arcs]
    known = sum((share for share in given if share is not None), np.zeros(like.shape))
    scale = np.maximum(known, 1.0)
    rest = np.maximum(1.0 - known, 0.0)
    others = sum(share is None for share in given)
    return [rest / others if share is None else share / scale for share in given]


def _probability(when: Expression, high: Mapping[str, Numbers], like: Numbers) -> Numbers:
    # A name that is no pin's, as of an internal node, says nothing.
    ones = {pin: high.get(pin, np.full(like.shape, 0.5)) for pin in when.pins}
    return np.zeros(like.shape) + when.probability(ones)


def table_value(table: Table | None, slew: Numbers, load: Numbers) -> Numbers:
    """Values of a table of energies; zero without one."""
    if table is None:
        return np.zeros(load.shape)
    return np.zeros(load.shape) + table.at(**{SLEW: slew, LOAD: load})
