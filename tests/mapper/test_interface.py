"""Data in the file's form to int8 tensors and back."""

from dataclasses import replace
from types import MappingProxyType

import numpy as np
import pytest

from tests.decoding import decode_output
from tilewright.hw.spec.errors import RequestError
from tilewright.mapper.graph.graph import Graph
from tilewright.mapper.graph.op import Op, Port
from tilewright.mapper.graph.tensor import Quant, Tensor
from tilewright.mapper.interface import encode_input
from tilewright.mapper.operators.requantise import Relu


def graph(dtype: str, permutation: tuple[int, ...] | None = (0, 2, 3, 1)) -> Graph:
    """A network whose file has [1,2,3,4] at both ends where the tensors are [1,3,4,2]."""
    quant = Quant((0.5,), (-10,))
    tensors = [Tensor(name, (1, 3, 4, 2), "int8", quant) for name in ("x", "y")]
    op = Op("relu", Relu(lo=-128, hi=127), ("x",), ("y",))
    shape = (1, 2, 3, 4) if permutation else (1, 24)
    ports = [Port(name, f"{name} of the file", shape, dtype, permutation) for name in ("x", "y")]
    return Graph.build("net", tensors, [op], ["x"], ["y"], ports)


DATA = np.arange(-12, 12).reshape(1, 2, 3, 4)


@pytest.mark.parametrize(
    ("dtype", "given"),
    [("int8", DATA.astype(np.int8)), ("uint8", (DATA + 128).astype(np.uint8))],
)
def test_integers_are_moved_and_shifted(dtype, given):
    encoded = encode_input(graph(dtype), "x", given)
    assert np.array_equal(encoded, DATA.transpose(0, 2, 3, 1))
    assert encoded.dtype == np.int8
    back = decode_output(graph(dtype), "y", encoded)
    assert back.dtype == given.dtype
    assert np.array_equal(back, given)


@pytest.mark.parametrize("dtype", ["float32", "int8"])
def test_real_numbers_are_quantised(dtype):
    encoded = encode_input(graph(dtype), "x", DATA * 0.5)
    assert np.array_equal(encoded, DATA.transpose(0, 2, 3, 1) - 10)


def test_real_outputs():
    values = (DATA.transpose(0, 2, 3, 1) - 10).astype(np.int8)
    decoded = decode_output(graph("float32"), "y", values)
    assert decoded.dtype == np.float32
    assert np.array_equal(decoded, DATA * 0.5)


@pytest.mark.parametrize("shape", [(2, 3, 4), (1, 2, 3, 4)])
def test_the_batch_axis_may_be_missing(shape):
    encoded = encode_input(graph("int8"), "x", DATA.astype(np.int8).reshape(shape))
    assert np.array_equal(encoded, DATA.transpose(0, 2, 3, 1))


@pytest.mark.parametrize("dtype", ["float32", "uint8"])
def test_int8_is_taken_as_quantised(dtype):
    encoded = encode_input(graph(dtype), "x", DATA.astype(np.int8))
    assert np.array_equal(encoded, DATA.transpose(0, 2, 3, 1))


def test_data_in_the_shape_of_the_tensor_are_not_moved():
    given = DATA.reshape(1, 3, 4, 2).astype(np.int8)
    assert np.array_equal(encode_input(graph("int8"), "x", given), given)
    flat = graph("int8", permutation=None)
    assert np.array_equal(encode_input(flat, "x", given.reshape(1, 24)), given)
    assert decode_output(flat, "y", given).shape == (1, 24)


@pytest.mark.parametrize(
    ("dtype", "given", "words"),
    [
        ("int8", DATA, "'x of the file' is int64; give int8 .* or floating-point values"),
        ("int8", DATA.astype(np.uint8), "is uint8; give int8 "),
        ("uint8", DATA, "is int64; give int8 or uint8"),
        ("float32", (DATA + 0.5) * np.inf, "not finite"),
        ("int8", np.zeros((1, 2, 3), np.int8), r"has shape \(1, 2, 3\); give \(1, 2, 3, 4\)"),
    ],
)
def test_other_types_and_shapes_are_refused(dtype, given, words):
    with pytest.raises(RequestError, match=words):
        encode_input(graph(dtype), "x", given)


def test_ports_belong_to_the_graph():
    net = graph("int8")
    assert isinstance(net.ports, MappingProxyType)
    assert net.replace().ports["x"] == replace(net.ports["x"])
