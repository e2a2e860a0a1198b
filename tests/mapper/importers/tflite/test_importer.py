"""What the TensorFlow Lite importer takes, and what it says where it does not."""

from pathlib import Path

import numpy as np
import pytest

from tests.tflite_builder import TfliteBuilder
from tilewright.hw.spec.errors import RequestError
from tilewright.mapper.importers import import_model
from tilewright.mapper.importers.tflite.importer import import_tflite
from tilewright.mapper.operators.convolution import DepthwiseConv2d
from tilewright.mapper.operators.images import Padding

PATH = Path("somewhere/net.tflite")
ACTIVATION = {"scale": 0.1, "zero_point": -3}


def small_conv(
    *,
    weights_zero=0,
    weights_dtype=np.int8,
    axis=0,
    y_shape=(1, 3, 3, 4),
    x_shape=(1, 3, 3, 2),
    x_kind=None,
    channels=2,
    bias_dtype=np.int32,
    signature=None,
    **options,
) -> bytes:
    """A 1x1 convolution with one thing wrong."""
    builder = TfliteBuilder()
    x = builder.tensor("image", x_shape, signature=signature, **(x_kind or ACTIVATION))
    data = np.ones((4, 1, 1, channels), weights_dtype)
    scales = 4 if axis == 0 else channels
    w = builder.constant("w", data, scale=[0.1] * scales, zero_point=weights_zero, axis=axis)
    bias = builder.constant("b", np.zeros(4, bias_dtype))
    y = builder.tensor("features", y_shape, **ACTIVATION)
    builder.conv_2d(x, w, bias, y, **options)
    return builder.finish([x], [y])


def refusal(content: bytes) -> str:
    """The message with which a file is refused: always one line that names the file."""
    with pytest.raises(RequestError) as caught:
        import_tflite(PATH, content)
    message = str(caught.value)
    assert message.startswith(str(PATH))
    assert "\n" not in message
    return message


def test_depthwise_weights_lose_their_first_axis():
    builder = TfliteBuilder()
    x = builder.tensor("x", (1, 4, 6, 3), **ACTIVATION)
    data = np.arange(-27, 27).reshape(1, 3, 3, 6).astype(np.int8)
    w = builder.constant("w", data, scale=[0.1] * 6, axis=3)
    y = builder.tensor("y", (1, 2, 3, 6), **ACTIVATION)
    builder.depthwise_conv_2d(x, w, None, y, multiplier=2, stride=(2, 2), same=True)
    graph = import_tflite(PATH, builder.finish([x], [y]))
    (op,) = graph.ops
    _, weights, bias = graph.operands(op)
    padding = Padding(top=0, left=0, bottom=1, right=1)
    assert op.kind == "DEPTHWISE_CONV_2D"
    assert op.operator == DepthwiseConv2d(stride=(2, 2), padding=padding, multiplier=2)
    assert np.array_equal(weights.data, data[0])
    assert weights.quant.axis == 2
    assert bias.data.tolist() == [0] * 6
    assert graph.macs() == 2 * 3 * 6 * 9
    assert graph.parameters() == 54 + 6


def test_names_and_indices_of_tensors_are_kept():
    graph = import_tflite(PATH, small_conv())
    assert graph.name == "net"
    assert (graph.inputs, graph.outputs) == (("image",), ("features",))
    assert {t.name: t.index for t in graph.tensors.values()} == {
        "image": 0,
        "w": 1,
        "b": 2,
        "features": 3,
    }


def test_repeated_names_are_told_apart():
    builder = TfliteBuilder()
    indices = [builder.tensor("t", (1, 5), **ACTIVATION) for _ in range(3)]
    builder.operator("RELU", [indices[0]], [indices[1]])
    builder.operator("RELU", [indices[1]], [indices[2]])
    graph = import_tflite(PATH, builder.finish(indices[:1], indices[2:]))
    assert (graph.inputs, graph.outputs) == (("t#0",), ("t#2",))


@pytest.mark.parametrize(
    ("outside", "dtype"),
    [
        ({"dtype": "float32"}, "float32"),
        ({"dtype": "uint8", "scale": 0.1, "zero_point": 125}, "uint8"),
    ],
)
def test_conversions_at_the_edges_become_ports(outside, dtype):
    builder = TfliteBuilder()
    given = builder.tensor("given", (1, 4), **outside)
    x, y = (builder.tensor(name, (1, 4), **ACTIVATION) for name in "xy")
    result = builder.tensor("result", (1, 4), **outside)
    builder.quantize(given, x)
    builder.operator("RELU", [x], [y])
    (builder.dequantize if dtype == "float32" else builder.quantize)(y, result)
    graph = import_tflite(PATH, builder.finish([given], [result]))
    assert [op.kind for op in graph.ops] == ["RELU"]
    assert (graph.inputs, graph.outputs) == (("x",), ("y",))
    assert [(p.name, p.dtype) for p in graph.ports.values()] == [
        ("given", dtype),
        ("result", dtype),
    ]


def test_a_free_batch_in_the_signature_is_one():
    graph = import_tflite(PATH, small_conv(signature=(-1, 3, 3, 2)))
    assert graph.tensors["image"].shape == (1, 3, 3, 2)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"dilation": (0, 1)}, ["'0: features' (CONV_2D)", "Dilation must be 1 to 1024"]),
        ({"stride": (0, 1)}, ["Strides must be 1 to 1024", "(0, 1)"]),
        ({"activation": "TANH"}, ["fused activation", "RELU6"]),
        ({"weights_zero": 3}, ["zero point 0", "symmetrically"]),
        ({"weights_dtype": np.int16}, ["'w' are int16", "quantise the weights to int8"]),
        ({"axis": 3}, ["Per-channel", "output channels"]),
        ({"channels": 3, "axis": 0}, ["multiple of the groups", "(2, 3, 4)"]),
        ({"bias_dtype": np.int64}, ["bias 'b' is int64", "int32 [4] is needed"]),
        ({"x_shape": (3, 3, 2)}, ["tensors of four axes", "[N,H,W,C]"]),
        ({"x_shape": (2, 3, 3, 2)}, ["has shape (1, 3, 3, 4), its inputs give (2, 3, 3, 4)"]),
        ({"y_shape": (1, 3, 2, 4)}, ["'conv_2d_0'", "(1, 3, 2, 4)", "(1, 3, 3, 4)"]),
        ({"x_shape": (1, 0, 3, 2)}, ["dynamic or empty shape", "static"]),
        ({"x_shape": (1, 1, 3, 2), "signature": (1, -1, 3, 2)}, ["dynamic", "static"]),
        ({"x_shape": (1, 65536, 65536, 2)}, ["too large"]),
        ({"x_kind": {"dtype": "int8"}}, ["'image' is int8 without a scale", "quantise"]),
        ({"x_kind": {"dtype": "float32"}}, ["floating point", "quantize_static"]),
        ({"x_kind": {"scale": 0.1, "zero_point": 128}}, ["zero point outside"]),
        ({"x_kind": {"scale": [0.1, 0.2], "axis": 3}}, ["with 2 scale(s)", "one scale"]),
        ({"x_kind": {"scale": float("nan")}}, ["'image': A scale must be a number"]),
        ({"x_kind": {"scale": [0.1, 0.2, 0.3], "axis": 3}}, ["3 scales", "2 channels"]),
    ],
)
def test_convolution_limits(arguments, words):
    message = refusal(small_conv(**arguments))
    assert [word for word in words if word not in message] == [], message


@pytest.mark.parametrize(("x_shape", "y_shape"), [((3, 3, 2), (1, 3, 3, 4)), ((1, 3, 3, 2), (4,))])
def test_a_transposed_convolution_of_what_is_no_image(x_shape, y_shape):
    builder = TfliteBuilder()
    x = builder.tensor("x", x_shape, **ACTIVATION)
    y = builder.tensor("y", y_shape, **ACTIVATION)
    weights = builder.constant("w", np.ones((4, 3, 3, 2), np.int8), scale=0.1)
    builder.transpose_conv(x, weights, None, y, same=True)
    message = refusal(builder.finish([x], [y]))
    assert "tensors of four axes" in message


def unary(name, x=None, y=None, *, options=None, extra=()):
    """One operator from x to y, shapes [1,4,4,2] unless told."""
    builder = TfliteBuilder()
    source = builder.tensor("x", **{"shape": (1, 4, 4, 2), **ACTIVATION, **(x or {})})
    result = builder.tensor("y", **{"shape": (1, 4, 4, 2), **ACTIVATION, **(y or {})})
    more = [builder.constant(f"c{i}", data) for i, data in enumerate(extra)]
    builder.operator(name, [source, *more], [result], options)
    return builder.finish([source], [result])


@pytest.mark.parametrize(
    ("operator", "advice"),
    [("CONV_3D", "did you mean CONV_2D"), ("ATAN2", "supported are ABS, ADD")],
)
def test_unsupported_operators_name_what_is_near_or_all_that_is_there(operator, advice):
    message = refusal(unary(operator))
    assert f"layer '0: y' ({operator}): this operator is not supported" in message
    assert advice in message


def test_one_refusal_names_every_obstacle():
    builder = TfliteBuilder()
    x, a, b, y = (builder.tensor(name, (1, 4), **ACTIVATION) for name in "xaby")
    builder.operator("ATAN2", [x], [a])
    builder.operator("RELU", [a], [b])
    builder.operator("CONV_3D", [b], [y])
    with pytest.raises(RequestError) as caught:
        import_tflite(PATH, builder.finish([x], [y]))
    first, *rest = str(caught.value).splitlines()
    assert first == f"{PATH}: 2 obstacles:"
    assert [line.split("):")[0].strip() for line in rest] == [
        "1. layer '0: a' (ATAN2",
        "2. layer '2: y' (CONV_3D",
    ]


def test_a_requantising_pool_is_refused():
    builder = TfliteBuilder()
    x = builder.tensor("x", (1, 4, 4, 2), **ACTIVATION)
    y = builder.tensor("y", (1, 2, 2, 2), scale=0.2)
    builder.pool_2d("MAX_POOL_2D", x, y, window=(2, 2), stride=(2, 2))
    assert "A pool must keep the zero point" in refusal(builder.finish([x], [y]))


@pytest.mark.parametrize(
    ("pairs", "words"),
    [
        ([[0, 0], [1, 1], [0, 0], [0, 2]], "output 'y' has shape (1, 6, 4, 2), its inputs give"),
        ([[0, 0], [-1, 1], [0, 0], [0, 0]], "Padding must be 0 to 4096"),
        ([[0, 0], [1, 1]], "two entries for each axis. (Entries found, wanted) Here: (4, 8)"),
    ],
)
def test_pad_limits(pairs, words):
    content = unary("PAD", y={"shape": (1, 6, 4, 2)}, extra=[np.array(pairs, np.int32)])
    assert words in refusal(content)


def test_pad_with_a_value_of_another_type_is_refused():
    pairs = np.array([[0, 0], [1, 1], [0, 0], [0, 0]], np.int32)
    content = unary("PADV2", y={"shape": (1, 6, 4, 2)}, extra=[pairs, np.array([700], np.int32)])
    assert "input 2 'c1' is int32 without a scale; int8 with one scale" in refusal(content)


def test_mean_over_an_axis_that_is_not_there_is_refused():
    builder = TfliteBuilder()
    x = builder.tensor("x", (1, 4, 4, 2), **ACTIVATION)
    y = builder.tensor("y", (1, 4, 4, 1), **ACTIVATION)
    builder.mean(x, y, axes=(4,))
    assert "An axis must be one of the tensor's" in refusal(builder.finish([x], [y]))


def test_softmax_with_another_quantisation_is_refused():
    builder = TfliteBuilder()
    x, y = (builder.tensor(name, (1, 4), **ACTIVATION) for name in "xy")
    builder.softmax(x, y)
    assert "scale 1/256 and zero point -128" in refusal(builder.finish([x], [y]))


def test_concatenation_of_different_scales_is_refused():
    builder = TfliteBuilder()
    a = builder.tensor("a", (1, 2), scale=0.1)
    b = builder.tensor("b", (1, 2), scale=0.2)
    y = builder.tensor("y", (1, 4), scale=0.1)
    builder.concatenation([a, b], y, axis=1)
    assert "put a QUANTIZE before" in refusal(builder.finish([a, b], [y]))


def test_float_networks_are_told_how_to_quantise():
    message = refusal(unary("RELU", {"dtype": "float32", "scale": None}, {"dtype": "float32"}))
    assert "quantize_static" in message
    assert "TFLITE_BUILTINS_INT8" in message


def test_floating_point_in_the_middle_is_refused():
    builder = TfliteBuilder()
    x, a, c, y = (builder.tensor(name, (1, 4), **ACTIVATION) for name in "xacy")
    middle, more = (builder.tensor(name, (1, 4), dtype="float32") for name in ("middle", "more"))
    builder.operator("RELU", [x], [a])
    builder.dequantize(a, middle)
    builder.softmax(middle, more)
    builder.quantize(more, c)
    builder.operator("RELU", [c], [y])
    found = refusal(builder.finish([x], [y]))
    assert "layers between quantised ones compute in floating point (3 of them)" in found
    assert "'1: middle' (DEQUANTIZE), '2: more' (SOFTMAX), '3: c' (QUANTIZE)" in found
    assert "obstacles" not in found


def test_floating_point_behind_an_output_of_the_file():
    """The output stays one tensor, of the type that the file says."""
    builder = TfliteBuilder()
    x, y = (builder.tensor(name, (1, 4), **ACTIVATION) for name in "xy")
    real, end = (builder.tensor(name, (1, 4), dtype="float32") for name in ("real", "end"))
    builder.operator("RELU", [x], [y])
    builder.dequantize(y, real)
    builder.operator("EXP", [real], [end])
    graph = import_tflite(PATH, builder.finish([x], [end, y]))
    assert graph.outputs == ("y",)
    assert graph.ports["y"].dtype == "int8"


def test_weights_that_are_dequantised_behind_the_network_are_cut_off():
    builder = TfliteBuilder()
    x, y = (builder.tensor(name, (1, 4), **ACTIVATION) for name in "xy")
    real, wide, end = (builder.tensor(n, (1, 4), dtype="float32") for n in ("real", "wide", "end"))
    weights = builder.constant("w", np.ones((1, 4), np.int8), **ACTIVATION)
    builder.operator("RELU", [x], [y])
    builder.dequantize(y, real)
    builder.dequantize(weights, wide)
    builder.operator("MUL", [real, wide], [end])
    graph = import_tflite(PATH, builder.finish([x], [end]))
    assert graph.outputs == ("y",)
    assert "(DEQUANTIZE, MUL)" in graph.remarks[0]


@pytest.mark.parametrize(
    ("name", "words"),
    [("WHILE", "repeats a subgraph"), ("IF", "chooses a subgraph")],
)
def test_operators_that_nothing_can_do_are_explained(name, words):
    builder = TfliteBuilder()
    x, y = (builder.tensor(name, (1, 4), **ACTIVATION) for name in "xy")
    builder.operator(name, [x], [y])
    assert words in refusal(builder.finish([x], [y]))


def test_floating_point_at_the_ends_is_cut_off_with_a_remark():
    builder = TfliteBuilder()
    given, scaled, more, end = (
        builder.tensor(name, (1, 4), dtype="float32") for name in ("given", "scaled", "more", "end")
    )
    x, y = (builder.tensor(name, (1, 4), **ACTIVATION) for name in "xy")
    builder.operator("RELU", [given], [scaled])
    builder.quantize(scaled, x)
    builder.operator("RELU", [x], [y])
    builder.dequantize(y, more)
    builder.operator("RELU6", [more], [end])
    graph = import_tflite(PATH, builder.finish([given], [end]))
    assert [op.kind for op in graph.ops] == ["RELU"]
    assert [(p.tensor, p.name, p.dtype) for p in graph.ports.values()] == [
        ("x", "scaled", "float32"),
        ("y", "more", "float32"),
    ]
    assert "2 operators in floating point or custom ones" in graph.remarks[0]
    assert "(RELU, RELU6)" in graph.remarks[0]


def test_uint8_tensors_become_int8_with_another_zero_point():
    builder = TfliteBuilder()
    x = builder.tensor("x", (1, 4), dtype="uint8", scale=0.1, zero_point=130)
    y = builder.tensor("y", (1, 4), dtype="uint8", scale=0.1, zero_point=130)
    builder.operator("RELU", [x], [y])
    graph = import_tflite(PATH, builder.finish([x], [y]))
    assert {(t.dtype, t.zero_point) for t in graph.tensors.values()} == {("int8", 2)}
    assert {port.dtype for port in graph.ports.values()} == {"uint8"}
    assert (graph.ops[0].operator.lo, graph.ops[0].operator.hi) == (2, 127)


def test_values_that_nothing_computes_are_refused():
    builder = TfliteBuilder()
    x, lost, y = (builder.tensor(name, (1, 4), **ACTIVATION) for name in ("x", "lost", "y"))
    builder.add(x, lost, y)
    assert "'lost', which nothing computes" in refusal(builder.finish([x], [y]))


def test_cycles_are_refused():
    builder = TfliteBuilder()
    x, a, b = (builder.tensor(name, (1, 4), **ACTIVATION) for name in "xab")
    builder.add(x, b, a)
    builder.operator("RELU", [a], [b])
    assert "cycle" in refusal(builder.finish([x], [b]))


@pytest.mark.parametrize("suffix", [".tflite", ".onnx", ".bin"])
def test_files_that_are_no_networks(tmp_path: Path, suffix: str):
    path = tmp_path / f"net{suffix}"
    with pytest.raises(RequestError, match="No such file"):
        import_model(path)
    with pytest.raises(RequestError, match="cannot be read"):
        import_model(tmp_path)
    path.write_bytes(b"")
    with pytest.raises(RequestError, match=r"net\.\w+: the file is empty"):
        import_model(path)
    for content in (b"hello", b"{}" * 100, b"\x89PNG\r\n\x1a\n" * 50, bytes(1000), b"\xff" * 5000):
        path.write_bytes(content)
        with pytest.raises(RequestError, match=r"net\.\w+: .*\.tflite or \.onnx"):
            import_model(path)


def test_content_decides_what_a_file_is(tmp_path: Path):
    path = tmp_path / "net.onnx"
    path.write_bytes(small_conv())
    assert import_model(path).ops[0].kind == "CONV_2D"
