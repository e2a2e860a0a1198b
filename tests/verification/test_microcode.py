"""The whole chip with control = microcode against the functional backend."""

import numpy as np
import pytest

from hw.fpga.boards import BOARDS
from hw.spec.config import Config
from hw.spec.settings import load_config
from mapper.compile import compile_model
from mapper.graph.graph import Graph
from sim.fpga.configuration import board_config
from sim.functional.backend import run_functional
from sim.networks.network_file import open_network
from sim.progress import Progress
from sim.results.rows import measured_rows
from sim.rtl.backend import run_rtl
from tests.random_networks import random_input, random_microcode_config, random_network

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
