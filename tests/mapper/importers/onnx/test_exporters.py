"""What exporters really write: free batches, dead channels, dialects, several obstacles."""

from pathlib import Path

import numpy as np
import pytest

from tests.mapper.graph_executor import execute
from tests.onnx_builder import QdqBuilder, run_ort
from tilewright.hw.spec.errors import RequestError
from tilewright.mapper.importers.onnx.importer import import_onnx
from tilewright.mapper.interface import decode_output, encode_input

PATH = Path("net.onnx")


def test_a_free_batch_is_one_with_a_remark():
    net = QdqBuilder()
    x = net.quantised(net.input("x", ("N", 2, 3, 3)), 0.1, 0)
    y = net.quantised(net.node("Relu", [x]), 0.1, 0)
    graph = import_onnx(PATH, net.finish([y]))
    assert graph.ports[graph.inputs[0]].shape == (1, 2, 3, 3)
    assert graph.remarks == ("The batch of input 'x' is free in the file; it is taken as 1.",)


def test_other_free_extents_are_refused():
    net = QdqBuilder()
    x = net.quantised(net.input("x", (1, 2, "H", 3)), 0.1, 0)
    with pytest.raises(RequestError, match="dynamic shape"):
        import_onnx(PATH, net.finish([net.quantised(net.node("Relu", [x]), 0.1, 0)]))


@pytest.mark.parametrize("dead", [0.0, 1e-38, 1e-25, 1e-12])
def test_dead_channels_keep_their_bias(dead):
    """Weights of zeros with a scale of nothing; the bias stands in units of that scale."""
    rng, net = np.random.default_rng(3), QdqBuilder()
    x = net.quantised(net.input("x", (1, 4, 5, 5)), 0.05, 3)
    data = rng.integers(-127, 128, (3, 4, 1, 1)).astype(np.int8)
    data[1] = 0
    w = net.weights("w", data, [0.004, dead, 0.006])
    bias = net.constant("b", np.array([0.5, -1.25, 0.75], np.float32))
    y = net.quantised(net.node("Conv", [x, w, bias]), 0.05, -4)
    content = net.finish([y])
    real = rng.normal(size=(1, 4, 5, 5)).astype(np.float32)
    graph = import_onnx(PATH, content)
    name = graph.outputs[0]
    values = execute(graph, {graph.inputs[0]: encode_input(graph, graph.inputs[0], real)})[name]
    got = decode_output(graph, name, values)
    (wanted,) = run_ort(content, {"x": real})
    assert np.abs(got - wanted).max() <= 0.0501


def test_a_bias_too_large_for_live_weights_is_refused():
    net = QdqBuilder()
    x = net.quantised(net.input("x", (1, 4, 5, 5)), 0.05, 3)
    w = net.weights("w", np.full((1, 4, 1, 1), 100, np.int8), [1e-9])
    bias = net.constant("b", np.array([10.0], np.float32))
    y = net.quantised(net.node("Conv", [x, w, bias]), 1e-9, 0)
    with pytest.raises(RequestError, match="does not fit 32 bits"):
        import_onnx(PATH, net.finish([y]))


@pytest.mark.parametrize(
    ("op", "words"),
    [
        ("Quant", "this is QONNX"),
        ("RequantShift", "dialect of PACT and DORY"),
        ("DynamicQuantizeLSTM", "quantise statically"),
        ("MatMulInteger", "quantise statically"),
    ],
)
def test_integer_dialects_are_named(op, words):
    net = QdqBuilder()
    x = net.input("x", (1, 4))
    y = net.node(op, [x], domain="qonnx.custom_op.general")
    with pytest.raises(RequestError, match=words):
        import_onnx(PATH, net.finish([y]))


def test_one_refusal_names_every_obstacle_but_not_what_follows_from_it():
    net = QdqBuilder()
    x = net.quantised(net.input("x", (1, 4)), 0.1, 0)
    a = net.quantised(net.node("Hardmax", [x]), 0.1, 0)
    b = net.quantised(net.node("Relu", [a]), 0.1, 0)
    c = net.quantised(net.node("Det", [x]), 0.1, 0)
    with pytest.raises(RequestError) as caught:
        import_onnx(PATH, net.finish([b, c]))
    first, *rest = str(caught.value).splitlines()
    assert first == "net.onnx: 2 obstacles:"
    assert [line.split("(")[1].split(")")[0] for line in rest] == ["Hardmax", "Det"]


@pytest.mark.parametrize("seed", range(8))
def test_clips_between_the_integers(seed):
    """Brevitas narrows ranges, and bits, between QuantizeLinear and DequantizeLinear (QCDQ)."""
    rng, net = np.random.default_rng(seed), QdqBuilder(dtype=("int8", "uint8")[seed % 2])
    shift = 128 if seed % 2 else 0

    def narrow(value: str, scale: float, low: int, high: int) -> str:
        parameters = net.parameters(scale, 0)
        integers = net.node("QuantizeLinear", [value, *parameters])
        ends = [
            net.constant(f"e{len(net.initializers)}", np.array(end + shift, net.dtype))
            for end in (low, high)
        ]
        return net.node("DequantizeLinear", [net.node("Clip", [integers, *ends]), *parameters])

    x = narrow(net.input("x", (1, 3, 6, 5)), 0.3, -7, 7)
    weights = net.constant("w", rng.normal(size=(4, 3, 3, 3)).astype(np.float32))
    scale, zero = net.constant("ws", np.float32(0.2)), net.constant("wz", np.int8(0))
    integers = net.node("QuantizeLinear", [weights, scale, zero])
    ends = [net.constant(name, np.int8(end)) for name, end in (("low", -7), ("high", 7))]
    weights = net.node("DequantizeLinear", [net.node("Clip", [integers, *ends]), scale, zero])
    content = net.finish([narrow(net.node("Conv", [x, weights]), 0.9, -8, 7)])
    real = rng.normal(size=(1, 3, 6, 5)).astype(np.float32)
    graph = import_onnx(PATH, content)
    name = graph.outputs[0]
    values = execute(graph, {graph.inputs[0]: encode_input(graph, graph.inputs[0], real)})[name]
    (wanted,) = run_ort(content, {"x": real})
    assert np.abs(decode_output(graph, name, values) - wanted).max() <= 0.901


def test_weights_with_a_scale_for_each_channel_may_be_reshaped_around_their_axis():
    rng, net = np.random.default_rng(0), QdqBuilder()
    x = net.quantised(net.input("x", (1, 4, 6, 5)), 0.02, 3)
    data = rng.integers(-127, 128, (3, 3, 4)).astype(np.int8)
    weights = net.weights("w", data, rng.uniform(0.002, 0.01, 4), axis=2)
    shape = net.constant("s", np.array([1, 3, 3, 4]))
    weights = net.node("Reshape", [weights, shape])
    weights = net.node("Transpose", [weights], perm=[3, 0, 1, 2])
    content = net.finish([net.quantised(net.node("Conv", [x, weights], group=4), 0.05, 0)])
    real = rng.normal(size=(1, 4, 6, 5)).astype(np.float32)
    graph = import_onnx(PATH, content)
    name = graph.outputs[0]
    values = execute(graph, {graph.inputs[0]: encode_input(graph, graph.inputs[0], real)})[name]
    (wanted,) = run_ort(content, {"x": real})
    assert np.abs(decode_output(graph, name, values) - wanted).max() <= 0.0501
