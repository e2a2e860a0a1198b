"""Block RAM that answers ones for a byte which is written in the cycle in which it is read.

The description leaves such bytes open (hw.block_ram), and chips differ. Programs must not care.
"""

from __future__ import annotations

import random

import numpy as np
import pytest
from amaranth.back import rtlil

from tests.random_networks import random_config, random_input, random_network
from tests.shared_models import golden, shared_models
from tests.stream_program import random_moves_program
from tilewright.hw.npu.memory.scratchpad import Scratchpad
from tilewright.hw.spec.config import Config
from tilewright.hw.spec.npu_config import NpuConfig
from tilewright.hw.spec.settings import load_config
from tilewright.mapper.compile import compile_model
from tilewright.mapper.graph.graph import Graph
from tilewright.mapper.importers import import_model
from tilewright.sim.functional.backend import run_functional
from tilewright.sim.rtl.backend import run_rtl
from tilewright.verification.cells.netlist import NETLIST, UNDEFINED_READS, write_cells


def check(graph: Graph, config: Config, seed: int) -> None:
    program = compile_model(graph, config)
    inputs = {program.inputs[0].name: random_input(graph, seed)}
    expected = run_functional(program, inputs).outputs
    found = run_rtl(program, inputs, netlist=UNDEFINED_READS).outputs
    for name, tensor in expected.items():
        np.testing.assert_array_equal(found[name], tensor)


def test_every_byte_of_the_scratchpad_is_undefined_while_it_is_written(tmp_path) -> None:
    config = NpuConfig(rows=2, cols=2)
    scratchpad = rtlil.convert(Scratchpad(config), name="top", emit_src=False)
    write_cells({"top.il": scratchpad}, UNDEFINED_READS, "top", tmp_path)
    undefined = (tmp_path / NETLIST).read_text().count("<= 8'hxx;")
    assert undefined == config.scratchpad_banks * config.port_bytes


@pytest.mark.rtl
@pytest.mark.parametrize("name", ["vww", "kws", "ic", "ad"])
def test_official_networks(name: str) -> None:
    program = compile_model(
        import_model(shared_models() / "tflite" / f"{name}.tflite"), load_config()
    )
    port = program.inputs[0]
    value = golden(name)["inputs"][0].reshape(port.shape)
    result = run_rtl(program, {port.name: value}, netlist=UNDEFINED_READS)
    (output,) = result.outputs.values()
    np.testing.assert_array_equal(output.ravel(), golden(name)["outputs"][0].ravel())


@pytest.mark.rtl
@pytest.mark.parametrize("seed", range(12))
def test_random_networks(seed: int) -> None:
    check(random_network(seed), load_config(), seed)


@pytest.mark.rtl
@pytest.mark.slow
@pytest.mark.parametrize("seed", range(40, 46))
def test_random_networks_on_random_designs(seed: int) -> None:
    config = random_config(seed)
    for network in range(6):
        check(random_network(seed * 100 + network), config, network)


@pytest.mark.rtl
@pytest.mark.parametrize("seed", range(4))
def test_random_moves_beside_transfers(seed: int) -> None:
    sets = ["rows=4", "cols=3", "port_bytes=8", "scratchpad_banks=2", "scratchpad_bytes=4096"]
    program, given, wanted = random_moves_program(random.Random(seed), load_config(sets=sets), 24)
    inputs = {"input": np.frombuffer(given, np.int8)}
    found = run_rtl(program, inputs, netlist=UNDEFINED_READS).outputs
    assert found["output"].tobytes() == wanted
