"""Memories that make their masters wait: the model against the chip, to the cycle.

One simulator serves all memories of a design.
"""

from functools import cache

import pytest

from tests.random_memories import random_memory
from tests.random_networks import random_input, random_network
from tilewright.hw.spec.config import Config
from tilewright.hw.spec.errors import RequestError
from tilewright.hw.spec.settings import load_config
from tilewright.mapper.compile import compile_model
from tilewright.mapper.graph.graph import Graph
from tilewright.sim.functional.backend import run_functional
from tilewright.sim.model.backend import ModelBackend
from tilewright.sim.networks.inputs import default_inputs
from tilewright.sim.networks.network_file import open_network
from tilewright.sim.progress import Progress
from tilewright.sim.rtl.backend import run_rtl

pytestmark = [pytest.mark.rtl]

TINY = {"rows": 4, "cols": 4, "cpu": "lite", "scratchpad_bytes": 32768, "weight_buffer_bytes": 8192}
"""The preset: another CPU, whose loads all go to memory. Other tests build both designs, too."""

KINDS = [
    ("memory_kind=sram",),
    ("memory_kind=mram",),
    ("memory_kind=psram",),
    ("memory_kind=dram",),
    ("memory_kind=sram", "weight_memory_kind=mram"),
    ("memory_kind=sram", "weight_memory_kind=flash"),
    ("memory_kind=dram", "memory_contention=30"),
]


def check(graph: Graph, config: Config, inputs) -> int:
    """Returns the cycles that both say, with equal causes and events of all segments."""
    program = compile_model(graph, config)
    named = inputs if isinstance(inputs, dict) else {program.inputs[0].name: inputs}
    shaped = {port.name: named[port.name].reshape(port.shape) for port in program.inputs}
    model = ModelBackend(program).run(cpu_inputs=run_functional(program, shaped).cpu_inputs)
    chip = run_rtl(program, shaped)
    assert model.segments == chip.segments
    assert model.cycles == chip.cycles
    return chip.cycles


@pytest.mark.parametrize(
    ("seed", "design"),
    [
        *((seed, {}) for seed in range(6)),
        *((seed, TINY) for seed in range(50, 53)),
        *(pytest.param(seed, {}, marks=pytest.mark.slow) for seed in range(6, 50)),
        *(pytest.param(seed, TINY, marks=pytest.mark.slow) for seed in range(53, 90)),
    ],
)
def test_random_networks_on_random_memories(seed: int, design: dict[str, int | str]) -> None:
    graph = random_network(seed)
    try:
        check(graph, random_memory(seed, **design), random_input(graph, seed))
    except RequestError as error:
        pytest.skip(f"this network does not fit: {error}")


@cache
def kws() -> Graph:
    return open_network("kws", Progress()).graph


@pytest.mark.slow
@pytest.mark.parametrize("sets", KINDS, ids=" ".join)
def test_a_network_on_each_kind(sets: tuple[str, ...]) -> None:
    check(kws(), load_config(sets=sets), default_inputs(kws()))


def test_a_narrower_memory_takes_longer_and_opened_pages_are_counted() -> None:
    """Both by the chip: the first needs its page opened for a layer's first word at least."""
    graph = random_network(3)
    cycles = [
        check(graph, load_config(sets=sets), random_input(graph, 3))
        for sets in ([], ["memory_width_bits=8"])
    ]
    assert cycles[0] < cycles[1]
