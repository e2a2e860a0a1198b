from dataclasses import replace

import pytest
from rich.console import Console

from tilewright.sim.costs.standby import AveragePower, Waiting
from tilewright.sim.report.terminal import (
    check_line,
    loss_summary,
    power_rows,
    print_report,
    total_rows,
)
from tilewright.sim.results.result import Check, Geometry


def text_of(result, width=150):
    console = Console(width=width, force_terminal=False)
    with console.capture() as capture:
        print_report(result, console)
    return capture.get()


def test_the_table_shows_every_layer_with_its_figures(result):
    lines = text_of(result).splitlines()
    row = next(line for line in lines if "conv<1>[x]" in line)
    for figure in ("CONV_2D", "NPU", "600", "60.0%", "32,000", "83.3%", "weights 10%", "15 nJ"):
        assert figure in row
    assert "CPU" in next(line for line in lines if "softmax" in line)


@pytest.mark.parametrize("width", [110, 109, 80, 60, 50, 30])
def test_a_narrow_terminal_clips_no_figure(result, width):
    large = replace(result.layers[1], cycles=1_234_567, macs=7_654_321, stalls={"weights": 100_000})
    wide = replace(result, layers=(result.layers[0], large))
    table, _, _ = text_of(wide, width).partition("─ net")
    row = next(line for line in table.splitlines() if "1,234,567" in line)
    for figure in ("NPU", f"{100 * large.mac_utilisation:.1f}%", "15 nJ"):
        assert figure in row
    assert ("7,654,321" in row) == (width >= 110)
    assert ("CONV_2D" in row) == (width >= 80)
    assert ("weights 8%" in row) == (width >= 80)
    if width >= 50:
        assert max(len(line.rstrip()) for line in table.splitlines()) <= width


def test_totals_check_and_notes(result):
    text = text_of(result)
    for part in ("1,000", "NPU 600, CPU 400", "10 µs at 100 MHz", "31 nJ", "500 bytes read",
                 "4,096 of 65,536", "2,000 cycles/s",
                 "123 kGE, 0.125 mm2  (logic 90, memories 33; estimated)", "within a factor of 1.5",
                 "Bit-exact: all 2 output elements", "Note: mind [it]",
                 f"modelled, not measured: {result.config['technology']}, figures"):  # fmt: skip
        assert part in text


def test_average_power_of_both_ways_the_better_one_first(result):
    """A day and 1000 s of a battery of 86.4 J."""
    ways = {
        "idle": Waiting(2e-3, 0.0, 0.0, 86.4e-3, 1000.0),
        "asleep": Waiting(30e-6, 1e-6, 1e-3, 1e-3, 86_400.0),
    }
    power = AveragePower(rate_hz=4, active=0.5, battery_j=86.4, ways=ways)
    assert power_rows(power) == [
        ("asleep at 4/s", "1 mW on average, 30 µW while waiting; 1 day on 86.4 J"),
        ("idle at 4/s", "86.4 mW on average, 2 mW while waiting; 16.7 minutes on 86.4 J"),
    ]
    assert "asleep at 4/s" in text_of(replace(result, power=power))
    assert "at 4/s" not in text_of(result)


def test_a_mismatch_is_said(result):
    failed = replace(result, check=Check(reference="functional", elements=2, mismatches=1))
    assert check_line(failed).startswith("MISMATCH: 1 of 2")


def test_a_backend_without_cycles_claims_none(functional_result):
    text = text_of(functional_result)
    assert "not measured by the functional backend" in text
    assert "energy" in text
    assert " J" not in text
    assert "Bit-exact" not in text


def test_stalls_largest_first_and_small_ones_left_out(result):
    assert loss_summary(result.layers[1]) == "weights 10%, drain 5%"
    assert loss_summary(result.layers[0]) == "-"


def test_idle_parts_are_lost_and_shapes_shown_where_there_is_room(result):
    geometry = Geometry(inputs=((1, 8, 8, 3),), output=(1, 4, 4, 9), kernel=(3, 3), stride=(2, 2),
                        tiles=12)  # fmt: skip
    layer = replace(result.layers[1], idle={"idle columns": 120, "idle rows": 1}, geometry=geometry)
    assert loss_summary(layer, 40) == "idle columns 20%, weights 10%, drain 5%"
    wide = replace(result, layers=(result.layers[0], layer))
    row = next(line for line in text_of(wide, 150).splitlines() if "conv<1>" in line)
    assert row.split()[2:5] == ["3x3/2", "4x4x9", "12"]
    assert "3x3/2" not in text_of(wide, 149)


def test_without_an_accelerator_nothing_is_said_of_one(result, functional_result):
    for kind in (result, functional_result):
        alone = replace(kind, config=kind.config | {"npu": "none"})
        text = text_of(alone)
        assert "net on the CPU full alone" in text
        for word in ("8x8", "util", "lost to", "scratchpad", "main memory", "NPU 6"):
            assert word not in text
    assert "1,000, all on the CPU" in text_of(replace(result, config=alone.config))


def test_a_chip_that_counts_nothing_says_so_in_place_of_empty_figures(result):
    small = replace(
        result,
        config={**result.config, "control": "microcode"},
        layers=tuple(replace(row, energy_by_component_j=None) for row in result.layers),
    )
    rows = dict(total_rows(small, small.total))
    assert rows["energy"] == "not known: a microprogrammed accelerator counts no events"
    assert "main memory" not in rows
    assert dict(total_rows(result, result.total))["main memory"] == "500 bytes read, 7 written"
