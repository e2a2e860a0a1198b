"""The whole chip with control = microcode against the functional backend."""

import numpy as np
import pytest

from tests.random_networks import random_input, random_microcode_config, random_network
from tilewright.hw.fpga.boards import BOARDS
from tilewright.hw.spec.config import Config
from tilewright.hw.spec.settings import load_config
from tilewright.mapper.compile import compile_model
from tilewright.mapper.graph.graph import Graph
from tilewright.sim.fpga.configuration import board_config
from tilewright.sim.functional.backend import run_functional
from tilewright.sim.networks.network_file import open_network
from tilewright.sim.progress import Progress
from tilewright.sim.results.rows import measured_rows
from tilewright.sim.rtl.backend import run_rtl

pytestmark = [pytest.mark.rtl]


def check(graph: Graph, seed: int, config: Config) -> None:
    program = compile_model(graph, config)
    port = program.inputs[0]
    inputs = {port.name: random_input(graph, seed).reshape(port.shape)}
    reference, result = run_functional(program, inputs), run_rtl(program, inputs)
    for name, expected in reference.outputs.items():
        np.testing.assert_array_equal(result.outputs[name], expected)
    rows = measured_rows(program, result.segments, {})
    assert sum(row.cycles or 0 for row in rows) == result.cycles
    for row in rows:
        uncounted = row.engine == "npu"
        assert (row.energy_j is None) == uncounted
        assert not (uncounted and (row.stalls or row.events))


@pytest.mark.parametrize("seed", range(300, 316))
def test_random_networks(seed: int) -> None:
    check(random_network(seed), seed, random_microcode_config(4))


@pytest.mark.slow
@pytest.mark.parametrize("design", [0, 1, 2, 3, 5, 6])
@pytest.mark.parametrize("seed", range(330, 360))
def test_many_random_networks_on_many_designs(seed: int, design: int) -> None:
    check(random_network(seed), seed, random_microcode_config(design))


def test_keyword_spotting_on_the_small_board() -> None:
    check(open_network("kws", Progress()).graph, 1, load_config("icebreaker"))


@pytest.mark.slow
def test_keyword_spotting_in_the_memory_of_the_tang_nano_20k() -> None:
    config = board_config(BOARDS["tang-nano-20k"], {})
    check(open_network("kws", Progress()).graph, 1, config)
