from tilewright.hw.spec.settings import load_config
from tilewright.sim.costs.clock import at_highest_clock, clock_note, highest_clock


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
