"""Counts worked out by hand from the descriptions in hw/npu."""

import pytest

from tilewright.hw.spec.settings import load_config
from tilewright.hw.spec.timing import FETCH_BYTES, OUTSTANDING
from tilewright.sim.costs.area import counts


def of(*sets):
    return load_config(sets=sets)


def test_sizes_are_the_hardwares():
    # One of the words that a queue holds stands in the register at its end.
    assert counts.OUTSTANDING == OUTSTANDING - 1
    assert counts.FETCH_BYTES == FETCH_BYTES


def test_the_array_counts_elements_and_their_accumulators():
    array = counts.counts(of("rows=4", "cols=6", "accumulator_bits=24"))["array"]
    assert array == {"base": 1, "row": 4, "element": 24, "accumulator_bit": 24 * 24}


def test_column_buffers_hold_a_window_and_its_next_row():
    columns = counts.counts(of("rows=4", "cols=4", "depthwise_kernel=3"))["columns"]
    # 4 + 2 columns of 4 rows of a window, a pair of 4-byte pixels each: 32 bytes.
    assert (columns["column"], columns["stored_byte"]) == (6, 6 * 32)


@pytest.mark.parametrize(
    ("sets", "choices"),
    [
        # Port of 16 bytes, rows 16: no pairs. Column 0 takes pixel 0; column 1 pixel 1, or with
        # stride 2 pixel 2, which is beyond the last one. Each a convolution's byte as well.
        (("rows=16", "cols=2", "depthwise_kernel=1"), (1 + 1) + (1 + 1)),
        # Pairs: column 0 takes its pixel's first half; column 1 its own pixel, or the second half
        # of pixel 0, unpaired or paired.
        (("rows=8", "cols=2", "depthwise_kernel=1"), (1 + 1) + (1 + 2)),
    ],
)
def test_choices_of_the_columns(sets, choices):
    config = of(*sets)
    assert counts.counts(config)["columns"]["choice_byte"] == config.npu.rows * choices


def test_only_turns_of_the_requantiser_need_a_choice():
    assert counts.counts(of("rows=8"))["drain"]["choice_bit"] == 0
    assert counts.counts(of("rows=8", "requantiser_lanes=3"))["drain"]["choice_bit"] == 8 * (
        32 + 71
    )


def test_bits_of_sram():
    assert counts.sram_bits(of("bus_bytes=8")) == {
        "scratchpad": 65536 * 8,
        "weight_ring": 16384 * 8,
        "transfers": 127 * (64 + 2 + 20 + 8),
        "tables": 256 * 32 * 8,
    }


def test_units_that_are_left_out_have_no_gates():
    left_out = of("elementwise_unit=false", "table_unit=false")
    assert not {"elementwise", "tables", "softmax"} & set(counts.counts(left_out))
    assert "softmax" not in counts.counts(of("softmax_unit=false"))
    assert counts.sram_bits(of("softmax_unit=false"))["tables"] == 2 * 256 * 8 * 8
    assert counts.counts(of("requantiser_lanes=3"))["softmax"] == {"base": 1, "lane": 3}
    assert "tables" not in counts.sram_bits(left_out)
    assert counts.counts(of("requantiser_lanes=3"))["tables"] == {"base": 1, "lane": 3}


def test_lstms_need_a_port_of_two_bytes_a_lane():
    there = counts.counts(of("rows=8", "requantiser_lanes=3"))
    assert there["lstm"] == {"base": 1}
    assert there["requantiser"] == {"base": 1, "lane": 3, "wide_lane": 3}
    for sets in (("recurrent_unit=false",), ("rows=16",)):
        without = counts.counts(of(*sets))
        assert "lstm" not in without
        assert without["requantiser"]["wide_lane"] == without["control"]["wide_lane"] == 0


def test_commands_that_are_read_ahead_are_sram_only_on_a_narrow_bus():
    assert counts.sram_bits(of("bus_bytes=4"))["commands"] == 64 * 33
    assert counts.counts(of("bus_bytes=4"))["commands"]["fetched_bit"] == 0
    assert counts.counts(of("bus_bytes=8"))["commands"]["fetched_bit"] == 32 * 65


def test_without_accelerator_there_is_the_bus_and_what_hangs_on_it():
    config = load_config("cpu-only")
    assert set(counts.counts(config)) == {"bus", "peripherals"}
    assert counts.sram_bits(config) == {}


def test_a_unit_that_is_left_out_has_no_gates():
    assert counts.counts(of("port_bytes=32"))["mover"] == {"base": 1, "port_byte": 32}
    assert "mover" not in counts.counts(of("move_unit=false"))
