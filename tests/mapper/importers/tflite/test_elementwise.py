"""Element-wise operators from the file to the Program, against TensorFlow Lite Micro."""

from pathlib import Path

import numpy as np
import pytest

from tests.tflite_builder import TfliteBuilder, run_tflm
from tilewright.hw.spec.arithmetic import functions, tables
from tilewright.hw.spec.config import make_config
from tilewright.hw.spec.errors import RequestError
from tilewright.mapper.compile import compile_model
from tilewright.mapper.importers.tflite.importer import import_tflite
from tilewright.sim.functional.backend import run_functional

pytest.importorskip("tflite_micro", reason="the reference kernels have no wheel here")

CONFIGS = [make_config({}), make_config({"npu": "none"})]
OPTIONS = {"ADD": "AddOptions", "SUB": "SubOptions", "MUL": "MulOptions", "DIV": "DivOptions"}
BINARY = {
    "ADD": 6,
    "SUB": 6,
    "MUL": 4,
    "DIV": 5,
    "SQUARED_DIFFERENCE": 6,
    "MAXIMUM": 4,
    "MINIMUM": 4,
    "PRELU": 4,
}
"""Operators with the axes that the reference takes."""
UNARY = ("LOGISTIC", "TANH", "HARD_SWISH", "ELU", "ABS", "RSQRT", "LEAKY_RELU")
PARTS = range(10)
CASES = 30


def single(value) -> float:
    return float(np.float32(value))


def point(rng, low=-7, high=-1):
    return single(2.0 ** rng.uniform(low, high)), int(rng.integers(-128, 128))


def int8(rng, shape):
    return rng.integers(-128, 128, shape).astype(np.int8)


def computed(content, data, config):
    """The Program's result."""
    graph = import_tflite(Path("layer.tflite"), content)
    program = compile_model(graph, config)
    inputs = dict(zip(graph.inputs, data, strict=True))
    (result,) = run_functional(program, inputs).outputs.values()
    return result


def shapes(rng, axes):
    """Two shapes with batch 1 that broadcast; either may lack leading axes."""
    result = [1, *(int(n) for n in rng.integers(1, 5, int(rng.integers(0, axes - 1)))), 7]
    sides = [result.copy(), result.copy()]
    for axis in range(1, len(result)):
        kind = int(rng.integers(0, 5))
        if kind < 2:
            sides[kind][axis] = 1
    return [tuple(side) for side in sides]


class Pair:
    """A network of one operator on two operands, one of them a constant now and then."""

    def __init__(self, rng, name):
        self.name = name
        builder = TfliteBuilder()
        a_shape, b_shape = shapes(rng, BINARY[name])
        shape = np.broadcast_shapes(a_shape, b_shape)
        if name == "PRELU":
            a_shape = shape
        self.points = [point(rng) for _ in range(2)]
        y = {"DIV": point(rng, -9, 0), "SQUARED_DIFFERENCE": point(rng, -6, 2)}
        self.y = y.get(name, point(rng, -7, 1))
        if name in ("MAXIMUM", "MINIMUM"):
            self.points = [self.y, self.y]
        self.constant = int(rng.integers(0, 2 if name == "PRELU" else 3))
        self.constant = 1 if name == "PRELU" else self.constant
        self.data = [int8(rng, a_shape), int8(rng, b_shape)]
        if name == "DIV":
            b, zero = self.data[1], self.points[1][1]
            self.data[1] = np.where(b == zero, b ^ 1, b).astype(np.int8)
        if self.constant < 2 and self.constant == 1 and name != "PRELU" and rng.integers(2):
            self.data[1] = self.data[1].reshape(-1)[:1]
            shape = np.broadcast_shapes(a_shape, (1,))
        sources = []
        for index, (data, (scale, zero)) in enumerate(zip(self.data, self.points, strict=True)):
            kind = {"scale": scale, "zero_point": zero}
            if index == self.constant:
                sources.append(builder.constant("k", data, **kind))
            else:
                sources.append(builder.tensor(f"x{index}", data.shape, **kind))
        target = builder.tensor("y", shape, scale=self.y[0], zero_point=self.y[1])
        activation = str(rng.choice(["NONE", "RELU", "RELU6"])) if name in OPTIONS else "NONE"
        builder.binary(name, sources, target, options=OPTIONS.get(name), activation=activation)
        inputs = [source for i, source in enumerate(sources) if i != self.constant]
        self.content = builder.finish(inputs, [target])
        self.given = [data for i, data in enumerate(self.data) if i != self.constant]

    def undefined(self):
        """Where the reference's DIV shifts by more than 31 bits, which C leaves open."""
        if self.name != "DIV":
            return False
        (a, b), ((sa, za), (sb, zb)) = self.data, self.points
        numerator, divisor = a.astype(int) - za, b.astype(int) - zb
        size = np.where(divisor < 0, -numerator, numerator)
        leading = 31 - np.frexp(np.where(size < 0, -1 - size, size).astype(float))[1]
        shift = int(np.frexp(sa / (sb * self.y[0]))[1])
        return np.frexp(np.abs(divisor).astype(float))[1] - 1 + leading - shift > 31


@pytest.mark.parametrize("name", list(BINARY))
@pytest.mark.parametrize("part", PARTS)
def test_two_operands(name, part):
    rng = np.random.default_rng([part, list(BINARY).index(name)])
    for case in range(CASES):
        pair = Pair(rng, name)
        result = computed(pair.content, pair.given, CONFIGS[case % 2])
        (wanted,) = run_tflm(pair.content, *pair.given)
        same = (result == wanted.reshape(result.shape)) | pair.undefined()
        assert same.all()


def unary(name, x, y, shape, alpha=0.0):
    builder = TfliteBuilder()
    source = builder.tensor("x", shape, scale=x[0], zero_point=x[1])
    target = builder.tensor("y", shape, scale=y[0], zero_point=y[1])
    if name == "LEAKY_RELU":
        builder.leaky_relu(source, target, alpha=alpha)
    elif name == "GELU":
        builder.gelu(source, target, approximate=alpha > 0)
    else:
        builder.operator(name, [source], [target])
    return builder.finish([source], [target])


@pytest.mark.parametrize("name", UNARY)
@pytest.mark.parametrize("part", PARTS)
def test_one_operand(name, part):
    rng = np.random.default_rng([part, UNARY.index(name)])
    for case in range(CASES):
        x = point(rng, -10, 1)
        y = (single(x[0] * 2.0 ** rng.uniform(-4, 4)), int(rng.integers(-128, 128)))
        y = {"LOGISTIC": tables.LOGISTIC_OUTPUT, "TANH": tables.TANH_OUTPUT}.get(name, y)
        shape = (1, *(int(n) for n in rng.integers(1, 9, int(rng.integers(1, 4)))))
        content = unary(name, x, y, shape, single(rng.uniform(-2, 2)))
        data = int8(rng, shape)
        if name == "RSQRT":
            # The reference stops at the root of a negative number.
            data = np.maximum(data, np.int8(x[1]))
        (wanted,) = run_tflm(content, data)
        assert np.array_equal(computed(content, [data], CONFIGS[case % 2]), wanted)


@pytest.mark.parametrize("name", ["CEIL", "COS", "EXP", "FLOOR", "GELU", "LOG", "NEG", "ROUND"])
@pytest.mark.parametrize("alpha", [0.0, 1.0])
def test_functions_without_a_reference_on_int8(name, alpha):
    """Their tables are compared with the functions in tests/firmware/test_unary.py."""
    x, y = (0.05, 3), (0.04, -7)
    data = np.arange(-128, 128, dtype=np.int8).reshape(1, 256)
    content = unary(name, x, y, data.shape, alpha)
    shown = "GELU_TANH" if name == "GELU" and alpha else name
    table = functions.table(functions.FUNCTIONS[shown], (single(x[0]), 3), (single(y[0]), -7))
    result = computed(content, [data], CONFIGS[1])
    assert np.array_equal(result.reshape(-1), table[data.reshape(-1).view(np.uint8)])


def test_a_relu_behind_a_table_is_part_of_it():
    builder = TfliteBuilder()
    source = builder.tensor("x", (1, 40), scale=0.1, zero_point=-5)
    middle = builder.tensor("m", (1, 40), scale=0.1, zero_point=4)
    target = builder.tensor("y", (1, 40), scale=0.1, zero_point=4)
    builder.leaky_relu(source, middle, alpha=-0.5)
    builder.operator("RELU", [middle], [target])
    content = builder.finish([source], [target])
    data = int8(np.random.default_rng(1), (1, 40))
    assert np.array_equal(computed(content, [data], CONFIGS[0]), run_tflm(content, data)[0])
    program = compile_model(import_tflite(Path("net.tflite"), content), CONFIGS[0])
    assert len(program.layers) == 1


def refusal(content) -> str:
    with pytest.raises(RequestError) as caught:
        compile_model(import_tflite(Path("net.tflite"), content), CONFIGS[0])
    return str(caught.value)


def two(name, a_shape=(1, 4), b_shape=(1, 4), a=0.1, b=0.1, y=0.1, **constant):
    """A network of two operands; ``constant`` is what b holds."""
    builder = TfliteBuilder()
    first = builder.tensor("a", a_shape, scale=a, zero_point=0)
    inputs = [first]
    if constant:
        kind = {"scale": b, "zero_point": 0} | {k: v for k, v in constant.items() if k != "data"}
        second = builder.constant("b", constant["data"], **kind)
    else:
        second = builder.tensor("b", b_shape, scale=b, zero_point=0)
        inputs.append(second)
    shape = np.broadcast_shapes(a_shape, b_shape) if a_shape[1:] == b_shape[1:] else a_shape
    target = builder.tensor("y", shape, scale=y, zero_point=0)
    builder.binary(name, [first, second], target, options=OPTIONS.get(name))
    return builder.finish(inputs, [target])


ONES = np.ones((1, 4), np.int8)

LIMITS = {
    "shapes": (two("MUL", (1, 4), (1, 3)), "shapes that broadcast"),
    "sum": (two("SUB", y=1e-8), "must exceed 2**-19 of the larger input scale"),
    "product": (two("MUL", a=1e5, b=1e5, y=1e-5), "cannot be expressed in fixed point"),
    "zero": (two("DIV", data=ONES * 0), "divides by 'b', a constant that holds 0"),
    "quotient": (two("DIV", a=1e3, y=1e-5), "too fine for a quotient"),
    "repeated": (two("PRELU", (1, 1, 4), (1, 3, 4)), "repeats its input (1, 1, 4)"),
    "int32 constant": (two("ADD", data=ONES.astype(np.int32)), "'b' is int32"),
    "real constant": (
        two("ADD", data=ONES.astype(np.float32)),
        "'b' is computed in floating point",
    ),
    "scales": (two("MUL", data=ONES, scale=[0.1] * 4, zero_point=0, axis=1), "with 4 scale(s)"),
    "zero point": (two("ADD", data=ONES, zero_point=300), "zero point outside -128..127"),
    "logistic": (unary("LOGISTIC", (0.1, 0), (0.1, 0), (1, 4)), "LOGISTIC must have zero point"),
    "tiny": (unary("TANH", (1e-9, 0), (1 / 128, 0), (1, 4)), "must be 2**-28 or more"),
    "swish": (unary("HARD_SWISH", (1, 0), (1e-3, 0), (1, 4)), "1/128 of the input scale"),
    "slope": (
        unary("LEAKY_RELU", (0.1, 0), (0.1, 0), (1, 4), alpha=float("nan")),
        "slope of a LEAKY_RELU must be",
    ),
}


@pytest.mark.parametrize("limit", list(LIMITS))
def test_limits(limit):
    content, message = LIMITS[limit]
    found = refusal(content)
    assert message in found
    assert "net.tflite" in found


def test_two_constants_are_refused():
    builder = TfliteBuilder()
    first, second = (builder.constant(n, ONES, scale=0.1, zero_point=0) for n in "ab")
    source = builder.tensor("x", (1, 4), scale=0.1, zero_point=0)
    middle, target = (builder.tensor(n, (1, 4), scale=0.1, zero_point=0) for n in "my")
    builder.add(first, second, middle)
    builder.add(source, middle, target)
    assert "store its result as a constant" in refusal(builder.finish([source], [target]))


def test_operands_may_alternate_along_every_axis():
    rng = np.random.default_rng(0)
    a_shape, b_shape = (1, 2, 1, 2, 1, 2, 1, 2), (1, 1, 2, 1, 2, 1, 2, 1)
    builder = TfliteBuilder()
    sources = [
        builder.tensor(name, shape, scale=0.1, zero_point=0)
        for name, shape in (("a", a_shape), ("b", b_shape))
    ]
    target = builder.tensor("y", (1, *[2] * 7), scale=0.1, zero_point=0)
    builder.binary("MUL", sources, target, options="MulOptions")
    content = builder.finish(sources, [target])
    data = [int8(rng, shape) for shape in (a_shape, b_shape)]
    result = computed(content, data, CONFIGS[1])
    wanted = np.clip(data[0].astype(float) * data[1] * 0.1, -128, 127)
    assert np.abs(result - wanted).max() <= 0.5 + 1e-6
