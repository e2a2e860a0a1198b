"""Operators on two operands, element by element, int8 or int16.

The functions take operands of any integer type and return int32, clamped to lo..hi; the parameters
come from the file's single-precision scales as the reference derives them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tilewright.hw.spec import numerics as nm
from tilewright.hw.spec.arithmetic.fixed_functions import one_over_one_plus

Integers = NDArray[Any]
ADD, SUB, SQUARED_DIFFERENCE = range(3)
"""Operations of `combine`, which widens and rescales both operands first."""
LEFT_SHIFTS = {(ADD, 1): 20, (ADD, 2): 15, (SUB, 1): 20, (SUB, 2): 15,
               (SQUARED_DIFFERENCE, 1): 7, (SQUARED_DIFFERENCE, 2): 0}  # fmt: skip
"""Bits by which `combine` widens its operands, by (operation, bytes of an element)."""
DIVISORS = 511
"""Entries of the table of reciprocals: divisors -255..255."""


def combine_parameters(
    operation: int, element_bytes: int, a_scale: float, b_scale: float, output_scale: float
) -> nm.AddParameters:
    """Factors of ADD, SUB and SQUARED_DIFFERENCE.

    Raises RequestError where the output scale is too fine for the fixed point.
    """
    shift = LEFT_SHIFTS[operation, element_bytes]
    if operation != SQUARED_DIFFERENCE:
        return nm.add_parameters(a_scale, b_scale, output_scale, shift)
    twice_largest = 2.0 * max(a_scale, b_scale)
    output = nm.quantize_multiplier(twice_largest**2 / ((1 << 2 * shift) * output_scale))
    a, b = (nm.quantize_multiplier(scale / twice_largest) for scale in (a_scale, b_scale))
    return nm.AddParameters(
        a_multiplier=a[0],
        a_shift=a[1],
        b_multiplier=b[0],
        b_shift=b[1],
        output_multiplier=output[0],
        output_shift=output[1],
    )


@dataclass(frozen=True, kw_only=True)
class Quantisation:
    """Zero points of the operands and the result, and the result's range."""

    a: int
    b: int
    output: int
    lo: int
    hi: int


def finish(value: nm.Int32Array, multiplier: int, shift: int, q: Quantisation) -> nm.Int32Array:
    """Rescale, add the output's zero point, clamp."""
    scaled = nm.multiply_by_quantized_multiplier(value, multiplier, shift).astype(np.int64)
    return np.clip(nm.wrap_int32(scaled + q.output), q.lo, q.hi)


def combine(
    operation: int,
    a: Integers,
    b: Integers,
    p: nm.AddParameters,
    left_shift: int,
    q: Quantisation,
) -> nm.Int32Array:
    """ADD, SUB or SQUARED_DIFFERENCE."""

    def rescaled(x: Integers, zero_point: int, multiplier: int, shift: int) -> nm.Int64Array:
        wide = nm.wrap_int32((x.astype(np.int64) - zero_point) << left_shift)
        return nm.multiply_by_quantized_multiplier(wide, multiplier, shift).astype(np.int64)

    first = rescaled(a, q.a, p.a_multiplier, p.a_shift)
    second = rescaled(b, q.b, p.b_multiplier, p.b_shift)
    total = nm.wrap_int32(first + second if operation == ADD else first - second)
    if operation == SQUARED_DIFFERENCE:
        total = nm.wrap_int32(total.astype(np.int64) ** 2)
    return finish(total, p.output_multiplier, p.output_shift, q)


def mul_factor(a_scale: float, b_scale: float, output_scale: float) -> tuple[int, int]:
    """(multiplier, shift) of MUL."""
    return nm.quantize_multiplier(a_scale * b_scale / output_scale)


def mul(a: Integers, b: Integers, multiplier: int, shift: int, q: Quantisation) -> nm.Int32Array:
    """MUL."""
    product = nm.wrap_int32((a.astype(np.int64) - q.a) * (b.astype(np.int64) - q.b))
    return finish(product, multiplier, shift, q)


def div_factor(a_scale: float, b_scale: float, output_scale: float) -> tuple[int, int]:
    """(multiplier, shift) of DIV."""
    return nm.quantize_multiplier(a_scale / (b_scale * output_scale))


def reciprocals() -> nm.Int32Array:
    """1 / d for the divisors 1..255: int32 [255,2], multiplier and right shift."""
    divisors = np.arange(1, 256, dtype=np.int64)
    zeros = 32 - np.frexp(divisors.astype(np.float64))[1]
    fraction = nm.wrap_int32((divisors << zeros) - (1 << 31))
    return np.stack([one_over_one_plus(fraction), 31 - zeros], axis=1).astype(np.int32)


def div(a: Integers, b: Integers, multiplier: int, shift: int, q: Quantisation) -> nm.Int32Array:
    """DIV of int8.

    A division by zero gives the output's zero point, and so does a quotient that is shifted out of
    int32: for both, the reference's shifts are not defined in C.
    """
    numerator, divisor = (x.astype(np.int32) - zero for x, zero in ((a, q.a), (b, q.b)))
    numerator = np.where(divisor < 0, -numerator, numerator)
    inverse, right = np.moveaxis(reciprocals()[np.maximum(np.abs(divisor), 1) - 1], -1, 0)
    # Leading bits that equal the sign; 0 stays 0 whatever is shifted out of it.
    size = np.where(numerator < 0, -1 - numerator, numerator).astype(np.float64)
    headroom = 31 - np.frexp(size)[1]
    shifted = nm.wrap_int32(numerator.astype(np.int64) << headroom)
    quotient = nm.saturating_rounding_doubling_high_mul(shifted, inverse)
    quotient = np.where(divisor == 0, 0, quotient)
    scaled = nm.saturating_rounding_doubling_high_mul(quotient, multiplier)
    exponent = right + headroom - shift
    # Beyond 31 bits, all is less than half a unit.
    rounded = nm.rounding_divide_by_pot(scaled, np.clip(exponent, 0, 31))
    result = np.where(exponent > 31, 0, rounded).astype(np.int64)
    return np.clip(result + q.output, q.lo, q.hi).astype(np.int32)


def prelu_factors(
    x_scale: float, alpha_scale: float, output_scale: float
) -> tuple[tuple[int, int], tuple[int, int]]:
    """Factors of PRELU: (multiplier, shift) of operands of 0 or more, and of those below."""
    return (
        nm.quantize_multiplier(x_scale / output_scale),
        nm.quantize_multiplier(x_scale * alpha_scale / output_scale),
    )


def prelu(
    x: Integers,
    alpha: Integers,
    above: tuple[int, int],
    below: tuple[int, int],
    q: Quantisation,
) -> nm.Int32Array:
    """PRELU: an operand of 0 or more is rescaled, one below is multiplied by alpha first."""
    value = x.astype(np.int64) - q.a
    product = nm.wrap_int32(value * (alpha.astype(np.int64) - q.b))
    return np.where(value >= 0, finish(nm.wrap_int32(value), *above, q), finish(product, *below, q))
