"""Functions of gemmlowp's fixed point: exponential, reciprocal, logistic, tanh, inverse root.

Qn.m is a signed number of n integer and m fraction bits in an int32. The firmware has the first
two in C, for the softmax.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tilewright.hw.spec import numerics as nm

_EXP_OF_POWERS = (
    (-2, 1672461947),
    (-1, 1302514674),
    (0, 790015084),
    (1, 290630308),
    (2, 39332535),
    (3, 720401),
    (4, 242),
)
"""(p, exp(-2**p) as Q0.31)."""

_ONE_Q2_29 = np.int32(1 << 29)

_HALF_SQRT_2 = 1518500250
_high_mul = nm.saturating_rounding_doubling_high_mul


def exp_on_negative_values(a: NDArray[np.int32], integer_bits: int = 5) -> nm.Int32Array:
    """exp(a) as Q0.31 for a <= 0 with so many integer bits (at most 5)."""
    fraction_bits = 31 - integer_bits
    quarter = np.int32(1 << (fraction_bits - 2))
    in_quarter = (a & (quarter - 1)) - quarter
    result = _exp_in_quarter(saturating_shift_left(in_quarter, integer_bits))
    rest = in_quarter - a
    for power, factor in _EXP_OF_POWERS:
        if power < integer_bits:
            bit = np.int32(1 << (fraction_bits + power))
            result = np.where(rest & bit, _high_mul(result, factor), result)
    return np.where(a == 0, np.int32(nm.INT32_MAX), result).astype(np.int32)


def _exp_in_quarter(a: NDArray[np.int32]) -> nm.Int32Array:
    """exp(a) for -1/4 <= a < 0, both Q0.31: a Taylor expansion around -1/8."""
    exp_of_minus_eighth, third = 1895147668, 715827883
    x = a + np.int32(1 << 28)
    x2 = _high_mul(x, x)
    x3 = _high_mul(x2, x)
    x4_over_4 = nm.rounding_divide_by_pot(_high_mul(x2, x2), 2)
    tail = nm.rounding_divide_by_pot(_high_mul(x4_over_4 + x3, third) + x2, 1)
    return np.int32(exp_of_minus_eighth) + _high_mul(exp_of_minus_eighth, x + tail)


def _two_over_one_plus(a: NDArray[np.int32]) -> nm.Int32Array:
    """2 / (1 + a) as Q2.29 for a in 0..1 (Q0.31)."""
    # Three Newton-Raphson steps on half the denominator, from 48/17 - 32/17 * d.
    half = ((a.astype(np.int64) + nm.INT32_MAX + 1) // 2).astype(np.int32)
    x = np.int32(1515870810) + _high_mul(half, -1010580540)
    for _ in range(3):
        error = _ONE_Q2_29 - _high_mul(half, x)
        x = x + saturating_shift_left(_high_mul(x, error), 2)
    return x


def one_over_one_plus(a: NDArray[np.int32]) -> nm.Int32Array:
    """1 / (1 + a) for a in 0..1, both Q0.31."""
    return saturating_shift_left(_two_over_one_plus(a), 1)


def logistic(a: NDArray[np.int32], integer_bits: int) -> nm.Int32Array:
    """1 / (1 + exp(-a)) as Q0.31 for an ``a`` with so many integer bits."""
    positive = one_over_one_plus(exp_on_negative_values(-np.abs(a), integer_bits))
    result = np.where(a > 0, positive, np.int32(nm.INT32_MAX) - positive)
    return np.where(a == 0, np.int32(1 << 30), result).astype(np.int32)


def tanh(a: NDArray[np.int32], integer_bits: int) -> nm.Int32Array:
    """tanh(a) as Q0.31 for an ``a`` with so many integer bits."""
    # The same bits with one integer bit more are twice the number.
    exponential = exp_on_negative_values(-np.abs(a), integer_bits + 1)
    size = saturating_shift_left(_two_over_one_plus(exponential) - _ONE_Q2_29, 2)
    return np.where(a < 0, -size, np.where(a == 0, np.int32(0), size)).astype(np.int32)


def inverse_square_root(value: int) -> tuple[int, int]:
    """1 / sqrt(value) of an int32 of 0 or more, as (multiplier, shift); 0 counts as 1."""
    if value <= 1:
        return nm.INT32_MAX, 0
    right = 11
    while value >= 1 << 29:
        value, right = value // 4, right + 1
    pairs = (31 - value.bit_length()) // 2 - 1
    value, right = value << 2 * pairs, right - pairs
    # Newton-Raphson in Q3.28, from 1.
    half = nm.rounding_divide_by_pot(value >> 1, 1)
    three_halves = (1 << 28) + (1 << 27)
    x = np.int32(1 << 28)
    for _ in range(5):
        cube = saturating_shift_left(_high_mul(_high_mul(x, x), x), 6)
        step = _high_mul(three_halves, x).astype(np.int64) - _high_mul(half, cube)
        x = saturating_shift_left(nm.wrap_int32(step), 3)
    root = int(_high_mul(x, _HALF_SQRT_2))
    if right < 0:
        root, right = int(nm.wrap_int32(root << -right)), 0
    return root, -right


def rounding_half_sum(a: NDArray[np.int32], b: int) -> nm.Int32Array:
    """(a + b) / 2, half away from zero."""
    total = a.astype(np.int64) + b
    magnitude = (np.abs(total) + 1) >> 1
    return np.where(total < 0, -magnitude, magnitude).astype(np.int32)


def saturating_shift_left(value: NDArray[np.int32], bits: ArrayLike) -> nm.Int32Array:
    """The value times 2**bits, held within int32."""
    wide = np.asarray(value, dtype=np.int64) << np.asarray(bits, dtype=np.int64)
    return np.clip(wide, nm.INT32_MIN, nm.INT32_MAX).astype(np.int32)
