import pytest
import yaml

from tilewright.hw.spec.settings import load_config
from tilewright.hw.spec.soc_config import CPU_VARIANTS
from tilewright.sim.costs.area import area_table, chip_sram_bits, estimate_area
from tilewright.sim.costs.area.parts import BLOCKS
from tilewright.sim.measure.area import COEFFICIENTS, coefficients_text, read_designs

BIT = 45478.818 / (2048 * 39) / 0.798


def of(*sets):
    return estimate_area(load_config(sets=sets))


def test_a_memory_is_its_bits_times_the_macros_density():
    area = of("scratchpad_bytes=32768")
    assert area.parts["scratchpad_sram"] == pytest.approx(32768 * 8 * BIT, rel=1e-3)
    bits = sum(chip_sram_bits(load_config(sets=["scratchpad_bytes=32768"])).values())
    assert area.memory_ge == pytest.approx(bits * BIT, rel=1e-3)


def test_a_blocks_gates_are_its_counts_times_the_coefficients():
    one = area_table().logic["requantiser"]
    assert of("requantiser_lanes=5").parts["requantiser"] == pytest.approx(
        one["base"] + 5 * (one["lane"] + one["wide_lane"])
    )


@pytest.mark.parametrize(
    ("field", "values"),
    [
        ("rows", (2, 3, 4, 6, 8, 12, 16, 24, 32)),
        ("cols", (2, 3, 4, 6, 8, 12, 16, 24, 32)),
        ("accumulator_bits", (20, 24, 32)),
        ("scratchpad_bytes", (4096, 65536, 1 << 20)),
        ("weight_buffer_bytes", (1024, 16384, 1 << 20)),
        ("scratchpad_banks", (2, 4, 8, 16)),
        ("depthwise_kernel", (1, 3, 5, 7)),
        ("memory_latency", (1, 8, 64)),
        ("bus_bytes", (8, 16, 32)),
        ("requantiser_lanes", (1, 2, 4, 8)),
    ],
)
def test_more_of_anything_is_larger(field, values):
    sizes = [of("port_bytes=32", f"{field}={value}").total_ge for value in values]
    assert sizes == sorted(sizes)
    assert len(set(sizes)) == len(sizes)


def test_every_part_is_positive_at_the_ends_of_the_range():
    for rows in (2, 32):
        for cols in (2, 32):
            for bus in (4, 32):
                area = of(f"rows={rows}", f"cols={cols}", f"bus_bytes={bus}", "port_bytes=32")
                assert min(area.parts.values()) > 0, area.parts


@pytest.mark.parametrize("cpu", CPU_VARIANTS)
def test_the_cpu_alone(cpu):
    area = of("npu=none", f"cpu={cpu}")
    assert set(area.parts) == {"cpu", "cpu_sram", "bus", "peripherals"}
    assert 20_000 < area.logic_ge < 60_000


def test_every_block_is_estimated():
    hardwired, small = of(), estimate_area(load_config("icebreaker"))
    parts = {name.removesuffix("_sram") for area in (hardwired, small) for name in area.parts}
    assert parts == set(BLOCKS)
    assert set(small.parts) == {
        "cpu",
        "cpu_sram",
        "bus",
        "peripherals",
        "microcode",
        "microcode_sram",
    }


def test_coefficients_are_a_fit_to_the_designs_that_are_kept():
    kept, made = (
        yaml.safe_load(COEFFICIENTS.read_text()),
        yaml.safe_load(coefficients_text(read_designs())),
    )
    assert kept["cpu"] == made["cpu"]
    assert kept["error"] == pytest.approx(made["error"], abs=2e-4)
    for design in read_designs():
        table = area_table()
        logic = estimate_area(design.config).logic_ge
        assert logic == pytest.approx(design.logic_ge, rel=table.max_error), design.sets


def test_the_error_is_small():
    table = area_table()
    assert table.mean_error < 0.03
    assert table.max_error < 0.08
    assert table.designs >= 20
