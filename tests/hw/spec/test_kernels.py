"""Windowed operators against loops over every tap."""

import numpy as np
import pytest

from tilewright.hw.spec import kernels

GEOMETRIES = [
    # height, width, kernel, stride, padding (top, left, bottom, right)
    (5, 7, (3, 2), (1, 2), (1, 0, 0, 2)),
    (11, 4, (10, 4), (2, 2), (4, 1, 5, 1)),
    (1, 1, (3, 3), (1, 1), (1, 1, 1, 1)),
    (6, 5, (1, 1), (2, 3), (0, 0, 0, 0)),
    (4, 9, (2, 5), (3, 1), (0, 2, 1, 2)),
]


def int8s(rng: np.random.Generator, *shape: int) -> np.ndarray:
    return rng.integers(-128, 128, shape).astype(np.int8)


def output_extents(h, w, kernel, stride, padding):
    top, left, bottom, right = padding
    return (
        (h + top + bottom - kernel[0]) // stride[0] + 1,
        (w + left + right - kernel[1]) // stride[1] + 1,
    )


def taps(x, row, column, kernel, stride, padding):
    """(kernel row, kernel column, pixel) of every tap inside the image."""
    for i in range(kernel[0]):
        for j in range(kernel[1]):
            y, z = row * stride[0] + i - padding[0], column * stride[1] + j - padding[1]
            if 0 <= y < x.shape[1] and 0 <= z < x.shape[2]:
                yield i, j, x[0, y, z].astype(np.int64)


@pytest.mark.parametrize("geometry", GEOMETRIES)
@pytest.mark.parametrize("zero_point", [0, -128, 83])
def test_convolution(geometry, zero_point):
    h, w, kernel, stride, padding = geometry
    rng = np.random.default_rng(h * w)
    x, weights = int8s(rng, 1, h, w, 3), int8s(rng, 5, *kernel, 3)
    bias = rng.integers(-(1 << 20), 1 << 20, 5).astype(np.int32)
    got = kernels.conv_2d(
        x, weights, bias, input_zero_point=zero_point, stride=stride, padding=padding
    )
    ho, wo = output_extents(h, w, kernel, stride, padding)
    assert got.shape == (1, ho, wo, 5)
    for row in range(ho):
        for column in range(wo):
            wanted = bias.astype(np.int64)
            for i, j, pixel in taps(x, row, column, kernel, stride, padding):
                wanted = wanted + weights[:, i, j].astype(np.int64) @ (pixel - zero_point)
            assert got[0, row, column].tolist() == wanted.tolist()


@pytest.mark.parametrize("geometry", GEOMETRIES)
@pytest.mark.parametrize("multiplier", [1, 3])
def test_depthwise_convolution(geometry, multiplier):
    h, w, kernel, stride, padding = geometry
    rng = np.random.default_rng(h * w + multiplier)
    x, weights = int8s(rng, 1, h, w, 4), int8s(rng, *kernel, 4 * multiplier)
    bias = rng.integers(-(1 << 20), 1 << 20, 4 * multiplier).astype(np.int32)
    got = kernels.depthwise_conv_2d(
        x, weights, bias, input_zero_point=-77, stride=stride, padding=padding
    )
    ho, wo = output_extents(h, w, kernel, stride, padding)
    assert got.shape == (1, ho, wo, 4 * multiplier)
    for row in range(ho):
        for column in range(wo):
            for channel in range(4 * multiplier):
                wanted = int(bias[channel])
                for i, j, pixel in taps(x, row, column, kernel, stride, padding):
                    wanted += int(weights[i, j, channel]) * (int(pixel[channel // multiplier]) + 77)
                assert got[0, row, column, channel] == wanted


@pytest.mark.parametrize("inputs", [7, 4096])
def test_fully_connected_is_exact_for_long_sums(inputs):
    rng = np.random.default_rng(inputs)
    x, weights = int8s(rng, 2, inputs), int8s(rng, 9, inputs)
    x[0], weights[0] = -128, -128
    bias = np.full(9, 123456789, np.int32)
    got = kernels.fully_connected(x, weights, bias, input_zero_point=127)
    wanted = (x.astype(object) - 127) @ weights.T.astype(object) + 123456789
    assert got.tolist() == wanted.tolist()


def test_convolution_accumulators_wrap_like_int32():
    x, weights = np.full((1, 1, 1, 1), 127, np.int8), np.full((1, 1, 1, 1), 127, np.int8)
    bias = np.array([(1 << 31) - 1], np.int32)
    got = kernels.conv_2d(x, weights, bias, input_zero_point=0, stride=(1, 1), padding=(0, 0, 0, 0))
    assert got.item() == -(1 << 31) - 1 + 127 * 127


@pytest.mark.parametrize("geometry", GEOMETRIES)
def test_pools_count_only_pixels_inside(geometry):
    h, w, window, stride, padding = geometry
    x = int8s(np.random.default_rng(h + w), 1, h, w, 3)
    average = kernels.average_pool_2d(x, window=window, stride=stride, padding=padding, lo=-50)
    largest = kernels.max_pool_2d(x, window=window, stride=stride, padding=padding, hi=60)
    ho, wo = output_extents(h, w, window, stride, padding)
    assert average.shape == largest.shape == (1, ho, wo, 3)
    for row in range(ho):
        for column in range(wo):
            inside = [pixel for *_, pixel in taps(x, row, column, window, stride, padding)]
            for channel in range(3):
                values = [int(pixel[channel]) for pixel in inside]
                magnitude = (2 * abs(sum(values)) + len(values)) // (2 * len(values))
                mean = magnitude if sum(values) > 0 else -magnitude
                assert average[0, row, column, channel] == max(mean, -50)
                assert largest[0, row, column, channel] == min(max(values), 60)


def test_padding_writes_the_zero_point():
    x = np.ones((1, 2, 2, 2), np.int8)
    padded = kernels.pad(x, (1, 0, 2, 3), -7)
    assert padded.shape == (1, 5, 5, 2)
    assert (padded[0, 1:3, :2] == 1).all()
    assert padded.astype(int).sum() == 8 - 7 * (50 - 8)


@pytest.mark.parametrize("extent", [(1, 1), (3, 5), (25, 5), (96, 96)])
def test_mean_is_within_one_of_the_real_mean(extent):
    x = int8s(np.random.default_rng(7), 2, *extent, 6)
    multiplier, shift = kernels.mean_parameters(0.11, 0.029, extent[0] * extent[1])
    got = kernels.mean(
        x, input_zero_point=-128, multiplier=multiplier, shift=shift, output_zero_point=-100
    )
    real = (x.astype(float).mean(axis=(1, 2)) + 128) * 0.11 / 0.029 - 100
    assert got.shape == (2, 6)
    assert np.abs(got - np.clip(real, -128, 127)).max() <= 0.51
