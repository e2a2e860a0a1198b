"""SOFTMAX of TensorFlow Lite Micro from int8, in gemmlowp's fixed point.

Qn.m is a signed number of n integer and m fraction bits in an int32. The firmware has the same
steps in C.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tilewright.hw.spec import numerics as nm
from tilewright.hw.spec.arithmetic.fixed_functions import exp_on_negative_values, one_over_one_plus
from tilewright.hw.spec.errors import RequestError

DIFFERENCE_BITS = 5
"""Integer bits of a scaled difference from the row's maximum: Q5.26."""
SUM_BITS = 12
"""Integer bits of the sum of exponentials: Q12.19."""

_DIFFERENCES = 256
"""Of two int8 values: 0 or more from the larger one."""

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
    return softmax_by_table(x, exponentials(parameters))


def softmax_wide(x: NDArray[np.int8], parameters: SoftmaxParameters) -> NDArray[np.int16]:
    """SOFTMAX over the last axis: int8 to int16 of scale 1/65536 and zero point -32768."""
    return _probabilities(x, exponentials(parameters), 16).astype(np.int16)


def exponentials(parameters: SoftmaxParameters) -> nm.Int32Array:
    """The exponential of each difference from a row's maximum, 0..255, as Q0.31.

    It is 0 where the difference counts as nothing.
    """
    p = parameters
    difference = -np.arange(_DIFFERENCES, dtype=np.int64)
    counts = difference >= p.smallest_difference
    wide = nm.wrap_int32(np.where(counts, difference, 0) << p.left_shift)
    found = exp_on_negative_values(_high_mul(wide, p.multiplier))
    return np.where(counts, found, 0).astype(np.int32)


def short_exponentials(parameters: SoftmaxParameters) -> nm.Int32Array:
    """Those of `exponentials` that have a say in a result of 8 bits, up to the last one.

    One under 2**(SUM_BITS - 1) adds nothing to a sum, and its probability is 0.
    """
    table = exponentials(parameters)
    return table[: int(np.flatnonzero(table >= 1 << (SUM_BITS - 1)).max()) + 1]


def softmax_by_table(x: NDArray[np.int8], table: nm.Int32Array) -> nm.Int8Array:
    """As `softmax`, by exponentials of differences 0, 1, ..; those beyond them count as nothing."""
    whole = np.zeros(_DIFFERENCES, dtype=np.int32)
    whole[: len(table)] = table
    return _probabilities(x, whole, 8).astype(np.int8)


def _probabilities(x: NDArray[np.int8], table: nm.Int32Array, bits: int) -> nm.Int32Array:
    """Probabilities as signed numbers of so many bits, the lowest of which is 0."""
    lowest = -(1 << (bits - 1))
    values = x.astype(np.int32)
    found = table[values.max(axis=-1, keepdims=True) - values]
    terms = nm.rounding_divide_by_pot(found, SUM_BITS)
    reciprocal, bits_over_unit = _reciprocal(terms.sum(axis=-1, keepdims=True, dtype=np.int64))
    scaled = nm.rounding_divide_by_pot(_high_mul(reciprocal, found), bits_over_unit + 31 - bits)
    return np.clip(scaled + lowest, lowest, -lowest - 1)


def _reciprocal(total: NDArray[np.int64]) -> tuple[nm.Int32Array, nm.Int32Array]:
    """1 / total for a positive Q12.19: (Q0.31 in 1/2..1, binary exponent to divide by)."""
    leading_zeros = 32 - np.frexp(total.astype(np.float64))[1]
    fraction = nm.wrap_int32((total << leading_zeros) - (1 << 31))
    return one_over_one_plus(fraction), (SUM_BITS - leading_zeros).astype(np.int32)
