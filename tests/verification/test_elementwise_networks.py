"""Networks with element-wise operators and functions: chip, model and functional backend."""

import numpy as np
import pytest

from tests.mapper.networks import Sketch
from tilewright.hw.spec.config import make_config
from tilewright.mapper.compile import compile_model
from tilewright.mapper.graph.tensor import Quant, Tensor
from tilewright.mapper.operators.elementwise import Add, Sub
from tilewright.mapper.operators.extremes import Maximum, Minimum
from tilewright.mapper.operators.lookup import HardSwish, LeakyRelu, Logistic, Tanh
from tilewright.mapper.operators.products import Mul
from tilewright.sim.functional.backend import run_functional
from tilewright.sim.model.backend import ModelBackend
from tilewright.sim.rtl.backend import run_rtl


def constant(sketch, name, shape, scale, zero_point):
    data = np.random.default_rng(len(name)).integers(-128, 128, shape).astype(np.int8)
    sketch.tensors[name] = Tensor(name, shape, "int8", Quant((scale,), (zero_point,)), data)
    return name


def gated_network():
    """Gates of a channel, a pixel and all, constants, maxima, and functions behind most of them."""
    s = Sketch(shape=(1, 12, 10, 8))
    s.op(HardSwish(), [s.conv("x", "c", 24)], s.like("c", "h", scale=0.5))
    s.op(Logistic(), [s.conv("h", "d", 1)], s.activation("pixel gate", (1, 12, 10, 1), 1 / 256,
                                                         -128))  # fmt: skip
    s.op(Mul(), ["h", "pixel gate"], s.like("h", "m", scale=0.4))
    s.op(Mul(), ["m", constant(s, "channel gate", (1, 1, 1, 24), 0.01, 5)],
         s.like("m", "n", scale=0.3))  # fmt: skip
    s.op(Sub(), [constant(s, "one", (1,), 0.02, -3), "n"], s.like("n", "o", scale=0.7))
    s.op(Tanh(), ["o"], s.like("o", "t", scale=1 / 128, zero_point=0))
    s.op(Add(lo=-90, hi=100), ["t", "h"], s.like("t", "a", scale=0.4, zero_point=-9))
    floor = constant(s, "floor", (24,), 0.4, -9)
    s.op(Maximum(), ["a", floor], s.like("a", "e"))
    s.op(Minimum(), ["e", "a"], s.like("a", "f"))
    s.op(LeakyRelu(alpha=0.3), ["f"], s.like("f", "y", scale=0.45))
    return s.graph("y", "e")


DESIGNS = {"default": {}, "16 KiB": {"scratchpad_bytes": 16384}}


@pytest.mark.parametrize("name", DESIGNS)
def test_all_of_it_is_on_the_accelerator(name):
    program = compile_model(gated_network(), make_config(DESIGNS[name]))
    assert [(layer.op, layer.engine) for layer in program.layers] == [
        (kind, "npu")
        for kind in ("CONV_2D", "CONV_2D", "MUL", "MUL", "SUB", "ADD", "MAXIMUM", "MINIMUM")
    ]


@pytest.mark.parametrize("name", DESIGNS)
def test_the_cpu_computes_the_same(name):
    """Its steps share no code with the commands but the fixed point."""
    graph, x = gated_network(), np.random.default_rng(4).integers(-128, 128, (1, 12, 10, 8))
    inputs = {"x": x.astype(np.int8)}
    ours = run_functional(compile_model(graph, make_config(DESIGNS[name])), inputs).outputs
    cpu = run_functional(compile_model(graph, make_config({"npu": "none"})), inputs).outputs
    for output in ("y", "e"):
        np.testing.assert_array_equal(ours[output], cpu[output])


@pytest.mark.rtl
@pytest.mark.parametrize("name", DESIGNS)
def test_the_chip(name):
    program = compile_model(gated_network(), make_config(DESIGNS[name]))
    x = np.random.default_rng(5).integers(-128, 128, (1, 12, 10, 8)).astype(np.int8)
    functional, model = run_functional(program, {"x": x}), ModelBackend(program).run()
    chip = run_rtl(program, {"x": x})
    for output in ("y", "e"):
        np.testing.assert_array_equal(chip.outputs[output], functional.outputs[output])
    for ours, theirs in zip(model.segments, chip.segments, strict=True):
        assert (ours.layer, ours.causes, ours.events) == (
            theirs.layer, theirs.causes, theirs.events,
        )  # fmt: skip
