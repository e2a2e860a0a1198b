"""What exporters really write: free batches, dead channels, dialects, several obstacles."""

from pathlib import Path

import numpy as np
import pytest

from hw.spec.errors import RequestError
from mapper.importers.onnx.importer import import_onnx
from mapper.interface import decode_output, encode_input
from tests.mapper.graph_executor import execute
from tests.onnx_builder import QdqBuilder, run_ort

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
    ("op", "words"), [("Quant", "this is QONNX"), ("RequantShift", "dialect of PACT and DORY")]
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
