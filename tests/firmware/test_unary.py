"""Steps on one operand: the kernel in C, its meaning in NumPy and TensorFlow Lite Micro agree."""

import math
from collections.abc import Callable

import numpy as np
import pytest

from tests.firmware.cases import random_factors, random_quantisation
from tests.tflite_builder import TfliteBuilder, run_tflm
from tilewright.hw.spec import numerics as nm
from tilewright.hw.spec.arithmetic import functions, sigmoid_int16, tables
from tilewright.hw.spec.errors import RequestError
from tilewright.hw.spec.steps import LOOKUP, PRELU, REQUANTISE, SIGMOID_INT16
from tilewright.hw.spec.steps.broadcast import broadcast

DTYPES = {1: np.int8, 2: np.int16, 4: np.int32}
INT8 = np.arange(-128, 128, dtype=np.int8)
INT16 = np.arange(-32768, 32768, dtype=np.int16)


def reference(name, x, q, y, dtype=None, alpha=None):
    """TensorFlow Lite Micro's result from (scale, zero point) q to y."""
    builder = TfliteBuilder()
    source = builder.tensor("x", x.shape, dtype=x.dtype.name, scale=q[0], zero_point=q[1])
    dtype = np.dtype(dtype or x.dtype).name
    target = builder.tensor("y", x.shape, dtype=dtype, scale=y[0], zero_point=y[1])
    if alpha is not None:
        builder.leaky_relu(source, target, alpha=alpha)
    elif name == "QUANTIZE":
        builder.quantize(source, target)
    else:
        builder.operator(name, [source], [target])
    return run_tflm(builder.finish([source], [target]), x)[0]


def single(value: float) -> float:
    return float(np.float32(value))


def random_pair(rng):
    """Two (scale, zero point) of int8."""
    x = single(2.0 ** rng.uniform(-12, 2))
    y = single(x * 2.0 ** rng.uniform(-4, 4))
    return [(scale, int(rng.integers(-128, 128))) for scale in (x, y)]


TABLES: dict[str, Callable] = {
    "LOGISTIC": lambda x, y: tables.logistic(*x),
    "TANH": lambda x, y: tables.tanh(*x),
    "HARD_SWISH": tables.hard_swish,
    "ELU": tables.elu,
    "ABS": tables.absolute,
    "RSQRT": tables.rsqrt,
}
FIXED_OUTPUTS = {"LOGISTIC": tables.LOGISTIC_OUTPUT, "TANH": tables.TANH_OUTPUT}


@pytest.mark.parametrize("name", list(TABLES))
@pytest.mark.parametrize("part", range(10))
def test_tables_against_tflm(kernels, name, part):
    """Every operand, for 300 pairs of quantisations in all."""
    rng = np.random.default_rng(part)
    for _ in range(30):
        x, y = random_pair(rng)
        y = FIXED_OUTPUTS.get(name, y)
        # The reference stops at the root of a negative number.
        data = np.arange(x[1], 128, dtype=np.int8) if name == "RSQRT" else INT8
        table = kernels.place(TABLES[name](x, y))
        values = {"input": kernels.place(data, misalign=1), "count": data.size, "table": table}
        result = kernels.run(LOOKUP, data.shape, **values)
        assert np.array_equal(result, reference(name, data, x, y))
        kernels.clear()


@pytest.mark.parametrize("part", range(10))
def test_leaky_relu_table_against_tflm(part):
    rng = np.random.default_rng(part)
    for _ in range(30):
        x, y = random_pair(rng)
        alpha = single(rng.uniform(-2, 2))
        if rng.integers(2):
            # Factors that are powers of two have halves to round.
            y = (single(x[0] * 2.0 ** int(rng.integers(-2, 4))), y[1])
            alpha = float(rng.choice([-0.5, 0.5, -0.25, 0.75, -1.5, -1.0]))
        table = tables.leaky_relu(x, y, alpha)
        expected = reference("LEAKY_RELU", INT8, x, y, alpha=alpha)
        assert np.array_equal(table[INT8.view(np.uint8)], expected)


@pytest.mark.parametrize("part", range(10))
def test_wide_leaky_relu_and_abs_are_a_prelu(kernels, part):
    """int16: an alpha of 1, or of -1 for ABS."""
    rng = np.random.default_rng(part)
    for turn in range(30):
        x_scale = single(2.0 ** rng.uniform(-12, -2))
        y_scale = single(x_scale * 2.0 ** rng.uniform(-3, 3))
        alpha = single(rng.uniform(0, 2))
        data = rng.integers(-32768, 32768, 200).astype(np.int16)
        x, y = (x_scale, 0), (y_scale, 0)
        if turn % 2:
            above, below = tables.leaky_relu_factors(x_scale, y_scale, alpha)
            expected = reference("LEAKY_RELU", data, x, y, alpha=alpha)
        else:
            above, below = tables.leaky_relu_factors(x_scale, y_scale, -1.0)
            expected = reference("ABS", data, x, y)
        sign = np.array([1 if turn % 2 else -1], np.int8)
        result = kernels.run(
            PRELU,
            data.shape,
            np.int16,
            **broadcast(data.shape, (1,), 2, 1).values,
            a=kernels.place(data),
            b=kernels.place(sign),
            loops=0,
            element_bytes=2,
            a_zero_point=0,
            b_zero_point=0,
            output_zero_point=0,
            above_multiplier=above[0],
            above_shift=above[1],
            below_multiplier=below[0],
            below_shift=below[1],
            clamp_low=-32768,
            clamp_high=32767,
        )
        assert np.array_equal(result, expected)
        kernels.clear()


def test_tables_say_what_scales_they_need():
    with pytest.raises(RequestError, match=r"2\*\*-28"):
        tables.logistic(2.0**-30, 0)
    with pytest.raises(RequestError, match="1/128 of the input scale"):
        tables.hard_swish((1.0, 0), (1e-3, 0))


@pytest.mark.parametrize("symmetric", [False, True])
@pytest.mark.parametrize("part", range(10))
def test_wide_sigmoid_against_tflm(kernels, symmetric, part):
    """Every int16 operand for the scales that differ in kind, some of them for others."""
    rng = np.random.default_rng([part, symmetric])
    powers = [2.0**-11, 2.0**-12, 2.0**-13]
    for turn in range(30):
        if part == 0 and turn < 3:
            scale, data = powers[turn], INT16
        else:
            scale = single(2.0 ** rng.uniform(-20, -1))
            data = rng.choice(INT16, 500)
        multiplier, shift = sigmoid_int16.factor(scale, symmetric)
        result = kernels.run(
            SIGMOID_INT16,
            data.shape,
            np.int16,
            input=kernels.place(data),
            count=data.size,
            multiplier=multiplier,
            shift=shift,
            table=kernels.place(sigmoid_int16.table()),
            symmetric=int(symmetric),
        )
        name, y = ("TANH" if symmetric else "LOGISTIC"), (sigmoid_int16.OUTPUT_SCALE, 0)
        assert np.array_equal(result, reference(name, data, (scale, 0), y))
        kernels.clear()


def requantise(kernels, x, q, y, dtype, limits):
    multiplier, shift = nm.rescale_parameters(q[0], y[0])
    return kernels.run(
        REQUANTISE,
        x.shape,
        dtype,
        input=kernels.place(x),
        count=x.size,
        multiplier=multiplier,
        shift=shift,
        input_zero_point=q[1],
        output_zero_point=y[1],
        clamp_low=limits[0],
        clamp_high=limits[1],
        input_bytes=x.itemsize,
        output_bytes=np.dtype(dtype).itemsize,
    )


CONVERSIONS = [(1, 1), (1, 2), (1, 4), (2, 1), (2, 2), (2, 4), (4, 1), (4, 2)]


@pytest.mark.parametrize(("source", "target"), CONVERSIONS)
@pytest.mark.parametrize("part", range(4))
def test_conversions_against_tflm(kernels, source, target, part):
    rng = np.random.default_rng([part, source, target])
    for _ in range(80):
        x_scale = single(2.0 ** rng.uniform(-12, 2))
        y_scale = single(x_scale * 2.0 ** (rng.uniform(-4, 4) + 8 * (source - target)))
        zeros = [int(rng.integers(-128, 128)) if size == 1 else 0 for size in (source, target)]
        info = np.iinfo(DTYPES[source])
        data = rng.integers(info.min, info.max, 300, endpoint=True).astype(DTYPES[source])
        # The reference's left shift may lose bits of int32; ours loses the same.
        x, y = zip((x_scale, y_scale), zeros, strict=True)
        goal = np.iinfo(DTYPES[target])
        result = requantise(kernels, data, x, y, DTYPES[target], (goal.min, goal.max))
        assert np.array_equal(result, reference("QUANTIZE", data, x, y, DTYPES[target]))
        kernels.clear()


@pytest.mark.parametrize("name", ["RELU", "RELU6"])
@pytest.mark.parametrize("size", [1, 2])
@pytest.mark.parametrize("part", range(10))
def test_relu_against_tflm(kernels, name, size, part):
    rng = np.random.default_rng([part, size])
    for _ in range(30):
        # 6 must be within the reference's range: it clamps, and does not rescale.
        x_scale = single(2.0 ** rng.uniform(-4, 0)) / 256 ** (size - 1)
        y_scale = x_scale if name == "RELU6" else single(x_scale * 2.0 ** rng.uniform(-3, 3))
        zeros = [int(rng.integers(-128, 32)) if size == 1 else 0 for _ in range(2)]
        if name == "RELU6":
            zeros[1] = zeros[0]
        x, y = zip((x_scale, y_scale), zeros, strict=True)
        data = rng.choice(INT8 if size == 1 else INT16, 300)
        highest = np.iinfo(data.dtype).max
        if name == "RELU6":
            highest = min(highest, y[1] + math.floor(float(np.float32(6) / np.float32(y[0])) + 0.5))
        result = requantise(kernels, data, x, y, DTYPES[size], (y[1], highest))
        assert np.array_equal(result, reference(name, data, x, y))
        kernels.clear()


@pytest.mark.parametrize("seed", range(300))
def test_requantise_means_what_the_kernel_does(kernels, seed):
    """`HostKernels.run` compares; every factor and zero point occurs, sensible or not."""
    rng = np.random.default_rng(seed)
    for source in (1, 2, 4):
        for target in (1, 2, 4):
            info, goal = np.iinfo(DTYPES[source]), np.iinfo(DTYPES[target])
            data = rng.integers(info.min, info.max, 40, endpoint=True).astype(DTYPES[source])
            (multiplier,), (shift,) = (table.tolist() for table in random_factors(rng, 1))
            low, high = sorted(int(n) for n in rng.integers(goal.min, goal.max, 2))
            values = random_quantisation(rng) | {"clamp_low": low, "clamp_high": high}
            kernels.run(
                REQUANTISE,
                data.shape,
                DTYPES[target],
                input=kernels.place(data),
                count=data.size,
                multiplier=multiplier,
                shift=shift,
                **values,
                input_bytes=source,
                output_bytes=target,
            )
    kernels.clear()


REAL = {
    "ABS": abs,
    "CEIL": math.ceil,
    "COS": math.cos,
    "ERF": math.erf,
    "EXP": math.exp,
    "FLOOR": math.floor,
    "GELU": lambda x: x * (1 + math.erf(x / math.sqrt(2))) / 2,
    "GELU_TANH": lambda x: x / 2 * (1 + math.tanh(0.7978845608 * (x + 0.044715 * x**3))),
    "HARD_SWISH": lambda x: x * min(max(x + 3, 0), 6) / 6,
    "LOGISTIC": lambda x: 1 / (1 + math.exp(-x)),
    "LOG": lambda x: math.log(x) if x > 0 else None,
    "MISH": lambda x: x * math.tanh(math.log1p(math.exp(x))),
    "NEG": lambda x: -x,
    "RECIPROCAL": lambda x: 1 / x if x else None,
    "ROUND": round,
    "RSQRT": lambda x: 1 / math.sqrt(x) if x > 0 else None,
    "SIGN": lambda x: (x > 0) - (x < 0),
    "SIN": math.sin,
    "SOFTPLUS": lambda x: math.log1p(math.exp(x)),
    "SOFTSIGN": lambda x: x / (1 + abs(x)),
    "SQRT": lambda x: math.sqrt(x) if x >= 0 else None,
    "SQUARE": lambda x: x * x,
    "TAN": math.tan,
    "TANH": math.tanh,
}


@pytest.mark.parametrize("name", list(functions.FUNCTIONS))
def test_function_tables_are_within_half_a_step(name):
    rng = np.random.default_rng(3)
    for _ in range(20):
        x, y = random_pair(rng)
        table = functions.table(functions.FUNCTIONS[name], x, y)
        for operand in INT8.tolist():
            wanted = REAL[name]((operand - x[1]) * x[0])
            if wanted is not None:
                steps = min(max(wanted / y[0] + y[1], -128), 127)
                assert abs(table[operand & 255] - steps) <= 0.5 + 1e-4


def test_functions_with_parameters():
    x = np.array([-2.0, -0.5, 0.0, 0.5, 2.0])
    assert np.allclose(functions.hard_sigmoid(0.25, 0.5)(x), [0, 0.375, 0.5, 0.625, 1])
    assert np.allclose(functions.thresholded_relu(0.5)(x), [0, 0, 0, 0, 2])
    assert np.allclose(functions.power(2)(x), [4, 0.25, 0, 0.25, 4])
    below = [math.exp(-2) - 1, math.exp(-0.5) - 1]
    assert np.allclose(functions.elu(2)(x), [2 * below[0], 2 * below[1], 0, 0.5, 2])
    assert np.allclose(functions.celu(0.5)(x)[0], 0.5 * (math.exp(-4) - 1))
    assert np.allclose(functions.selu(1.5, 2)(x), [3 * below[0], 3 * below[1], 0, 1, 4])


def test_what_has_no_value_is_zero_and_what_is_infinite_saturates():
    x, y = (0.5, 0), (0.1, 7)
    logarithm = functions.table(functions.FUNCTIONS["LOG"], x, y)
    assert logarithm[0] == -128
    assert (logarithm[128:] == 7).all()
    assert functions.table(functions.FUNCTIONS["RECIPROCAL"], x, y)[0] == 127
