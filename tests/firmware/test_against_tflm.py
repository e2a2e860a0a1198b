"""Every CPU operator against TensorFlow Lite Micro itself, on small random networks."""

import numpy as np
import pytest

from tests.firmware.cases import (
    PLAIN_CONV,
    PLAIN_DEPTHWISE,
    random_activation,
    random_int8,
    random_scale,
    random_window,
    random_zero_point,
)
from tests.tflite_builder import TfliteBuilder, run_tflm
from tilewright.hw.spec import numerics as nm
from tilewright.hw.spec.softmax import softmax_parameters
from tilewright.hw.spec.steps import (
    AVERAGE_POOL_2D,
    CONV_2D,
    DEPTHWISE_CONV_2D,
    FULLY_CONNECTED,
    MAX_POOL_2D,
    SOFTMAX,
)

pytest.importorskip("tflite_micro", reason="the reference kernels are published for x86-64 only")

SEEDS = range(20)


@pytest.fixture(params=SEEDS)
def rng(request):
    return np.random.default_rng(request.param)


def quantisation(x, y, low=-128, high=127) -> dict[str, int]:
    """Zero points of the (scale, zero point) pairs x and y, and the clamp."""
    return {
        "input_zero_point": x[1],
        "output_zero_point": y[1],
        "clamp_low": low,
        "clamp_high": high,
    }


def weighted(kernels, rng, weights, x, y, output_channels):
    """Tables of a layer: (weight scales, bias, parameters of the step)."""
    scales = (2.0 ** rng.uniform(-9, -4, output_channels)).astype(np.float32)
    bias = rng.integers(-3000, 3000, output_channels).astype(np.int32)
    multipliers, shifts = nm.conv_multipliers(x[0], scales, y[0], output_channels)
    tables = {
        "weights": kernels.place(weights),
        "bias": kernels.place(bias),
        "multipliers": kernels.place(multipliers),
        "shifts": kernels.place(shifts),
    }
    return scales, bias, tables


@pytest.mark.parametrize("depthwise", [False, True])
def test_convolution(kernels, rng, depthwise):
    same = bool(rng.integers(2))
    image = random_window(rng, same)
    channels, multiplier = int(rng.integers(1, 11)), int(rng.integers(1, 4))
    outputs = channels * multiplier if depthwise else int(rng.integers(1, 11))
    x, y = [(random_scale(rng), random_zero_point(rng)) for _ in range(2)]
    data = random_int8(rng, 1, *image.size, channels)
    shape = (1, *image.kernel, outputs) if depthwise else (outputs, *image.kernel, channels)
    weights = random_int8(rng, *shape)
    activation, low, high = random_activation(rng, y)
    scales, bias, tables = weighted(kernels, rng, weights, x, y, outputs)

    builder = TfliteBuilder()
    source = builder.tensor("x", data.shape, scale=x[0], zero_point=x[1])
    axis = 3 if depthwise else 0
    w = builder.constant("w", weights, scale=scales, axis=axis)
    b = builder.constant("b", bias, scale=x[0] * scales)
    result_shape = (1, *image.output, outputs)
    target = builder.tensor("y", result_shape, scale=y[0], zero_point=y[1])
    common = {"stride": image.stride, "same": same, "activation": activation}
    if depthwise:
        builder.depthwise_conv_2d(source, w, b, target, multiplier=multiplier, **common)
    else:
        builder.conv_2d(source, w, b, target, **common)
    expected = run_tflm(builder.finish([source], [target]), data)[0]

    kind = DEPTHWISE_CONV_2D if depthwise else CONV_2D
    if depthwise:
        own = {"depth_multiplier": multiplier, **PLAIN_DEPTHWISE}
    else:
        own = {"output_channels": outputs, **PLAIN_CONV}
    result = kernels.run(
        kind,
        result_shape,
        input=kernels.place(data),
        **image.values(channels),
        **own,
        **tables,
        **quantisation(x, y, low, high),
    )
    assert np.array_equal(result, expected)


def test_fully_connected(kernels, rng):
    channels, outputs = (int(n) for n in rng.integers(1, 70, 2))
    x, y = [(random_scale(rng), random_zero_point(rng)) for _ in range(2)]
    data, weights = random_int8(rng, 1, channels), random_int8(rng, outputs, channels)
    activation, low, high = random_activation(rng, y)
    scale = random_scale(rng) / 8
    bias = rng.integers(-3000, 3000, outputs).astype(np.int32)
    multipliers, shifts = nm.conv_multipliers(x[0], [scale], y[0], outputs)

    builder = TfliteBuilder()
    source = builder.tensor("x", data.shape, scale=x[0], zero_point=x[1])
    w = builder.constant("w", weights, scale=scale)
    b = builder.constant("b", bias, scale=x[0] * scale)
    target = builder.tensor("y", (1, outputs), scale=y[0], zero_point=y[1])
    builder.fully_connected(source, w, b, target, activation=activation)
    expected = run_tflm(builder.finish([source], [target]), data)[0]

    result = kernels.run(
        FULLY_CONNECTED,
        (1, outputs),
        input=kernels.place(data),
        channels=channels,
        output_channels=outputs,
        weights=kernels.place(weights),
        bias=kernels.place(bias),
        multipliers=kernels.place(multipliers),
        shifts=kernels.place(shifts),
        **quantisation(x, y, low, high),
    )
    assert np.array_equal(result, expected)


@pytest.mark.parametrize("kind", [AVERAGE_POOL_2D, MAX_POOL_2D])
def test_pool_2d(kernels, rng, kind):
    same = bool(rng.integers(2))
    image = random_window(rng, same)
    channels = int(rng.integers(1, 11))
    x = random_scale(rng), random_zero_point(rng)
    data = random_int8(rng, 1, *image.size, channels)
    activation, low, high = random_activation(rng, x)

    builder = TfliteBuilder()
    source = builder.tensor("x", data.shape, scale=x[0], zero_point=x[1])
    shape = (1, *image.output, channels)
    target = builder.tensor("y", shape, scale=x[0], zero_point=x[1])
    window = {"window": image.kernel, "stride": image.stride, "same": same}
    builder.pool_2d(kind.name, source, target, activation=activation, **window)
    expected = run_tflm(builder.finish([source], [target]), data)[0]

    result = kernels.run(
        kind,
        shape,
        input=kernels.place(data),
        clamp_low=low,
        clamp_high=high,
        element_bytes=1,
        **image.values(channels),
    )
    assert np.array_equal(result, expected)


@pytest.mark.parametrize("cols", [1, 2, 10, 12, 100])
def test_softmax(kernels, rng, cols):
    rows = int(rng.integers(1, 4))
    data = random_int8(rng, rows, cols)
    scale = float(np.float32(2.0 ** rng.uniform(-8, 0)))
    beta = float(rng.choice([0.5, 1.0, 1.0]))

    builder = TfliteBuilder()
    source = builder.tensor("x", data.shape, scale=scale, zero_point=random_zero_point(rng))
    target = builder.tensor("y", data.shape, scale=1 / 256, zero_point=-128)
    builder.softmax(source, target, beta=beta)
    expected = run_tflm(builder.finish([source], [target]), data)[0]

    parameters = softmax_parameters(scale, beta)
    result = kernels.run(
        SOFTMAX,
        data.shape,
        input=kernels.place(data),
        rows=rows,
        cols=cols,
        multiplier=parameters.multiplier,
        left_shift=parameters.left_shift,
        diff_min=parameters.smallest_difference,
    )
    assert np.array_equal(result, expected)
