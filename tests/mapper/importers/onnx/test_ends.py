"""What a file computes in floating point at its ends is cut off, with a remark."""

from pathlib import Path

import numpy as np
import pytest

from tests.mapper.importers.onnx.single_operator import Network
from tests.onnx_builder import run_ort
from tilewright.hw.spec.errors import RequestError
from tilewright.mapper.compile import compile_model
from tilewright.mapper.importers.onnx.importer import import_onnx
from tilewright.mapper.interface import decode_output, encode_input
from tilewright.sim.functional.backend import run_functional


def network(shape, head, tail) -> tuple[Network, str, str, list[str]]:
    """The builder, what enters the quantised part, what leaves it, and the file's outputs."""
    net = Network(0, 0)
    begins = head(net, net.input("x", shape))
    net.low, net.high = -2.0, 2.0
    x = net.quantised(begins, 4 / 255, 0)
    y = net.node("Conv", [x, net.fixed(4, 3, 3, 3)])
    ends = net.quantised(y, 0.2, 3)
    return net, begins, ends, tail(net, ends)


def check(shape, head, tail, cut: str, batch: int = 1) -> None:
    """The part between the ends equals onnxruntime's."""
    net, begins, ends, outputs = network(shape, head, tail)
    graph = import_onnx(Path("net.onnx"), net.finish(outputs))
    assert [graph.ports[name].name for name in (*graph.inputs, *graph.outputs)] == [begins, ends]
    (remark,) = [remark for remark in graph.remarks if "cut off" in remark]
    assert f"cut off ({cut})" in remark
    real = net.rng.uniform(-1, 1, (batch, *shape[1:])).astype(np.float32)
    entered, wanted = run_ort(net.finish([begins, ends]), {"x": real})
    encoded = {graph.inputs[0]: encode_input(graph, graph.inputs[0], entered)}
    found = run_functional(compile_model(graph, net.config), encoded).outputs[graph.outputs[0]]
    got = decode_output(graph, graph.outputs[0], found)
    assert np.abs(got - wanted).max() <= 0.201


def nothing(_net, value):
    return value


def alone(_net, value):
    return [value]


def standardised(net, x):
    mean, deviation = (
        net.constant(name, np.full((1, 3, 1, 1), value, np.float32))
        for name, value in (("mean", 0.2), ("deviation", 2))
    )
    return net.node("Div", [net.node("Sub", [x, mean]), deviation])


def test_a_head_that_standardises():
    check((1, 3, 6, 6), standardised, alone, "Sub, Div")


def test_a_head_of_a_free_batch():
    check(("N", 3, 6, 6), standardised, alone, "Sub, Div")


def test_a_head_that_only_moves_is_kept():
    net, _, _, outputs = network(
        (1, 6, 6, 3), lambda net, x: net.node("Transpose", [x], perm=[0, 3, 1, 2]), alone
    )
    graph = import_onnx(Path("net.onnx"), net.finish(outputs))
    assert graph.ports[graph.inputs[0]].name == "x"
    assert graph.remarks == ()


def test_a_tail_of_unknown_operators():
    def tail(net, value):
        flat = net.node("Flatten", [value])
        return [net.node("Det", [net.node("Hardmax", [flat])])]

    net, _, _, outputs = network((1, 3, 6, 6), nothing, tail)
    graph = import_onnx(Path("net.onnx"), net.finish(outputs))
    (name,) = graph.outputs
    assert graph.ports[name].shape == (1, 64)
    assert "2 operators in floating point" in graph.remarks[0]
    assert "Det, Hardmax" in graph.remarks[0]


def test_a_tail_without_a_range_of_its_own():
    """The product of two tensors would need a scale that no one has calibrated."""

    def tail(net, value):
        turned = net.node("Transpose", [value], perm=[0, 1, 3, 2])
        return [net.node("Mul", [value, turned])]

    net, _, ends, outputs = network((1, 3, 6, 6), nothing, tail)
    graph = import_onnx(Path("net.onnx"), net.finish(outputs))
    names = [graph.ports[name].name for name in graph.outputs]
    assert names[0] == ends
    assert "cut off (Mul)" in graph.remarks[0]


@pytest.mark.parametrize("op", ["MatMul", "Gemm"])
def test_a_last_layer_without_quantisation_is_refused(op):
    def tail(net, value):
        return [net.node(op, [net.node("Flatten", [value]), net.fixed(64, 3)])]

    net, _, _, outputs = network((1, 3, 6, 6), nothing, tail)
    with pytest.raises(RequestError, match="without a QuantizeLinear"):
        import_onnx(Path("net.onnx"), net.finish(outputs))


def test_an_unknown_operator_that_leaves_nothing_is_refused():
    net = Network(0, 0)
    value = net.node("Det", [net.operand(1, 4, 4)])
    with pytest.raises(RequestError, match="this operator is not supported"):
        import_onnx(Path("net.onnx"), net.finish([value]))
