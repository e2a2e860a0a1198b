"""One simulator for every main memory."""

import pytest

from tilewright.hw.spec.settings import load_config
from tilewright.hw.spec.soc_config import MAX_MEMORY_BYTES, MAX_MEMORY_LATENCY
from tilewright.verification.cosim.chip import simulated_design


def design(*sets: str):
    return simulated_design(load_config("tiny", sets=sets))


@pytest.mark.parametrize(
    "sets",
    [
        ("memory_latency=1",),
        (f"memory_latency={MAX_MEMORY_LATENCY}",),
        ("memory_bytes=131072",),
        (f"memory_bytes={MAX_MEMORY_BYTES}", "memory_latency=20"),
    ],
)
def test_main_memory_makes_no_other_design(sets):
    assert design(*sets).hardware_key() == design().hardware_key()


@pytest.mark.parametrize("sets", [("rows=3",), ("cpu=standard",), ("bus_bytes=16",)])
def test_the_rest_makes_another_design(sets):
    assert design(*sets).hardware_key() != design().hardware_key()


def test_a_scratchpad_in_main_memory_depends_on_its_size_and_not_on_its_latency():
    def small(*sets: str) -> str:
        return simulated_design(load_config("icebreaker", sets=sets)).hardware_key()

    assert small("memory_latency=9") == small()
    assert small("memory_bytes=262144") != small("memory_bytes=131072")
