"""FULLY_CONNECTED of several rows and computed weights, and BATCH_MATMUL, against TFLM.

`HostKernels.run` compares the kernel in C with the step's meaning in NumPy.
"""

from math import prod

import numpy as np
import pytest
from numpy.random import Generator

from tests.firmware.cases import (
    PLAIN_CONV,
    random_activation,
    random_int8,
    random_int16,
    random_int16_activation,
    random_scale,
    random_zero_point,
)
from tests.tflite_builder import TfliteBuilder, run_tflm
from tilewright.hw.spec import numerics as nm
from tilewright.hw.spec.steps import BATCH_MATMUL, CONV_2D, FULLY_CONNECTED

pytest.importorskip("tflite_micro", reason="the reference kernels are published for x86-64 only")

SEEDS = range(300)
PIXELS = PLAIN_CONV | {
    **{f"{name}_cols": 1 for name in ("input", "output", "kernel", "stride")},
    "kernel_rows": 1,
    "stride_rows": 1,
    "pad_top": 0,
    "pad_left": 0,
}
"""Parameters of a CONV_2D whose pixels are the rows of a matrix."""


@pytest.fixture(params=SEEDS)
def rng(request) -> Generator:
    return np.random.default_rng(request.param)


@pytest.mark.parametrize("weights_are", ["per tensor", "per channel", "asymmetric", "computed"])
def test_fully_connected(kernels, rng, weights_are):
    rows, channels, outputs = (int(n) for n in rng.integers(1, 20, 3))
    rows = int(rng.choice([1, rows]))
    x, y = [(random_scale(rng), random_zero_point(rng)) for _ in range(2)]
    data, weights = random_int8(rng, rows, channels), random_int8(rng, outputs, channels)
    activation, low, high = random_activation(rng, y)
    scales = np.full(outputs if weights_are == "per channel" else 1, random_scale(rng) / 8)
    if weights_are == "per channel":
        scales = scales * 2.0 ** rng.uniform(-2, 2, outputs)
    scales = scales.astype(np.float32)
    asymmetric = weights_are in ("asymmetric", "computed")
    zero_point = random_zero_point(rng) if asymmetric else 0
    bias = rng.integers(-3000, 3000, outputs).astype(np.int32) if rng.integers(3) else None

    builder = TfliteBuilder()
    source = builder.tensor("x", data.shape, scale=x[0], zero_point=x[1])
    common = {"scale": scales, "zero_point": zero_point}
    if weights_are == "computed":
        w = builder.tensor("w", weights.shape, **common)
    else:
        w = builder.constant("w", weights, **common)
    b = None if bias is None else builder.constant("b", bias, scale=x[0] * scales)
    target = builder.tensor("y", (rows, outputs), scale=y[0], zero_point=y[1])
    builder.fully_connected(source, w, b, target, activation=activation)
    inputs = {source: data} | ({w: weights} if weights_are == "computed" else {})
    expected = run_tflm(builder.finish(list(inputs), [target]), *inputs.values())[0]

    multipliers, shifts = nm.conv_multipliers(x[0], scales, y[0], outputs)
    values = {
        "input": kernels.place(data),
        "channels": channels,
        "output_channels": outputs,
        "weights": kernels.place(weights),
        "bias": kernels.place(np.zeros(outputs, np.int32) if bias is None else bias),
        "multipliers": kernels.place(multipliers),
        "shifts": kernels.place(shifts),
        "input_zero_point": x[1],
        "output_zero_point": y[1],
        "clamp_low": low,
        "clamp_high": high,
    }
    if rows == 1 and zero_point == 0:
        result = kernels.run(FULLY_CONNECTED, (rows, outputs), **values)
    else:
        values |= PIXELS | {"input_rows": rows, "output_rows": rows}
        values |= {"weights_zero_point": zero_point}
        result = kernels.run(CONV_2D, (rows, outputs), **values)
    assert np.array_equal(result, expected)


@pytest.mark.parametrize("bias_type", [np.int64, np.int32, None])
def test_fully_connected_16x8(kernels, rng, bias_type):
    """As a convolution whose pixels are the rows."""
    rows, channels, outputs = (int(n) for n in rng.integers(1, 20, 3))
    channels = int(rng.choice([channels, 600]))
    x = float(np.float32(2.0 ** rng.uniform(-15, -8)))
    scale = random_scale(rng) / 8
    y = float(np.float32(x * scale * 60 * np.sqrt(channels) * 2.0 ** rng.uniform(-2, 2)))
    data, weights = random_int16(rng, rows, channels), random_int8(rng, outputs, channels)
    activation, low, high = random_int16_activation(rng, y)
    limit = 1 << int(rng.integers(10, 34 if bias_type is np.int64 else 28))
    bias = None if bias_type is None else rng.integers(-limit, limit, outputs).astype(bias_type)

    builder = TfliteBuilder()
    source = builder.tensor("x", data.shape, dtype="int16", scale=x)
    w = builder.constant("w", weights, scale=scale)
    b = None if bias is None else builder.constant("b", bias, scale=x * scale)
    target = builder.tensor("y", (rows, outputs), dtype="int16", scale=y)
    builder.fully_connected(source, w, b, target, activation=activation)
    expected = run_tflm(builder.finish([source], [target]), data)[0]

    multipliers, shifts = nm.conv_multipliers(x, [scale], y, outputs)
    values = PIXELS | {"input_rows": rows, "output_rows": rows}
    values |= {"channels": channels, "output_channels": outputs, "element_bytes": 2}
    values |= {"bias_bytes": 4 if bias_type is np.int32 else 8}
    values |= {"input_zero_point": 0, "output_zero_point": 0}
    result = kernels.run(
        CONV_2D,
        (rows, outputs),
        dtype=np.int16,
        input=kernels.place(data),
        weights=kernels.place(weights),
        bias=kernels.place(np.zeros(outputs, np.int64) if bias is None else bias),
        multipliers=kernels.place(multipliers),
        shifts=kernels.place(shifts),
        **values | {"clamp_low": low, "clamp_high": high},
    )
    assert np.array_equal(result, expected)


def random_batches(rng: Generator) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Leading axes of both operands, which broadcast."""
    full = [int(n) for n in rng.integers(1, 4, int(rng.integers(0, 4)))]
    sides = [tuple(1 if rng.random() < 0.3 else n for n in full) for _ in range(2)]
    cut = int(rng.integers(0, len(full) + 1)) if rng.random() < 0.3 else 0
    return sides[0], sides[1][cut:]


@pytest.mark.parametrize("wide", [False, True])
def test_batch_matmul(kernels, rng, wide):
    rows, depth, cols = (int(n) for n in rng.integers(1, 12, 3))
    adj_x, adj_y = bool(rng.integers(2)), bool(rng.integers(2))
    batches = random_batches(rng)
    a_shape = (*batches[0], *((depth, rows) if adj_x else (rows, depth)))
    b_shape = (*batches[1], *((cols, depth) if adj_y else (depth, cols)))
    dtype = np.int16 if wide else np.int8
    draw = random_int16 if wide else random_int8
    a, b = draw(rng, *a_shape), draw(rng, *b_shape)
    scales = [random_scale(rng) / (256 if wide else 1) for _ in range(2)]
    largest = 2.0 ** (15 if wide else 7)
    y_scale = float(np.float32(scales[0] * scales[1] * largest * 0.5 * np.sqrt(depth)))
    zero_points = [0 if wide else random_zero_point(rng) for _ in range(3)]
    outer = np.broadcast_shapes(*batches)
    shape = (*outer, rows, cols)

    builder = TfliteBuilder()
    sources = [
        builder.tensor(name, data.shape, dtype=dtype.__name__, scale=scale, zero_point=zero)
        for name, data, scale, zero in zip("ab", (a, b), scales, zero_points, strict=False)
    ]
    common = {"dtype": dtype.__name__, "scale": y_scale, "zero_point": zero_points[2]}
    target = builder.tensor("y", shape, **common)
    builder.batch_matmul(*sources, target, adj_x=adj_x, adj_y=adj_y)
    expected = run_tflm(builder.finish(sources, [target]), a, b)[0]

    offsets = [
        np.broadcast_to(np.arange(prod(part)).reshape(part) * size, outer).reshape(-1)
        for part, size in zip(batches, (rows * depth, depth * cols), strict=True)
    ]
    (multiplier,), (shift,) = nm.conv_multipliers(scales[0], [scales[1]], y_scale, 1)
    result = kernels.run(
        BATCH_MATMUL,
        shape,
        dtype=dtype,
        a=kernels.place(a),
        b=kernels.place(b),
        offsets=kernels.place(np.stack(offsets, axis=1).astype(np.int32)),
        batches=prod(outer),
        rows=rows,
        cols=cols,
        depth=depth,
        a_step=1 if adj_x else depth,
        a_depth_step=rows if adj_x else 1,
        b_step=depth if adj_y else 1,
        b_depth_step=1 if adj_y else cols,
        a_zero_point=zero_points[0],
        b_zero_point=zero_points[1],
        output_zero_point=zero_points[2],
        multiplier=int(multiplier),
        shift=int(shift),
        clamp_low=int(np.iinfo(dtype).min),
        clamp_high=int(np.iinfo(dtype).max),
        element_bytes=np.dtype(dtype).itemsize,
    )
    assert np.array_equal(result, expected)
