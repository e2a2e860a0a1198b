"""The synthesised chip does what its RTL does, cycle by cycle."""

import json

import numpy as np
import pytest
from amaranth.back import rtlil

from tests.random_networks import random_input, random_network
from tilewright.hw.npu.microcode.products import DualProduct
from tilewright.hw.spec.settings import load_config
from tilewright.mapper.compile import compile_model
from tilewright.sim.fpga.synthesis import NETLIST, synthesise
from tilewright.sim.functional.backend import run_functional
from tilewright.sim.rtl.backend import run_rtl

SEED = 10

SMALL = (
    "control=microcode",
    "rows=4",
    "cols=4",
    "bus_bytes=4",
    "scratchpad_bytes=32768",
    f"memory_bytes={256 * 1024}",
    "memory_latency=3",
    "cpu=lite",
)


def test_two_products_of_bytes_stay_two(tmp_path) -> None:
    class Device:
        device = "iCE40UP5K"

    products = rtlil.convert(DualProduct(), name="top", platform=Device(), emit_src=False)
    (tmp_path / "top.il").write_text(products)
    synthesise(["top.il"], "ice40", "top", tmp_path, tmp_path / "log", lambda _: None)
    cells = json.loads((tmp_path / NETLIST).read_text())["modules"]["top"]["cells"].values()
    (block,) = (cell["parameters"] for cell in cells if cell["type"] == "SB_MAC16")
    assert int(block["MODE_8x8"], 2) == 1
    # The two halves of the output are the two products.
    assert int(block["TOPOUTPUT_SELECT"], 2) == int(block["BOTOUTPUT_SELECT"], 2) == 2


@pytest.mark.rtl
@pytest.mark.slow
def test_a_netlist_gives_the_outputs_and_cycles_of_the_rtl() -> None:
    graph = random_network(SEED, largest=8, channels=8, ops=4)
    program = compile_model(graph, load_config(sets=SMALL))
    inputs = {program.inputs[0].name: random_input(graph, SEED)}
    expected = run_functional(program, inputs).outputs
    rtl = run_rtl(program, inputs)
    cells = run_rtl(program, inputs, netlist="ice40")
    for name, tensor in expected.items():
        assert np.array_equal(cells.outputs[name], tensor)
    assert cells.cycles == rtl.cycles
    assert cells.segments == rtl.segments
