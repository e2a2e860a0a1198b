"""Random small ONNX layers against onnxruntime: at most one step of the output's scale apart."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from tests.decoding import decode_output
from tests.mapper.graph_executor import execute
from tests.onnx_builder import QdqBuilder, run_ort
from tilewright.mapper.graph.graph import Graph
from tilewright.mapper.importers.onnx.importer import import_onnx
from tilewright.mapper.interface import encode_input


class Network(QdqBuilder):
    """Random quantisation and data."""

    def __init__(self, seed: int) -> None:
        super().__init__(dtype="uint8" if seed % 2 else "int8")
        self.rng = np.random.default_rng(seed)

    def integer(self, low: int, high: int) -> int:
        return int(self.rng.integers(low, high, endpoint=True))

    def int8(self, *shape: int) -> np.ndarray:
        return self.rng.integers(-127, 128, shape).astype(np.int8)

    def image(self, *shape: int, name: str = "x") -> str:
        """A quantised network input over about -2..2."""
        scale, zero = self.rng.uniform(0.01, 0.02), self.integer(-20, 20)
        return self.quantised(self.input(name, shape), scale, zero)

    def result(self, value: str, scale: float = 0.03) -> str:
        self.step = float(np.float32(scale))
        return self.quantised(value, scale, self.integer(-40, 40))

    def scales(self, count: int) -> np.ndarray:
        return self.rng.uniform(0.002, 0.006, count).astype(np.float32)

    def check(self, output: str, steps: float = 1.01) -> Graph:
        content = self.finish([output])
        graph = import_onnx(Path("layer.onnx"), content)
        data = {
            value.name: self.rng.normal(
                size=[extent.dim_value for extent in value.type.tensor_type.shape.dim]
            ).astype(np.float32)
            for value in self.inputs
        }
        (wanted,) = run_ort(content, data)
        encoded = {
            name: encode_input(graph, name, data[graph.ports[name].name]) for name in graph.inputs
        }
        values = execute(graph, encoded)[graph.outputs[0]]
        got = decode_output(graph, graph.outputs[0], values)
        assert got.shape == wanted.shape
        assert np.abs(got - wanted).max() <= steps * self.step
        return graph


@pytest.fixture(params=range(8))
def net(request) -> Network:
    return Network(request.param)


def kinds(graph: Graph) -> list[str]:
    return [op.kind for op in graph.ops]


@pytest.mark.parametrize("padding", ["pads", "SAME_UPPER", "SAME_LOWER", "VALID"])
def test_conv(net: Network, padding: str):
    ci, co, kernel = net.integer(1, 5), net.integer(1, 6), (net.integer(1, 4), net.integer(1, 4))
    x = net.image(1, ci, 9, 7)
    scales = net.scales(co)
    w = net.weights("w", net.int8(co, ci, *kernel), scales)
    bias = net.rng.normal(size=co).astype(np.float32)
    attributes = {"pads": [1, 0, 2, 1]} if padding == "pads" else {"auto_pad": padding}
    strides = [net.integer(1, 2), net.integer(1, 3)]
    y = net.node("Conv", [x, w, net.constant("b", bias)], strides=strides, **attributes)
    assert kinds(net.check(net.result(y))) == ["CONV_2D"]


@pytest.mark.parametrize("multiplier", [1, 2])
def test_depthwise_conv_with_clip(net: Network, multiplier: int):
    channels = net.integer(2, 5)
    x = net.image(1, channels, 6, 8)
    w = net.weights(
        "w", net.int8(channels * multiplier, 1, 3, 2), net.scales(channels * multiplier)
    )
    y = net.node("Conv", [x, w], group=channels, pads=[1, 1, 1, 0])
    low, high = net.constant("low", np.float32(-0.5)), net.constant("high", np.float32(1.2))
    graph = net.check(net.result(net.node("Clip", [y, low, high])))
    assert kinds(graph) == ["DEPTHWISE_CONV_2D"]


@pytest.mark.parametrize("transposed", [0, 1])
def test_gemm(net: Network, transposed: int):
    ci, co = net.integer(2, 40), net.integer(2, 9)
    x = net.image(1, ci)
    shape = (co, ci) if transposed else (ci, co)
    w = net.weights("w", net.int8(*shape), net.scales(co), axis=0 if transposed else 1)
    b = net.constant("b", net.rng.normal(size=co).astype(np.float32))
    y = net.node("Relu", [net.node("Gemm", [x, w, b], transB=transposed)])
    assert kinds(net.check(net.result(y))) == ["FULLY_CONNECTED"]


@pytest.mark.parametrize("between", [True, False])
def test_matmul_and_bias(net: Network, between: bool):
    x = net.image(1, 30)
    y = net.node("MatMul", [x, net.weights("w", net.int8(30, 7), 0.004)])
    if between:
        y = net.quantised(y, 0.06, 0)
    y = net.node("Add", [y, net.constant("b", net.rng.normal(size=7).astype(np.float32))])
    # The rounding in between is left out.
    assert kinds(net.check(net.result(y, 0.06), steps=1.6)) == ["FULLY_CONNECTED"]


def test_gemm_of_a_flattened_image_follows_the_order_of_channels(net: Network):
    w0 = net.weights("w0", net.int8(5, 2, 3, 3), 0.004)
    image = net.result(net.node("Conv", [net.image(1, 2, 6, 5), w0]))
    flat = net.node("Flatten", [image])
    w1 = net.weights("w1", net.int8(4, 5 * 4 * 3), 0.002)
    y = net.result(net.node("Gemm", [flat, w1], transB=1), 0.06)
    # One step of the first layer may become some steps of the second.
    assert kinds(net.check(y, steps=3)) == ["CONV_2D", "FULLY_CONNECTED"]


def test_add(net: Network):
    a, b = net.image(1, 3, 4, 5, name="a"), net.image(1, 3, 4, 5, name="b")
    assert kinds(net.check(net.result(net.node("Relu", [net.node("Add", [a, b])])))) == ["ADD"]


@pytest.mark.parametrize("axis", [1, 2, 3, -1])
def test_concat(net: Network, axis: int):
    shapes = [[1, 3, 4, 5], [1, 3, 4, 5]]
    shapes[1][axis] = 2
    images = [net.image(*shape, name=f"x{i}") for i, shape in enumerate(shapes)]
    graph = net.check(net.result(net.node("Concat", images, axis=axis)))
    assert kinds(graph) == ["QUANTIZE", "QUANTIZE", "CONCATENATION"]
    assert graph.result(graph.ops[-1]).shape[3] == (5 if axis == 1 else 3)


@pytest.mark.parametrize("ceil_mode", [0, 1])
def test_max_pool(net: Network, ceil_mode: int):
    x = net.image(1, 3, 7, 9)
    y = net.node(
        "MaxPool", [x], kernel_shape=[3, 2], strides=[2, 3], pads=[1, 0, 0, 1], ceil_mode=ceil_mode
    )
    net.step = 0.02
    assert kinds(net.check(y)) == ["MAX_POOL_2D"]


def test_average_pool(net: Network):
    scale, zero = 0.02, net.integer(-9, 9)
    x = net.quantised(net.input("x", (1, 3, 7, 9)), scale, zero)
    y = net.node("AveragePool", [x], kernel_shape=[3, 2], strides=[2, 2], pads=[1, 0, 0, 1])
    net.step = scale
    assert kinds(net.check(net.quantised(y, scale, zero))) == ["AVERAGE_POOL_2D"]


def pool_whole(net: Network, x: str) -> str:
    return net.node("AveragePool", [x], kernel_shape=[7, 9])


def pool_global(net: Network, x: str) -> str:
    return net.node("GlobalAveragePool", [x])


def mean_channels_first(net: Network, x: str) -> str:
    return net.node("ReduceMean", [x], axes=[2, 3], keepdims=0)


def mean_channels_last(net: Network, x: str) -> str:
    last = net.node("Transpose", [x], perm=[0, 2, 3, 1])
    return net.node("ReduceMean", [last], axes=[1, -2])


@pytest.mark.parametrize("pool", [pool_whole, pool_global, mean_channels_first, mean_channels_last])
def test_means_requantise_in_one_step(net: Network, pool: Callable[[Network, str], str]):
    y = net.result(pool(net, net.image(1, 3, 7, 9)), 0.004)
    assert kinds(net.check(y)) == ["MEAN"]


def test_relu_alone(net: Network):
    assert kinds(net.check(net.result(net.node("Relu", [net.image(1, 20)])))) == ["RELU"]


def test_pad(net: Network):
    pads = net.constant("pads", np.array([0, 0, 1, 2, 0, 0, 0, 3], np.int64))
    y = net.node("Pad", [net.image(1, 2, 4, 5), pads])
    net.step = 0.02
    assert kinds(net.check(y)) == ["PAD"]


@pytest.mark.parametrize("opset", [11, 17])
def test_softmax(net: Network, opset: int):
    net.opset, net.step = opset, 1 / 256
    x = net.image(1, 12)
    y = net.node("Softmax", [x], axis=1)
    assert kinds(net.check(y)) == ["SOFTMAX"]


def test_softmax_over_the_channels_of_an_image(net: Network):
    net.step = 1 / 256
    w = net.weights("w", net.int8(5, 2, 1, 1), 0.02)
    x = net.result(net.node("Conv", [net.image(1, 2, 3, 4), w]), 0.04)
    # A step of the convolution moves a probability by up to a quarter of its scale.
    net.step = 1 / 256 + 0.04 / 4
    assert kinds(net.check(net.node("Softmax", [x], axis=1))) == ["CONV_2D", "SOFTMAX"]


def test_channels_last_networks_need_no_transposition(net: Network):
    x = net.node("Transpose", [net.image(1, 5, 6, 3)], perm=[0, 3, 1, 2])
    y = net.node("Conv", [x, net.weights("w", net.int8(4, 3, 2, 2), 0.004)])
    y = net.node("Transpose", [net.result(y)], perm=[0, 2, 3, 1])
    graph = net.check(y)
    assert kinds(graph) == ["CONV_2D"]
    assert [port.permutation for port in graph.ports.values()] == [None, None]


def test_channels_first_interfaces_are_permuted(net: Network):
    y = net.node("Conv", [net.image(1, 3, 5, 6), net.weights("w", net.int8(4, 3, 2, 2), 0.004)])
    graph = net.check(net.result(y))
    assert kinds(graph) == ["CONV_2D"]
    assert [port.permutation for port in graph.ports.values()] == [(0, 2, 3, 1)] * 2


def test_squeezed_and_unsqueezed_shapes(net: Network):
    flat = net.node("Reshape", [net.image(1, 40), net.constant("s", np.array([-1, 8, 5]))])
    x = net.node("Unsqueeze", [flat, net.constant("axes", np.array([1]))])
    y = net.node("Conv", [x, net.weights("w", net.int8(4, 1, 8, 5), 0.004)])
    y = net.node("Squeeze", [net.result(y), net.constant("last", np.array([2, 3]))])
    assert kinds(net.check(y)) == ["RESHAPE", "CONV_2D"]


def test_shapes_computed_in_the_network(net: Network):
    x = net.image(1, 3, 4, 2)
    extents = net.node("Shape", [x])
    batch = net.node("Gather", [extents, net.constant("first", np.array([0]))], axis=0)
    shape = net.node("Concat", [batch, net.constant("rest", np.array([-1]))], axis=0)
    y = net.node("Gemm", [net.node("Reshape", [x, shape]), net.weights("w", net.int8(24, 5), 0.01)])
    assert kinds(net.check(net.result(y))) == ["FULLY_CONNECTED"]


def test_uint8_weights_of_zero_point_128():
    net = Network(3)
    data = net.int8(4, 9)
    zero = net.constant("w_zero", np.uint8(128))
    stored = net.constant("w", (data.astype(np.int16) + 128).astype(np.uint8))
    parameters = [net.constant("w_scale", np.float32(0.01)), zero]
    w = net.node("DequantizeLinear", [stored, *parameters])
    graph = net.check(net.result(net.node("Gemm", [net.image(1, 9), w], transB=1)))
    assert np.array_equal(graph.operands(graph.ops[0])[1].data, data)


def test_weights_quantised_in_the_file(net: Network):
    real = net.rng.normal(size=(4, 9)).astype(np.float32) * 0.3
    w = net.constant("w", real)
    scale, zero = net.constant("ws", np.float32(0.01)), net.constant("wz", np.int8(0))
    w = net.node("DequantizeLinear", [net.node("QuantizeLinear", [w, scale, zero]), scale, zero])
    graph = net.check(net.result(net.node("Gemm", [net.image(1, 9), w], transB=1)))
    stored = graph.operands(graph.ops[0])[1].data
    assert np.array_equal(stored, np.clip(np.rint(real / np.float32(0.01)), -128, 127))


def test_integer_interfaces(net: Network):
    """A network whose input and output are the integers: ports of the file's type."""
    shift = 128 if net.dtype == "uint8" else 0
    before, after = net.parameters(0.02, 5), net.parameters(0.03, -4)
    given = net.input("x", (1, 3, 5, 6), net.dtype)
    x = net.node("DequantizeLinear", [given, *before])
    y = net.node("Conv", [x, net.weights("w", net.int8(4, 3, 2, 2), 0.004)])
    y = net.node("QuantizeLinear", [y, *after])
    content = net.finish([net.node("MaxPool", [y], kernel_shape=[2, 2])], net.dtype)
    graph = import_onnx(Path("layer.onnx"), content)
    data = (net.rng.integers(-128, 128, (1, 3, 5, 6)) + shift).astype(net.dtype)
    (wanted,) = run_ort(content, {"x": data})
    values = execute(graph, {graph.inputs[0]: encode_input(graph, graph.inputs[0], data)})
    got = decode_output(graph, graph.outputs[0], values[graph.outputs[0]])
    assert kinds(graph) == ["CONV_2D", "MAX_POOL_2D"]
    assert {port.dtype for port in graph.ports.values()} == {net.dtype}
    assert got.dtype == wanted.dtype
    assert np.abs(got.astype(int) - wanted).max() <= 1
