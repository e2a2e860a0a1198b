"""A small design mapped to a small library does what the design says."""

import random
from collections import Counter

import numpy as np
import pytest

from tests.small_library import CELLS
from tilewright.verification.gates.evaluation.evaluator import (
    Activity,
    Evaluator,
    Layout,
    MismatchError,
)
from tilewright.verification.gates.evaluation.program import compile_netlist
from tilewright.verification.gates.liberty_reader import parse_liberty
from tilewright.verification.gates.mapping import Design, map_design

CPU = """
module VexRiscv(input clk, input [7:0] d, output reg [7:0] q);
  always @(posedge clk) q <= d;
endmodule
"""

DESIGN = r"""
module \soc
  wire input 1 \clk
  wire width 8 input 2 \d
  wire input 3 \enable
  wire input 4 \rst
  wire width 8 output 5 \q
  wire width 8 \first
  wire width 8 \second
  wire width 8 \sum
  cell \VexRiscv \core
    connect \clk \clk
    connect \d \d
    connect \q \first
  end
  cell \held \one
    connect \clk \clk
    connect \enable \enable
    connect \rst \rst
    connect \d \first
    connect \$kept \second
  end
  cell $add $2
    parameter \A_SIGNED 0
    parameter \B_SIGNED 0
    parameter \A_WIDTH 8
    parameter \B_WIDTH 8
    parameter \Y_WIDTH 8
    connect \A \first
    connect \B \second
    connect \Y \sum
  end
  cell \held \two
    connect \clk \clk
    connect \enable \enable
    connect \rst \rst
    connect \d \sum
    connect \$kept \q
  end
end
module \held
  wire input 1 \clk
  wire input 2 \enable
  wire input 3 \rst
  wire width 8 input 4 \d
  wire width 8 output 5 \$kept
  cell $sdffe $1
    parameter \WIDTH 8
    parameter \CLK_POLARITY 1'1
    parameter \EN_POLARITY 1'1
    parameter \SRST_POLARITY 1'1
    parameter \SRST_VALUE 8'00000000
    connect \CLK \clk
    connect \EN \enable
    connect \SRST \rst
    connect \D \d
    connect \Q \$kept
  end
end
"""

LIBRARY = parse_liberty(CELLS, "small")


@pytest.fixture(scope="module")
def netlist(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TILEWRIGHT_CACHE", str(tmp_path_factory.mktemp("cache")))
        return map_design(Design(DESIGN, CPU), LIBRARY, ["one"], 1e8)


def test_registers_are_called_as_in_the_design(netlist):
    held = {(part.signal, part.bit) for part in netlist.instances if part.cell == "DFF"}
    names = ("first", "one.$kept", "two.$kept")
    assert held == {(name, bit) for name in names for bit in range(8)}
    assert netlist.modules == {"core": "VexRiscv", "one": "held", "two": "held"}


def test_each_register_with_an_enable_has_one_gate_though_it_has_a_reset(netlist):
    """And none has a multiplexer: a reset opens the gate."""
    assert Counter(part.cell for part in netlist.instances)["GATE"] == 2
    assert {part.path for part in netlist.instances if part.cell == "GATE"} == {"one", "two"}


def test_it_does_what_the_design_says(netlist):
    draw = random.Random(1)
    columns = {name: [] for name in ("d", "enable", "rst", "first", "one.$kept", "two.$kept")}
    first = one = two = 0
    for cycle in range(700):
        d, enable, rst = draw.randrange(256), draw.randrange(2), int(cycle % 50 == 7)
        for column, value in zip(columns.values(), (d, enable, rst, first, one, two), strict=True):
            column.append(value)
        if rst:
            one, two = 0, 0
        elif enable:
            one, two = first, (first + one) % 256
        first = d

    def evaluate():
        program = compile_netlist(netlist, LIBRARY)
        rows = np.array([columns[name] for name in program.signals], np.uint8).T
        evaluator = Evaluator(program, Layout(range(rows.shape[1]), rows.shape[1]))
        activity = Activity.empty(program)
        try:
            for begin in (0, 512):
                evaluator.run(rows[begin : begin + 512])
                evaluator.count(0, 700, activity)
        finally:
            evaluator.close()
        return program, activity

    program, activity = evaluate()
    # A gate is open where the register is enabled or reset; the plain register always is.
    is_open = sum(e or r for e, r in zip(columns["enable"], columns["rst"], strict=True))
    clocked = Counter(
        (netlist.instances[number].signal, int(counts[:4].sum()))
        for number, counts in zip(program.instances, activity.pulses, strict=True)
    )
    assert clocked == {("first", 700): 8, ("one.$kept", is_open): 8, ("two.$kept", is_open): 8}
    columns["two.$kept"][600] ^= 4
    with pytest.raises(MismatchError) as error:
        evaluate()
    assert (
        netlist.instances[compile_netlist(netlist, LIBRARY).instances[error.value.register]].bit
        == 2
    )
    assert error.value.cycle == 600
