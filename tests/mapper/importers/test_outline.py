"""What a file holds, without importing it."""

from itertools import pairwise

import numpy as np

from tests.onnx_builder import QdqBuilder
from tests.tflite_builder import TfliteBuilder
from tilewright.mapper.importers.outline import outline


def test_operators_of_a_tflite_file_with_shapes_and_constants(tmp_path):
    net = TfliteBuilder()
    x = net.tensor("x", (1, 8, 8, 3), scale=0.05, zero_point=-3)
    w = net.constant("w", np.ones((4, 1, 1, 3), np.int8), scale=[0.01] * 4, axis=0)
    b = net.constant("b", np.zeros(4, np.int32))
    y = net.tensor("y", (1, 4, 4, 4), scale=0.1, zero_point=5)
    z = net.tensor("z", (1, 4, 4, 4), scale=0.1, zero_point=5)
    net.conv_2d(x, w, b, y, stride=(2, 2), same=True)
    net.operator("ATAN2", [y], [z])
    path = tmp_path / "net.tflite"
    path.write_bytes(net.finish([x], [z]))
    conv, unknown = outline(path)
    assert (conv.name, conv.kind, conv.known) == ("0: y", "CONV_2D", True)
    assert conv.shape == (1, 4, 4, 4)
    assert conv.stored == {"w": 12, "b": 16}
    assert (unknown.name, unknown.known) == ("1: z", False)
    assert unknown.inputs == conv.outputs


def test_operators_of_an_onnx_file(tmp_path):
    net = QdqBuilder()
    x = net.quantised(net.input("x", (1, 3, 8, 8)), 0.05, -3)
    y = net.quantised(net.node("Det", [x]), 0.1, 5)
    path = tmp_path / "net.onnx"
    path.write_bytes(net.finish([y]))
    found = outline(path)
    assert [op.kind for op in found] == [
        "QuantizeLinear", "DequantizeLinear", "Det", "QuantizeLinear", "DequantizeLinear",
    ]  # fmt: skip
    assert [op.known for op in found] == [True, True, False, True, True]
    # A scale of four bytes and a zero point of one.
    assert sum(found[0].stored.values()) == 5
    for before, after in pairwise(found):
        assert before.outputs[0] in after.inputs
