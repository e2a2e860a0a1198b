"""Cascades, and moves in rectangles: chip, model and functional backend."""

import numpy as np
import pytest

from tests.mapper.cascading import random_chain
from tests.mapper.networks import Sketch
from tilewright.hw.spec.settings import load_config
from tilewright.mapper.compile import compile_model
from tilewright.mapper.operators.slices import Transpose
from tilewright.sim.functional.backend import run_functional
from tilewright.sim.model.backend import ModelBackend
from tilewright.sim.rtl.backend import run_rtl

pytestmark = [pytest.mark.rtl]

DESIGNS = {
    "4 KiB": ["scratchpad_bytes=4096"],
    "narrow": ["rows=3", "cols=4", "port_bytes=8", "bus_bytes=4", "scratchpad_bytes=6144"],
}


def check(graph, config, seed):
    program = compile_model(graph, config)
    x = np.random.default_rng(seed).integers(-128, 128, graph.tensors["x"].shape, dtype=np.int8)
    functional, chip = run_functional(program, {"x": x}), run_rtl(program, {"x": x})
    for name, value in functional.outputs.items():
        np.testing.assert_array_equal(chip.outputs[name], value)
    for ours, theirs in zip(ModelBackend(program).run().segments, chip.segments, strict=True):
        assert ours == theirs
    return program


@pytest.mark.parametrize("design", DESIGNS)
@pytest.mark.parametrize("seed", [1, 2, 3, 5, 8])
def test_chains_of_layers(seed, design):
    check(random_chain(seed), load_config(sets=DESIGNS[design]), seed)


def test_microprogrammed_control():
    """Only what needs no row twice."""
    sets = ["control=microcode", "rows=4", "cols=6", "bus_bytes=4", "memory_bytes=262144"]
    config = load_config(sets=[*sets, "scratchpad_bytes=4096"])
    s = Sketch(shape=(1, 12, 12, 8))
    s.conv(s.conv(s.conv("x", "a", 40), "b", 30), "y", 3)
    program = compile_model(s.graph("y"), config)
    assert [layer.output is None for layer in program.layers][:2] == [True, True]
    x = np.random.default_rng(1).integers(-128, 128, (1, 12, 12, 8), dtype=np.int8)
    functional, chip = run_functional(program, {"x": x}), run_rtl(program, {"x": x})
    np.testing.assert_array_equal(chip.outputs["y"], functional.outputs["y"])
    assert {segment.layer for segment in chip.segments} >= {0, 1, 2}


@pytest.mark.parametrize("order", [(0, 3, 1, 2), (0, 2, 1, 3)])
def test_a_transposition_that_does_not_fit(order):
    s = Sketch(shape=(1, 24, 30, 20))
    shape = tuple(s.tensors["x"].shape[axis] for axis in order)
    y = s.op(Transpose(permutation=order), ["x"], s.like("x", "y", shape=shape))
    program = check(s.graph(y), load_config(sets=["scratchpad_bytes=4096"]), 3)
    (layer,) = program.layers
    assert layer.engine == "npu"
    assert layer.tiles > 5
