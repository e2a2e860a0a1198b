"""What the ONNX importer says where it does not take a network."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest

from tests.onnx_builder import QdqBuilder
from tilewright.hw.spec.errors import RequestError
from tilewright.mapper.importers.onnx.importer import import_onnx
from tilewright.mapper.importers.onnx.model import read_model

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


def transposed(net: Image, *shape: int, scale: float | list[float] = 0.1, **attributes) -> str:
    w = net.weights("w", net.int8(*shape), scale, axis=1)
    return net.node("ConvTranspose", [net.x, w], **attributes)


def resize(net: Image, factor: float = 2.0, channels: float = 1.0, **attributes) -> str:
    factors = net.constant("r", np.array([1, channels, factor, 2], np.float32))
    return net.node("Resize", [net.x, "", factors], **attributes)


def pad(net: Image, pads: list[int], value: float = 0.0, **attributes) -> str:
    amounts = net.constant("pads", np.array(pads, np.int64))
    return net.node("Pad", [net.x, amounts, net.constant("v", np.float32(value))], **attributes)


def per_input_channel(net: Image) -> str:
    return net.weights("w", net.int8(4, 2, 3, 3), [0.1, 0.1], axis=1)


def real_weights(net: Image) -> str:
    return net.constant("w", np.ones((4, 2, 3, 3), np.float32))


def asymmetric(net: Image) -> str:
    zero = net.constant("wz", np.array([-100, 0, 0, 3], np.int8))
    parameters = [net.constant("ws", np.full(4, 0.1, np.float32)), zero]
    weights = net.constant("w", np.full((4, 2, 3, 3), 100, np.int8))
    return net.node("DequantizeLinear", [weights, *parameters], axis=0)


LIMITS: dict[str, tuple[Callable[[Image], str], list[str]]] = {
    "dilation": (lambda n: conv(n, dilations=[0, 2]), ["Dilation must be 1 to 1024", "(0, 2)"]),
    "pool's dilation": (
        lambda n: n.node("MaxPool", [n.x], kernel_shape=[2, 2], dilations=[2, 1]),
        ["The dilation of a pool must be 1", "(2, 1)"],
    ),
    "stride": (lambda n: conv(n, strides=[2000, 1]), ["Strides must be 1 to 1024"]),
    "negative pads": (lambda n: conv(n, pads=[-1, 0, 0, 0]), ["Padding must be 0 to 4096"]),
    "three pads": (lambda n: conv(n, pads=[1, 1, 1]), ["top, left, bottom, right"]),
    "auto_pad": (lambda n: conv(n, auto_pad="MOST"), ["auto_pad 'MOST'"]),
    "kernel_shape": (lambda n: conv(n, kernel_shape=[5, 5]), ["kernel_shape (5, 5) is not (3, 3)"]),
    "groups": (
        lambda n: conv(n, 4, 1, 3, 3, group=1),
        ["1 group(s) of 1 channels do not fit the input's 2"],
    ),
    "too large": (lambda n: conv(n, 4, 2, 9, 9), ["impossible shape"]),
    "axis": (lambda n: conv(n, weights=per_input_channel(n)), ["output channels", "(1, 0)"]),
    "real weights": (lambda n: conv(n, weights=real_weights(n)), ["weights are not quantised"]),
    "zero point": (
        lambda n: conv(n, weights=asymmetric(n)),
        ["zero point 0, or one for all", "[-100, 0, 3]"],
    ),
    "resize mode": (lambda n: resize(n, mode="cubic"), ["mode 'cubic'", "nearest and linear are"]),
    "resize coordinates": (
        lambda n: resize(n, coordinate_transformation_mode="tf_crop_and_resize"),
        ["(Resize): coordinates 'tf_crop_and_resize'"],
    ),
    "resize rounding": (lambda n: resize(n, nearest_mode="up"), ["nearest_mode 'up'"]),
    "resize factors": (lambda n: resize(n, factor=0.0), ["must be positive numbers"]),
    "resize channels": (
        lambda n: resize(n, channels=2.0, mode="linear"),
        ["must leave batch and channels"],
    ),
    "kernels of no group": (lambda n: conv(n, 4, 3, 3, 3), ["multiple of the groups", "(2, 3, 4)"]),
    "transposed groups": (lambda n: transposed(n, 3, 4, 3, 3), ["do not fit 2 channels"]),
    "transposed by channel": (
        lambda n: transposed(n, 2, 2, 3, 3, scale=[0.1, 0.2], group=2),
        ["with 2 scale(s)", "2 group(s)"],
    ),
    "transposed padding": (
        lambda n: transposed(n, 2, 4, 2, 2, pads=[2, 0, 0, 0]),
        ["must be less than its kernel"],
    ),
    "pad value": (lambda n: pad(n, [0, 0, 1, 0, 0, 0, 0, 0], 200.0), ["must be an int8 value"]),
    "pad of no number": (
        lambda n: pad(n, [0, 0, 1, 0, 0, 0, 0, 0], float("inf")),
        ["must be a number of the tensor's range"],
    ),
    "pad mode": (lambda n: pad(n, [0] * 8, mode="mirror"), ["mode 'mirror' is not supported"]),
    "pad reflect": (
        lambda n: pad(n, [0, 0, 7, 0, 0, 0, 0, 0], mode="reflect"),
        ["mode 'reflect' cannot pad 7 elements to 6"],
    ),
    "pads": (lambda n: pad(n, [1, 1]), ["two entries for each axis", "(2, 8)"]),
    "mean": (lambda n: n.node("ReduceMean", [n.x], axes=[4]), ["An axis must be one of"]),
    "split": (
        lambda n: n.node("Split", [n.x, n.constant("s", np.array([3, 2]))], axis=2),
        ["(Split): The parts of a split must make up the axis"],
    ),
    "slice": (
        lambda n: n.node("Slice", [n.x, *(n.constant(k, np.array([6])) for k in "se")]),
        ["(Slice): A slice must take at least one element"],
    ),
    "gather": (
        lambda n: n.node("Gather", [n.x, n.constant("i", np.array([6]))], axis=2),
        ["(Gather): An index must lie within its axis"],
    ),
    "blocks": (lambda n: n.node("SpaceToDepth", [n.x], blocksize=0), ["A block must have"]),
    "depth": (lambda n: n.node("DepthToSpace", [n.x], blocksize=2), ["do not fit together"]),
    "norm": (lambda n: n.node("LpNormalization", [n.x], p=3), ["p must be 1 or 2"]),
    "softmax": (lambda n: n.node("Softmax", [n.x], axis=4), ["An axis must be one of"]),
    "add of a picture": (
        lambda n: n.node("Add", [n.x, n.constant("b", np.eye(6, dtype=np.float32))]),
        ["(Add): A constant operand must be one number, or be quantised to int8"],
    ),
    "reshape": (
        lambda n: n.node("Reshape", [n.x, n.constant("s", np.array([1, 7]))]),
        ["[1, 2, 6, 6] cannot be reshaped to [1, 7]"],
    ),
    "matmul of other rows": (
        lambda n: n.node("MatMul", [n.x, n.weights("w", n.int8(7, 3), 0.1)]),
        ["does not fit weights (7, 3)"],
    ),
    "matmul of other matrices": (
        lambda n: n.node("MatMul", [n.x, n.weights("w", n.int8(2, 5, 3), 0.1)]),
        ["cannot multiply matrices (1, 2, 6, 6) and (2, 5, 3)"],
    ),
    "matmul of matrices with scales": (
        lambda n: n.node("MatMul", [n.x, n.weights("w", n.int8(2, 5, 3), [0.1, 0.2], axis=0)]),
        ["must have one scale, unless", "Here: 2"],
    ),
    "gemm with C": (
        lambda n: n.node("Gemm", [n.x, n.x, n.constant("c", np.float32(1))]),
        ["two computed matrices, or adds C"],
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


def test_data_move_where_a_layer_needs_another_order():
    net = Image()
    first = net.quantised(conv(net, pads=[1, 1, 1, 1]), 0.1, 0)
    turned = net.node("Transpose", [first], perm=[0, 2, 1, 3])
    w = net.weights("w2", np.ones((1, 6, 1, 1), np.int8), 0.1)
    graph = import_onnx(PATH, net.end(net.node("Conv", [turned, w])))
    assert [op.kind for op in graph.ops] == ["CONV_2D", "TRANSPOSE", "CONV_2D"]


def test_data_move_where_the_output_has_another_order():
    net = Image()
    flat = net.node("Flatten", [net.quantised(conv(net), 0.1, 0)])
    graph = import_onnx(PATH, net.finish([flat]))
    assert [op.kind for op in graph.ops] == ["CONV_2D", "MOVE"]


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


@pytest.mark.parametrize("shape", [("N", 2, "W", 6), (1, 2, "height", 6), (0, 2, 6, 6)])
def test_dynamic_shapes_are_refused(shape):
    net = Image(shape)
    message = refusal(net.end(net.node("Relu", [net.x])))
    assert "input 'x' has the dynamic shape" in message
    assert "make_dynamic_shape_fixed" in message


def test_batches_of_images_are_refused():
    net = Image((2, 2, 6, 6))
    assert "with batch 1" in refusal(net.end(conv(net)))


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


@pytest.mark.parametrize(
    ("scale", "value", "said"),
    [
        (0.0, 1.0, "A scale must be a number"),
        (float("nan"), 1.0, "A scale of a constant must be a number"),
        (0.5, float("nan"), "a constant that it quantises is not a finite number"),
    ],
)
def test_a_constant_that_cannot_be_quantised_is_refused(scale, value, said):
    net = Image()
    parameters = [net.constant("scale", np.float32(scale)), net.constant("zero", np.int8(0))]
    real = net.constant("real", np.full((1, 2, 6, 6), value, np.float32))
    integers = net.node("QuantizeLinear", [real, *parameters])
    own = net.node("DequantizeLinear", [integers, *parameters])
    assert said in refusal(net.end(net.node("Add", [net.x, own])))


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
    assert "(If): operators with graphs inside" in refusal(net.end(y))


def test_unknown_and_unsorted_values_are_refused():
    net = Image((1, 4))
    model = onnx.load_from_string(net.end(net.node("Relu", [net.x])))
    nodes = list(model.graph.node)
    del model.graph.node[:]
    model.graph.node.extend(reversed(nodes))
    with pytest.raises(RequestError, match="which nothing before it computes"):
        import_onnx(PATH, model.SerializeToString())


def test_names_in_messages_are_printable():
    model = onnx.ModelProto(ir_version=8)
    model.graph.node.add(op_type="Re\nlu", name="bad\x00name", input=["x"], output=["y"])
    model.graph.output.add(name="y").type.tensor_type.elem_type = onnx.TensorProto.FLOAT
    (node,) = read_model("f", model.SerializeToString()).nodes
    assert str(node.place) == "f: layer 'bad?name' (Re?lu)"


def test_constants_that_do_not_fit_together_are_refused():
    net = Image((1, 4))
    index = net.constant("index", np.array([0]))
    shape = net.node("Gather", [net.node("Shape", [net.x]), index], axis=3)
    assert "its constants do not fit together" in refusal(
        net.end(net.node("Reshape", [net.x, shape]))
    )


@pytest.mark.parametrize("mode", ["constant", "edge"])
def test_a_padding_has_a_largest_result(mode):
    net = Image((1, 100, 400, 400))
    pads = net.constant("pads", np.array([0, 1, 900, 900, 0, 1, 900, 900], np.int64))
    value = "" if mode == "edge" else net.constant("v", np.float32(0))
    y = net.node("Pad", [net.x, pads, value], mode=mode)
    assert "at most" in refusal(net.end(y))


def test_zero_points_must_be_integers():
    net = Image((1, 4))
    parameters = [net.constant("scale", np.float32(0.1)), net.constant("zero", np.float32(np.inf))]
    y = net.node("QuantizeLinear", [net.node("Relu", [net.x]), *parameters])
    assert "its zero point is no integer" in refusal(net.finish([y]))


def test_activations_have_a_largest_size():
    net = Image((1, 1 << 13, (1 << 11) + 1))
    assert "has the impossible shape" in refusal(net.end(net.node("Relu", [net.x])))


@pytest.mark.parametrize(
    ("op", "operands", "attributes"),
    [
        ("Upsample", [np.float32([1, 1, 512, 512])], {"mode": "nearest"}),
        ("Tile", [np.array([1, 1, 512, 512])], {}),
        ("Expand", [np.array([1 << 18, 2, 8, 8])], {}),
        ("Gather", [np.zeros((4096, 4096), np.int64)], {"axis": 2}),
    ],
)
def test_results_have_a_largest_size(op: str, operands: list[np.ndarray], attributes: dict):
    net = Image((1, 2, 8, 8))
    net.opset = 9 if op == "Upsample" else 17
    names = [net.constant(f"c{n}", data) for n, data in enumerate(operands)]
    content = net.end(net.node(op, [net.x, *names], **attributes))
    assert "at most 2**24 elements" in refusal(content)


def test_constants_are_limited_before_they_are_computed():
    """Each is small by itself: it is their sum that fills memory."""
    column, row = np.ones((4096, 1), np.float32), np.ones((1, 4096), np.float32)
    zeros = np.zeros((1 << 15, 1 << 10), np.int64)
    for build in (
        lambda net, d: [d := net.node("Concat", [d, d], axis=0) for _ in range(40)],
        lambda net, d: [
            net.node("Add", [net.constant("c", column), net.constant("r", row)]) for _ in range(2)
        ],
        lambda net, d: net.node("Gather", [d, net.constant("i", zeros)]),
    ):
        net = Image((1, 4))
        built = build(net, net.constant("d", np.ones(256, np.float32)))
        last = built[-1] if isinstance(built, list) else built
        assert "at most 2**24 elements in all" in refusal(net.end(net.node("Add", [net.x, last])))
