"""L2_NORMALIZATION, LOG_SOFTMAX and CUMSUM of TensorFlow Lite Micro, int8, in its fixed point.

Qn.m is a signed number of n integer and m fraction bits in an int32. The firmware has the same
steps in C.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tilewright.hw.spec import numerics as nm
from tilewright.hw.spec.arithmetic.fixed_functions import (
    exp_on_negative_values,
    inverse_square_root,
    one_over_one_plus,
    rounding_half_sum,
    saturating_shift_left,
)
from tilewright.hw.spec.errors import RequestError
from tilewright.hw.spec.softmax import SUM_BITS, softmax_parameters

_high_mul = nm.saturating_rounding_doubling_high_mul

L2_OUTPUT = (1 / 128, 0)
"""(scale, zero point) of the result of L2_NORMALIZATION."""
LOG_SOFTMAX_OUTPUT = (1 / 16, 127)
"""(scale, zero point) of the result of LOG_SOFTMAX."""
LOG_SOFTMAX_END = -32.0
"""The smallest logarithm that LOG_SOFTMAX can express."""

_LOG_BITS = 5
"""Integer bits of a logarithm and of a difference: Q5.26."""


def l2_normalization(x: NDArray[np.int8], zero_point: int) -> nm.Int8Array:
    """L2_NORMALIZATION over the last axis of int8 [rows, depth], to scale 1/128, zero point 0."""
    centred = x.astype(np.int64) - zero_point
    squares = nm.wrap_int32((centred * centred).sum(axis=-1))
    result = np.empty(x.shape, np.int8)
    for row, (values, square) in enumerate(zip(centred, squares.tolist(), strict=True)):
        multiplier, shift = inverse_square_root(square)
        result[row] = nm.requantise(nm.wrap_int32(values), multiplier, shift + 7, 0)
    return result


@dataclass(frozen=True, kw_only=True)
class LogSoftmaxParameters:
    """Factor of differences from the maximum, and its reciprocal; the smallest that counts."""

    multiplier: int
    left_shift: int
    reverse_multiplier: int
    reverse_shift: int
    smallest_difference: int


def log_softmax_parameters(input_scale: float) -> LogSoftmaxParameters:
    """Parameters for an input's scale. Raises RequestError where it is 2**-26 or less."""
    p = softmax_parameters(input_scale, operator="LOG_SOFTMAX")
    reverse = nm.quantize_multiplier((1 << (31 - p.left_shift)) / p.multiplier)
    return LogSoftmaxParameters(
        multiplier=p.multiplier,
        left_shift=p.left_shift,
        reverse_multiplier=reverse[0],
        reverse_shift=reverse[1],
        smallest_difference=p.smallest_difference,
    )


def log_softmax_factor(scale: float) -> tuple[int, int]:
    """(multiplier, shift) of a logarithm to a result of this scale."""
    return nm.rescale_parameters(2.0 ** (_LOG_BITS - 31), scale)


def log_softmax(
    x: NDArray[np.int8],
    parameters: LogSoftmaxParameters,
    output: tuple[int, int, int] | None = None,
) -> nm.Int8Array:
    """LOG_SOFTMAX over the last axis of int8 [rows, cols], to scale 1/16 and zero point 127.

    ``output``: (multiplier, shift, zero point) of another result, which ends at -32.
    """
    p = parameters
    values = x.astype(np.int32)
    difference = values - values.max(axis=-1, keepdims=True)
    counts = difference >= p.smallest_difference
    wide = nm.wrap_int32(difference.astype(np.int64) << p.left_shift)
    scaled = _high_mul(wide, p.multiplier)
    exponentials = exp_on_negative_values(np.where(counts, scaled, 0).astype(np.int32))
    terms = np.where(counts, nm.rounding_divide_by_pot(exponentials, SUM_BITS), 0)
    logarithm = log_of_sum(nm.wrap_int32(terms.sum(axis=-1, keepdims=True, dtype=np.int64)))
    lowest = nm.wrap_int32(logarithm.astype(np.int64) + nm.INT32_MIN)
    reached = nm.multiply_by_quantized_multiplier(lowest, p.reverse_multiplier, p.reverse_shift)
    limit = np.maximum(p.smallest_difference - 1, reached)
    total = nm.wrap_int32(scaled.astype(np.int64) - logarithm)
    if output is None:
        result = nm.rounding_divide_by_pot(total, 31 - _LOG_BITS - 4) + LOG_SOFTMAX_OUTPUT[1]
    else:
        result = nm.multiply_by_quantized_multiplier(total, *output[:2]) + output[2]
    return nm.clamp_int8(np.where(difference > limit, result, -128), -128, 127)


def log_of_sum(value: NDArray[np.int32]) -> nm.Int32Array:
    """The logarithm of a Q12.19 of 1 or more as Q5.26: a Pade approximant around 2**-1/4."""
    log_2, sqrt_half, fourth_root_of_half = 1488522236, 1518500250, 1805811301
    alpha_n, alpha_d, alpha_i, alpha_f = 117049297, 127690142, 1057819769, 638450708
    quarter = np.int64(1 << 23)
    headroom = 31 - np.frexp(value.astype(np.float64))[1]
    top = saturating_shift_left(value, headroom)
    fraction_a = saturating_shift_left(_high_mul(top, sqrt_half), 1)
    power_a = ((SUM_BITS - 1 - headroom).astype(np.int64) << 25) + quarter
    reduced = _high_mul(value, sqrt_half)
    headroom_b = 31 - np.frexp(reduced.astype(np.float64))[1]
    fraction_b = saturating_shift_left(value, headroom_b)
    power_b = ((SUM_BITS - headroom_b).astype(np.int64) << 25) - quarter
    r = np.minimum(fraction_a, fraction_b)
    power = nm.wrap_int32(np.maximum(power_a, power_b))
    p = rounding_half_sum(r, fourth_root_of_half)
    q = 2 * (r - np.int32(fourth_root_of_half))
    square = _high_mul(q, q)
    numerator = _high_mul(q, r) + _high_mul(_high_mul(q, square), alpha_n)
    inner = np.int32(alpha_i) + q + _high_mul(alpha_d, square)
    denominator = _high_mul(p, inner) + _high_mul(alpha_f, q)
    scaled = nm.rounding_divide_by_pot(numerator, 6)
    total = _high_mul(power, log_2) + _high_mul(scaled, one_over_one_plus(denominator))
    return saturating_shift_left(total, 1)


CUMSUM_SHIFT = 19
"""Bits by which TFLM's CUMSUM widens its sums before it rescales them."""


def cumsum_parameters(input_scale: float, output_scale: float) -> tuple[int, int]:
    """(multiplier, shift) of TFLM's CUMSUM. Raises RequestError where that is a left shift."""
    factor = 2.0 * input_scale / ((1 << (CUMSUM_SHIFT + 1)) * output_scale)
    if factor >= 1.0:
        raise RequestError(
            f"CUMSUM of scale {input_scale:g} to {output_scale:g}: the output scale must exceed "
            "2**-19 of the input scale; calibrate the output's range again"
        )
    return nm.quantize_multiplier(factor)


def cumsum(
    x: NDArray[np.int8],
    zero_points: tuple[int, int],
    factor: tuple[int, int],
    *,
    exclusive: bool,
    reverse: bool,
    first: int,
    left_shift: int,
) -> nm.Int8Array:
    """CUMSUM over axis 1 of int8 [outer, depth, inner].

    The sum begins with ``first`` and is widened by ``left_shift`` bits before it is rescaled. TFLM
    begins with the negative zero point and widens by 19, so that long sums overflow; ONNX begins
    with 0. ``zero_points`` are those of input and output. ``exclusive`` leaves each element out of
    its own sum.
    """
    ordered: NDArray[Any] = x[:, ::-1] if reverse else x
    terms = ordered.astype(np.int64) - zero_points[0]
    sums = terms.cumsum(axis=1) + first
    if exclusive:
        sums -= terms
    result = nm.requantise(nm.wrap_int32(sums << left_shift), *factor, zero_points[1])
    return result[:, ::-1] if reverse else result
