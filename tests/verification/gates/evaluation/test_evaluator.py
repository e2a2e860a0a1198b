"""Counts of small netlists against those of a simulation that goes cycle by cycle."""

import random
from itertools import pairwise

import numpy as np
import pytest

from tests.small_library import CELLS
from tilewright.hw.spec.errors import TilewrightError
from tilewright.verification.gates.evaluation.evaluator import (
    Activity,
    Evaluator,
    Layout,
    MismatchError,
)
from tilewright.verification.gates.evaluation.program import compile_netlist
from tilewright.verification.gates.liberty_reader import parse_liberty
from tilewright.verification.gates.netlist import Instance, Netlist

LIBRARY = parse_liberty(CELLS, "small")
BLOCK = 512


def instance(name, cell, signal="", **pins):
    return Instance(name, "", cell, pins, signal, 0)


def netlist(nets, instances, **inputs):
    ports = {"clk": (2,), **{name: (net,) for name, net in inputs.items()}}
    return Netlist(nets, ports, {}, tuple(instances), (), {})


def evaluate(design, columns, windows, warm_up=0):
    """``columns``: values of each recorded signal, cycle by cycle; a byte for each in a row."""
    program = compile_netlist(design, LIBRARY)
    layout = Layout(list(range(len(program.signals))), len(program.signals))
    rows = np.array([columns[name] for name in program.signals], np.uint8).T
    evaluator = Evaluator(program, layout, warm_up)
    found = [Activity.empty(program) for _ in windows]
    try:
        for begin in range(0, len(rows), BLOCK):
            evaluator.run(rows[begin : begin + BLOCK])
            for (first, last), activity in zip(windows, found, strict=True):
                evaluator.count(first, last, activity)
    finally:
        evaluator.close()
    return found


def toggler():
    """A register that inverts itself while ``go`` is one: x = NAND(go, NOT q) ..."""
    return netlist(
        8,
        [
            instance("gate", "GATE", C=2, E=3, G=4),
            instance("not", "INV", A=5, Y=6),
            instance("q", "DFF", "q", C=4, D=6, Q=5),
        ],
        go=3,
    )


def test_a_gated_toggler_is_counted_as_by_hand():
    go = [0, 1, 1, 0, 1, 1, 1, 0]
    q = [0, 0, 1, 0, 0, 1, 0, 1]
    (all_of_it,) = evaluate(toggler(), {"go": go, "q": q}, [(0, 8)])
    assert all_of_it.cycles == 8
    assert all_of_it.transitions[[3, 5, 6]].tolist() == [4, 5, 5]
    assert all_of_it.high[[3, 5, 6]].tolist() == [5, 3, 5]
    # At the ends of cycles 1, 2, 4, 5, 6 the register is clocked; at the begins of the next ones,
    # 2, 3, 5, 6, 7, it was. Data is the state's opposite.
    assert all_of_it.pulses.tolist() == [[0, 2, 3, 0, 0, 3, 2, 0]]


def test_windows_are_counted_apart():
    go = [0, 1, 1, 0, 1, 1, 1, 0]
    q = [0, 0, 1, 0, 0, 1, 0, 1]
    first, second = evaluate(toggler(), {"go": go, "q": q}, [(0, 3), (3, 8)])
    assert (first.cycles, second.cycles) == (3, 5)
    assert (first.transitions[5], second.transitions[5]) == (1, 4)


def test_a_register_that_holds_something_else_is_found():
    go, q = [0, 1, 1, 0, 1, 1, 1, 0], [0, 0, 1, 0, 0, 1, 1, 1]
    with pytest.raises(MismatchError) as error:
        evaluate(toggler(), {"go": go, "q": q}, [])
    assert (error.value.register, error.value.cycle) == (0, 6)


@pytest.mark.parametrize("cycle", [511, 512, 513])
def test_a_difference_beside_the_border_of_blocks_is_found(cycle):
    go = [1] * 600
    q = [number % 2 for number in range(600)]
    evaluate(toggler(), {"go": go, "q": q}, [])
    q[cycle] ^= 1
    with pytest.raises(MismatchError) as error:
        evaluate(toggler(), {"go": go, "q": q}, [])
    assert error.value.cycle == cycle


GATES = {
    "INV": lambda a: 1 - a,
    "BUF": lambda a: a,
    "NAND2": lambda a, b: 1 - (a & b),
    "NOR2": lambda a, b: 1 - (a | b),
    "XOR2": lambda a, b: a ^ b,
}


@pytest.mark.parametrize("seed", range(4))
def test_random_netlists_are_counted_as_cycle_by_cycle(seed):
    """With registers that have a name, such as have none, and a gated clock."""
    draw = random.Random(seed)
    inputs = {f"i{number}": 3 + number for number in range(4)}
    known = {f"r{number}": 7 + number for number in range(6)}
    hidden = {f"h{number}": 13 + number for number in range(3)}
    nets = [*inputs.values(), *known.values()]
    gates = []
    next_net = 20
    for number in range(60):
        cell = draw.choice(list(GATES))
        # Registers without a name are used late only, so that none hangs on itself.
        sources = nets + (list(hidden.values()) if number >= 40 else [])
        pins = {pin: draw.choice(sources) for pin in ("AB" if cell[-1] == "2" else "A")}
        gates.append((cell, pins, next_net))
        nets.append(next_net)
        next_net += 1
    early = [net for _, _, net in gates[:40]]
    late = [net for _, _, net in gates]
    enable, gated = draw.choice(early), next_net
    registers = []
    for number, (name, net) in enumerate(known.items()):
        registers.append((name, net, draw.choice(late), gated if number % 2 else 2))
    for number, (name, net) in enumerate(hidden.items()):
        registers.append((name, net, draw.choice(early), gated if number == 0 else 2))
    instances = [instance(f"g{net}", cell, **pins, Y=net) for cell, pins, net in gates]
    instances.append(instance("gate", "GATE", C=2, E=enable, G=gated))
    for name, net, data, clock in registers:
        signal = name if name in known else ""
        instances.append(instance(name, "DFF", signal, C=clock, D=data, Q=net))
    draw.shuffle(instances)
    design = netlist(next_net + 1, instances, **inputs)

    cycles, values = 1300, dict.fromkeys([0, *known.values(), *hidden.values()], 0)
    columns = {name: [] for name in (*inputs, *known)}
    before, history = None, []
    for _ in range(cycles):
        for net in inputs.values():
            values[net] = draw.randrange(2)
        if before:
            for _, net, data, clock in registers:
                if clock == 2 or before[enable]:
                    values[net] = before[data]
        for cell, pins, net in gates:
            values[net] = GATES[cell](*(values[source] for source in pins.values()))
        for name, net in {**inputs, **known}.items():
            columns[name].append(values[net])
        before = dict(values)
        history.append(before)

    windows = [(64, 700), (700, 1290)]
    found = evaluate(design, columns, windows, warm_up=64)
    for (first, last), activity in zip(windows, found, strict=True):
        for net in nets:
            seen = [history[cycle][net] for cycle in range(first - 1, last)]
            assert activity.high[net] == sum(seen[1:])
            assert activity.transitions[net] == sum(one != two for one, two in pairwise(seen))
        program = compile_netlist(design, LIBRARY)
        by_name = {name: (net, data, clock) for name, net, data, clock in registers}
        for number, counts in zip(program.instances, activity.pulses, strict=True):
            net, data, clock = by_name[design.instances[number].name]
            expected = [0] * 8
            for cycle in range(first, last):
                state = 2 * history[cycle][data] + history[cycle][net]
                expected[state] += clock == 2 or history[cycle][enable]
                expected[4 + state] += clock == 2 or history[cycle - 1][enable]
            assert counts.tolist() == expected


def test_a_loop_is_no_netlist():
    ring = netlist(6, [instance("a", "INV", A=3, Y=4), instance("b", "INV", A=4, Y=3)])
    with pytest.raises(TilewrightError, match="a: cannot be evaluated: it is in a loop"):
        compile_netlist(ring, LIBRARY)


def test_a_net_needs_one_driver():
    with pytest.raises(TilewrightError, match="a: an input is driven by nothing"):
        compile_netlist(netlist(6, [instance("a", "INV", A=3, Y=4)]), LIBRARY)
    twice = [instance("a", "INV", A=3, Y=4), instance("b", "INV", A=3, Y=4)]
    with pytest.raises(TilewrightError, match="b drives a net that has another driver"):
        compile_netlist(netlist(6, twice, i=3), LIBRARY)
