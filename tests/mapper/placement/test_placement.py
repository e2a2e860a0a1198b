"""Which operator runs where, and why."""

import dataclasses

import numpy as np
import pytest

from tests.mapper.networks import Sketch
from tilewright.hw.spec.errors import RequestError
from tilewright.hw.spec.settings import load_config
from tilewright.mapper.compile import compile_model
from tilewright.mapper.graph.tensor import Quant, Tensor
from tilewright.mapper.operators.images import Padding
from tilewright.mapper.operators.moves import Reshape
from tilewright.mapper.operators.pooling import MaxPool2d
from tilewright.mapper.operators.requantise import Quantize
from tilewright.mapper.operators.softmax import Softmax


def placed(graph, *sets):
    return compile_model(graph, load_config(sets=sets)).layers


def only(layers):
    assert len(layers) == 1
    return layers[0]


def test_without_an_npu_all_is_on_the_cpu():
    sketch = Sketch()
    layer = only(placed(sketch.graph(sketch.conv("x", "c", 4)), "npu=none"))
    assert (layer.engine, layer.reason) == ("cpu", "the configuration has no NPU")


@pytest.mark.parametrize(
    ("size", "dtype", "sets", "reason"),
    [
        (4095, "int8", (), ""),
        (4096, "int8", (), "rows of 4096 elements"),
        (9, "int16", (), "no SOFTMAX from int8 to int16"),
        (9, "int8", ("softmax_unit=false",), "softmax_unit = false"),
        (9, "int8", ("table_unit=false",), "needs the table unit (table_unit = false)"),
        (4000, "int8", ("scratchpad_bytes=4096",), "5024 bytes, more than scratchpad_bytes = 4096"),
        (9, "int8", ("npu=none",), "no NPU"),
    ],
)
def test_where_softmax_is(size, dtype, sets, reason):
    sketch = Sketch(shape=(2, size), scale=0.01)
    quant = {"int8": (1 / 256, -128), "int16": (1 / 65536, -32768)}[dtype]
    out = sketch.activation("s", (2, size), *quant)
    sketch.tensors[out] = dataclasses.replace(sketch.tensors[out], dtype=dtype)
    graph = sketch.graph(sketch.op(Softmax(), ["x"], out))
    layer = only(placed(graph, *sets))
    assert layer.engine == ("cpu" if reason else "npu")
    assert reason in layer.reason


def test_softmax_of_another_output_scale_is_refused():
    sketch = Sketch(shape=(1, 9))
    out = sketch.activation("s", (1, 9), 1 / 128, 0)
    graph = sketch.graph(sketch.op(Softmax(), ["x"], out))
    with pytest.raises(RequestError, match=r"'make s'.*nearest supported form.*1/256"):
        placed(graph)


def test_sums_that_could_overflow_go_to_the_cpu():
    sketch = Sketch(shape=(1, 4, 4, 100))
    graph = sketch.graph(sketch.conv("x", "c", 4, (3, 3)))
    assert only(placed(graph)).engine == "npu"
    narrow = only(placed(graph, "accumulator_bits=20"))
    assert narrow.engine == "cpu"
    assert "accumulator_bits = 20" in narrow.reason


def test_a_large_left_shift_goes_to_the_cpu():
    sketch = Sketch(scale=1.0)
    out = sketch.like("x", "q", scale=1 / 300)
    graph = sketch.graph(sketch.op(Quantize(), ["x"], out))
    layer = only(placed(graph))
    assert layer.engine == "cpu"
    assert "shifts left by 9 bits, more than 7" in layer.reason


def test_a_huge_window_goes_to_the_cpu():
    sketch = Sketch(shape=(1, 300, 2, 3))
    attrs = MaxPool2d(window=(300, 1), stride=(1, 1), padding=Padding())
    out = sketch.like("x", "p", shape=(1, 1, 2, 3))
    graph = sketch.graph(sketch.op(attrs, ["x"], out))
    layer = only(placed(graph))
    assert layer.engine == "cpu"
    assert "300 pixels exceeds 255" in layer.reason


def test_weights_with_a_zero_point_are_the_cpus():
    sketch = Sketch()
    sketch.conv("x", "c", 2)
    weights = sketch.tensors["c w"]
    quant = Quant(weights.quant.scale[:1], (5,))
    sketch.tensors["c w"] = dataclasses.replace(weights, quant=quant)
    layer = only(placed(sketch.graph("c")))
    assert (layer.engine, layer.reason) == ("cpu", "its weights have zero point 5, not 0")


def test_weights_with_several_zero_points_are_refused():
    sketch = Sketch()
    sketch.conv("x", "c", 2)
    weights = sketch.tensors["c w"]
    sketch.tensors["c w"] = dataclasses.replace(
        weights, quant=Quant(weights.quant.scale, (0, 5), 0)
    )
    with pytest.raises(RequestError, match=r"'make c'.*several zero points"):
        placed(sketch.graph("c"))


def test_a_constant_operand_is_for_units_that_take_one():
    """The element-wise unit does, a requantisation does not."""
    data = np.zeros((1, 6, 5, 3), dtype=np.int8)
    constant = Tensor("k", data.shape, "int8", Quant((0.05,), (3,)), data)
    sketch = Sketch()
    sketch.tensors["k"] = constant
    layer = only(placed(sketch.graph(sketch.add("x", "k", "s"))))
    assert (layer.engine, layer.reason) == ("npu", "")
    sketch = Sketch()
    sketch.tensors["k"] = constant
    q = sketch.op(Quantize(), ["k"], sketch.like("k", "q", scale=0.3))
    layers = placed(sketch.graph(sketch.add("x", q, "s")))
    assert (layers[0].engine, layers[0].reason) == ("cpu", "its operand 'k' is a constant")


def test_layers_name_the_operators_they_cover():
    sketch = Sketch()
    padded = sketch.pad("x", "p", Padding(top=1, left=1, bottom=1, right=1))
    conv = sketch.conv(padded, "c", 4, (3, 3))
    relu = sketch.relu(conv, "r")
    shape = sketch.like(relu, "flat", shape=(1, 120))
    flat = sketch.op(Reshape(), [relu], shape)
    layer = only(placed(sketch.graph(flat)))
    assert layer.covers == ("make p", "make c", "make r", "make flat")
    assert layer.macs == 6 * 5 * 4 * 27
    assert layer.op == "CONV_2D"
