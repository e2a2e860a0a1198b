"""SOFTMAX of TensorFlow Lite Micro, int8 to int8, in gemmlowp's fixed point.

Qn.m is a signed number of n integer and m fraction bits in an int32. The firmware has the same
steps in C.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hw.spec import numerics as nm
from hw.spec.arithmetic.fixed_functions import exp_on_negative_values, one_over_one_plus
from hw.spec.errors import RequestError

DIFFERENCE_BITS = 5
"""Integer bits of a scaled difference from the row's maximum: Q5.26."""
SUM_BITS = 12
"""Integer bits of the sum of exponentials: Q12.19."""

_high_mul = nm.saturating_rounding_doubling_high_mul


@dataclass(frozen=True, kw_only=True)
class SoftmaxParameters:
    """Factor of the differences from the maximum; those under `smallest_difference` count as 0."""

    multiplier: int
    left_shift: int
    smallest_difference: int


def softmax_parameters(input_scale: float, beta: float = 1.0) -> SoftmaxParameters:
    """Parameters for an input's scale. Raises RequestError where scale * beta is under 2**-26."""
    factor = min(beta * input_scale * (1 << (31 - DIFFERENCE_BITS)), float(nm.INT32_MAX))
    if not factor > 1.0:
        raise RequestError(
            f"SOFTMAX with scale {input_scale:g} and beta {beta:g}: their product must exceed "
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
    p = parameters
    values = x.astype(np.int32)
    difference = values - values.max(axis=-1, keepdims=True)
    counts = difference >= p.smallest_difference
    wide = nm.wrap_int32(np.where(counts, difference, 0).astype(np.int64) << p.left_shift)
    exponentials = exp_on_negative_values(_high_mul(wide, p.multiplier))
    terms = np.where(counts, nm.rounding_divide_by_pot(exponentials, SUM_BITS), 0)
    reciprocal, bits_over_unit = _reciprocal(terms.sum(axis=-1, keepdims=True, dtype=np.int64))
    scaled = nm.rounding_divide_by_pot(_high_mul(reciprocal, exponentials), bits_over_unit + 23)
    return nm.clamp_int8(np.where(counts, scaled - 128, -128), -128, 127)


def _reciprocal(total: NDArray[np.int64]) -> tuple[nm.Int32Array, nm.Int32Array]:
    """1 / total for a positive Q12.19: (Q0.31 in 1/2..1, binary exponent to divide by)."""
    leading_zeros = 32 - np.frexp(total.astype(np.float64))[1]
    fraction = nm.wrap_int32((total << leading_zeros) - (1 << 31))
    return one_over_one_plus(fraction), (SUM_BITS - leading_zeros).astype(np.int32)
