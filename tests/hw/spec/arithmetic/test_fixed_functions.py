"""Functions in fixed point against the real ones."""

import math

import numpy as np
import pytest

from tilewright.hw.spec.arithmetic import fixed_functions as ff


@pytest.mark.parametrize("integer_bits", [3, 4, 5])
def test_functions_are_close_to_the_real_ones(integer_bits):
    rng = np.random.default_rng(integer_bits)
    raw = rng.integers(-(1 << 31) + 1, 1 << 31, 2000).astype(np.int32)
    real = raw / 2.0 ** (31 - integer_bits)
    exponential = ff.exp_on_negative_values(-np.abs(raw), integer_bits) / 2.0**31
    assert np.abs(exponential - np.exp(-np.abs(real))).max() < 1e-6
    logistic = ff.logistic(raw, integer_bits) / 2.0**31
    assert np.abs(logistic - 1 / (1 + np.exp(-real))).max() < 1e-6
    if integer_bits < 5:
        assert np.abs(ff.tanh(raw, integer_bits) / 2.0**31 - np.tanh(real)).max() < 1e-6


def test_zero_is_exact():
    zero = np.zeros(1, np.int32)
    assert ff.logistic(zero, 4)[0] == 1 << 30
    assert ff.tanh(zero, 4)[0] == 0


@pytest.mark.parametrize("value", [1, 2, 3, 100, 255, 65535, (1 << 29) + 1, (1 << 31) - 1])
def test_inverse_square_root(value):
    multiplier, shift = ff.inverse_square_root(value)
    assert multiplier / 2.0**31 * 2.0**shift == pytest.approx(1 / math.sqrt(value), rel=1e-5)
