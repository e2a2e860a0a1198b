"""Operators on one int8 operand as tables of 256 results, as TensorFlow Lite Micro computes them.

A table is int8 [256] and is indexed by the operand's byte: 0..127, then -128..-1. Scales are the
file's single-precision numbers. `functions` has what the reference runs on floats only.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from tilewright.hw.spec import numerics as nm
from tilewright.hw.spec.arithmetic import fixed_functions as ff
from tilewright.hw.spec.errors import RequestError

OPERANDS = np.concatenate([np.arange(128), np.arange(-128, 0)]).astype(np.int32)
"""The operand of each entry of a table."""

INPUT_BITS = 4
"""Integer bits of the operand of LOGISTIC and TANH in fixed point."""
LOGISTIC_OUTPUT = (1 / 256, -128)
TANH_OUTPUT = (1 / 128, 0)
"""(scale, zero point) of the results, whatever the file says."""

_INT16 = (-(1 << 15), (1 << 15) - 1)


def logistic(scale: float, zero_point: int) -> nm.Int8Array:
    """LOGISTIC; the result has scale 1/256 and zero point -128."""
    return _saturating(scale, zero_point, ff.logistic, 31 - 8, LOGISTIC_OUTPUT[1])


def tanh(scale: float, zero_point: int) -> nm.Int8Array:
    """TANH; the result has scale 1/128 and zero point 0."""
    return _saturating(scale, zero_point, ff.tanh, 31 - 7, TANH_OUTPUT[1])


def _saturating(
    scale: float,
    zero_point: int,
    function: Callable[[NDArray[np.int32], int], nm.Int32Array],
    drop: int,
    output_zero_point: int,
) -> nm.Int8Array:
    """A function in fixed point; operands past its 4 integer bits give the ends of int8."""
    fraction, shift = math.frexp(float(np.float32(scale)) * (1 << (31 - INPUT_BITS)))
    if shift < 0:
        raise RequestError(
            f"LOGISTIC or TANH of an input of scale {scale:g}: the scale must be 2**-28 or more; "
            "calibrate the input's range again"
        )
    radius = math.floor(((1 << INPUT_BITS) - 1) * (1 << (31 - INPUT_BITS)) / 2.0**shift)
    value = OPERANDS - np.int32(zero_point)
    inside = np.abs(value) < radius
    fixed = nm.multiply_by_quantized_multiplier(
        np.where(inside, value, 0), int(fraction * (1 << 31)), shift
    )
    result = nm.rounding_divide_by_pot(function(fixed, INPUT_BITS), drop) + output_zero_point
    ends = np.where(value <= -radius, -128, 127)
    return nm.clamp_int8(np.where(inside, result, ends), -128, 127)


def hard_swish(x: tuple[float, int], y: tuple[float, int]) -> nm.Int8Array:
    """HARD_SWISH from (scale, zero point) x to y, in fixed point of 16 bits."""
    out, out_shift = nm.quantize_multiplier(x[0] / 128 / y[0])
    relu, relu_shift = nm.quantize_multiplier(x[0] / 128 / (3 / 32768))
    if out_shift > 0:
        raise RequestError(
            f"HARD_SWISH of scales {x[0]:g} to {y[0]:g}: the output scale must exceed 1/128 of the "
            "input scale; calibrate the output's range again"
        )
    # Operands past int16 wrap around, as the reference's do.
    hires = ((OPERANDS - np.int32(x[1])) * 128).astype(np.int16)
    preshift = _high_mul_16(hires, _to_int16(out))
    relu_value = hires
    if relu_shift > 0:
        relu_value = _shift_left_16(relu_value, relu_shift - 1)
    relu_value = _high_mul_16(relu_value, _to_int16(relu))
    if relu_shift > 0:
        relu_value = _shift_left_16(relu_value, 1)
    if relu_shift < 0:
        relu_value = nm.rounding_divide_by_pot(relu_value, -relu_shift)
    relu_value = (relu_value.astype(np.int32) + (1 << 15)) >> 1
    product = relu_value * preshift.astype(np.int32)
    towards_zero = np.sign(product) * (np.abs(product) >> 15)
    return nm.clamp_int8(nm.rounding_divide_by_pot(towards_zero, -out_shift) + y[1], -128, 127)


def _to_int16(multiplier: int) -> int:
    return min((multiplier + (1 << 15)) >> 16, _INT16[1])


def _high_mul_16(a: NDArray[np.int16], b: int) -> NDArray[np.int16]:
    """The high 16 bits of 2*a*b, rounded to nearest with ties upwards; b is 0 or more."""
    return ((a.astype(np.int32) * b + (1 << 14)) >> 15).astype(np.int16)


def _shift_left_16(value: NDArray[np.int16], bits: int) -> NDArray[np.int16]:
    return np.clip(value.astype(np.int64) << bits, *_INT16).astype(np.int16)


def leaky_relu_factors(
    x_scale: float, y_scale: float, alpha: float
) -> tuple[tuple[int, int], tuple[int, int]]:
    """Factors of LEAKY_RELU: (multiplier, shift) of operands of 0 or more, and of those below.

    The factor of those below is that of the slope's magnitude.
    """
    return (
        nm.quantize_multiplier(x_scale / y_scale),
        nm.quantize_multiplier(x_scale * abs(alpha) / y_scale),
    )


def leaky_relu(x: tuple[float, int], y: tuple[float, int], alpha: float) -> nm.Int8Array:
    """LEAKY_RELU from (scale, zero point) x to y."""
    value = OPERANDS - np.int32(x[1])
    above, below = (
        nm.multiply_by_quantized_multiplier(value, *factor).astype(np.int64)
        for factor in leaky_relu_factors(x[0], y[0], alpha)
    )
    # The reference applies the sign of the slope last, which matters where halves are rounded.
    result = np.where(value >= 0, above, -below if alpha < 0 else below)
    return nm.clamp_int8(nm.wrap_int32(result + y[1]), -128, 127)


def elu(x: tuple[float, int], y: tuple[float, int]) -> nm.Int8Array:
    """ELU from (scale, zero point) x to y: the reference has a table of its own, in floats."""
    value = np.float32(x[0]) * (OPERANDS - x[1]).astype(np.float32)
    exponential = np.exp(np.minimum(value, 0).astype(np.float64)).astype(np.float32)
    result = np.where(value < 0, exponential - np.float32(1), value)
    scaled = (result * (np.float32(1) / np.float32(y[0]))).astype(np.float64)
    rounded = np.trunc(scaled + np.copysign(0.5, scaled))
    return nm.clamp_int8(np.clip(rounded + y[1], -128, 127), -128, 127)


def absolute(x: tuple[float, int], y: tuple[float, int]) -> nm.Int8Array:
    """ABS from (scale, zero point) x to y."""
    multiplier, shift = nm.rescale_parameters(x[0], y[0])
    return nm.requantise(np.abs(OPERANDS - x[1]), multiplier, shift, y[1])


def rsqrt(x: tuple[float, int], y: tuple[float, int]) -> nm.Int8Array:
    """RSQRT from (scale, zero point) x to y.

    The reference stops at a negative operand; here it gives 127, as 0 does.
    """
    kept_bits = 20
    factor, shift = nm.quantize_multiplier(1 / (math.sqrt(x[0]) * y[0]))
    result = np.full(256, 127, np.int8)
    for index, value in enumerate((OPERANDS - x[1]).tolist()):
        if value > 0:
            root, root_shift = ff.inverse_square_root(value)
            data = nm.multiply_by_quantized_multiplier(1, root, root_shift + kept_bits)
            result[index] = nm.requantise(data, factor, shift - kept_bits, y[1])
    return result
