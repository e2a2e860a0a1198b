"""Random small layers: importer and arithmetic against TensorFlow Lite Micro itself."""

from pathlib import Path

import numpy as np
import pytest

from tests.mapper.graph_executor import execute
from tests.tflite_builder import TfliteBuilder, run_tflm
from tilewright.hw.spec import numerics as nm
from tilewright.mapper.importers.tflite.importer import import_tflite

pytest.importorskip("tflite_micro", reason="the reference kernels have no wheel here")


class Layer:
    """A network of one layer with random quantisation."""

    def __init__(self, seed: int) -> None:
        self.rng = np.random.default_rng(seed)
        self.builder = TfliteBuilder()
        self.inputs: list[int] = []

    def integer(self, low: int, high: int) -> int:
        return int(self.rng.integers(low, high, endpoint=True))

    def choice(self, *options):
        return options[self.integer(0, len(options) - 1)]

    def quantisation(self, largest: float = 0.2) -> dict:
        scale = float(np.float32(self.rng.uniform(largest / 20, largest)))
        return {"scale": scale, "zero_point": self.integer(-128, 127)}

    def int8(self, *shape: int) -> np.ndarray:
        return self.rng.integers(-128, 128, shape).astype(np.int8)

    def input(self, shape, **quantisation) -> int:
        index = self.builder.tensor(
            f"x{len(self.inputs)}", shape, **(quantisation or self.quantisation())
        )
        self.inputs.append(index)
        return index

    def output(self, shape, **quantisation) -> int:
        return self.builder.tensor("y", shape, **(quantisation or self.quantisation()))

    def weights(self, shape, channels: int, axis: int) -> tuple[int, list[float]]:
        count = self.choice(1, channels)
        scales = [float(s) for s in self.rng.uniform(0.001, 0.02, count).astype(np.float32)]
        return self.builder.constant("w", self.int8(*shape), scale=scales, axis=axis), scales

    def bias(self, channels: int, x: int, scales: list[float]) -> int | None:
        if self.integer(0, 3) == 0:
            return None
        data = self.rng.integers(-5000, 5000, channels).astype(np.int32)
        unit = [float(np.float32(self.builder.tensors[x].scale[0] * s)) for s in scales]
        return self.builder.constant("b", data, scale=unit)

    def geometry(self, largest: int):
        """Image, window, stride, SAME or not, and the pixels that come out."""
        window = (self.integer(1, largest), self.integer(1, largest))
        stride = (self.integer(1, 3), self.integer(1, 3))
        same = self.choice(True, False)
        image = tuple(extent + self.integer(0, 7) for extent in window)
        result = tuple(
            -(-size // step) if same else (size - kernel) // step + 1
            for size, kernel, step in zip(image, window, stride, strict=True)
        )
        return image, window, stride, same, result

    def check(self, y: int) -> None:
        """The graph's result equals the interpreter's for random data."""
        content = self.builder.finish(self.inputs, [y])
        data = [self.int8(*self.builder.tensors[x].shape) for x in self.inputs]
        graph = import_tflite(Path("layer.tflite"), content)
        got = execute(graph, dict(zip(graph.inputs, data, strict=True)))[graph.outputs[0]]
        (wanted,) = run_tflm(content, *data)
        assert got.reshape(-1).tolist() == wanted.reshape(-1).tolist()


@pytest.fixture(params=range(25))
def layer(request) -> Layer:
    return Layer(request.param)


def test_conv_2d(layer: Layer):
    image, window, stride, same, pixels = layer.geometry(5)
    ci, co = layer.integer(1, 9), layer.integer(1, 9)
    x = layer.input((1, *image, ci))
    weights, scales = layer.weights((co, *window, ci), co, 0)
    y = layer.output((1, *pixels, co), **layer.quantisation(0.6))
    layer.builder.conv_2d(
        x,
        weights,
        layer.bias(co, x, scales),
        y,
        stride=stride,
        same=same,
        activation=layer.choice("NONE", "RELU", "RELU6"),
    )
    layer.check(y)


def test_depthwise_conv_2d(layer: Layer):
    image, window, stride, same, pixels = layer.geometry(5)
    ci, multiplier = layer.integer(1, 9), layer.integer(1, 3)
    x = layer.input((1, *image, ci))
    weights, scales = layer.weights((1, *window, ci * multiplier), ci * multiplier, 3)
    y = layer.output((1, *pixels, ci * multiplier))
    layer.builder.depthwise_conv_2d(
        x,
        weights,
        layer.bias(ci * multiplier, x, scales),
        y,
        multiplier=multiplier,
        stride=stride,
        same=same,
        activation=layer.choice("NONE", "RELU", "RELU6"),
    )
    layer.check(y)


def test_fully_connected(layer: Layer):
    ci, co = layer.integer(1, 60), layer.integer(1, 40)
    x = layer.input(layer.choice((1, ci), (1, 1, 1, ci)))
    weights, scales = layer.weights((co, ci), co, 0)
    y = layer.output((1, co))
    bias, activation = layer.bias(co, x, scales), layer.choice("NONE", "RELU", "RELU6")
    layer.builder.fully_connected(x, weights, bias, y, activation=activation)
    layer.check(y)


def test_fully_connected_multiplier_is_double_precision(layer: Layer):
    """Accumulators next to rounding ties tell a double product of the scales from a single one."""
    builder = layer.builder
    scales = layer.rng.uniform(1e-5, 2e-5, 2).astype(np.float32)
    x = layer.input((1, 1), scale=float(scales[0]), zero_point=0)
    factor = float(scales[0]) * float(scales[1]) / 0.5
    ties = (np.arange(-100, 100) + 0.5) / factor * 2.0**-8
    ties = np.clip(ties, -(2**31) + 1e6, 2**31 - 1e6)
    bias = (ties[:, None] + np.arange(-60, 60, 7)).reshape(-1).astype(np.int32)
    weights = builder.constant("w", np.ones((len(bias), 1), np.int8), scale=[float(scales[1])])
    unit = float(scales[0] * scales[1])
    stored = builder.constant("b", bias, scale=[unit])
    y = layer.output((1, len(bias)), scale=0.5 * 2.0**-8, zero_point=0)
    builder.fully_connected(x, weights, stored, y)
    layer.check(y)


def test_add(layer: Layer):
    shape = (1, layer.integer(1, 6), layer.integer(1, 6), layer.integer(1, 6))
    a, b, y = layer.input(shape), layer.input(shape), layer.output(shape)
    activation = layer.choice("NONE", "RELU", "RELU6")
    layer.builder.add(a, b, y, activation=activation)
    layer.check(y)


@pytest.mark.parametrize("kind", ["AVERAGE_POOL_2D", "MAX_POOL_2D"])
def test_pools(layer: Layer, kind: str):
    image, window, stride, same, pixels = layer.geometry(4)
    channels, shared = layer.integer(1, 9), layer.quantisation()
    x = layer.input((1, *image, channels), **shared)
    y = layer.output((1, *pixels, channels), **shared)
    activation = layer.choice("NONE", "RELU", "RELU6")
    layer.builder.pool_2d(
        kind, x, y, window=window, stride=stride, same=same, activation=activation
    )
    layer.check(y)


def test_relu(layer: Layer):
    shape = (1, layer.integer(1, 40))
    x, y = layer.input(shape), layer.output(shape)
    layer.builder.operator("RELU", [x], [y])
    layer.check(y)


def test_relu6(layer: Layer):
    shape = (1, layer.integer(1, 40))
    shared = {"scale": float(np.float32(0.03)), "zero_point": layer.integer(-128, -80)}
    x, y = layer.input(shape, **shared), layer.output(shape, **shared)
    layer.builder.operator("RELU6", [x], [y])
    layer.check(y)


def test_pad(layer: Layer):
    h, w, channels, shared = 3, 5, layer.integer(1, 6), layer.quantisation()
    top, bottom, left, right = (layer.integer(0, 3) for _ in range(4))
    x = layer.input((1, h, w, channels), **shared)
    y = layer.output((1, h + top + bottom, w + left + right, channels), **shared)
    layer.builder.pad(x, y, [(0, 0), (top, bottom), (left, right), (0, 0)])
    layer.check(y)


def test_reshape(layer: Layer):
    shared = layer.quantisation()
    x, y = layer.input((1, 4, 3, 5), **shared), layer.output((1, 60), **shared)
    layer.builder.reshape(x, y)
    layer.check(y)


def test_softmax(layer: Layer):
    shape = (1, layer.integer(1, 30))
    scale = float(np.float32(np.exp(layer.rng.uniform(-9, 3))))
    x = layer.input(shape, scale=scale, zero_point=layer.integer(-128, 127))
    y = layer.output(shape, scale=1 / 256, zero_point=-128)
    layer.builder.softmax(x, y, beta=layer.choice(1.0, 0.5, 2.5))
    layer.check(y)


def test_quantize(layer: Layer):
    shape = (1, layer.integer(1, 60))
    x, y = layer.input(shape), layer.output(shape, **layer.quantisation(0.4))
    layer.builder.quantize(x, y)
    layer.check(y)


def test_real_inputs_and_outputs(layer: Layer):
    """QUANTIZE of real numbers, ties among them, and DEQUANTIZE, which become ports."""
    builder, quantisation = layer.builder, layer.quantisation()
    given = builder.tensor("given", (1, 600), dtype="float32")
    x = builder.tensor("x", (1, 600), **quantisation)
    result = builder.tensor("result", (1, 600), dtype="float32")
    builder.quantize(given, x)
    builder.dequantize(x, result)
    scale, zero_point = quantisation["scale"], quantisation["zero_point"]
    ties = ((np.arange(-150, 150) + 0.5) * scale).astype(np.float32)
    real = np.concatenate([ties, layer.rng.normal(size=300).astype(np.float32) * 50 * scale])
    quantised, dequantised = run_tflm(builder.finish([given], [x, result]), real[None])
    got = nm.quantise(real, scale, zero_point)
    assert np.array_equal(got, quantised[0])
    assert np.array_equal(nm.dequantise(got, scale, zero_point), dequantised[0])


def test_concatenation(layer: Layer):
    shapes = [[1, 2, 3, 4] for _ in range(layer.integer(2, 3))]
    axis, shared = layer.integer(1, 3), layer.quantisation()
    for shape in shapes:
        shape[axis] = layer.integer(1, 5)
    joined = [1, 2, 3, 4]
    joined[axis] = sum(shape[axis] for shape in shapes)
    operands = [layer.input(shape, **shared) for shape in shapes]
    y = layer.output(joined, **shared)
    layer.builder.concatenation(operands, y, axis=layer.choice(axis, axis - 4))
    layer.check(y)


@pytest.mark.parametrize("keep", [True, False])
@pytest.mark.parametrize("requantised", [True, False])
def test_mean(layer: Layer, keep: bool, requantised: bool):
    h, w, channels = layer.integer(1, 12), layer.integer(1, 12), layer.integer(1, 9)
    quantisation = layer.quantisation()
    x = layer.input((1, h, w, channels), **quantisation)
    shape = (1, 1, 1, channels) if keep else (1, channels)
    y = layer.output(shape, **(layer.quantisation() if requantised else quantisation))
    layer.builder.mean(x, y, axes=layer.choice((1, 2), (2, 1)), keep=keep)
    layer.check(y)
