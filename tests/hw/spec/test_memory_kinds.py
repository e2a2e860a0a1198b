"""Kinds of memory: their presets at a clock, fields of one's own over them, and refusals."""

import pytest

from tilewright.hw.spec.config import Config, make_config
from tilewright.hw.spec.errors import RequestError
from tilewright.hw.spec.soc_config import SIMULATED_FIELDS


def test_the_default_is_what_takes_an_access_each_cycle():
    config = Config()
    assert (config.soc.memory_kind, config.soc.memory_latency) == ("fixed", 8)
    assert config.memory_is_constant
    assert config.answer_cycles == config.access_cycles == 8
    assert Config(memory_kind="fixed", memory_latency=8, memory_width_bits=0) == config


def test_a_kind_is_the_same_as_its_fields_one_by_one():
    """Whoever writes a configuration down and reads it again has the same one."""
    for kind in ("sram", "mram", "psram", "dram"):
        config = Config(memory_kind=kind, weight_memory_kind="flash")
        assert make_config(config.flat()) == config
    assert Config(memory_kind="dram", memory_banks=4) == Config(memory_kind="dram")


@pytest.mark.parametrize(
    ("clock_hz", "expected"),
    [
        # Rows close and open in 15 ns each; refreshes of 15 + 60 ns each 7812.5; 143 MHz at most.
        (100_000_000, {"latency": 6, "width_bits": 16, "miss_cycles": 4, "refresh_cycles": 8,
                       "refresh_period": 782, "page_bytes": 1024, "banks": 4}),
        (50_000_000, {"latency": 6, "width_bits": 16, "miss_cycles": 2, "refresh_cycles": 4,
                      "refresh_period": 391}),
        # The SDRAM's clock is a third of this one.
        (400_000_000, {"latency": 12, "width_bits": 4, "miss_cycles": 12, "refresh_cycles": 30,
                       "refresh_period": 3125}),
    ],
)  # fmt: skip
def test_nanoseconds_of_a_dram_are_cycles_of_the_clock(clock_hz, expected):
    soc = Config(memory_kind="dram", clock_hz=clock_hz).soc
    assert {name: getattr(soc, f"memory_{name}") for name in expected} == expected


def test_a_field_of_ones_own_goes_before_the_kinds():
    soc = Config(memory_kind="dram", memory_miss_cycles=9, memory_refresh_period=0).soc
    assert (soc.memory_miss_cycles, soc.memory_page_bytes) == (9, 1024)
    # Where nothing is refreshed, a refresh takes no cycles; without pages there is one bank.
    assert soc.memory_refresh_cycles == 0
    assert Config(memory_kind="dram", memory_page_bytes=0).soc.memory_banks == 1


def test_a_narrow_memory_takes_cycles_for_a_word_of_the_bus():
    """Four bits a cycle: 8 bytes in 16, and the word's end is 15 cycles behind its begin."""
    config = Config(weight_memory_kind="flash")
    assert config.soc.weight_memory.word_cycles(8) == 16
    assert config.answer_cycles == 3 + 15
    assert Config(memory_width_bits=64).soc.main_memory.word_cycles(8) == 1
    assert not Config(memory_width_bits=32).memory_is_constant
    assert Config(memory_width_bits=64).memory_is_constant


@pytest.mark.parametrize(
    "values",
    [
        {"memory_contention": 1},
        {"memory_miss_cycles": 1},
        {"memory_write_cycles": 1},
        {"memory_refresh_period": 500, "memory_refresh_cycles": 5},
        {"weight_memory_kind": "fixed"},
    ],
)
def test_what_may_wait_is_not_constant(values):
    assert not Config(**values).memory_is_constant


def test_without_a_weight_memory_its_fields_are_zero():
    flat = Config().flat()
    fields = [name for name in SIMULATED_FIELDS if name.startswith("weight_memory_")]
    assert {flat[name] for name in fields} == {"none", 0}
    assert "weight_memory_write_cycles" not in flat, "nobody writes to it"


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"memory_kind": "flash"}, "activations and .* data are written .* weight_memory_kind"),
        ({"memory_kind": "tape"}, "must be one of fixed, sram, mram, psram, dram$"),
        ({"weight_memory_kind": "tape"}, "must be one of none, fixed, sram, mram, flash"),
        ({"memory_latency": 0}, r"memory_latency = 0: must be 1\.\.64 cycles"),
        ({"memory_page_bytes": 100}, "memory_page_bytes = 100: must be a power of two"),
        ({"memory_page_bytes": 32}, r"must be a power of two, 64\.\.65536, or 0"),
        ({"memory_banks": 0, "memory_page_bytes": 64}, r"memory_banks = 0: .* two, 1\.\.16$"),
        ({"memory_banks": 4}, "there are none; set memory_page_bytes, or memory_banks = 1"),
        ({"memory_width_bits": 24}, "memory_width_bits = 24: must be a power of two"),
        ({"memory_miss_cycles": 256}, r"must be 0\.\.255 cycles"),
        ({"memory_contention": 91}, r"must be 0\.\.90 per cent"),
        ({"memory_refresh_period": 500}, "memory_refresh_cycles = 0: set both, or neither"),
        ({"memory_refresh_period": 5, "memory_refresh_cycles": 1}, r"must be 16\.\.1048576"),
        (
            {"memory_refresh_period": 40, "memory_refresh_cycles": 20, "memory_miss_cycles": 19},
            "memory_refresh_period = 40: a refresh and an access take up to 40 cycles",
        ),
        ({"weight_memory_latency": 3}, "no weight memory; set weight_memory_kind, too"),
        (
            {"weight_memory_kind": "flash", "bus_bytes": 32},
            r"\(bus_bytes = 32\) takes 64 cycles .* narrower bus or a wider memory",
        ),
        (
            {"memory_kind": "psram", "clock_hz": 400_000_000},
            "a memory of kind psram moves less than a bit .* lower clock_hz to 336000000",
        ),
    ],
)
def test_what_no_memory_can_be_is_refused(values, message):
    with pytest.raises(RequestError, match=message):
        Config(**values)
