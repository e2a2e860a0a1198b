"""One simulator for every main memory."""

import pytest

from tilewright.hw.spec.memory_kinds import MAX_MEMORY_LATENCY
from tilewright.hw.spec.registers import MEMORY_BASE
from tilewright.hw.spec.settings import load_config
from tilewright.hw.spec.soc_config import MAX_MEMORY_BYTES
from tilewright.verification.cosim.chip import memory_arguments, simulated_design


def design(*sets: str):
    return simulated_design(load_config("tiny", sets=sets))


@pytest.mark.parametrize(
    "sets",
    [
        ("memory_latency=1",),
        (f"memory_latency={MAX_MEMORY_LATENCY}",),
        ("memory_bytes=131072",),
        (f"memory_bytes={MAX_MEMORY_BYTES}", "memory_latency=20"),
        ("memory_kind=dram", "memory_contention=40"),
        ("memory_kind=psram", "weight_memory_kind=flash"),
    ],
)
def test_main_memory_makes_no_other_design(sets):
    assert design(*sets).hardware_key() == design().hardware_key()


@pytest.mark.parametrize("sets", [("rows=3",), ("cpu=standard",), ("bus_bytes=16",)])
def test_the_rest_makes_another_design(sets):
    assert design(*sets).hardware_key() != design().hardware_key()


def test_a_simulator_is_told_all_of_a_memory():
    """As memory_device.sv names it: its words' cycles in place of its width."""
    config = load_config(sets=["memory_kind=dram", "weight_memory_kind=flash", "memory_banks=2"])
    told = dict(
        argument[1:].split("=") for argument in memory_arguments(config, (MEMORY_BASE + 64, 1000))
    )
    assert {name: told[f"memory_{name}"] for name in ("word_cycles", "banks", "miss_cycles")} == {
        "word_cycles": "4",
        "banks": "2",
        "miss_cycles": "4",
    }
    assert (told["weight_memory_word_cycles"], told["weight_memory_refresh_period"]) == ("16", "0")
    assert (told["constants"], told["constants_end"]) == ("64", "1064")
    assert not {name for name in told if name.endswith("width_bits")}


def test_without_constants_there_is_one_memory():
    config = load_config(sets=["weight_memory_kind=flash"])
    assert not [part for part in memory_arguments(config) if part.startswith("+constants")]


def test_a_scratchpad_in_main_memory_depends_on_its_size_and_not_on_its_latency():
    def small(*sets: str) -> str:
        return simulated_design(load_config("icebreaker", sets=sets)).hardware_key()

    assert small("memory_latency=9") == small()
    assert small("memory_bytes=262144") != small("memory_bytes=131072")
