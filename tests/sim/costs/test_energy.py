"""Expected values are worked out by hand from a technology of round figures."""

import math

import pytest

from tests.sim.technology.plain_technology import plain_file
from tilewright.hw.spec.config import Config
from tilewright.sim.costs.area import estimate_area, estimate_clocked
from tilewright.sim.costs.energy import CYCLES, design_energy, leakage_w
from tilewright.sim.technology.read import technology_of

PJ = 1e-12


@pytest.fixture
def technology(tmp_path) -> str:
    figures = {
        "array.product": 3,
        "array.element_cycle": 0.5,
        "accumulators.readout": 0.25,
        "columns.column_cycle": 2,
        "columns.read_byte": 0.125,
        "requantiser.element": 4,
        "requantiser.elementwise": 5,
        "scratchpad.read_byte": 0.75,
        "scratchpad.banks": 1.5,
        "control.cycle": 10,
        "control.memory_byte": 0.0625,
        "bus.byte": 0.5,
        "cpu.active_cycle": 30,
        "cpu.sleep_cycle": 6,
        "memory.dram.read_byte": 100,
        "memory.dram.write_byte": 200,
        "sram.access": 8,
        "sram.bit": 0.25,
        "sram.bit_of_root_word": 0.125,
        "sram.write": 1.25,
        "sram.most_words": 1024,
        "clock.flip_flop": 0.01,
        "clock.clock_gate": 0.02,
        "leakage.gate": 0.1,
        "leakage.sram_bit": 0.01,
    }
    return plain_file(tmp_path, figures, within=2)


@pytest.mark.parametrize(
    ("event", "component", "picojoules"),
    [
        ("live_products", "array", 3),
        ("busy_cycles", "array", 0.5 * 8 * 6),
        ("busy_cycles", "columns", 2 * 6),
        ("requantise", "accumulators", 0.25),
        ("requantise", "requantiser", 4),
        ("elementwise", "requantiser", 5),
        ("npu_cycles", "control", 10),
        ("scratchpad_read_bytes", "columns", 0.125),
        ("main_memory_write_bytes", "bus", 0.5),
        ("main_memory_write_bytes", "control", 0.0625),
        ("cpu_active_cycles", "cpu", 30),
        ("cpu_sleep_cycles", "cpu", 6),
    ],
)
def test_an_event_costs_what_the_technology_says(technology, event, component, picojoules):
    energy = design_energy(Config(rows=8, cols=6, technology=technology))
    joules = energy.by_component({event: 1000}, 0)
    assert joules[component] == pytest.approx(1000 * picojoules * PJ)


def test_an_access_to_the_scratchpad(technology):
    config = Config(technology=technology, scratchpad_bytes=65536, scratchpad_banks=4)
    width = config.npu.port_bytes
    words = 65536 // 4 // width
    assert words <= 1024, "one macro a bank"
    joules = design_energy(config).by_component({"scratchpad_read_bytes": 10 * width}, 0)
    macro = 8 + 8 * width * (0.25 + 0.125 * math.sqrt(words))
    assert joules["scratchpad"] == pytest.approx((10 * 1.5 * macro + 10 * width * 0.75) * PJ)


def test_a_deep_memory_is_one_macro_at_a_time(technology):
    config = Config(technology=technology, scratchpad_bytes=1 << 20, scratchpad_banks=2)
    width = config.npu.port_bytes
    joules = design_energy(config).by_component({"scratchpad_write_bytes": width}, 0)
    macro = 8 + 8 * width * (0.25 + 0.125 * 32)
    assert joules["scratchpad"] == pytest.approx((1.25 * macro + width) * PJ)


@pytest.mark.parametrize(
    ("kind", "read", "write"),
    [
        ("dram", 100, 200),
        # A macro of 1,024 words of 8 bytes at a time.
        ("sram", (8 + 64 * (0.25 + 0.125 * 32)) / 8, 1.25 * (8 + 64 * (0.25 + 0.125 * 32)) / 8),
        ("fixed", (8 + 64 * (0.25 + 0.125 * 32)) / 8, 1.25 * (8 + 64 * (0.25 + 0.125 * 32)) / 8),
    ],
)
def test_a_byte_of_main_memory(technology, kind, read, write):
    energy = design_energy(Config(technology=technology, memory_kind=kind))
    for event, picojoules in (("read", read), ("write", write)):
        joules = energy.by_component({f"main_memory_{event}_bytes": 10}, 0)
        assert joules["main_memory"] == pytest.approx(10 * picojoules * PJ)


def test_weights_in_a_memory_of_their_own(tmp_path):
    figures = {"memory.dram.read_byte": 100, "memory.flash.read_byte": 700}
    figures |= {"memory.dram.standby": 50, "memory.flash.standby": 20}
    config = Config(
        technology=plain_file(tmp_path, figures), memory_kind="dram", weight_memory_kind="flash"
    )
    # 30 of 80 bytes are weights; both memories are there for 1000 cycles of 10 ns.
    events = {"main_memory_read_bytes": 80, "weight_buffer_write_bytes": 30}
    joules = design_energy(config).by_component(events, 1000)
    assert joules["main_memory"] == pytest.approx((50 * 100 + 30 * 700) * PJ + 70e-6 * 1e-5)


def test_clock_and_leakage_go_with_time(technology):
    config = Config(technology=technology, clock_hz=50_000_000)
    joules = design_energy(config).by_component({}, 1000)
    blocks = estimate_clocked(config).values()
    free, gates = sum(b.free for b in blocks), sum(b.clock_gates for b in blocks)
    assert joules["clock"] == pytest.approx(1000 * (free * 0.01 + gates * 0.02) * PJ)
    # Data, tags of 22 bits of two caches of 4 KB; answers of 64 bits and tags of 30 in transfers.
    caches = 2 * (4096 * 8 + 128 * 22)
    # 256 exponentials for each of 8 lanes, in place of two tables of 256 bytes.
    tables = 8 * 4 * 256 * 8
    bits = 8 * (64 + 16) * 1024 + caches + tables + 127 * (64 + 30)
    watts = bits * 0.01e-9 + estimate_area(config).logic_ge * 0.1e-9
    assert joules["leakage"] == pytest.approx(watts * 1000 / 50e6)


def test_leakage_of_the_cpu_alone(technology):
    config = Config("cpu-only", technology=technology)
    bits = 2 * (4096 * 8 + 128 * 22)
    watts = leakage_w(config, technology_of(config))
    assert watts["leakage.sram_bit"] == pytest.approx(bits * 0.01e-9)


def test_how_sure_a_sum_is(technology):
    energy = design_energy(Config(technology=technology))
    events = {"live_products": 7, "cpu_active_cycles": 3}
    total = sum(energy.by_component(events, 5).values())
    assert energy.most(events, 5) == pytest.approx(2 * total)


def test_an_unknown_event_is_an_error():
    energy = design_energy(Config())
    with pytest.raises(KeyError, match=r"no energy is known of 'macs'; events: .*requantise"):
        energy.by_component({"macs": 1}, 0)
    assert CYCLES in energy.prices
