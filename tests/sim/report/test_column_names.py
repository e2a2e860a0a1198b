import pytest

from tilewright.sim.report.column_names import names_of, nearest, plain
from tilewright.sim.report.sweep_data import Column, column_of

NAMES = names_of(map(column_of, ("energy_j", "area_ge", "mac_utilisation", "read_bytes",
                                 "scratchpad_bytes", "fpga_mhz", "speedup")))  # fmt: skip


@pytest.mark.parametrize(
    ("said", "column"),
    [
        ("energy_j", "energy_j"),
        ("Energy", "energy_j"),
        ("area (GE)", "area_ge"),
        ("MAC utilisation", "mac_utilisation"),
        ("utilisation", "mac_utilisation"),
        ("speed-up", "speedup"),
        ("main memory read", "read_bytes"),
        ("main_memory_read", "read_bytes"),
        ("scratchpad bytes", "scratchpad_bytes"),
        ("fastest clock on the FPGA", "fpga_mhz"),
    ],
)
def test_columns_go_by_names_and_titles(said, column):
    assert NAMES[plain(said)] == column


def test_a_field_has_no_short_form():
    assert plain("scratchpad") not in NAMES


def test_a_short_form_of_two_columns_is_nones():
    pair = [Column(name="one_s", label="first"), Column(name="one_j", label="second")]
    assert plain("one") not in names_of(pair)


def test_unknown_names_have_near_ones():
    assert nearest("energi", NAMES) == ["energy_j"]
    assert nearest("xyzzy", NAMES) == []
