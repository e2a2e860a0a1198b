"""Functions of gemmlowp's fixed point: exponential, reciprocal, logistic, tanh, inverse root.

Qn.m is a signed number of n integer and m fraction bits in an int32. The firmware has the first
two in C, for the softmax.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hw.spec import numerics as nm

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
    """1 / sqrt(value) as (multiplier, shift) of a factor, for an integer of 1 or more."""
    if value == 1:
        return nm.INT32_MAX, 0
    shift = 11
    while value >= 1 << 29:
        value, shift = value // 4, shift + 1
    pairs = (31 - value.bit_length()) // 2 - 1
    fixed = np.int32((value << 2 * pairs) >> 1)
    half = nm.rounding_divide_by_pot(fixed, 1)
    x = np.int32(1 << 28)
    for _ in range(5):
        cube = saturating_shift_left(_high_mul(_high_mul(x, x), x), 6)
        x = saturating_shift_left(_high_mul(np.int32(3 << 27), x) - _high_mul(half, cube), 3)
    multiplier, shift = int(_high_mul(x, 1518500250)), shift - pairs
    return (multiplier << -shift, 0) if shift < 0 else (multiplier, -shift)


def saturating_shift_left(value: NDArray[np.int32], bits: int) -> nm.Int32Array:
    """The value times 2**bits, held within int32."""
    wide = np.asarray(value, dtype=np.int64) << bits
    return np.clip(wide, nm.INT32_MIN, nm.INT32_MAX).astype(np.int32)
