"""Small networks as exporters write them, in floating point, for onnxruntime's quantiser."""

from collections.abc import Callable

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper


class FloatNetwork:
    """Random weights from a seed; methods take and return names of values."""

    def __init__(self, opset: int, seed: int = 3) -> None:
        self.opset = opset
        self.rng = np.random.default_rng(seed)
        self.nodes: list[onnx.NodeProto] = []
        self.constants: dict[str, np.ndarray] = {}
        self.inputs: list[onnx.ValueInfoProto] = []

    def input(self, *shape: int | str) -> str:
        self.inputs.append(helper.make_tensor_value_info("x", TensorProto.FLOAT, list(shape)))
        return "x"

    def constant(self, value: object) -> str:
        name = f"c{len(self.constants)}"
        self.constants[name] = np.asarray(value)
        return name

    def number(self, value: float) -> str:
        return self.constant(np.float32(value))

    def integers(self, *values: int) -> str:
        return self.constant(np.array(values, np.int64))

    def weights(self, *shape: int) -> str:
        fan = max(int(np.prod(shape[1:])), 1)
        return self.constant((self.rng.normal(size=shape) * 1.4 / np.sqrt(fan)).astype(np.float32))

    def vector(self, size: int) -> str:
        return self.constant((self.rng.normal(size=size) * 0.1).astype(np.float32))

    def node(self, op: str, inputs: list[str], **attributes) -> str:
        return self.several(op, inputs, 1, **attributes)[0]

    def several(self, op: str, inputs: list[str], count: int, **attributes) -> list[str]:
        name = f"{op.lower()}_{len(self.nodes)}"
        outputs = [f"{name}_{number}" for number in range(count)]
        self.nodes.append(helper.make_node(op, inputs, outputs, name=name, **attributes))
        return outputs

    def conv(self, x: str, channels: tuple[int, int], k=3, stride=1, group=1) -> str:
        inputs = [x, self.weights(channels[1], channels[0] // group, k, k)]
        padding = [(k - 1) // 2] * 4
        bias = self.vector(channels[1])
        strides = [stride] * 2
        return self.node("Conv", [*inputs, bias], strides=strides, pads=padding, group=group)

    def relu(self, x: str) -> str:
        return self.node("Relu", [x])

    def silu(self, x: str) -> str:
        return self.node("Mul", [x, self.node("Sigmoid", [x])])

    def gemm(self, x: str, inputs: int, outputs: int) -> str:
        operands = [x, self.weights(outputs, inputs), self.vector(outputs)]
        return self.node("Gemm", operands, transB=1)

    def split(self, x: str, *sizes: int, axis: int = 1) -> list[str]:
        return self.several("Split", [x, self.integers(*sizes)], len(sizes), axis=axis)

    def reshape(self, x: str, *shape: int) -> str:
        return self.node("Reshape", [x, self.integers(*shape)])

    def model(self, output: str) -> onnx.ModelProto:
        outputs = [helper.make_tensor_value_info(output, TensorProto.FLOAT, None)]
        constants = [numpy_helper.from_array(data, name) for name, data in self.constants.items()]
        graph = helper.make_graph(self.nodes, "net", self.inputs, outputs, constants)
        opsets = [helper.make_opsetid("", self.opset)]
        return helper.make_model(graph, opset_imports=opsets, ir_version=8)


def squeeze_and_excite(net: FloatNetwork) -> str:
    """MobileNetV3: hard swish and hard sigmoid, which the quantiser leaves alone."""
    y = net.node("HardSwish", [net.conv(net.input(1, 3, 24, 24), (3, 16), 3, 2)])
    z = net.node("HardSwish", [net.conv(y, (16, 32), 1)])
    z = net.conv(z, (32, 32), 5, 1, 32)
    gate = net.relu(net.conv(net.node("GlobalAveragePool", [z]), (32, 8), 1))
    gate = net.node("HardSigmoid", [net.conv(gate, (8, 32), 1)], alpha=1 / 6, beta=0.5)
    z = net.conv(net.node("HardSwish", [net.node("Mul", [gate, z])]), (32, 16), 1)
    y = net.node("GlobalAveragePool", [net.node("Add", [z, y])])
    return net.gemm(net.node("Flatten", [y]), 16, 10)


def shuffled_channels(net: FloatNetwork) -> str:
    """ShuffleNet: half of the channels pass by, and all are shuffled."""
    y = net.relu(net.conv(net.input(1, 3, 24, 24), (3, 16), 3, 2))
    for _ in range(2):
        left, right = net.split(y, 8, 8)
        right = net.conv(net.relu(net.conv(right, (8, 8), 1)), (8, 8), 3, 1, 8)
        right = net.relu(net.conv(right, (8, 8), 1))
        y = net.reshape(net.node("Concat", [left, right], axis=1), 1, 2, 8, 12, 12)
        y = net.reshape(net.node("Transpose", [y], perm=[0, 2, 1, 3, 4]), 1, -1, 12, 12)
    y = net.node("GlobalMaxPool", [net.relu(net.conv(y, (16, 32), 1))])
    return net.gemm(net.node("Flatten", [y]), 32, 10)


def efficient(net: FloatNetwork) -> str:
    """EfficientNet: SiLU and a sigmoid gate."""
    y = net.silu(net.conv(net.input(1, 3, 24, 24), (3, 12), 3, 2))
    z = net.silu(net.conv(net.silu(net.conv(y, (12, 24), 1)), (24, 24), 3, 1, 24))
    gate = net.silu(net.conv(net.node("GlobalAveragePool", [z]), (24, 6), 1))
    z = net.node("Mul", [z, net.node("Sigmoid", [net.conv(gate, (6, 24), 1)])])
    y = net.node("Add", [net.conv(z, (24, 12), 1), y])
    return net.gemm(net.node("Flatten", [net.node("GlobalAveragePool", [y])]), 12, 10)


def detector(net: FloatNetwork) -> str:
    """YOLOv8: boxes as expected values of distributions, from anchors, joined with classes."""
    y = net.silu(net.conv(net.input(1, 3, 32, 32), (3, 16), 3, 2))
    left, right = net.split(y, 8, 8)
    more = net.node("Add", [right, net.silu(net.conv(right, (8, 8)))])
    y = net.silu(net.conv(net.node("Concat", [left, right, more], axis=1), (24, 16), 1))
    pooled = net.node("MaxPool", [y], kernel_shape=[5, 5], pads=[2] * 4)
    y = net.silu(net.conv(net.node("Concat", [y, pooled], axis=1), (32, 16), 1))
    y = net.node("Concat", [net.conv(y, (16, 16), 1), net.conv(y, (16, 4), 1)], axis=1)
    box, classes = net.split(net.reshape(y, 1, 20, -1), 16, 4)
    box = net.node("Transpose", [net.reshape(box, 1, 4, 4, 256)], perm=[0, 2, 1, 3])
    box = net.node("Softmax", [box], axis=1)
    levels = net.constant(np.arange(4, dtype=np.float32).reshape(1, 4, 1, 1))
    box = net.reshape(net.node("Conv", [box, levels]), 1, 4, 256)
    first, last = net.split(box, 2, 2)
    places = np.stack(np.meshgrid(np.arange(16), np.arange(16))).reshape(1, 2, 256)
    anchors = net.constant(places.astype(np.float32) + np.float32(0.5))
    first, last = net.node("Sub", [anchors, first]), net.node("Add", [anchors, last])
    middle = net.node("Div", [net.node("Add", [first, last]), net.number(2)])
    box = net.node("Concat", [middle, net.node("Sub", [last, first])], axis=1)
    box = net.node("Mul", [box, net.number(8)])
    return net.node("Concat", [box, net.node("Sigmoid", [classes])], axis=1)


def encoder(net: FloatNetwork) -> str:
    """A transformer's block: attention, normalisation, GELU by its parts."""
    steps, width, heads = 12, 16, 2
    places = net.constant((net.rng.normal(size=(1, steps, width)) * 0.2).astype(np.float32))
    y = net.node("Add", [net.input(1, steps, width), places])

    def normalised(value: str) -> str:
        factors = net.constant((1 + 0.1 * net.rng.normal(size=width)).astype(np.float32))
        return net.node("LayerNormalization", [value, factors, net.vector(width)], axis=-1)

    def linear(value: str, inputs: int, outputs: int) -> str:
        product = net.node("MatMul", [value, net.weights(inputs, outputs)])
        return net.node("Add", [net.vector(outputs), product])

    def head(value: str, order: list[int]) -> str:
        divided = net.reshape(linear(value, width, width), 0, 0, heads, width // heads)
        return net.node("Transpose", [divided], perm=order)

    z = normalised(y)
    query, key, value = (head(z, order) for order in ([0, 2, 1, 3], [0, 2, 3, 1], [0, 2, 1, 3]))
    scores = net.node("Div", [net.node("MatMul", [query, key]), net.number(8**0.5)])
    mixed = net.node("MatMul", [net.node("Softmax", [scores], axis=-1), value])
    mixed = net.reshape(net.node("Transpose", [mixed], perm=[0, 2, 1, 3]), 0, 0, width)
    y = net.node("Add", [y, linear(mixed, width, width)])
    z = linear(normalised(y), width, 32)
    error = net.node("Erf", [net.node("Div", [z, net.number(2**0.5)])])
    z = net.node("Mul", [z, net.node("Add", [error, net.number(1)])])
    z = linear(net.node("Mul", [z, net.number(0.5)]), 32, width)
    y = net.node("Add", [y, z])
    mean = [normalised(y), net.integers(1)] if net.opset >= 18 else [normalised(y)]
    axes = {} if net.opset >= 18 else {"axes": [1]}
    return net.gemm(net.node("ReduceMean", mean, keepdims=0, **axes), width, 5)


def segmenter(net: FloatNetwork) -> str:
    """U-Net: upwards by ConvTranspose and by Resize, each joined with what passed by."""
    half = {"kernel_shape": [2, 2], "strides": [2, 2]}
    a = net.relu(net.conv(net.input(1, 1, 32, 32), (1, 8)))
    b = net.relu(net.conv(net.node("MaxPool", [a], **half), (8, 16)))
    c = net.relu(net.conv(net.node("MaxPool", [b], **half), (16, 16)))
    up = net.node("ConvTranspose", [c, net.weights(16, 16, 2, 2), net.vector(16)], strides=[2, 2])
    up = net.relu(net.conv(net.node("Concat", [up, b], axis=1), (32, 8)))
    modes = {"mode": "linear", "coordinate_transformation_mode": "pytorch_half_pixel"}
    up = net.node("Resize", [up, "", "", net.integers(1, 8, 32, 32)], **modes)
    y = net.relu(net.conv(net.node("Concat", [up, a], axis=1), (16, 8)))
    return net.node("Sigmoid", [net.conv(y, (8, 1), 1)])


def convolutions_in_time(net: FloatNetwork) -> str:
    """TCN: dilated causal convolutions along one axis."""
    y, channels = net.input("N", 10, 50), 10
    for dilation in (1, 2, 4):
        z, inputs = y, channels
        for _ in range(2):
            operands = [z, net.weights(16, inputs, 3), net.vector(16)]
            causal = {"pads": [2 * dilation, 0], "dilations": [dilation]}
            z, inputs = net.relu(net.node("Conv", operands, **causal)), 16
        if channels != 16:
            y = net.node("Conv", [y, net.weights(16, channels, 1), net.vector(16)])
        y, channels = net.relu(net.node("Add", [z, y])), 16
    y = net.node("Squeeze", [net.node("GlobalAveragePool", [y]), net.integers(2)])
    return net.node("LogSoftmax", [net.gemm(y, 16, 6)], axis=-1)


NETWORKS: dict[str, Callable[[FloatNetwork], str]] = {
    function.__name__: function
    for function in (
        squeeze_and_excite,
        shuffled_channels,
        efficient,
        detector,
        encoder,
        segmenter,
        convolutions_in_time,
    )
}
