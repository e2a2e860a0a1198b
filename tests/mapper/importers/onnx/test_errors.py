"""What the ONNX importer says where it does not take a network."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest

from hw.spec.errors import RequestError
from mapper.importers.onnx.importer import import_onnx
from mapper.importers.onnx.model import read_model
from tests.onnx_builder import QdqBuilder

PATH = Path("somewhere/net.onnx")


def refusal(content: bytes) -> str:
    """The message with which a file is refused: always one line that names the file."""
    with pytest.raises(RequestError) as caught:
        import_onnx(PATH, content)
    message = str(caught.value)
    assert message.startswith(str(PATH))
    assert "\n" not in message
    return message


class Image(QdqBuilder):
    """A quantised image x [1,2,6,6], one operator, a quantised result."""

    def __init__(self, shape=(1, 2, 6, 6)) -> None:
        super().__init__()
        self.x = self.quantised(self.input("x", shape), 0.1, 0)

    def end(self, value: str) -> bytes:
        return self.finish([self.quantised(value, 0.1, 0)])

    def int8(self, *shape: int) -> np.ndarray:
        return np.ones(shape, np.int8)


def conv(net: Image, *shape: int, weights: str | None = None, **attributes) -> str:
    w = weights or net.weights("w", net.int8(*(shape or (4, 2, 3, 3))), 0.1)
    return net.node("Conv", [net.x, w], **attributes)


def resize(net: Image) -> str:
    return net.node("Resize", [net.x, "", net.constant("r", np.float32([1, 1, 2, 2]))])


def pad(net: Image, pads: list[int], value: float = 0.0, **attributes) -> str:
    amounts = net.constant("pads", np.array(pads, np.int64))
    return net.node("Pad", [net.x, amounts, net.constant("v", np.float32(value))], **attributes)


def per_input_channel(net: Image) -> str:
    return net.weights("w", net.int8(4, 2, 3, 3), [0.1, 0.1], axis=1)


def real_weights(net: Image) -> str:
    return net.constant("w", np.ones((4, 2, 3, 3), np.float32))


def asymmetric(net: Image) -> str:
    zero = net.constant("wz", np.int8(-100))
    parameters = [net.constant("ws", np.float32(0.1)), zero]
    return net.node(
        "DequantizeLinear", [net.constant("w", net.int8(4, 2, 3, 3) * 100), *parameters]
    )


LIMITS: dict[str, tuple[Callable[[Image], str], list[str]]] = {
    "dilation": (lambda n: conv(n, dilations=[2, 2]), ["(Conv): Dilation must be 1", "(2, 2)"]),
    "stride": (lambda n: conv(n, strides=[2000, 1]), ["Strides must be 1 to 1024"]),
    "negative pads": (lambda n: conv(n, pads=[-1, 0, 0, 0]), ["Padding must be 0 to 4096"]),
    "three pads": (lambda n: conv(n, pads=[1, 1, 1]), ["top, left, bottom, right"]),
    "auto_pad": (lambda n: conv(n, auto_pad="MOST"), ["auto_pad 'MOST'"]),
    "kernel_shape": (lambda n: conv(n, kernel_shape=[5, 5]), ["kernel_shape (5, 5) is not (3, 3)"]),
    "groups": (lambda n: conv(n, 4, 1, 3, 3, group=1), ["read all channels"]),
    "too large": (lambda n: conv(n, 4, 2, 9, 9), ["impossible shape"]),
    "axis": (lambda n: conv(n, weights=per_input_channel(n)), ["output channels", "(1, 0)"]),
    "real weights": (lambda n: conv(n, weights=real_weights(n)), ["weights are not quantised"]),
    "zero point": (lambda n: conv(n, weights=asymmetric(n)), ["zero point 0", "[-100]"]),
    "resize": (resize, ["(Resize): this operator is not supported", "CONV_2D at one resolution"]),
    "sigmoid": (lambda n: n.node("Sigmoid", [n.x]), ["nearest supported form is RELU6"]),
    "transpose conv": (
        lambda n: n.node("ConvTranspose", [n.x, n.weights("w", n.int8(2, 4, 3, 3), 0.1)]),
        ["nearest supported form is CONV_2D at the input's resolution"],
    ),
    "channel pads": (lambda n: pad(n, [0, 1, 0, 1, 0, 0, 0, 0]), ["(Pad): PAD may add pixels"]),
    "pad value": (lambda n: pad(n, [0, 0, 1, 0, 0, 0, 0, 0], 2.0), ["PAD must add the zero point"]),
    "pad mode": (lambda n: pad(n, [0] * 8, mode="edge"), ["mode='constant'"]),
    "mean": (
        lambda n: n.node("ReduceMean", [n.x], axes=[1]),
        ["(ReduceMean): MEAN must be over H and W", "[1]"],
    ),
    "softmax": (lambda n: n.node("Softmax", [n.x], axis=2), ["SOFTMAX must run along the last"]),
    "broadcast": (
        lambda n: n.node("Add", [n.x, n.quantised(n.input("b", (1, 2, 1, 1)), 0.1, 0)]),
        ["ADD needs two computed tensors of one shape"],
    ),
    "add of a constant": (
        lambda n: n.node("Add", [n.x, n.constant("b", np.ones((1, 2, 1, 1), np.float32))]),
        ["(Add): adds a constant of shape (1, 2, 1, 1)", "the bias of the convolution"],
    ),
    "add of a picture": (
        lambda n: n.node("Add", [conv(n), n.constant("b", np.eye(4, dtype=np.float32))]),
        ["adds a constant of shape (4, 4) to (1, 4, 4, 4)"],
    ),
    "count_include_pad": (
        lambda n: n.node(
            "AveragePool", [n.x], kernel_shape=[3, 3], pads=[1, 1, 1, 1], count_include_pad=1
        ),
        ["count_include_pad=0"],
    ),
    "reshape": (
        lambda n: n.node("Reshape", [n.x, n.constant("s", np.array([1, 7]))]),
        ["[1, 2, 6, 6] cannot be reshaped to [1, 7]"],
    ),
    "matmul of rows": (
        lambda n: n.node("MatMul", [n.x, n.weights("w", n.int8(6, 3), 0.1)]),
        ["FULLY_CONNECTED must have one row"],
    ),
    "moved data": (
        lambda n: n.node("Softmax", [n.node("Transpose", [conv(n)], perm=[0, 1, 3, 2])]),
        ["without a QuantizeLinear", "quantize_static"],
    ),
}


@pytest.mark.parametrize("limit", LIMITS)
def test_operator_limits(limit: str):
    build, words = LIMITS[limit]
    net = Image()
    message = refusal(net.end(build(net)))
    assert [word for word in words if word not in message] == [], message


def test_data_that_would_have_to_move_are_refused():
    net = Image()
    first = net.quantised(conv(net, pads=[1, 1, 1, 1]), 0.1, 0)
    turned = net.node("Transpose", [first], perm=[0, 2, 1, 3])
    w = net.weights("w2", np.ones((1, 6, 1, 1), np.int8), 0.1)
    message = refusal(net.end(net.node("Conv", [turned, w])))
    assert "a TRANSPOSE is not supported; the nearest supported form is one layout" in message


def test_padding_the_channels_of_a_convolution_is_refused():
    net = Image()
    net.x = net.quantised(conv(net), 0.1, 0)
    message = refusal(net.end(pad(net, [0, 1, 0, 0, 0, 0, 0, 0])))
    assert "PAD may add pixels around H and W only" in message


def test_a_flattened_output_in_another_order_is_refused():
    net = Image()
    flat = net.node("Flatten", [net.quantised(conv(net), 0.1, 0)])
    assert "end the network before the last Reshape" in refusal(net.finish([flat]))


def test_float_networks_are_told_how_to_quantise():
    net = QdqBuilder()
    x = net.input("x", (1, 4))
    message = refusal(net.finish([net.node("Relu", [x])]))
    assert "quantize_static" in message
    assert "TFLITE_BUILTINS_INT8" in message


def test_layers_that_stay_real_are_named():
    net = Image()
    message = refusal(net.finish([conv(net)]))
    assert "(Conv)" in message
    assert "without a QuantizeLinear" in message


def test_inputs_that_stay_real_are_named():
    net = QdqBuilder()
    x = net.input("x", (1, 4))
    y = net.node("Gemm", [x, net.weights("w", np.ones((4, 2), np.int8), 0.1)])
    assert "its input 'x' is not quantised" in refusal(net.finish([net.quantised(y, 0.1, 0)]))


@pytest.mark.parametrize("shape", [("N", 2, 6, 6), (1, 2, "height", 6), (0, 2, 6, 6)])
def test_dynamic_shapes_are_refused(shape):
    net = Image(shape)
    message = refusal(net.end(net.node("Relu", [net.x])))
    assert "input 'x' has the dynamic shape" in message
    assert "make_dynamic_shape_fixed" in message


def test_batches_are_refused():
    net = Image((2, 2, 6, 6))
    assert "The batch must be 1" in refusal(net.end(net.node("Relu", [net.x])))


def test_interface_types():
    net = Image()
    content = onnx.load_from_string(net.end(net.node("Relu", [net.x])))
    content.graph.input[0].type.tensor_type.elem_type = onnx.TensorProto.INT64
    assert "'x' must be float32, int8 or uint8" in refusal(content.SerializeToString())


def test_activations_quantised_per_channel_are_refused():
    net = QdqBuilder()
    scale, zero = net.constant("s", np.float32([0.1, 0.2])), net.constant("z", np.int8([0, 0]))
    x = net.node("QuantizeLinear", [net.input("x", (1, 2)), scale, zero], axis=1)
    y = net.node("DequantizeLinear", [x, scale, zero], axis=1)
    assert "quantise them per tensor" in refusal(net.finish([y]))


@pytest.mark.parametrize("scale", [0.0, -0.5, float("nan"), float("inf")])
def test_scales_must_be_positive(scale: float):
    net = QdqBuilder()
    x = net.quantised(net.input("x", (1, 2)), scale, 0)
    assert "A scale must be a number from 1e-20" in refusal(net.finish([net.node("Relu", [x])]))


def test_a_second_scale_for_the_same_integers_is_refused():
    net = QdqBuilder()
    first, second = net.parameters(0.1, 0), net.parameters(0.2, 0)
    integers = net.node("QuantizeLinear", [net.input("x", (1, 2)), *first])
    y = net.node("Relu", [net.node("DequantizeLinear", [integers, *second])])
    assert "not the one that 'x' was quantised with" in refusal(net.finish([y]))


def test_a_bias_too_large_for_32_bits_is_refused():
    net = Image((1, 4))
    bias = net.constant("b", np.float32([1e12, 0]))
    y = net.node("Gemm", [net.x, net.weights("w", np.ones((4, 2), np.int8), 0.1), bias])
    assert "does not fit 32 bits" in refusal(net.end(y))


def test_external_data_are_refused():
    net = Image((1, 4))
    y = net.node("Gemm", [net.x, net.weights("w", np.ones((4, 2), np.int8), 0.1)])
    model = onnx.load_from_string(net.end(y))
    (weights,) = (t for t in model.graph.initializer if t.name == "w")
    weights.data_location = onnx.TensorProto.EXTERNAL
    weights.external_data.add(key="location", value="/etc/passwd")
    assert "'w' is stored outside the file" in refusal(model.SerializeToString())


def test_control_flow_is_refused():
    net = Image((1, 4))
    branch = onnx.helper.make_graph([], "branch", [], [])
    y = net.node("If", [net.x], then_branch=branch, else_branch=branch)
    assert "(If): this operator is not supported" in refusal(net.end(y))


def test_unknown_and_unsorted_values_are_refused():
    net = Image((1, 4))
    model = onnx.load_from_string(net.end(net.node("Relu", [net.x])))
    nodes = list(model.graph.node)
    del model.graph.node[:]
    model.graph.node.extend(reversed(nodes))
    assert "which nothing before it computes" in refusal(model.SerializeToString())


def test_names_in_messages_are_printable():
    model = onnx.ModelProto(ir_version=8)
    model.graph.node.add(op_type="Re\nlu", name="bad\x00name", input=["x"], output=["y"])
    model.graph.output.add(name="y").type.tensor_type.elem_type = onnx.TensorProto.FLOAT
    (node,) = read_model("f", model.SerializeToString()).nodes
    assert str(node.place) == "f: layer 'bad?name' (Re?lu)"
