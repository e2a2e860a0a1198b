"""SOFTMAX of TensorFlow Lite Micro from int8, in gemmlowp's fixed point.

Qn.m is a signed number of n integer and m fraction bits in an int32. The firmware has the same
steps in C.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hw.spec import numerics as nm
from hw.spec.errors import RequestError

DIFFERENCE_BITS = 5
"""Integer bits of a scaled difference from the row's maximum: Q5.26."""
SUM_BITS = 12
"""Integer bits of the sum of exponentials: Q12.19."""

_EXP_OF_POWERS = (
    (24, 1672461947),
    (25, 1302514674),
    (26, 790015084),
    (27, 290630308),
    (28, 39332535),
    (29, 720401),
    (30, 242),
)
"""(bit of a Q5.26 difference, exp(-2**(bit - 26)) as Q0.31)."""

_high_mul = nm.saturating_rounding_doubling_high_mul


@dataclass(frozen=True, kw_only=True)
class SoftmaxParameters:
    """Factor of the differences from the maximum; those under `smallest_difference` count as 0."""

    multiplier: int
    left_shift: int
    smallest_difference: int


def softmax_parameters(
    input_scale: float, beta: float = 1.0, *, operator: str = "SOFTMAX"
) -> SoftmaxParameters:
    """Parameters for an input's scale. Raises RequestError where scale * beta is under 2**-26."""
    factor = min(beta * input_scale * (1 << (31 - DIFFERENCE_BITS)), float(nm.INT32_MAX))
    if not factor > 1.0:
        raise RequestError(
            f"{operator} with scale {input_scale:g} and beta {beta:g}: their product must exceed "
            "2**-26; calibrate the input's range again"
        )
    # Factors up to 2**31 - 1 need a left shift of up to 31, more than quantize_multiplier takes.
    fraction, left_shift = math.frexp(factor)
    multiplier = math.floor(fraction * (1 << 31) + 0.5)
    if multiplier == 1 << 31:
        multiplier, left_shift = multiplier // 2, left_shift + 1
    radius = ((1 << DIFFERENCE_BITS) - 1) * (1 << (31 - DIFFERENCE_BITS)) / (1 << left_shift)
    return SoftmaxParameters(
        multiplier=multiplier, left_shift=left_shift, smallest_difference=-math.floor(radius)
    )


def softmax(x: NDArray[np.int8], parameters: SoftmaxParameters) -> nm.Int8Array:
    """SOFTMAX over the last axis: int8 to int8 of scale 1/256 and zero point -128."""
    return _probabilities(x, parameters, 8).astype(np.int8)


def softmax_wide(x: NDArray[np.int8], parameters: SoftmaxParameters) -> NDArray[np.int16]:
    """SOFTMAX over the last axis: int8 to int16 of scale 1/65536 and zero point -32768."""
    return _probabilities(x, parameters, 16).astype(np.int16)


def _probabilities(x: NDArray[np.int8], parameters: SoftmaxParameters, bits: int) -> nm.Int32Array:
    """Probabilities as signed numbers of so many bits, the lowest of which is 0."""
    lowest = -(1 << (bits - 1))
    p = parameters
    values = x.astype(np.int32)
    difference = values - values.max(axis=-1, keepdims=True)
    counts = difference >= p.smallest_difference
    wide = nm.wrap_int32(np.where(counts, difference, 0).astype(np.int64) << p.left_shift)
    exponentials = exp_on_negative_values(_high_mul(wide, p.multiplier))
    terms = np.where(counts, nm.rounding_divide_by_pot(exponentials, SUM_BITS), 0)
    reciprocal, bits_over_unit = _reciprocal(terms.sum(axis=-1, keepdims=True, dtype=np.int64))
    shift = bits_over_unit + 31 - bits
    scaled = nm.rounding_divide_by_pot(_high_mul(reciprocal, exponentials), shift)
    return np.clip(np.where(counts, scaled, 0) + lowest, lowest, -lowest - 1)


def exp_on_negative_values(a: NDArray[np.int32]) -> nm.Int32Array:
    """exp(a) as Q0.31 for a <= 0 in Q5.26."""
    quarter = np.int32(1 << 24)
    in_quarter = (a & (quarter - 1)) - quarter
    result = _exp_in_quarter(saturating_shift_left(in_quarter, DIFFERENCE_BITS))
    rest = in_quarter - a
    for bit, factor in _EXP_OF_POWERS:
        result = np.where(rest & np.int32(1 << bit), _high_mul(result, factor), result)
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


def _reciprocal(total: NDArray[np.int64]) -> tuple[nm.Int32Array, nm.Int32Array]:
    """1 / total for a positive Q12.19: (Q0.31 in 1/2..1, binary exponent to divide by)."""
    leading_zeros = 32 - np.frexp(total.astype(np.float64))[1]
    fraction = nm.wrap_int32((total << leading_zeros) - (1 << 31))
    return one_over_one_plus(fraction), (SUM_BITS - leading_zeros).astype(np.int32)


def one_over_one_plus(fraction: NDArray[np.int32]) -> nm.Int32Array:
    """1 / (1 + fraction) for a fraction in 0..1, both Q0.31."""
    # Three Newton-Raphson steps on half the denominator, from 48/17 - 32/17 * d (Q2.29).
    half = rounding_half_sum(fraction, nm.INT32_MAX)
    x = np.int32(1515870810) + _high_mul(half, -1010580540)
    for _ in range(3):
        error = np.int32(1 << 29) - _high_mul(half, x)
        x = x + saturating_shift_left(_high_mul(x, error), 2)
    return saturating_shift_left(x, 1)


def rounding_half_sum(a: NDArray[np.int32], b: int) -> nm.Int32Array:
    """(a + b) / 2, half away from zero."""
    total = a.astype(np.int64) + b
    magnitude = (np.abs(total) + 1) >> 1
    return np.where(total < 0, -magnitude, magnitude).astype(np.int32)


def saturating_shift_left(value: NDArray[np.int32], bits: ArrayLike) -> nm.Int32Array:
    """value * 2**bits, kept within int32."""
    wide = np.asarray(value, np.int64) << np.asarray(bits, np.int64)
    return np.clip(wide, nm.INT32_MIN, nm.INT32_MAX).astype(np.int32)
