"""Every CPU operator against the NumPy definition of its arithmetic, on random shapes."""

import numpy as np
import pytest

from tests.firmware.cases import (
    PLAIN_CONV,
    PLAIN_DEPTHWISE,
    random_bias,
    random_factors,
    random_image,
    random_int8,
    random_quantisation,
)
from tilewright.hw.spec import kernels as reference
from tilewright.hw.spec import numerics as nm
from tilewright.hw.spec import softmax as reference_softmax
from tilewright.hw.spec.steps import (
    AVERAGE_POOL_2D,
    CONV_2D,
    DEPTHWISE_CONV_2D,
    FULLY_CONNECTED,
    MAX_POOL_2D,
    SOFTMAX,
)

SEEDS = range(300)


@pytest.fixture(params=SEEDS)
def rng(request):
    return np.random.default_rng(request.param)


def tables(kernels, weights, bias, multipliers, shifts) -> dict[str, int]:
    return {
        "weights": kernels.place(weights, misalign=3),
        "bias": kernels.place(bias),
        "multipliers": kernels.place(multipliers),
        "shifts": kernels.place(shifts),
    }


def requantised(sums, multipliers, shifts, quantisation):
    low, high = quantisation["clamp_low"], quantisation["clamp_high"]
    zero_point = quantisation["output_zero_point"]
    return nm.requantise(sums, multipliers, shifts, zero_point, low, high)


def test_conv_2d(kernels, rng):
    image = random_image(rng)
    channels, output_channels = (int(n) for n in rng.integers(1, 14, 2))
    x = random_int8(rng, 1, *image.size, channels)
    weights = random_int8(rng, output_channels, *image.kernel, channels)
    bias, factors = random_bias(rng, output_channels), random_factors(rng, output_channels)
    quantisation = random_quantisation(rng)
    result = kernels.run(
        CONV_2D,
        (1, *image.output, output_channels),
        input=kernels.place(x, misalign=1),
        output_channels=output_channels,
        **PLAIN_CONV,
        **image.values(channels),
        **tables(kernels, weights, bias, *factors),
        **quantisation,
    )
    sums = reference.conv_2d(
        x,
        weights,
        bias,
        input_zero_point=quantisation["input_zero_point"],
        stride=image.stride,
        padding=image.padding,
    )
    assert np.array_equal(result, requantised(sums, *factors, quantisation))


def test_depthwise_conv_2d(kernels, rng):
    image = random_image(rng)
    channels, depth_multiplier = int(rng.integers(1, 14)), int(rng.choice([1, 1, 2, 3, 8]))
    outputs = channels * depth_multiplier
    x = random_int8(rng, 1, *image.size, channels)
    weights = random_int8(rng, *image.kernel, outputs)
    bias, factors = random_bias(rng, outputs), random_factors(rng, outputs)
    quantisation = random_quantisation(rng)
    result = kernels.run(
        DEPTHWISE_CONV_2D,
        (1, *image.output, outputs),
        input=kernels.place(x, misalign=2),
        depth_multiplier=depth_multiplier,
        **PLAIN_DEPTHWISE,
        **image.values(channels),
        **tables(kernels, weights, bias, *factors),
        **quantisation,
    )
    sums = reference.depthwise_conv_2d(
        x,
        weights,
        bias,
        input_zero_point=quantisation["input_zero_point"],
        stride=image.stride,
        padding=image.padding,
    )
    assert np.array_equal(result, requantised(sums, *factors, quantisation))


@pytest.mark.parametrize("depthwise", [False, True])
def test_weights_with_a_zero_point(kernels, rng, depthwise):
    """As the convolution by the wider weights less their zero point, tap by tap."""
    image = random_image(rng)
    channels, multiplier = int(rng.integers(1, 10)), int(rng.integers(1, 4))
    outputs = channels * multiplier if depthwise else int(rng.integers(1, 10))
    x = random_int8(rng, 1, *image.size, channels)
    shape = (*image.kernel, outputs) if depthwise else (outputs, *image.kernel, channels)
    weights, zero_point = random_int8(rng, *shape), int(rng.integers(-128, 128))
    bias, factors = random_bias(rng, outputs), random_factors(rng, outputs)
    quantisation = random_quantisation(rng)
    if depthwise:
        kind, own = DEPTHWISE_CONV_2D, PLAIN_DEPTHWISE | {"depth_multiplier": multiplier}
    else:
        kind, own = CONV_2D, PLAIN_CONV | {"output_channels": outputs}
    values = own | image.values(channels) | tables(kernels, weights, bias, *factors)
    values |= {**quantisation, "weights_zero_point": zero_point}
    result = kernels.run(kind, (1, *image.output, outputs), input=kernels.place(x), **values)
    around = [(0, 0), (image.padding[0], image.padding[2]), (image.padding[1], image.padding[3])]
    centred = np.pad(x.astype(np.int64) - quantisation["input_zero_point"], [*around, (0, 0)])
    wide = weights.astype(np.int64) - zero_point
    sums = np.zeros((1, *image.output, outputs), np.int64) + bias
    for row in range(image.kernel[0]):
        for col in range(image.kernel[1]):
            part = centred[:, row :: image.stride[0], col :: image.stride[1]]
            part = part[:, : image.output[0], : image.output[1]]
            if depthwise:
                sums += np.repeat(part, multiplier, axis=3) * wide[row, col]
            else:
                sums += part @ wide[:, row, col].T
    assert np.array_equal(result, requantised(nm.wrap_int32(sums), *factors, quantisation))


def test_fully_connected(kernels, rng):
    channels, outputs = (int(n) for n in rng.integers(1, 70, 2))
    x, weights = random_int8(rng, 1, channels), random_int8(rng, outputs, channels)
    bias, factors = random_bias(rng, outputs), random_factors(rng, outputs)
    quantisation = random_quantisation(rng)
    result = kernels.run(
        FULLY_CONNECTED,
        (1, outputs),
        input=kernels.place(x),
        channels=channels,
        output_channels=outputs,
        **tables(kernels, weights, bias, *factors),
        **quantisation,
    )
    zero_point = quantisation["input_zero_point"]
    sums = reference.fully_connected(x, weights, bias, input_zero_point=zero_point)
    assert np.array_equal(result, requantised(sums, *factors, quantisation))


@pytest.mark.parametrize(
    ("kind", "operator"),
    [
        (AVERAGE_POOL_2D, reference.average_pool_2d),
        (MAX_POOL_2D, reference.max_pool_2d),
    ],
)
def test_pool_2d(kernels, rng, kind, operator):
    image = random_image(rng)
    channels = int(rng.integers(1, 14))
    x = random_int8(rng, 1, *image.size, channels)
    low, high = sorted(int(n) for n in rng.integers(-128, 128, 2))
    result = kernels.run(
        kind,
        (1, *image.output, channels),
        input=kernels.place(x, misalign=3),
        clamp_low=low,
        clamp_high=high,
        element_bytes=1,
        **image.values(channels),
    )
    expected = operator(
        x, window=image.kernel, stride=image.stride, padding=image.padding, lo=low, hi=high
    )
    assert np.array_equal(result, expected)


def test_softmax(kernels, rng):
    rows = int(rng.integers(1, 4))
    cols = int(rng.choice([1, 2, 3, 10, 12, 64, 65, 200, 1500]))
    scale, beta = float(2.0 ** rng.uniform(-12, 1)), float(rng.choice([0.5, 1.0, 1.0, 3.0]))
    x = random_int8(rng, rows, cols)
    if rng.random() < 0.2:
        x[:] = x[0, 0]
    parameters = reference_softmax.softmax_parameters(scale, beta)
    result = kernels.run(
        SOFTMAX,
        x.shape,
        input=kernels.place(x),
        rows=rows,
        cols=cols,
        multiplier=parameters.multiplier,
        left_shift=parameters.left_shift,
        diff_min=parameters.smallest_difference,
    )
    assert np.array_equal(result, reference_softmax.softmax(x, parameters))
