import pytest

from tilewright.hw.spec.settings import load_config
from tilewright.sim.costs.clock import (
    at_highest_clock,
    clock_note,
    highest_clock,
    max_clock_hz,
    remark,
    with_clock,
)
from tilewright.sim.results.measured import Measured, run_result
from tilewright.sim.results.result import Host, ModelInfo
from tilewright.sim.technology.read import read_technology


def test_the_highest_clock_is_reached_and_one_hertz_more_is_not():
    config = at_highest_clock(load_config(sets=["rows=4"]), 25.0)
    assert config.soc.clock_hz == highest_clock(config, 25.0).hz
    assert config.npu.rows == 4
    assert clock_note(config, "lp40", 25.0) is None
    faster = load_config(sets=["rows=4", f"clock_hz={config.soc.clock_hz + 1}"])
    assert clock_note(faster, "lp40", 25.0)


def test_what_is_said_of_a_clock_that_is_too_high():
    config = load_config(sets=["clock_hz=2G"])
    highest = highest_clock(config, 25.0)
    note = clock_note(config, "lp40", 25.0)
    assert note
    assert note.startswith(f"clock_hz = 2000 MHz is above the {highest.hz / 1e6:.4g} MHz that")
    assert "reaches in lp40 (estimated, ±" in note
    assert highest.block.replace("_", " ") in note


def test_a_slow_memory_lowers_it():
    config = load_config()
    slow = at_highest_clock(config, 25.0, sram_access_ps=1e5)
    assert slow.soc.clock_hz < 10_000_000
    assert clock_note(config, "lp40", 25.0, sram_access_ps=1e5)


def test_it_stays_within_what_a_clock_may_be():
    assert at_highest_clock(load_config(), 1.0).soc.clock_hz == 5_000_000_000
    assert at_highest_clock(load_config(), 1e6).soc.clock_hz == 1_000_000


def test_max_is_the_estimate_in_the_technology():
    config = load_config(sets=["clock_hz=max", "technology=lp40"])
    technology = read_technology("lp40")
    fo4, sram = (technology.value(f"delay.{name}") * 1e12 for name in ("fo4", "sram_access"))
    found = with_clock(config)
    assert found.soc.clock_hz == highest_clock(config, fo4, sram).hz == max_clock_hz(config)
    assert found.soc.clock_hz < highest_clock(config, fo4).hz
    assert found == load_config(sets=["technology=lp40", f"clock_hz={found.soc.clock_hz}"])
    assert with_clock(found) is found
    assert remark(found) is None


def test_another_supply_is_another_clock():
    technology = read_technology("fdsoi22")
    lowest = technology.voltage.lowest
    slow = with_clock(load_config(sets=["clock_hz=max", f"supply_mv={lowest}"]))
    quick = with_clock(load_config(sets=["clock_hz=max"]))
    ratio = technology.at(lowest).value("delay.fo4") / technology.value("delay.fo4")
    assert ratio > 1
    assert quick.soc.clock_hz / slow.soc.clock_hz == pytest.approx(ratio, rel=1e-6)


@pytest.mark.parametrize(
    ("backend", "said"), [("model", True), ("rtl", True), ("functional", False), ("board", False)]
)
def test_a_result_says_that_its_clock_is_too_high(backend, said):
    network = ModelInfo(
        name="net", path="net.tflite", sha256="0" * 64, macs=1, parameters=1, notes=("first",)
    )
    measured = Measured(
        rows=(), peak_sram_bytes=0, host=Host(build_s=0.0, simulate_s=0.0, cycles_per_s=None)
    )
    result = run_result(network, load_config(sets=["clock_hz=5G"]), backend, measured)
    assert result.model.notes[0] == "first"
    more = result.model.notes[1:]
    assert [note.startswith("clock_hz = 5000 MHz is above") for note in more] == [True] * said
    assert network.notes == ("first",)


def test_a_kind_of_memory_has_the_cycles_of_the_clock_that_comes_out():
    sets = ["technology=lp40", "memory_kind=dram", "memory_banks=2"]
    found = with_clock(load_config(sets=[*sets, "clock_hz=max"]))
    assert found == load_config(sets=[*sets, f"clock_hz={found.soc.clock_hz}"])
    assert found.soc.memory_latency > load_config(sets=["memory_kind=dram"]).soc.memory_latency
