"""Steps on two operands: the kernel in C, its meaning in NumPy and TensorFlow Lite Micro agree."""

from dataclasses import asdict

import numpy as np
import pytest

from tests.firmware.cases import random_factors, random_int8
from tests.tflite_builder import TfliteBuilder, run_tflm
from tilewright.hw.spec.arithmetic import binary
from tilewright.hw.spec.steps import ADD, DIV, MAXIMUM_MINIMUM, MUL, PRELU
from tilewright.hw.spec.steps.broadcast import broadcast

DTYPES = {1: np.int8, 2: np.int16}
LIMITS = {1: (-128, 127), 2: (-32768, 32767)}
OPERATIONS = {
    "ADD": binary.ADD,
    "SUB": binary.SUB,
    "SQUARED_DIFFERENCE": binary.SQUARED_DIFFERENCE,
}
OPTIONS = {"ADD": "AddOptions", "SUB": "SubOptions", "MUL": "MulOptions", "DIV": "DivOptions"}


def shapes(rng, axes):
    """Two shapes that broadcast to a third; a leading axis may be missing from one."""
    result = [int(n) for n in rng.integers(1, 5, int(rng.integers(1, axes + 1)))]
    result[-1] = int(rng.integers(1, 12))
    sides = [result.copy(), result.copy()]
    for axis in range(len(result)):
        kind = int(rng.integers(0, 4))
        if kind < 2:
            sides[kind][axis] = 1
    if rng.random() < 0.4:
        short = int(rng.integers(2))
        dropped = int(rng.integers(len(result)))
        sides[short] = sides[short][dropped:]
    return [tuple(side) for side in sides]


def operand(rng, shape, size):
    if size == 1:
        return random_int8(rng, *shape)
    if rng.random() < 0.2:
        return rng.choice(np.array(LIMITS[2], np.int16), shape)
    return rng.integers(*LIMITS[2], shape, np.int16, endpoint=True)


def spread(kernels, a, b):
    """Parameters that place two operands."""
    values = broadcast(a.shape, b.shape, a.itemsize, b.itemsize)
    return values.values | {
        "a": kernels.place(a, misalign=a.itemsize),
        "b": kernels.place(b, misalign=2),
        "loops": kernels.place(values.loops),
    }


def quantisation(zero_points, limits):
    names = ("a_zero_point", "b_zero_point", "output_zero_point", "clamp_low", "clamp_high")
    return dict(zip(names, (*zero_points, *limits), strict=True))


def random_quantisation(rng, size, symmetric=False):
    """Zero points and clamp."""
    low, high = LIMITS[size]
    zeros = [0] * 3 if symmetric else [int(n) for n in rng.integers(low, high + 1, 3)]
    return quantisation(zeros, sorted(int(n) for n in rng.integers(low, high + 1, 2)))


def random_factor(rng):
    (multiplier,), (shift,) = (table.tolist() for table in random_factors(rng, 1))
    return {"multiplier": multiplier, "shift": shift}


@pytest.mark.parametrize("seed", range(300))
def test_kernels_do_what_the_steps_mean(kernels, seed):
    """`HostKernels.run` compares; every factor and zero point occurs, sensible or not."""
    rng = np.random.default_rng(seed)
    for size in (1, 2):
        a, b = (operand(rng, shape, size) for shape in shapes(rng, 6))
        shape = np.broadcast_shapes(a.shape, b.shape)
        common = spread(kernels, a, b)
        q = random_quantisation(rng, size)
        factors = {
            f"{side}_{name}": value
            for side in ("a", "b", "output")
            for name, value in random_factor(rng).items()
        }
        for operation in OPERATIONS.values():
            own = {"operation": operation, "left_shift": binary.LEFT_SHIFTS[operation, size]}
            kernels.run(
                ADD, shape, DTYPES[size], **common, **q, **factors, **own, element_bytes=size
            )
        factor = random_factor(rng)
        kernels.run(MUL, shape, DTYPES[size], **common, **q, **factor, element_bytes=size)
        for smaller in (0, 1):
            result = kernels.run(
                MAXIMUM_MINIMUM,
                shape,
                DTYPES[size],
                **common,
                element_bytes=size,
                smaller=smaller,
            )
            assert np.array_equal(result, (np.minimum if smaller else np.maximum)(a, b))
        if size == 1:
            table = kernels.place(binary.reciprocals())
            kernels.run(DIV, shape, **common, **q, **factor, reciprocals=table)
        alpha = random_int8(rng, *b.shape)
        sides = {
            f"{side}_{name}": value
            for side in ("above", "below")
            for name, value in random_factor(rng).items()
        }
        kernels.run(
            PRELU,
            shape,
            DTYPES[size],
            **spread(kernels, a, alpha),
            **q,
            **sides,
            element_bytes=size,
        )
        kernels.clear()


def reference(name, tensors, y, shape, activation="NONE"):
    """TensorFlow Lite Micro's result for operands with their (scale, zero point)."""
    builder = TfliteBuilder()
    sources = [
        builder.tensor(f"x{i}", data.shape, dtype=data.dtype.name, scale=q[0], zero_point=q[1])
        for i, (data, q) in enumerate(tensors)
    ]
    dtype = tensors[0][0].dtype.name
    target = builder.tensor("y", shape, dtype=dtype, scale=y[0], zero_point=y[1])
    builder.binary(name, sources, target, options=OPTIONS.get(name), activation=activation)
    return run_tflm(builder.finish(sources, [target]), *(data for data, _ in tensors))[0]


def random_q(rng, size, low=-7, high=-1):
    scale = float(np.float32(2.0 ** rng.uniform(low, high)))
    return scale, int(rng.integers(-128, 128)) if size == 1 else 0


def clamp(rng, size, y):
    """Name of an activation and the range that it means."""
    name = str(rng.choice(["NONE", "RELU", "RELU6"]))
    low, high = LIMITS[size]
    if name != "NONE":
        low = max(low, y[1])
    if name == "RELU6":
        high = min(high, y[1] + int(np.floor(np.float32(6) / np.float32(y[0]) + 0.5)))
    return name, (low, high)


@pytest.mark.parametrize("size", [1, 2])
@pytest.mark.parametrize("name", list(OPERATIONS))
@pytest.mark.parametrize("part", range(10))
def test_sums_against_tflm(kernels, name, size, part):
    rng = np.random.default_rng([part, size, OPERATIONS[name]])
    for _ in range(30):
        a, b = (operand(rng, shape, size) for shape in shapes(rng, 6))
        qa, qb, y = (random_q(rng, size) for _ in range(3))
        if name == "SQUARED_DIFFERENCE":
            activation, limits = "NONE", LIMITS[size]
            y = (float(np.float32(y[0] * (1 if size == 1 else 2**10))), y[1])
        else:
            activation, limits = clamp(rng, size, y)
        shape = np.broadcast_shapes(a.shape, b.shape)
        expected = reference(name, [(a, qa), (b, qb)], y, shape, activation)
        operation = OPERATIONS[name]
        parameters = binary.combine_parameters(operation, size, qa[0], qb[0], y[0])
        result = kernels.run(
            ADD,
            shape,
            DTYPES[size],
            **spread(kernels, a, b),
            **asdict(parameters),
            **quantisation((qa[1], qb[1], y[1]), limits),
            element_bytes=size,
            operation=operation,
            left_shift=binary.LEFT_SHIFTS[operation, size],
        )
        assert np.array_equal(result, expected)
        kernels.clear()


@pytest.mark.parametrize("size", [1, 2])
@pytest.mark.parametrize("part", range(10))
def test_mul_against_tflm(kernels, size, part):
    rng = np.random.default_rng([part, size])
    for _ in range(30):
        a, b = (operand(rng, shape, size) for shape in shapes(rng, 4))
        qa, qb = (random_q(rng, size) for _ in range(2))
        y = random_q(rng, size, -6, 2)
        activation, limits = clamp(rng, size, y)
        shape = np.broadcast_shapes(a.shape, b.shape)
        expected = reference("MUL", [(a, qa), (b, qb)], y, shape, activation)
        multiplier, shift = binary.mul_factor(qa[0], qb[0], y[0])
        result = kernels.run(
            MUL,
            shape,
            DTYPES[size],
            **spread(kernels, a, b),
            **quantisation((qa[1], qb[1], y[1]), limits),
            multiplier=multiplier,
            shift=shift,
            element_bytes=size,
        )
        assert np.array_equal(result, expected)
        kernels.clear()


def defined(a, b, qa, qb, shift):
    """Where the reference shifts by no more than 31 bits."""
    numerator, divisor = a.astype(int) - qa[1], b.astype(int) - qb[1]
    size = np.where(divisor < 0, -numerator, numerator)
    leading = 31 - np.frexp(np.where(size < 0, -1 - size, size).astype(float))[1]
    return np.frexp(np.abs(divisor).astype(float))[1] - 1 + leading - shift <= 31


@pytest.mark.parametrize("part", range(10))
def test_div_against_tflm(kernels, part):
    rng = np.random.default_rng(part)
    compared = elements = 0
    for _ in range(30):
        a, b = (operand(rng, shape, 1) for shape in shapes(rng, 5))
        qa, qb = (random_q(rng, 1) for _ in range(2))
        y = random_q(rng, 1, -9, 0)
        b = np.where(b == qb[1], b ^ 1, b).astype(np.int8)
        activation, limits = clamp(rng, 1, y)
        shape = np.broadcast_shapes(a.shape, b.shape)
        multiplier, shift = binary.div_factor(qa[0], qb[0], y[0])
        expected = reference("DIV", [(a, qa), (b, qb)], y, shape, activation)
        result = kernels.run(
            DIV,
            shape,
            **spread(kernels, a, b),
            **quantisation((qa[1], qb[1], y[1]), limits),
            multiplier=multiplier,
            shift=shift,
            reciprocals=kernels.place(binary.reciprocals()),
        )
        same = defined(a, b, qa, qb, shift)
        assert np.array_equal(result[same], expected[same])
        zero = np.clip(y[1], *limits)
        assert (np.abs(result[~same] - zero) == 0).all()
        compared, elements = compared + same.sum(), elements + same.size
        kernels.clear()
    assert compared > 0.8 * elements


@pytest.mark.parametrize("size", [1, 2])
@pytest.mark.parametrize("name", ["MAXIMUM", "MINIMUM"])
@pytest.mark.parametrize("part", range(10))
def test_extremes_against_tflm(kernels, name, size, part):
    rng = np.random.default_rng([part, size])
    for _ in range(30):
        a, b = (operand(rng, shape, size) for shape in shapes(rng, 4))
        q = random_q(rng, size)
        shape = np.broadcast_shapes(a.shape, b.shape)
        expected = reference(name, [(a, q), (b, q)], q, shape)
        result = kernels.run(
            MAXIMUM_MINIMUM,
            shape,
            DTYPES[size],
            **spread(kernels, a, b),
            element_bytes=size,
            smaller=int(name == "MINIMUM"),
        )
        assert np.array_equal(result, expected)
        kernels.clear()


@pytest.mark.parametrize("size", [1, 2])
@pytest.mark.parametrize("part", range(10))
def test_prelu_against_tflm(kernels, size, part):
    rng = np.random.default_rng([part, size])
    for _ in range(30):
        x_shape, alpha_shape = shapes(rng, 4)
        x = operand(rng, np.broadcast_shapes(x_shape, alpha_shape), size)
        alpha = random_int8(rng, *alpha_shape)
        q, q_alpha, y = random_q(rng, size), random_q(rng, 1), random_q(rng, size)
        if size == 2:
            q_alpha = (q_alpha[0], 0)
        expected = reference("PRELU", [(x, q), (alpha, q_alpha)], y, x.shape)
        factors = binary.prelu_factors(q[0], q_alpha[0], y[0])
        names = ("multiplier", "shift")
        sides = {
            f"{side}_{name}": value
            for side, pair in zip(("above", "below"), factors, strict=True)
            for name, value in zip(names, pair, strict=True)
        }
        result = kernels.run(
            PRELU,
            x.shape,
            DTYPES[size],
            **spread(kernels, x, alpha),
            **quantisation((q[1], q_alpha[1], y[1]), LIMITS[size]),
            **sides,
            element_bytes=size,
        )
        assert np.array_equal(result, expected)
        kernels.clear()
