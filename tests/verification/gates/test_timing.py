import shutil

import pytest

from tests.verification.gates.timing_cells import LIBRARY, MEMORY
from tilewright.hw.spec.errors import RequestError, TilewrightError
from tilewright.verification.gates.fo4 import fo4
from tilewright.verification.gates.liberty_reader import parse_liberty
from tilewright.verification.gates.netlist import Instance, Memory, Netlist, ReadPort, WritePort
from tilewright.verification.gates.opensta import time_by_opensta
from tilewright.verification.gates.timing import Timing
from tilewright.verification.gates.timing_graph import timing_graph

CLK, A, B, C, D, E, GATED = range(2, 9)
NETS = 9


def library(memory=False):
    return parse_liberty(f"{LIBRARY}\n{MEMORY if memory else ''}\n}}", "sums.lib")


def flip_flop(signal, d, q, clock=CLK):
    return Instance(f"{signal}$reg", signal, "DFF", {"CLK": clock, "D": d, "Q": q}, signal, 0)


def inverter(path, a, y):
    return Instance(f"{path}.inv", path, "INV", {"A": a, "Y": y})


def timed(*instances, memories=(), outputs=None, inputs=None, wire_ff=0.0):
    netlist = Netlist(
        nets=NETS,
        inputs={"clk": (CLK,), **(inputs or {})},
        outputs=outputs or {},
        instances=instances,
        memories=memories,
        modules={},
    )
    return Timing(timing_graph(netlist, library(bool(memories)), wire_ff))


CHAIN = (
    flip_flop("first.count", 0, A),
    inverter("middle", A, B),
    inverter("last", B, C),
    flip_flop("last.sum", C, D),
)


def test_a_chain_of_two_inverters():
    # Q falls at 60 + 1, slew 6; the first inverter's rise comes 10 + 0.6 + 2 later, slew 7; the
    # second's fall 20 + 1.4 + 2, slew 10: 97.0, and 40 + 5 of setup.
    path = timed(*CHAIN).worst_path()
    assert path.delay_ps == pytest.approx(142.0)
    assert (path.start, path.end) == ("first.count[0]", "last.sum[0]")
    assert path.setup_ps == pytest.approx(45.0)
    assert [step.edge for step in path.steps] == ["fall", "rise", "fall"]
    assert [step.arrival_ps for step in path.steps] == pytest.approx([61.0, 73.6, 97.0])
    assert path.levels == 2


def test_wires_are_loads():
    # Each net has 1 fF more: 62, slew 7; 10 + 0.7 + 4 and slew 10; 20 + 2 + 3, slew 12; 40 + 6.
    assert timed(*CHAIN, wire_ff=1.0).period_ps == pytest.approx(62 + 14.7 + 25 + 46)


def test_fan_out_is_load():
    # Q drives three inverters: 63, slew 8; 10 + 0.8 + 2, slew 7, then as before.
    others = (inverter("other", A, D), inverter("other", A, E))
    chain = (*CHAIN[:3], flip_flop("last.sum", C, GATED), *others)
    assert timed(*chain).period_ps == pytest.approx(63 + 12.8 + 23.4 + 45)


def test_either_edge_goes_through_an_exclusive_or():
    gate = Instance("x", "middle", "XOR", {"A": A, "B": A, "Y": B})
    path = timed(flip_flop("a", 0, A), gate, flip_flop("b", B, C)).worst_path()
    # Q falls last, at 60 + 2; the output's fall is later than its rise, and needs more setup.
    assert path.delay_ps == pytest.approx(62 + 110 + 40 + 2.5)
    assert path.steps[-1].edge == "fall"


def test_a_clock_gates_enable_has_a_setup_and_its_clock_no_delay():
    gate = Instance("g", "gates", "GATE", {"CLK": CLK, "EN": A, "OUT": GATED})
    path = timed(flip_flop("a", 0, A), gate, flip_flop("b", 0, B, GATED)).worst_path()
    assert path.delay_ps == pytest.approx(63 + 70)
    assert path.end == "GATE in gates"
    behind = timed(flip_flop("a", 0, A, GATED), gate, flip_flop("b", A, B)).worst_path()
    # Q drives D and EN: 60 + 5; the gate's setup of 70 is longer than 40 + 5.
    assert behind.delay_ps == pytest.approx(65 + 70)


def test_ports_change_with_the_clock_and_are_due_at_it():
    timing = timed(inverter("only", A, B), inputs={"data": (A,)}, outputs={"result": (B,)})
    path = timing.worst_path()
    assert path.delay_ps == pytest.approx(20)
    assert (path.start, path.end) == ("port data", "port result")


def test_constants_start_no_path():
    with pytest.raises(TilewrightError, match="no path from a register"):
        _ = timed(inverter("only", 0, A), flip_flop("b", A, B)).period_ps


def test_the_worst_path_to_and_through_each_block():
    def top(path):
        return path.split(".")[0]

    timing = timed(*CHAIN, flip_flop("short", D, E))
    to = timing.worst_to(top)
    assert {name: path.delay_ps for name, path in to.items()} == pytest.approx(
        # sum[0] falls at 60 + 2 with slew 7.
        {"last": 142.0, "short": 62 + 43.5}
    )
    through = timing.worst_through(top)
    assert {name: path.delay_ps for name, path in through.items()} == pytest.approx(
        {"first": 142.0, "middle": 142.0, "last": 142.0}
    )
    assert through["middle"] == timing.worst_path()


def memory(**of):
    read = ReadPort(of["enable"], (of["address"],), (of["data"],), (("word", 0),))
    write = WritePort((0,), (of["address"],), (0,))
    return Memory("buffer.ram", 16, 8, (read,), (write,))


def test_a_memory_starts_and_ends_paths():
    ram = memory(enable=1, address=D, data=A)
    timing = timed(inverter("after", A, B), flip_flop("b", B, D), memories=(ram,))
    # The access' slew is 9, and the inverter's 6 + 2 * 2.
    to = timing.worst_to(lambda path: path)
    assert to["b"].start == "SRAM buffer.ram"
    assert to["b"].delay_ps == pytest.approx(500 + 20 + 1.8 + 2 + 40 + 5)
    # The address is 4 fF, as the macro's heaviest pin; all inputs have the strictest setup.
    assert to["buffer.ram"].delay_ps == pytest.approx(64 + 25)


def test_without_macros_a_memory_is_left_out():
    ram = memory(enable=1, address=D, data=A)
    netlist = Netlist(NETS, {"clk": (CLK,)}, {}, CHAIN[2:], (ram,), {})
    timing = Timing(timing_graph(netlist, library()))
    with pytest.raises(TilewrightError, match="no path"):
        _ = timing.period_ps
    assert timing.graph.macros == ()


def test_a_loop_of_gates_is_an_error():
    with pytest.raises(TilewrightError, match=r"loop.*one\.inv"):
        timed(inverter("one", A, B), inverter("two", B, A), flip_flop("b", B, C))


def test_a_cell_that_is_in_no_file_is_an_error():
    with pytest.raises(RequestError, match=r"cell NAND of middle is in none of sums\.lib"):
        timed(Instance("n", "middle", "NAND", {"A": A, "Y": B}))


def test_an_inverters_fan_out_of_four():
    # Load 4: transitions 16 and 14; rise 10 + 1.4 + 8, fall 20 + 3.2 + 4.
    found = fo4(library())
    assert found.cell == "INV"
    assert found.delay_ps == pytest.approx((19.4 + 27.2) / 2)
    assert found.slew_ps == pytest.approx(15)


@pytest.mark.skipif(shutil.which("sta") is None, reason="OpenSTA (sta) is not installed")
@pytest.mark.parametrize("wire_ff", [0.0, 1.0])
def test_opensta_agrees(tmp_path, wire_ff):
    source = tmp_path / "sums.lib"
    source.write_text(LIBRARY + "\n}\n")
    # A flip-flop that takes a constant has none but that for OpenSTA.
    chain = (flip_flop("first.count", E, A), *CHAIN[1:])
    timing = timed(*chain, inputs={"data": (E,)}, wire_ff=wire_ff)
    found = time_by_opensta(
        timing.graph.netlist, parse_liberty(source.read_text(), str(source)), tmp_path, wire_ff
    )
    assert found.period_ps == pytest.approx(timing.period_ps, abs=0.02)
    assert (found.start, found.end) == ("first.count[0]", "last.sum[0]")
