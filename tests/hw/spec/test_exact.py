"""Exact products of integer matrices."""

from __future__ import annotations

import numpy as np
import pytest

from tilewright.hw.spec.exact import exact_matmul


@pytest.mark.parametrize("inner", [1, 4, 513, 514, 4096])
@pytest.mark.parametrize("extreme", [False, True])
def test_equals_the_sum_over_python_integers(inner, extreme):
    """At both sides of float32's limit: 514 products of 255 x 128 pass 2^24."""
    rng = np.random.default_rng(inner)
    left = rng.integers(-255, 256, (3, inner), dtype=np.int32)
    right = rng.integers(-128, 128, (inner, 2), dtype=np.int8)
    if extreme:
        left[:], right[:] = -255, -128
        left[0, 0] = -254
    product = exact_matmul(left, right, 255 * 128)
    assert product.dtype == np.int64
    for i in range(3):
        for j in range(2):
            wanted = sum(int(a) * int(b) for a, b in zip(left[i], right[:, j], strict=True))
            assert product[i, j] == wanted


def test_flags_of_unused_lanes_are_no_warning_but_a_nan_is():
    """The suite turns warnings into errors: a vector lane that belongs to no result must not."""
    with np.errstate(invalid="warn"), pytest.warns(RuntimeWarning, match="invalid value"):
        exact_matmul(np.array([[np.inf]]), np.array([[0.0]]), 1)
