"""Operators on int16 activations, a network each, against TFLM: all of them run on the CPU."""

from __future__ import annotations

import numpy as np
import pytest

from tests.mapper.operators.networks_of_one import NetworkOfOne
from tests.random_networks import random_config
from tilewright.hw.spec.config import make_config
from tilewright.hw.spec.errors import RequestError
from tilewright.mapper.compile import compile_model

pytest.importorskip("tflite_micro", reason="the reference kernels have no wheel here")

BLOCKS, EACH = 20, 15
"""Tests of a kind, and networks of each."""
ACTIVATIONS = ["NONE", "RELU", "RELU6"]


class Axis:
    """One axis of windows with dilation, its output's size included."""

    def __init__(self, network: NetworkOfOne, same: bool) -> None:
        self.kernel, self.stride, self.dilation = network.sizes(3, 3)
        reach = (self.kernel - 1) * self.dilation + 1
        self.size = network.integer(0, 6) + (1 if same else reach)
        self.output = -(-self.size // self.stride)
        if not same:
            self.output = (self.size - reach) // self.stride + 1


class Wide(NetworkOfOne):
    """Tensors of int16; scales fit sums of so many products."""

    def wide(self, name: str, shape, scale: float | None = None) -> int:
        scale = scale or self.scale(2.0**-14, 2.0**-9)
        return self.builder.tensor(name, tuple(shape), dtype="int16", scale=scale)

    def weighted(self, x: int, weights: np.ndarray, axis: int, biases) -> tuple[int, int | None]:
        """Weights with scales by channel and a bias of one of some types; keeps the sums' unit."""
        channels = weights.shape[axis]
        scales = self.rng.uniform(0.001, 0.02, channels).astype(np.float32)
        self.unit = self.builder.tensors[x].scale[0] * float(scales.max())
        w = self.builder.constant("w", weights, scale=scales.tolist(), axis=axis)
        type_ = biases[self.integer(0, len(biases) - 1)]
        if type_ is None:
            return w, None
        limit = 1 << self.integer(10, 30 if type_ is np.int64 else 27)
        bias = self.rng.integers(-limit, limit, channels).astype(type_)
        unit = self.builder.tensors[x].scale[0]
        return w, self.builder.constant("b", bias, scale=[unit * scale for scale in scales])

    def result(self, shape, products: int) -> int:
        scale = self.unit * 60 * np.sqrt(products) * 2.0 ** self.rng.uniform(-2, 2)
        return self.wide("y", shape, float(np.float32(scale)))

    def windows(self, rows: Axis, cols: Axis, same: bool) -> dict:
        activation = str(self.rng.choice(ACTIVATIONS))
        common = {"stride": (rows.stride, cols.stride), "same": same, "activation": activation}
        return common | {"dilation": (rows.dilation, cols.dilation)}


def convolution(network: Wide, biases=(np.int64, np.int32, None)) -> tuple[list[int], int]:
    same = network.chance()
    rows, cols = Axis(network, same), Axis(network, same)
    groups, depth, share = network.sizes(3, 4)
    x = network.wide("x", (1, rows.size, cols.size, groups * depth))
    weights = network.int8(groups * share, rows.kernel, cols.kernel, depth)
    w, b = network.weighted(x, weights, 0, biases)
    y = network.result((1, rows.output, cols.output, groups * share), weights[0].size)
    network.builder.conv_2d(x, w, b, y, **network.windows(rows, cols, same))
    return [x], y


def depthwise(network: Wide, biases=(np.int64,)) -> tuple[list[int], int]:
    same = network.chance()
    rows, cols = Axis(network, same), Axis(network, same)
    channels, multiplier = network.sizes(2, 4)
    x = network.wide("x", (1, rows.size, cols.size, channels))
    weights = network.int8(1, rows.kernel, cols.kernel, channels * multiplier)
    w, b = network.weighted(x, weights, 3, biases)
    shape = (1, rows.output, cols.output, channels * multiplier)
    y = network.result(shape, rows.kernel * cols.kernel)
    windows = network.windows(rows, cols, same)
    network.builder.depthwise_conv_2d(x, w, b, y, multiplier=multiplier, **windows)
    return [x], y


def transposed(network: Wide) -> tuple[list[int], int]:
    same = network.chance()
    sizes, taps, strides = (network.sizes(2, top) for top in (6, 5, 3))
    output = [
        n * step if same else (n - 1) * step + k
        for n, k, step in zip(sizes, taps, strides, strict=True)
    ]
    channels, outputs = network.sizes(2, 6)
    x = network.wide("x", (1, *sizes, channels))
    weights = network.int8(outputs, *taps, channels)
    w, b = network.weighted(x, weights, 0, (np.int64, None))
    y = network.result((1, *output, outputs), weights[0].size)
    network.builder.transpose_conv(x, w, b, y, stride=tuple(strides), same=same)
    return [x], y


def fully_connected(network: Wide) -> tuple[list[int], int]:
    rows, channels, outputs = network.integer(1, 4), network.integer(1, 300), network.integer(1, 12)
    x = network.wide("x", (rows, channels))
    scale, unit = network.scale(0.001, 0.02), network.builder.tensors[x].scale[0]
    network.unit = unit * scale
    w = network.builder.constant("w", network.int8(outputs, channels), scale=scale)
    b = None
    type_ = (np.int64, np.int32, None)[network.integer(0, 2)]
    if type_ is not None:
        bias = network.rng.integers(-(1 << 20), 1 << 20, outputs).astype(type_)
        b = network.builder.constant("b", bias, scale=unit * scale)
    y = network.result((rows, outputs), channels)
    activation = str(network.rng.choice(ACTIVATIONS))
    network.builder.fully_connected(x, w, b, y, activation=activation)
    return [x], y


def batch_matmul(network: Wide) -> tuple[list[int], int]:
    batches, rows, depth, cols = network.sizes(4, 8)
    adj_x, adj_y = network.chance(), network.chance()
    a = network.wide("a", (batches, *((depth, rows) if adj_x else (rows, depth))))
    b = network.wide("b", (*((cols, depth) if adj_y else (depth, cols)),))
    network.unit = network.builder.tensors[a].scale[0] * network.builder.tensors[b].scale[0] * 200
    y = network.result((batches, rows, cols), depth)
    network.builder.batch_matmul(a, b, y, adj_x=adj_x, adj_y=adj_y)
    return [a, b], y


def pool(network: Wide) -> tuple[list[int], int]:
    same = network.chance()
    rows, cols = Axis(network, same), Axis(network, same)
    rows.dilation = cols.dilation = 1
    for axis in (rows, cols):
        fits = axis.size if same else axis.size - axis.kernel + 1
        axis.output = -(-fits // axis.stride)
    channels = network.integer(1, 6)
    x = network.wide("x", (1, rows.size, cols.size, channels))
    scale = network.builder.tensors[x].scale[0]
    y = network.wide("y", (1, rows.output, cols.output, channels), scale)
    windows = network.windows(rows, cols, same)
    del windows["dilation"]
    window = (rows.kernel, cols.kernel)
    kind = str(network.rng.choice(["AVERAGE_POOL_2D", "MAX_POOL_2D"]))
    network.builder.pool_2d(kind, x, y, window=window, **windows)
    return [x], y


KINDS = [convolution, depthwise, transposed, fully_connected, batch_matmul, pool]


@pytest.mark.parametrize("block", range(BLOCKS))
@pytest.mark.parametrize("kind", KINDS)
def test_against_tflm(kind, block: int) -> None:
    for seed in range(block * EACH, (block + 1) * EACH):
        network = Wide(seed)
        inputs, y = kind(network)
        config = random_config(seed) if seed % 3 else make_config({"npu": "none"})
        assert network.check(inputs, y, config) == "cpu"


def test_a_bias_that_tflm_does_not_take() -> None:
    network = Wide(0)
    inputs, y = depthwise(network, biases=(np.int32,))
    with pytest.raises(RequestError, match=r"bias 'b' is int32 .*; int64 \[\d+\] is needed"):
        network.imported(inputs, [y])


def test_a_result_of_another_type() -> None:
    network = Wide(0)
    x, y = network.wide("x", (1, 3)), network.tensor("y", (1, 2))
    w = network.builder.constant("w", network.int8(2, 3), scale=0.1)
    network.builder.fully_connected(x, w, None, y)
    with pytest.raises(RequestError, match=r"'x' is not int8|bias"):
        network.imported([x], [y])


def test_a_zero_point() -> None:
    network = Wide(0)
    x = network.builder.tensor("x", (1, 3), dtype="int16", scale=0.1, zero_point=3)
    y = network.wide("y", (1, 2))
    w = network.builder.constant("w", network.int8(2, 3), scale=0.1)
    network.builder.fully_connected(x, w, None, y)
    with pytest.raises(RequestError, match="'x' is not int16 of one scale and zero point 0"):
        network.imported([x], [y])


def test_a_scale_that_is_too_fine() -> None:
    network = Wide(0)
    x, y = network.wide("x", (1, 3), 0.1), network.wide("y", (1, 2), 1e-6)
    w = network.builder.constant("w", network.int8(2, 3), scale=0.1)
    network.builder.fully_connected(x, w, None, y)
    with pytest.raises(RequestError, match="too fine for sums of int16"):
        compile_model(network.imported([x], [y]), make_config({}))
