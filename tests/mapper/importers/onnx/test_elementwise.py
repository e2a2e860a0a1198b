"""Element-wise ONNX operators from the file to the Program, against onnxruntime.

At most one step of the output's scale apart.
"""

from pathlib import Path

import numpy as np
import pytest

from tests.decoding import decode_output
from tests.onnx_builder import QdqBuilder, run_ort
from tilewright.hw.spec.config import make_config
from tilewright.hw.spec.errors import RequestError
from tilewright.mapper.compile import compile_model
from tilewright.mapper.importers.onnx.importer import import_onnx
from tilewright.mapper.interface import encode_input
from tilewright.sim.functional.backend import run_functional

CONFIGS = [make_config({}), make_config({"npu": "none"})]
PARTS = range(10)
CASES = 30


class Network(QdqBuilder):
    """Random quantisation and data."""

    def __init__(self, rng, opset=17):
        super().__init__(dtype=str(rng.choice(["int8", "uint8"])), opset=opset)
        self.rng = rng

    def operand(self, name, shape, low=-2.0, high=2.0):
        """A quantised network input whose range is about low..high."""
        scale = (high - low) / 255
        zero = int(np.clip(np.rint(-low / scale - 128), -128, 127))
        return self.quantised(self.input(name, shape), scale, zero)

    def fixed(self, name, data, scale, zero):
        """A constant, dequantised: int8 or uint8 as the activations are."""
        parameters = self.parameters(scale, zero)
        shift = 128 if self.dtype == "uint8" else 0
        stored = self.constant(name, (data.astype(np.int16) + shift).astype(self.dtype))
        return self.node("DequantizeLinear", [stored, *parameters])

    def result(self, value, low, high):
        self.step = float(np.float32((high - low) / 255))
        zero = int(np.clip(np.rint(-low / self.step - 128), -128, 127))
        return self.quantised(value, self.step, zero)

    def check(self, output, config, low=-2.0, high=2.0):
        content = self.finish([output])
        graph = import_onnx(Path("layer.onnx"), content)
        data = {
            value.name: self.rng.uniform(
                low, high, [extent.dim_value for extent in value.type.tensor_type.shape.dim]
            ).astype(np.float32)
            for value in self.inputs
        }
        (wanted,) = run_ort(content, data)
        encoded = {
            name: encode_input(graph, name, data[graph.ports[name].name]) for name in graph.inputs
        }
        values = run_functional(compile_model(graph, config), encoded).outputs[graph.outputs[0]]
        got = decode_output(graph, graph.outputs[0], values)
        assert got.shape == wanted.shape
        assert np.abs(got - wanted).max() <= 1.01 * self.step
        return graph


def shapes(rng):
    """Shapes of images or vectors that broadcast; the second may lack leading axes."""
    result = [1, *(int(n) for n in rng.integers(1, 6, int(rng.choice([1, 2, 3, 3]))))]
    sides = [result.copy(), result.copy()]
    for axis in range(1, len(result)):
        kind = int(rng.integers(0, 5))
        if kind < 2:
            sides[kind][axis] = 1
    return [tuple(side) for side in sides]


BINARY = ("Add", "Sub", "Mul", "Div", "Max", "Min")


@pytest.mark.parametrize("op", BINARY)
@pytest.mark.parametrize("part", PARTS)
def test_two_operands(op, part):
    rng = np.random.default_rng([part, BINARY.index(op)])
    for case in range(CASES):
        net = Network(rng)
        a_shape, b_shape = shapes(rng)
        a = net.operand("a", a_shape)
        constant = int(rng.integers(3))
        if constant == 0:
            data = rng.integers(40, 120, b_shape[int(rng.integers(len(b_shape))) :])
            b = net.fixed("b", data, 0.02, int(rng.integers(-40, 20)))
        elif constant == 1:
            b = net.constant("b", np.float32(rng.choice([-1, 1]) * rng.uniform(0.2, 3)))
        elif op == "Div":
            # Divisors keep away from 0: onnxruntime's infinities are nothing to compare with.
            b = net.quantised(net.node("Abs", [net.operand("b", b_shape)]), 0.01, -128)
            b = net.node("Clip", [b, net.constant("low", np.float32(0.3))])
            b = net.quantised(b, 0.01, -128)
        else:
            b = net.operand("b", b_shape, -3, 1)
        operands = [a, b]
        if constant != 2 and op != "Div" and rng.integers(2):
            operands.reverse()
        value = net.node(op, operands)
        if rng.integers(2):
            value = net.node("Relu", [value])
        net.check(net.result(value, -6, 6), CONFIGS[case % 2])


FUNCTIONS = {
    "Abs": {},
    "Ceil": {},
    "Celu": {"alpha": 0.7},
    "Cos": {},
    "Elu": {"alpha": 1.3},
    "Erf": {},
    "Exp": {},
    "Floor": {},
    "HardSigmoid": {"alpha": 0.3, "beta": 0.4},
    "HardSwish": {},
    "LeakyRelu": {"alpha": 0.2},
    "Log": {},
    "Mish": {},
    "Neg": {},
    "Reciprocal": {},
    "Round": {},
    "Selu": {},
    "Sigmoid": {},
    "Sign": {},
    "Sin": {},
    "Softplus": {},
    "Softsign": {},
    "Sqrt": {},
    "Tan": {},
    "Tanh": {},
    "ThresholdedRelu": {"alpha": 0.3},
}
POSITIVE = ("Log", "Reciprocal", "Sqrt")


@pytest.mark.parametrize("op", list(FUNCTIONS))
def test_functions(op):
    rng = np.random.default_rng(list(FUNCTIONS).index(op))
    for case in range(CASES):
        net = Network(rng, 18 if op == "Mish" else 17)
        low, high = (0.0, 4.0) if op in POSITIVE else sorted(rng.uniform(-5, 5, 2))
        if op == "Tan":
            low, high = -1.0, 1.2
        x = net.operand("x", (1, 3, 4, 5), min(low, 0), max(high, 0) + 0.1)
        if op in POSITIVE:
            low = 0.2
        value = net.node(op, [x], **(FUNCTIONS[op] if rng.integers(2) else {}))
        if rng.integers(2):
            bounds = [net.constant(n, np.float32(b)) for n, b in (("l", -0.5), ("h", 0.8))]
            value = net.node("Clip", [value, *bounds])
        net.check(net.result(value, -4, rng.uniform(2, 8)), CONFIGS[case % 2], low, high)


@pytest.mark.parametrize("part", PARTS)
def test_prelu(part):
    rng = np.random.default_rng(part)
    for case in range(CASES):
        net = Network(rng)
        shape = (1, *(int(n) for n in rng.integers(1, 6, 3)))
        kind = int(rng.integers(3))
        if kind == 0:
            slope = net.constant("slope", np.full((shape[1], 1, 1), 0.25, np.float32))
        else:
            slope_shape = (shape[1], 1, 1) if kind == 1 else shape[1:]
            slope = net.fixed("slope", rng.integers(-100, 100, slope_shape), 0.01, 3)
        value = net.node("PRelu", [net.operand("x", shape), slope])
        net.check(net.result(value, -3, 3), CONFIGS[case % 2])


@pytest.mark.parametrize("exponent", [0.5, 2.0, 3.0])
def test_powers(exponent):
    net = Network(np.random.default_rng(2))
    x = net.operand("x", (1, 40), 0, 2)
    value = net.node("Pow", [x, net.constant("e", np.float32(exponent))])
    net.check(net.result(value, 0, 8), CONFIGS[1], 0.1, 2)


@pytest.mark.parametrize("approximate", ["none", "tanh"])
def test_gelu(approximate):
    net = Network(np.random.default_rng(2), 20)
    value = net.node("Gelu", [net.operand("x", (1, 300), -4, 4)], approximate=approximate)
    net.check(net.result(value, -1, 4), CONFIGS[1], -4, 4)


def test_quick_gelu():
    net = Network(np.random.default_rng(2))
    x = net.operand("x", (1, 300), -4, 4)
    value = net.node("QuickGelu", [x], domain="com.microsoft", alpha=1.3)
    net.check(net.result(value, -1, 4), CONFIGS[1], -4, 4)


@pytest.mark.parametrize("seed", range(20))
def test_qoperator_forms(seed):
    rng = np.random.default_rng(seed)
    net = Network(rng)
    a, b, y = (net.parameters(0.03, int(rng.integers(-30, 30))) for _ in range(3))
    both = [
        net.node("QuantizeLinear", [net.input(name, (1, 2, 3, 4)), *parameters])
        for name, parameters in (("a", a), ("b", b))
    ]
    domain = "com.microsoft"
    product = net.node("QLinearMul", [both[0], *a, both[1], *b, *y], domain=domain)
    slope = net.node("QLinearLeakyRelu", [product, *y, *a], domain=domain, alpha=0.3)
    sigmoid = net.node("QLinearSigmoid", [slope, *a, *y], domain=domain)
    net.step = 0.03
    net.check(net.node("DequantizeLinear", [sigmoid, *y]), CONFIGS[seed % 2])


def test_a_squeeze_and_excite_block_of_channels_first_images():
    net = Network(np.random.default_rng(4))
    x = net.operand("x", (1, 6, 5, 4))
    mean = net.quantised(net.node("GlobalAveragePool", [x]), 0.01, 0)
    gate = net.quantised(net.node("HardSigmoid", [mean]), 1 / 255, -128)
    net.check(net.result(net.node("Mul", [x, gate]), -2, 2), CONFIGS[0])


def test_a_constant_behind_a_convolution_is_its_bias():
    net = Network(np.random.default_rng(5))
    x = net.operand("x", (1, 2, 6, 6))
    w = net.weights("w", net.rng.integers(-100, 100, (3, 2, 3, 3)).astype(np.int8), 0.01)
    vector = net.constant("v", np.array([0.5, -1, 2], np.float32).reshape(3, 1, 1))
    value = net.node("Sub", [net.node("Conv", [x, w]), vector])
    graph = net.check(net.result(value, -20, 20), CONFIGS[0])
    assert [op.kind for op in graph.ops] == ["CONV_2D"]


def refusal(net, value) -> str:
    with pytest.raises(RequestError) as caught:
        import_onnx(Path("net.onnx"), net.finish([net.result(value, -2, 2)]))
    return str(caught.value)


def picture(net):
    return net.constant("k", np.arange(4, dtype=np.float32))


LIMITS = {
    "real constant": (
        lambda n, x: n.node("Mul", [x, n.constant("k", np.eye(4, dtype=np.float32))]),
        "must be one number, or be",
    ),
    "shapes": (
        lambda n, x: n.node("Add", [x, n.operand("b", (1, 3))]),
        "must have shapes that broadcast",
    ),
    "three": (lambda n, x: n.node("Max", [x, x, x]), "must have two operands"),
    "exponent": (lambda n, x: n.node("Pow", [x, picture(n)]), "exponent of a power"),
    "zero": (
        lambda n, x: n.node("Div", [x, n.constant("z", np.float32(0))]),
        "a constant that holds 0",
    ),
    "scale": (
        lambda n, x: n.node("Mul", [x, n.constant("z", np.float32(1e30))]),
        "A scale must be",
    ),
}


@pytest.mark.parametrize("limit", list(LIMITS))
def test_limits(limit):
    net = Network(np.random.default_rng(0))
    value, message = LIMITS[limit]
    found = refusal(net, value(net, net.operand("x", (1, 4))))
    assert message in found
    assert found.startswith("net.onnx")


def test_functions_of_integers_are_refused():
    net = Network(np.random.default_rng(0))
    integers = net.node("QuantizeLinear", [net.input("x", (1, 4)), *net.parameters(0.1, 0)])
    assert "between DequantizeLinear and" in refusal(net, net.node("Tanh", [integers]))
