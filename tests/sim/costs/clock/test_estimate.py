from itertools import pairwise

import pytest
import yaml

from tilewright.hw.spec.settings import load_config
from tilewright.hw.spec.soc_config import CPU_BUILDS
from tilewright.sim.costs.area.parts import BLOCKS
from tilewright.sim.costs.clock import clock_table, highest_clock
from tilewright.sim.costs.clock.estimate import path_delays
from tilewright.sim.measure.clock import COEFFICIENTS, DESIGNS, coefficients_text, read_designs

FO4 = 20.0


def of(*sets):
    return load_config(sets=sets)


def test_the_period_is_the_longest_path_in_fo4_delays():
    logic, _ = path_delays(of())
    clock = highest_clock(of(), FO4)
    assert clock.fo4 == max(logic.values()) == logic[clock.block]
    assert clock.hz == int(1e12 / (clock.fo4 * FO4))
    assert not clock.from_memory


def test_twice_the_inverters_delay_is_half_the_clock():
    assert highest_clock(of(), 2 * FO4).hz == pytest.approx(highest_clock(of(), FO4).hz / 2, abs=1)


def test_a_slow_memory_is_what_the_clock_waits_for():
    _, memory = path_delays(of())
    clock = highest_clock(of(), FO4, sram_access_ps=5000.0)
    assert clock.from_memory
    assert clock.fo4 == max(memory.values()) == memory[clock.block]
    assert clock.hz == int(1e12 / (5000.0 + clock.fo4 * FO4))
    assert highest_clock(of(), FO4, sram_access_ps=1.0) == highest_clock(of(), FO4)


def test_a_blocks_path_is_its_features_times_the_coefficients():
    one = clock_table().logic["array"]
    logic, _ = path_delays(of("cols=16", "accumulator_bits=32"))
    # Logarithms of 32 bits and of 16 columns.
    assert logic["array"] == pytest.approx(one["base"] + 5 * one["carry"] + 4 * one["fan_out"])


@pytest.mark.parametrize(
    ("field", "values"),
    [
        ("rows", (2, 3, 4, 6, 8, 12, 16, 24, 32)),
        ("cols", (2, 3, 4, 6, 8, 12, 16, 24, 32)),
        ("accumulator_bits", (20, 24, 28, 32)),
        ("requantiser_lanes", (1, 2, 4, 8)),
        ("scratchpad_banks", (2, 4, 8, 16)),
        ("depthwise_kernel", (1, 3, 5, 7)),
        ("bus_bytes", (4, 8, 16, 32)),
    ],
)
def test_no_path_is_shorter_in_a_larger_design(field, values):
    found = [path_delays(of("port_bytes=32", f"{field}={value}")) for value in values]
    for kind in (0, 1):
        for smaller, larger in pairwise(found):
            before, after = smaller[kind], larger[kind]
            # Units and memories that the larger one has not have no path. Longer weight words are a
            # larger part of a line, and there is less to shift.
            blocks = before.keys() & after.keys()
            blocks -= {"weight_ring"} if field == "rows" else set()
            assert all(before[block] <= after[block] + 1e-9 for block in blocks)


@pytest.mark.parametrize("cpu", CPU_BUILDS)
def test_each_cpu_alone(cpu):
    logic, _ = path_delays(of("npu=none", f"cpu={cpu}"))
    assert logic.keys() == {"cpu", "bus", "peripherals"}
    assert all(10 < delay < 100 for delay in logic.values())


def test_every_block_is_estimated():
    hardwired, small = path_delays(of())[0], path_delays(load_config("icebreaker"))[0]
    assert hardwired.keys() | small.keys() == set(BLOCKS)
    assert small.keys() == {"cpu", "bus", "peripherals", "microcode"}


def test_coefficients_are_a_fit_to_the_designs_that_are_kept():
    library, designs = read_designs()
    assert [" ".join(design.sets) for design in designs] == list(DESIGNS)
    kept = yaml.safe_load(COEFFICIENTS.read_text())
    made = yaml.safe_load(coefficients_text(library, designs))
    assert kept["error"] == pytest.approx(made["error"], abs=2e-4)
    for kind in ("cpu", "cpu_memory"):
        assert kept[kind] == pytest.approx(made[kind], abs=0.011)
    table = clock_table()
    for design in designs:
        logic, _ = path_delays(design.config)
        assert max(logic.values()) == pytest.approx(design.period, rel=table.max_error)


def test_the_error_is_small():
    table = clock_table()
    assert table.mean_error < 0.06
    assert table.max_error < 0.15
    assert table.designs >= 6
