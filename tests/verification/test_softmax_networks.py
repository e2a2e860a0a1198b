"""Softmaxes of odd sizes between other layers: chip, model, functional backend, CPU."""

import random

import numpy as np
import pytest

from tests.mapper.networks import Sketch
from tilewright.hw.spec.config import make_config
from tilewright.mapper.compile import compile_model
from tilewright.mapper.operators.lookup import Logistic
from tilewright.mapper.operators.moves import Reshape
from tilewright.mapper.operators.softmax import Softmax
from tilewright.sim.functional.backend import run_functional
from tilewright.sim.model.backend import ModelBackend
from tilewright.sim.rtl.backend import run_rtl

DESIGNS = {
    "default": {},
    "one lane, narrow port": {"requantiser_lanes": 1, "port_bytes": 8, "scratchpad_bytes": 8192},
    "two lanes, wide port": {"requantiser_lanes": 2, "port_bytes": 32, "scratchpad_bytes": 16384},
    "5x3, 4 lanes": {"rows": 5, "cols": 3, "requantiser_lanes": 4, "scratchpad_bytes": 8192},
}


def random_network(seed):
    """Softmaxes over channels of images and over rows of any length; a function between them."""
    rng = random.Random(seed)
    rows, cols, depth = rng.randint(1, 8), rng.randint(1, 5), rng.choice([1, 2, 3, 16, 30])
    s = Sketch(shape=(1, rows, cols, 4), scale=0.1)
    shape = (1, rows, cols, depth)
    x = s.conv("x", "c", depth, scale=rng.choice([0.02, 0.1, 0.4]))
    x = s.op(Softmax(beta=rng.choice([0.5, 1.0])), [x], s.activation("p", shape, 1 / 256, -128))
    if rng.random() < 0.5:
        x = s.op(Logistic(), [x], s.activation("l", shape, 1 / 256, -128))
    x = s.conv(x, "d", depth, scale=0.05)
    count = rows * cols * depth
    length = rng.choice([n for n in range(1, 301) if count % n == 0])
    flat = (count // length, length)
    x = s.op(Reshape(), [x], s.activation("r", flat, 0.05, -4))
    return s.graph(s.op(Softmax(), [x], s.activation("y", flat, 1 / 256, -128))), (rows, cols)


def random_input(seed, size):
    rng = np.random.default_rng(seed)
    return {"x": rng.integers(-128, 128, (1, *size, 4)).astype(np.int8)}


@pytest.mark.parametrize("name", DESIGNS)
@pytest.mark.parametrize("seed", range(8))
def test_the_cpu_computes_the_same(name, seed):
    """Its steps share the fixed point with the unit's commands, but no table that was trimmed."""
    graph, size = random_network(seed)
    program = compile_model(graph, make_config(DESIGNS[name]))
    assert {layer.engine for layer in program.layers} == {"npu"}
    inputs = random_input(seed, size)
    ours = run_functional(program, inputs).outputs["y"]
    cpu = run_functional(compile_model(graph, make_config({"npu": "none"})), inputs).outputs["y"]
    np.testing.assert_array_equal(ours, cpu)


@pytest.mark.rtl
@pytest.mark.parametrize("name", DESIGNS)
def test_the_chip(name):
    for seed in range(100, 104):
        graph, size = random_network(seed)
        program = compile_model(graph, make_config(DESIGNS[name]))
        inputs = random_input(seed, size)
        functional, model = run_functional(program, inputs), ModelBackend(program).run()
        chip = run_rtl(program, inputs)
        np.testing.assert_array_equal(chip.outputs["y"], functional.outputs["y"])
        for ours, theirs in zip(model.segments, chip.segments, strict=True):
            assert (ours.layer, ours.causes, ours.events) == (
                theirs.layer, theirs.causes, theirs.events,
            )  # fmt: skip
