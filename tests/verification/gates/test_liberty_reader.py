"""Liberty files: units, tables, states, errors; by a text of our own, and real libraries."""

import gzip
import os
from pathlib import Path

import numpy as np
import pytest

from tests.small_library import CELLS, sram
from tilewright.hw.spec.errors import RequestError
from tilewright.verification.gates.liberty import merged
from tilewright.verification.gates.liberty_reader import parse_liberty, read_liberty
from tilewright.verification.gates.usable import usable_cells

TEXT = r"""
/* A library in other units, with the freedoms that files take. */
library ("odd") {
  delay_model : table_lookup;
  time_unit : "10ps"
  voltage_unit : "1V"; capacitive_load_unit (2, pf); leakage_power_unit : "1uW";
  nom_voltage : 2; nom_temperature : -40;
  lu_table_template (two) {
    variable_1 : total_output_net_capacitance; variable_2 : input_net_transition;
    index_1 ("1, 3"); index_2 ("0, 10");
  }
  lu_table_template (check) {
    variable_1 : related_pin_transition; variable_2 : constrained_pin_transition;
    index_1 ("1, 2"); index_2 ("1, 2");
  }
  type (word) { base_type : array; bit_width : 4; }
  cell (AOI) {
    area : 1.5; dont_use : true;
    leakage_power () { value : 3; when : "A"; }
    leakage_power () { value : 5; when : "!A"; }
    pin (A, B) { direction : input; capacitance : 0.5; max_transition : 7; }
    pin (Y) {
      direction : "output"; max_capacitance : 1;
      function : "(A B)' ^ (A + !B)";
      timing () {
        related_pin : "A B"; timing_sense : non_unate; when : "B"
        sdf_cond : "B"
        cell_rise (two) { values ("1, 2", \
                                  "3, 4"); }
      }
      internal_power () { related_pin : "A";
        power (two) { index_1 ("2, 6"); values ("1, 1", "2, 2"); }
      }
    }
  }
  cell ("FF") {
    ff ("IQ", "IQN") { clocked_on : "CK"; next_state : "!D"; clear : "R'"; }
    pin (D) { direction : input;
      timing () { related_pin : "CK"; timing_type : setup_rising;
        rise_constraint (check) { values ("1, 2", "3, 4"); } } }
    pin (CK) { direction : input; clock : true; }
    pin (R) { direction : input; }
    bus (Q) { bus_type : word; direction : output;
      pin (Q[3:0]) { function : "IQN"; } }
  }
}
"""


def odd(text=TEXT):
    return parse_liberty(text, "odd.lib")


def test_units_are_those_of_the_project():
    library = odd()
    assert (library.name, library.voltage, library.temperature) == ("odd", 2, -40)
    cell = library.cells["AOI"]
    # 2 pF; 1 uW, of two states as often; 10 ps; 2 pF at 1 V squared.
    assert cell.pins["A"].capacitance == 0.5 * 2000
    assert cell.pins["A"].max_slew == 70
    assert cell.pins["Y"].max_capacitance == 2000
    assert cell.leakage == pytest.approx(4000)
    (arc,) = cell.pins["Y"].timing
    assert (arc.related, arc.sense, arc.kind) == (("A", "B"), "non_unate", "combinational")
    assert arc.tables["cell_rise"].values.tolist() == [[10, 20], [30, 40]]
    (power,) = cell.pins["Y"].power
    assert power.rise is power.fall
    assert power.rise.points[0].tolist() == [4000, 12000]


def test_tables_are_linear_between_their_points_and_beyond():
    table = odd().cells["AOI"].pins["Y"].timing[0].tables["cell_rise"]
    assert table.axes == ("load", "slew")
    # Half way from 1 to 3 times 2 pF, and from 0 to 100 ps.
    assert table.at(load=4000, slew=50) == pytest.approx(25)
    assert table.at(load=[2000, 6000, 8000], slew=0).tolist() == pytest.approx([10, 30, 40])
    assert table.at(load=2000, slew=np.array([-100, 200])).tolist() == pytest.approx([0, 30])


def test_functions_and_states():
    cell = odd().cells["AOI"]
    function = cell.pins["Y"].function
    # A NAND B, exclusive or (A or not B), for B A of 00, 01, 10, 11.
    assert function.truth_table(("A", "B")) == sum(
        (int(not (a and b)) ^ int(a or not b)) << (a + 2 * b) for a in (0, 1) for b in (0, 1)
    )
    assert cell.pins["Y"].timing[0].when.pins == ("B",)
    flip_flop = odd().cells["FF"]
    assert flip_flop.state.data.operator == "not"
    assert flip_flop.state.clear.truth_table(("R",)) == 0b01
    assert (flip_flop.pins["Q"].bits, flip_flop.pins["Q"].function.pin) == (4, "IQN")
    setup = flip_flop.pins["D"].timing[0].tables["rise_constraint"]
    assert setup.at(clock_slew=20, data_slew=10) == pytest.approx(30)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("area : 1.5;", "area : big;"), r"odd.lib:17: area : big is not a number"),
        (("(A B)' ^", "(A B' ^"), "function: .* is no boolean function"),
        (('time_unit : "10ps"', 'time_unit : "10 furlongs"'), r"odd.lib:3: time_unit : 10 furl"),
        (("(2, pf)", "(2, F)"), "capacitive_load_unit"),
        (('values ("1, 2", \\', 'values ("1, 2, 9", \\'), r"5 values for a table of \(2, 2\)"),
        (('index_1 ("2, 6")', 'index_1 ("6, 2")'), "index_1 does not ascend"),
        (("table_lookup", "polynomial"), r"only delay_model : table_lookup"),
        (("nom_voltage : 2;", ""), "nom_voltage is missing"),
        (("  cell (AOI) {", "  cell (AOI) { {"), r"odd.lib:17: not Liberty syntax: '\{'"),
        (
            ("direction : input;\n      timing", "direction : up;\n      timing"),
            "direction of pin D",
        ),
    ],
)
def test_what_is_wrong_is_said_with_file_and_line(change, message):
    assert change[0] in TEXT
    with pytest.raises(RequestError, match=message):
        odd(TEXT.replace(*change, 1))


def test_a_group_that_is_not_closed():
    with pytest.raises(RequestError, match=r"odd.lib:\d+: \w+ group is not closed"):
        odd(TEXT.rstrip()[:-1])
    with pytest.raises(RequestError, match=r"x: is no Liberty file"):
        parse_liberty("", "x")


def test_compressed_files_and_such_that_are_not_whole(tmp_path):
    path = tmp_path / "small.lib.gz"
    path.write_bytes(gzip.compress(CELLS.encode()))
    assert read_liberty([path]).cells.keys() == parse_liberty(CELLS, "").cells.keys()
    path.write_bytes(gzip.compress(CELLS.encode())[:500])
    with pytest.raises(RequestError, match=r"small.lib.gz: is no whole gzip file"):
        read_liberty([path])
    with pytest.raises(RequestError, match=r"none\.lib: cannot be read"):
        read_liberty([tmp_path / "none.lib"])


def test_files_of_one_library_belong_to_one_corner():
    small, memory = parse_liberty(CELLS, "a"), parse_liberty(sram(64, 8, 10, 20), "b")
    both = merged([small, memory])
    assert [cell.memory for cell in both.memories] == [(64, 8)]
    with pytest.raises(RequestError, match=r"odd.lib: is for 2 V and -40 C, but a for 1 V and 25"):
        merged([small, odd()])
    with pytest.raises(RequestError, match="cell SRAM_64x8 is in another of the Liberty files"):
        merged([memory, memory])


def test_a_chip_is_made_of_cells_that_may_be_used():
    usable = usable_cells(parse_liberty(CELLS, "small"), ("XOR*",))
    assert {cell.name for cell in usable.logic} == {"INV", "BUF", "NAND2", "NOR2"}
    assert [cell.name for cell in usable.registers] == ["DFF"]
    # Libraries keep clock gates out of mapping; they are placed by themselves.
    assert usable.clock_gate.name == "GATE"
    assert (usable.high, usable.low) == (("TIE1", "Y"), ("TIE0", "Y"))
    with pytest.raises(RequestError, match=r"odd\.lib: has no gates that may be used"):
        usable_cells(odd())


def libraries(folder, pattern):
    default = Path(__file__).parents[4] / "shared" / "pdk"
    place = Path(os.environ.get("TILEWRIGHT_PDK", default)) / folder
    if not place.is_dir():
        pytest.skip(f"no libraries at {place}; set TILEWRIGHT_PDK")
    return sorted(place.glob(pattern))


def test_the_library_of_ihp():
    """Figures looked up in the files by eye."""
    library = read_liberty(libraries("ihp-sg13g2", "*typ*"))
    assert (library.voltage, library.temperature) == (1.2, 25)
    gate = library.cells["sg13g2_nand2_1"]
    assert (gate.area, gate.leakage) == (7.2576, pytest.approx(0.0812456))
    assert gate.pins["A"].capacitance == pytest.approx(2.88593)
    clock_gate = library.cells["sg13g2_slgcp_1"]
    assert clock_gate.dont_use
    assert clock_gate.pin_of_gate("enable") == "GATE"
    fall = clock_gate.pins["GCLK"].timing[0].tables["cell_fall"]
    assert fall.at(slew=18.6, load=1.0) == pytest.approx(61.1297)
    assert len(library.memories) == 10


def test_the_library_of_asap7():
    library = read_liberty(libraries("asap7", "*SEQ*"))
    assert library.voltage == 0.7
    flip_flop = library.cells["DFFHQNx1_ASAP7_75t_R"]
    assert flip_flop.pins["CLK"].capacitance == pytest.approx(0.474736)
    # Of both supplies, in pW.
    assert flip_flop.leakage == pytest.approx(0.229737)
