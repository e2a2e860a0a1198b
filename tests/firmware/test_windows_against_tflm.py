"""Convolutions beyond the plain one against TensorFlow Lite Micro, in C and in NumPy.

`HostKernels.run` compares the kernel in C with the step's meaning in NumPy.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from numpy.random import Generator
from numpy.typing import NDArray

from tests.firmware.cases import (
    PLAIN_CONV,
    random_activation,
    random_int8,
    random_int16,
    random_int16_activation,
    random_scale,
    random_window,
    random_zero_point,
)
from tests.tflite_builder import TfliteBuilder, run_tflm
from tilewright.hw.spec import numerics as nm
from tilewright.hw.spec.steps import AVERAGE_POOL_2D, CONV_2D, DEPTHWISE_CONV_2D, MAX_POOL_2D

pytest.importorskip("tflite_micro", reason="the reference kernels are published for x86-64 only")

SEEDS = range(300)


@pytest.fixture(params=SEEDS)
def rng(request) -> Generator:
    return np.random.default_rng(request.param)


@dataclass(frozen=True)
class Axis:
    """One axis of a convolution with dilation."""

    size: int
    kernel: int
    stride: int
    dilation: int
    same: bool

    @property
    def extent(self) -> int:
        return (self.kernel - 1) * self.dilation + 1

    @property
    def output(self) -> int:
        if self.same:
            return -(-self.size // self.stride)
        return (self.size - self.extent) // self.stride + 1

    @property
    def before(self) -> int:
        if not self.same:
            return 0
        return max((self.output - 1) * self.stride + self.extent - self.size, 0) // 2


def random_axis(rng: Generator, same: bool) -> Axis:
    kernel, stride, dilation = (int(rng.integers(1, top)) for top in (5, 4, 5))
    smallest = 1 if same else (kernel - 1) * dilation + 1
    return Axis(smallest + int(rng.integers(0, 8)), kernel, stride, dilation, same)


def window_values(rows: Axis, cols: Axis, channels: int) -> dict[str, int]:
    values = {"channels": channels, "pad_top": rows.before, "pad_left": cols.before}
    for name, axis in (("rows", rows), ("cols", cols)):
        values |= {f"input_{name}": axis.size, f"output_{name}": axis.output}
        values |= {f"kernel_{name}": axis.kernel, f"stride_{name}": axis.stride}
        values |= {f"dilation_{name}": axis.dilation}
    return values


@dataclass(frozen=True)
class Layer:
    """Quantisation, weights' scales and bias of a layer."""

    x: tuple[float, int]
    y: tuple[float, int]
    scales: NDArray[np.float32]
    bias: NDArray[Any] | None
    activation: str
    low: int
    high: int

    def bias_table(self, outputs: int) -> NDArray[Any]:
        return np.zeros(outputs, np.int64) if self.bias is None else self.bias

    def tables(self, kernels, weights: NDArray[np.int8]) -> dict[str, int]:
        outputs = len(self.scales)
        multipliers, shifts = nm.conv_multipliers(self.x[0], self.scales, self.y[0], outputs)
        return {
            "weights": kernels.place(weights),
            "bias": kernels.place(self.bias_table(outputs)),
            "multipliers": kernels.place(multipliers),
            "shifts": kernels.place(shifts),
            "input_zero_point": self.x[1],
            "output_zero_point": self.y[1],
            "clamp_low": self.low,
            "clamp_high": self.high,
        }


def narrow_layer(rng: Generator, outputs: int, *, bias: bool = True) -> Layer:
    x, y = [(random_scale(rng), random_zero_point(rng)) for _ in range(2)]
    scales = (2.0 ** rng.uniform(-9, -4, outputs)).astype(np.float32)
    biases = rng.integers(-3000, 3000, outputs).astype(np.int32) if bias else None
    return Layer(x, y, scales, biases, *random_activation(rng, y))


def wide_layer(rng: Generator, outputs: int, taps: int, bias_type: type | None) -> Layer:
    """The output's scale fits the sums, sometimes too small for them."""
    x = float(np.float32(2.0 ** rng.uniform(-15, -8)))
    scales = (2.0 ** rng.uniform(-9, -4, outputs)).astype(np.float32)
    y = float(np.float32(x * scales.max() * 60 * np.sqrt(taps) * 2.0 ** rng.uniform(-2, 2)))
    limit = 1 << int(rng.integers(10, 34 if bias_type is np.int64 else 28))
    bias = None if bias_type is None else rng.integers(-limit, limit, outputs).astype(bias_type)
    return Layer((x, 0), (y, 0), scales, bias, *random_int16_activation(rng, y))


def build(layer: Layer, data, weights, shape, axis: int, add, dtype: str = "int8") -> NDArray[Any]:
    """TFLM's result of a network of one layer that `add` writes."""
    builder = TfliteBuilder()
    source = builder.tensor("x", data.shape, dtype=dtype, scale=layer.x[0], zero_point=layer.x[1])
    w = builder.constant("w", weights, scale=layer.scales, axis=axis)
    b = None
    if layer.bias is not None:
        b = builder.constant("b", layer.bias, scale=layer.x[0] * layer.scales)
    target = builder.tensor("y", shape, dtype=dtype, scale=layer.y[0], zero_point=layer.y[1])
    add(builder, source, w, b, target)
    return run_tflm(builder.finish([source], [target]), data)[0]


def test_dilated_and_grouped_convolution(kernels, rng):
    same = bool(rng.integers(2))
    rows, cols = random_axis(rng, same), random_axis(rng, same)
    groups = int(rng.choice([1, 1, 2, 3]))
    depth, share = (int(n) for n in rng.integers(1, 10, 2))
    channels, outputs = groups * depth, groups * share
    data = random_int8(rng, 1, rows.size, cols.size, channels)
    weights = random_int8(rng, outputs, rows.kernel, cols.kernel, depth)
    layer = narrow_layer(rng, outputs)
    shape = (1, rows.output, cols.output, outputs)

    def add(builder, source, w, b, target):
        builder.conv_2d(
            source,
            w,
            b,
            target,
            stride=(rows.stride, cols.stride),
            dilation=(rows.dilation, cols.dilation),
            same=same,
            activation=layer.activation,
        )

    expected = build(layer, data, weights, shape, 0, add)
    values = PLAIN_CONV | window_values(rows, cols, channels) | {"groups": groups}
    values |= layer.tables(kernels, weights) | {"output_channels": outputs}
    result = kernels.run(CONV_2D, shape, input=kernels.place(data, misalign=1), **values)
    assert np.array_equal(result, expected)


def test_dilated_depthwise_convolution(kernels, rng):
    same = bool(rng.integers(2))
    rows, cols = random_axis(rng, same), random_axis(rng, same)
    channels, multiplier = (int(n) for n in rng.integers(1, 8, 2))
    outputs = channels * multiplier
    data = random_int8(rng, 1, rows.size, cols.size, channels)
    weights = random_int8(rng, 1, rows.kernel, cols.kernel, outputs)
    layer = narrow_layer(rng, outputs)
    shape = (1, rows.output, cols.output, outputs)

    def add(builder, source, w, b, target):
        builder.depthwise_conv_2d(
            source,
            w,
            b,
            target,
            multiplier=multiplier,
            stride=(rows.stride, cols.stride),
            dilation=(rows.dilation, cols.dilation),
            same=same,
            activation=layer.activation,
        )

    expected = build(layer, data, weights, shape, 3, add)
    values = window_values(rows, cols, channels) | layer.tables(kernels, weights)
    values |= {"depth_multiplier": multiplier, "weights_zero_point": 0}
    result = kernels.run(DEPTHWISE_CONV_2D, shape, input=kernels.place(data), **values)
    assert np.array_equal(result, expected)


@dataclass(frozen=True)
class TransposedAxis:
    """One axis of a transposed convolution: the output's size, and what the step needs of it."""

    size: int
    kernel: int
    stride: int
    output: int
    same: bool

    @property
    def before(self) -> int:
        """Padding of the convolution over the upsampled input, with the kernel turned around."""
        cut = 0
        if self.same:
            inputs = -(-self.output // self.stride)
            cut = max((inputs - 1) * self.stride + self.kernel - self.output, 0) // 2
        return self.kernel - 1 - cut


def random_transposed_axis(rng: Generator, same: bool) -> TransposedAxis:
    size, kernel, stride = (int(rng.integers(1, top)) for top in (7, 6, 4))
    output = size * stride if same else (size - 1) * stride + kernel
    if same and stride > 1:
        output -= int(rng.integers(0, stride))
    return TransposedAxis(size, kernel, stride, output, same)


def transposed_values(rows: TransposedAxis, cols: TransposedAxis, channels: int) -> dict[str, int]:
    values = {"channels": channels, "pad_top": rows.before, "pad_left": cols.before}
    for name, axis in (("rows", rows), ("cols", cols)):
        values |= {f"input_{name}": axis.size, f"output_{name}": axis.output}
        values |= {f"kernel_{name}": axis.kernel, f"upsampling_{name}": axis.stride}
        values |= {f"stride_{name}": 1}
    return values


@pytest.mark.parametrize("bias_type", [np.int32, None, "int16", "int16 without bias"])
def test_transposed_convolution(kernels, rng, bias_type):
    same = bool(rng.integers(2))
    rows, cols = random_transposed_axis(rng, same), random_transposed_axis(rng, same)
    channels, outputs = (int(n) for n in rng.integers(1, 9, 2))
    weights = random_int8(rng, outputs, rows.kernel, cols.kernel, channels)
    wide = isinstance(bias_type, str)
    if wide:
        data = random_int16(rng, 1, rows.size, cols.size, channels)
        taps = -(-weights[0].size // (rows.stride * cols.stride))
        layer = wide_layer(rng, outputs, taps, np.int64 if bias_type == "int16" else None)
        layer = without_activation(layer, -32768, 32767)
    else:
        data = random_int8(rng, 1, rows.size, cols.size, channels)
        layer = narrow_layer(rng, outputs, bias=bias_type is not None)
        layer = without_activation(layer, -128, 127)
    shape = (1, rows.output, cols.output, outputs)

    def add(builder, source, w, b, target):
        stride = rows.stride, cols.stride
        builder.transpose_conv(source, w, b, target, stride=stride, same=same)

    expected = build(layer, data, weights, shape, 0, add, data.dtype.name)
    values = PLAIN_CONV | transposed_values(rows, cols, channels) | {"output_channels": outputs}
    values |= layer.tables(kernels, weights[:, ::-1, ::-1])
    if wide:
        values |= {"element_bytes": 2, "bias_bytes": 8}
    address = kernels.place(data)
    result = kernels.run(CONV_2D, shape, dtype=data.dtype.type, input=address, **values)
    assert np.array_equal(result, expected)


def without_activation(layer: Layer, low: int, high: int) -> Layer:
    return Layer(layer.x, layer.y, layer.scales, layer.bias, "NONE", low, high)


@pytest.mark.parametrize("bias_type", [np.int64, np.int32, None])
def test_convolution_16x8(kernels, rng, bias_type):
    same = bool(rng.integers(2))
    rows, cols = random_axis(rng, same), random_axis(rng, same)
    groups = int(rng.choice([1, 1, 2]))
    depth, share = (int(n) for n in rng.integers(1, 6, 2))
    channels, outputs = groups * depth, groups * share
    data = random_int16(rng, 1, rows.size, cols.size, channels)
    weights = random_int8(rng, outputs, rows.kernel, cols.kernel, depth)
    layer = wide_layer(rng, outputs, weights[0].size, bias_type)
    shape = (1, rows.output, cols.output, outputs)

    def add(builder, source, w, b, target):
        builder.conv_2d(
            source,
            w,
            b,
            target,
            stride=(rows.stride, cols.stride),
            dilation=(rows.dilation, cols.dilation),
            same=same,
            activation=layer.activation,
        )

    expected = build(layer, data, weights, shape, 0, add, "int16")
    values = PLAIN_CONV | window_values(rows, cols, channels) | {"groups": groups}
    values |= layer.tables(kernels, weights) | {"output_channels": outputs, "element_bytes": 2}
    # Without a bias TFLM adds up in 64 bits.
    values["bias_bytes"] = 4 if bias_type is np.int32 else 8
    result = kernels.run(CONV_2D, shape, dtype=np.int16, input=kernels.place(data), **values)
    assert np.array_equal(result, expected)


def test_depthwise_convolution_16x8(kernels, rng):
    """As a convolution with as many groups as channels."""
    same = bool(rng.integers(2))
    rows, cols = random_axis(rng, same), random_axis(rng, same)
    channels, multiplier = (int(n) for n in rng.integers(1, 5, 2))
    outputs = channels * multiplier
    data = random_int16(rng, 1, rows.size, cols.size, channels)
    weights = random_int8(rng, 1, rows.kernel, cols.kernel, outputs)
    layer = wide_layer(rng, outputs, rows.kernel * cols.kernel, np.int64)
    shape = (1, rows.output, cols.output, outputs)

    def add(builder, source, w, b, target):
        builder.depthwise_conv_2d(
            source,
            w,
            b,
            target,
            multiplier=multiplier,
            stride=(rows.stride, cols.stride),
            dilation=(rows.dilation, cols.dilation),
            same=same,
            activation=layer.activation,
        )

    expected = build(layer, data, weights, shape, 3, add, "int16")
    values = PLAIN_CONV | window_values(rows, cols, channels) | {"groups": channels}
    values |= layer.tables(kernels, weights.transpose(3, 1, 2, 0)) | {"output_channels": outputs}
    values |= {"element_bytes": 2, "bias_bytes": 8}
    result = kernels.run(CONV_2D, shape, dtype=np.int16, input=kernels.place(data), **values)
    assert np.array_equal(result, expected)


@pytest.mark.parametrize("kind", [AVERAGE_POOL_2D, MAX_POOL_2D])
def test_pool_of_int16(kernels, rng, kind):
    same = bool(rng.integers(2))
    image = random_window(rng, same)
    channels = int(rng.integers(1, 11))
    scale = random_scale(rng) / 256
    data = random_int16(rng, 1, *image.size, channels)
    activation, low, high = random_int16_activation(rng, scale)

    builder = TfliteBuilder()
    source = builder.tensor("x", data.shape, dtype="int16", scale=scale)
    shape = (1, *image.output, channels)
    target = builder.tensor("y", shape, dtype="int16", scale=scale)
    window = {"window": image.kernel, "stride": image.stride, "same": same}
    builder.pool_2d(kind.name, source, target, activation=activation, **window)
    expected = run_tflm(builder.finish([source], [target]), data)[0]

    result = kernels.run(
        kind,
        shape,
        dtype=np.int16,
        input=kernels.place(data),
        clamp_low=low,
        clamp_high=high,
        element_bytes=2,
        **image.values(channels),
    )
    assert np.array_equal(result, expected)
