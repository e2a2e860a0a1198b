import numpy as np
import pytest

from tilewright.mapper.graph.tensor import Tensor
from tilewright.sim.inspect.weights import weight_figures


def stored(name, values, dtype="int8"):
    data = np.array(values, dtype=dtype)
    return Tensor(name, data.shape, dtype, data=data)


def test_zeros_and_entropy_are_of_the_int8_values():
    # A half zeros, a quarter each of two others: 1.5 bits.
    weights = stored("w", [0, 0, 0, 0, -3, -3, 7, 7])
    bias = stored("b", [0, 0], "int32")
    found = weight_figures([weights, bias, Tensor("x", (1, 9), "int8")])
    assert (found.bytes, found.values, found.zeros) == (8 + 8, 8, 4)
    assert found.entropy_bits == pytest.approx(1.5)
    assert found.zero_share == 0.5


def test_a_constant_counts_once_and_equal_values_carry_nothing():
    weights = stored("w", [5] * 64)
    found = weight_figures([weights, weights])
    assert (found.bytes, found.entropy_bits) == (64, 0.0)


def test_all_values_alike_often_carry_eight_bits():
    found = weight_figures([stored("w", np.arange(-128, 128))])
    assert found.entropy_bits == pytest.approx(8.0)


def test_without_weights_there_is_no_share():
    found = weight_figures([])
    assert (found.bytes, found.values, found.zero_share) == (0, 0, None)
