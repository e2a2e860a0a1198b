"""Norms of int8 rows and rows divided by them, in integers of our own, as the firmware has them.

TensorFlow Lite Micro has no int8 kernel for these. A norm is exact but for the last rescaling. A
normalised element is d * g / sqrt(v) + b: d and v are exact integers (`NormalizeParameters`), the
reciprocal square root has 31 bits, the quotient 20 fraction bits, the factor g about 22 bits. So a
result is the real one, rounded, but where that lies within 0.001 steps of a half: never two apart,
and one apart in less than 1 of 1000 elements.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tilewright.hw.spec import numerics as nm

ROOT_BITS = 15
"""Fraction bits of a square root."""
QUOTIENT_BITS = 20
"""Fraction bits of a row's elements divided by their norm."""
MOST_ELEMENTS = 1 << 20
"""Elements that a row may have, so that all fit in 64 bits and a quotient in 32."""
MOST_SQUARES = (1 << 31) // (255 * 255)
"""Elements whose squares may be summed up in 32 bits."""

_FACTOR_BITS = 22
_LARGEST_STEPS = 1 << 20
"""Beyond this many steps of the result, a factor or summand saturates anyway."""


def power_sum(centred: NDArray[np.int64], power: int) -> NDArray[np.int64]:
    """The sum of magnitudes, or of squares where ``power`` is 2, over the last axis."""
    return (np.abs(centred) if power == 1 else centred * centred).sum(axis=-1)


def square_root(value: int) -> int:
    """The square root of an int32 of 0 or more, rounded down, with 15 fraction bits."""
    return math.isqrt(value << 2 * ROOT_BITS)


@dataclass(frozen=True, kw_only=True)
class NormalizeParameters:
    """How rows of n elements x with zero point z are normalised.

    centred: d is n * x less the sum of the row, and v is n times the sum of x squared less the
    square of the sum of x. Else d is x - z and v the square of the sum of the magnitudes of d
    (``power`` 1) or the sum of their squares (2). ``epsilon`` is added to v. The factor g counts in
    2**-(shift - 20) of the result's step, the summand b in 2**-shift.
    """

    centred: bool
    power: int
    epsilon: int
    shift: int
    input_zero_point: int
    output_zero_point: int
    lo: int = -128
    hi: int = 127


def inverse_root(value: int) -> tuple[int, int]:
    """(m, k) with 1 / sqrt(value) = m * 2**(k - 63), m of 32 bits, for 0 < value < 2**63."""
    k = (64 - value.bit_length()) // 2
    root = math.isqrt(value << 2 * k)
    return ((1 << 63) - 1) // root, k


def normalize(
    x: NDArray[np.int8],
    factors: NDArray[np.int32],
    summands: NDArray[np.int64],
    p: NormalizeParameters,
) -> nm.Int8Array:
    """Rows int8 [rows, n], with g and b of each element (broadcast to that shape)."""
    count, wide = x.shape[1], x.astype(np.int64)
    if p.centred:
        total = wide.sum(axis=1)
        d = count * wide - total[:, None]
        v = count * (wide * wide).sum(axis=1) - total * total
    else:
        d = wide - p.input_zero_point
        v = power_sum(d, p.power)
        v = v * v if p.power == 1 else v
    result = np.full(x.shape, p.output_zero_point, np.int64)
    half = np.int64(1) << (p.shift - 1)
    for row, (value, distances) in enumerate(zip((v + p.epsilon).tolist(), d, strict=True)):
        multiplier, k = inverse_root(value) if value else (0, 0)
        right = 63 - QUOTIENT_BITS - k
        quotient = (distances * multiplier + (np.int64(1) << (right - 1))) >> right
        wide_result = quotient * np.broadcast_to(factors, x.shape)[row].astype(np.int64)
        wide_result += np.broadcast_to(summands, x.shape)[row] + half
        result[row] += wide_result >> p.shift
    return nm.clamp_int8(result, p.lo, p.hi)


def factors_and_summands(
    factors: NDArray[np.float64], summands: NDArray[np.float64]
) -> tuple[NDArray[np.int32], NDArray[np.int64], int]:
    """Real g and b in steps of the result, as integers and the shift that they count in."""
    largest = float(np.abs(factors).max(initial=0))
    bits = min(_FACTOR_BITS - math.frexp(largest)[1], QUOTIENT_BITS) if largest else 0
    shift = QUOTIENT_BITS + bits
    steps = np.clip(summands, -_LARGEST_STEPS, _LARGEST_STEPS)
    return (
        np.rint(np.ldexp(factors, bits)).astype(np.int32),
        np.rint(np.ldexp(steps, shift)).astype(np.int64),
        shift,
    )


def factors_are_sensible(factors: NDArray[np.float64]) -> bool:
    """Whether factors in steps of the result can be expressed."""
    return bool((np.abs(factors) < _LARGEST_STEPS).all())
