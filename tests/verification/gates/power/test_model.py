"""Energies of small netlists, reckoned by hand from the small library's numbers."""

import numpy as np
import pytest

from tests.small_library import CELLS, sram
from tilewright.verification.gates.evaluation.evaluator import Activity
from tilewright.verification.gates.liberty import merged
from tilewright.verification.gates.liberty_reader import parse_liberty
from tilewright.verification.gates.netlist import Instance, Memory, Netlist, ReadPort, WritePort
from tilewright.verification.gates.power.assumptions import Assumptions
from tilewright.verification.gates.power.clock_tree import clock_buffer, clock_tree
from tilewright.verification.gates.power.kinds import KINDS
from tilewright.verification.gates.power.model import PowerModel

LIBRARY = parse_liberty(CELLS, "small")
WIRE = Assumptions(wire_ff=1.0)
GHZ = 1e9


def instance(path, cell, signal="", **pins):
    return Instance(path, path, cell, pins, signal, 0)


def block(path):
    return path


def toggler():
    """While ``go`` is one, a register inverts itself."""
    parts = [
        instance("gate", "GATE", C=2, E=3, G=4),
        instance("not", "INV", A=5, Y=6),
        instance("q", "DFF", "q", C=4, D=6, Q=5),
    ]
    return Netlist(7, {"clk": (2,), "go": (3,)}, {}, tuple(parts), (), {})


def activity(model, cycles, transitions, high, pulses):
    found = Activity.empty(model.program)
    found.cycles = cycles
    for net, count in transitions.items():
        found.transitions[net] = count
    for net, count in high.items():
        found.high[net] = count
    found.pulses[:] = pulses
    return found


def fj(energy, name):
    return {kind: value * 1000 for kind, value in energy[name].items() if value}


def test_a_gated_toggler_takes_what_is_reckoned_by_hand():
    model = PowerModel(toggler(), LIBRARY, block, WIRE)
    # 8 cycles: open in 5, in which the register changes (test_evaluator has the same).
    what = activity(model, 8, {3: 4, 5: 5, 6: 5}, {3: 5, 5: 3, 6: 5}, [[0, 2, 3, 0, 0, 3, 2, 0]])
    energy = model.energy(what, GHZ)
    nw_8ns = 8e-3
    # INV: 5 transitions of 1 or 2 fJ; its net has the register's 1 fF and 1 fF of wire.
    assert fj(energy, "not") == pytest.approx(
        {"internal": 5 * 1.5, "switching": 5 / 2 * (1 + 1), "leakage": 1 * nw_8ns}
    )
    # Register: 5 transitions of 20 or 22 fJ; the clock's falls take 7 fJ with data that differs,
    # its rises nothing then; 5 pulses charge 3 fF and 1 fF of wire. Its net: 2 fF and 1 fF.
    assert fj(energy, "q") == pytest.approx(
        {
            "internal": 5 * 21,
            "clock": 5 * 7 + 5 * (3 + 1),
            "switching": 5 / 2 * (2 + 1),
            "leakage": 8 * nw_8ns,
        }
    )
    # Gate: its clock pin takes 2 + 2 fJ and 4 + 1 fF in each of 8 cycles, its output 6 + 4 in 5.
    assert fj(energy, "gate") == pytest.approx(
        {"clock": 8 * (4 + 5) + 5 * 10, "leakage": 6 * nw_8ns}
    )


def test_an_xor_is_asked_for_the_pin_that_changes():
    """Both pins' arcs are alike but for what changes: the mean is weighted by it."""
    text = CELLS.replace(
        "cell (XOR2) { area : 4;", "cell (XOR2) { area : 4; /* two arcs, by state */"
    )
    library = parse_liberty(text, "small")
    parts = (instance("x", "XOR2", A=3, B=4, Y=5),)
    model = PowerModel(
        Netlist(6, {"clk": (2,), "a": (3,), "b": (4,)}, {}, parts, (), {}), library, block, WIRE
    )
    what = activity(model, 10, {3: 6, 4: 2, 5: 8}, {}, np.zeros((0, 8)))
    assert fj(model.energy(what, GHZ), "x")["internal"] == pytest.approx(8 * 4.5)


def test_a_clock_tree_has_as_many_levels_as_its_load_needs():
    """A buffer drives half of 200 fF: 1,000 fF need 10, and those 10 times 3 fF: none."""
    buffer = clock_buffer(LIBRARY, WIRE, 1.0)
    assert buffer
    assert (buffer.cell.name, buffer.drive, buffer.input) == ("BUF", 100, 3)
    tree = clock_tree(buffer, 1000, 50, slew=10, voltage=1)
    # 2 and 3 fJ inside, and 3 fF at 1 V.
    assert (tree.buffers, tree.pulse_fj, tree.leakage_nw) == (10, 10 * (5 + 3), 20)
    # 10,000 fF: 100, 300 fF: 3, 9 fF.
    assert clock_tree(buffer, 10_000, 50, slew=10, voltage=1).buffers == 103
    assert clock_tree(buffer, 40, 50, slew=10, voltage=1).buffers == 0


def memory_netlist():
    """64 words of 16 bits: bytes are written apart (nets 4 and 5), reading is net 3."""
    address, data = tuple(range(6, 12)), tuple(range(12, 28))
    memory = Memory(
        "ram",
        64,
        16,
        (ReadPort(3, address, data, tuple(("ram_data", bit) for bit in range(16))),),
        (WritePort((4,) * 8 + (5,) * 8, address, tuple(range(28, 44))),),
    )
    inputs = {"clk": (2,), "re": (3,), "we": (4, 5), "a": address, "d": tuple(range(28, 44))}
    return Netlist(44, inputs, {}, (instance("x", "INV", A=12, Y=1 + 43),), (memory,), {})


def test_sram_takes_what_its_accesses_take():
    """Of macros of 32 words of 8 bits, four: two rows, two columns."""
    library = merged([LIBRARY, parse_liberty(sram(32, 8, read=100, write=300), "sram")])
    design = memory_netlist()
    design = Netlist(45, design.inputs, {}, design.instances, design.memories, {})
    model = PowerModel(design, library, block, WIRE)
    (tiling,) = model.tilings
    assert (tiling.macro.name, tiling.rows, tiling.columns) == ("SRAM_32x8", 2, 2)
    program = model.program
    what = activity(model, 100, {12: 10}, {3: 20, 4: 7, 5: 9}, np.zeros((0, 8)))
    what.high[program.watched[0]] = 11  # cycles in which any byte is written
    what.high[program.watched[1]], what.high[program.watched[2]] = 7, 9
    energy = fj(model.energy(what, GHZ), "ram")
    # A read reads both columns, a write those that are written; what rests takes 1 fJ of its clock,
    # whose pins are 5 fF in 4 macros.
    idle = 4 * 100 - 2 * 20 - 7 - 9
    assert energy["sram"] == pytest.approx(2 * 20 * 100 + (7 + 9) * 300 + idle * 1 + 4 * 100 * 5)
    assert energy["sram_leakage"] == pytest.approx(4 * 32 * 100 * 1e-3)
    # What it drives: one bit with an inverter of 2 fF and 1 fF of wire.
    assert energy["switching"] == pytest.approx(10 / 2 * 3)
    accesses = model.accesses(what)["ram"]
    assert (accesses.reads, accesses.writes) == (20, 11)


def test_without_sram_in_the_library_memories_take_nothing():
    design = memory_netlist()
    design = Netlist(45, design.inputs, {}, design.instances, design.memories, {})
    model = PowerModel(design, LIBRARY, block, WIRE)
    assert not model.tilings
    what = activity(model, 100, {}, {3: 20}, np.zeros((0, 8)))
    energy = model.energy(what, GHZ)
    assert set(energy["ram"]) == set(KINDS)
    assert not energy["ram"]["sram"]
