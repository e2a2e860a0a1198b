"""Fixed-point arithmetic of TensorFlow Lite Micro's int8 kernels, vectorised: the one definition.

The functional backend computes with it, the mapper derives its parameters from it and the RTL
benches compare with it. This file holds the fixed-point steps and the element-wise operators;
`hw.spec.kernels` has those that look at a window or a row, `hw.spec.softmax` the softmax.

A real factor is a pair (multiplier, shift): factor = multiplier / 2**31 * 2**shift, with multiplier
in 2**30 .. 2**31 - 1 (or 0) and shift > 0 meaning left. int32 values overflow as in two's
complement; functions take and return NumPy arrays and broadcast.
"""

import math
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tilewright.hw.spec.errors import RequestError

Int8Array = NDArray[np.int8]
Int32Array = NDArray[np.int32]
Int64Array = NDArray[np.int64]
Activation = TypeVar("Activation", np.int8, np.int16)
"""What the elements of a quantised tensor may be."""

INT32_MIN = -(1 << 31)
INT32_MAX = (1 << 31) - 1
ADD_LEFT_SHIFT = 20
"""Bits by which ADD widens its inputs before it rescales them."""


def wrap_int32(value: ArrayLike) -> Int32Array:
    """The low 32 bits of int64 values as int32: what C's int32 keeps of an overflow."""
    return np.asarray(value, dtype=np.int64).astype(np.int32)


def quantize_multiplier(real: float) -> tuple[int, int]:
    """The pair (multiplier, shift) nearest to a factor of 0 or more.

    Factors under about 2**-31 give (0, 0). Raises RequestError where the factor is not a finite
    number that a left shift of 30 bits can hold.
    """
    if not 0.0 <= real < 2.0**30:
        raise RequestError(
            f"a requantisation factor of {real:g} cannot be expressed in fixed point (0 to 2**30): "
            "check the scales of the network"
        )
    if real == 0.0:
        return 0, 0
    fraction, shift = math.frexp(real)
    # round() is half-to-even; fraction * 2**31 has 22 bits behind the point, and TFLM rounds away.
    multiplier = math.floor(fraction * (1 << 31) + 0.5)
    if multiplier == 1 << 31:
        multiplier, shift = multiplier // 2, shift + 1
    return (0, 0) if shift < -31 else (multiplier, shift)


def quantize_multipliers(reals: ArrayLike) -> tuple[Int32Array, Int32Array]:
    """`quantize_multiplier` of each factor of a vector: (multipliers, shifts)."""
    pairs = [quantize_multiplier(float(real)) for real in np.atleast_1d(np.asarray(reals))]
    return (
        np.array([multiplier for multiplier, _ in pairs], dtype=np.int32),
        np.array([shift for _, shift in pairs], dtype=np.int32),
    )


def conv_multipliers(
    input_scale: float, weight_scales: ArrayLike, output_scale: float, channels: int
) -> tuple[Int32Array, Int32Array]:
    """Requantisation of sums of products with weights: (multipliers, shifts), both [channels].

    `weight_scales` has one entry or one a channel. TFLM multiplies the scales of
    FULLY_CONNECTED in double precision too, where TensorFlow Lite uses single.
    """
    scales = np.broadcast_to(np.asarray(weight_scales, dtype=np.float64), (channels,))
    return quantize_multipliers(input_scale * scales / output_scale)


def saturating_rounding_doubling_high_mul(a: ArrayLike, b: ArrayLike) -> Int32Array:
    """The high 32 bits of 2*a*b, rounded to nearest with ties upwards; a, b int32."""
    product = np.asarray(a, dtype=np.int64) * np.asarray(b, dtype=np.int64)
    # Only INT32_MIN squared leaves the range of int32.
    return np.minimum((product + (1 << 30)) >> 31, INT32_MAX).astype(np.int32)


def rounding_divide_by_pot(value: ArrayLike, exponent: ArrayLike) -> Int32Array:
    """value / 2**exponent rounded to nearest, ties away from zero; exponent 0..31."""
    value64, exponent64 = np.asarray(value, dtype=np.int64), np.asarray(exponent, dtype=np.int64)
    mask = (np.int64(1) << exponent64) - 1
    threshold = (mask >> 1) + (value64 < 0)
    return ((value64 >> exponent64) + ((value64 & mask) > threshold)).astype(np.int32)


def multiply_by_quantized_multiplier(
    value: ArrayLike, multiplier: ArrayLike, shift: ArrayLike
) -> Int32Array:
    """value * multiplier / 2**31 * 2**shift, rounded twice as TFLM does; value int32."""
    shift64 = np.asarray(shift, dtype=np.int64)
    shifted = wrap_int32(np.asarray(value, dtype=np.int64) << np.maximum(shift64, 0))
    high = saturating_rounding_doubling_high_mul(shifted, multiplier)
    return rounding_divide_by_pot(high, np.maximum(-shift64, 0))


def clamp_int8(value: ArrayLike, lo: int, hi: int) -> Int8Array:
    """Clamp to lo..hi, within -128..127."""
    return np.clip(np.asarray(value), lo, hi).astype(np.int8)


def requantise(
    accumulator: ArrayLike,
    multiplier: ArrayLike,
    shift: ArrayLike,
    zero_point: int,
    lo: int = -128,
    hi: int = 127,
) -> Int8Array:
    """Accumulators to int8: rescale, add the output's zero point, clamp to lo..hi.

    `accumulator` is int32 [..., channels]; `multiplier` and `shift` are scalars or [channels].
    """
    scaled = multiply_by_quantized_multiplier(accumulator, multiplier, shift)
    return clamp_int8(wrap_int32(scaled.astype(np.int64) + zero_point), lo, hi)


def multiply_by_quantized_multiplier_64(
    value: ArrayLike, multiplier: ArrayLike, shift: ArrayLike
) -> Int32Array:
    """value * multiplier / 2**31 * 2**shift, rounded once, ties upwards; value int64.

    Value is within 48 bits, of the multiplier only the upper half counts, and shift is below 15.
    """
    multiplier64, right = np.asarray(multiplier, dtype=np.int64), 15 - np.asarray(shift, np.int64)
    # Rounding the largest multipliers would give 2**15.
    half = np.minimum((multiplier64 + (1 << 15)) >> 16, (1 << 15) - 1)
    product = np.asarray(value, dtype=np.int64) * half
    return wrap_int32((product + (np.int64(1) << (right - 1))) >> right)


def requantise_int16(
    accumulator: NDArray[Any], multiplier: ArrayLike, shift: ArrayLike, lo: int, hi: int
) -> NDArray[np.int16]:
    """Accumulators to int16 with zero point 0, clamped to lo..hi: 16x8 convolutions.

    int32 accumulators are rescaled as those of int8, int64 ones by half the multiplier.
    """
    narrow = accumulator.dtype == np.int32
    rescaled = multiply_by_quantized_multiplier if narrow else multiply_by_quantized_multiplier_64
    return np.clip(rescaled(accumulator, multiplier, shift), lo, hi).astype(np.int16)


def rescale_parameters(input_scale: float, output_scale: float) -> tuple[int, int]:
    """(multiplier, shift) of QUANTIZE and RELU."""
    return quantize_multiplier(input_scale / output_scale)


@dataclass(frozen=True, kw_only=True)
class AddParameters:
    """Fixed-point factors of ADD; every shift is 0 or negative (right)."""

    a_multiplier: int
    a_shift: int
    b_multiplier: int
    b_shift: int
    output_multiplier: int
    output_shift: int


def add_parameters(
    a_scale: float, b_scale: float, output_scale: float, left_shift: int = ADD_LEFT_SHIFT
) -> AddParameters:
    """Factors of ADD and SUB for the scales of their inputs and output.

    Raises RequestError where the output scale is so fine that a left shift would be needed.
    """
    twice_largest = 2.0 * max(a_scale, b_scale)
    output = twice_largest / ((1 << left_shift) * output_scale)
    if output >= 1.0:
        raise RequestError(
            f"a sum of scales {a_scale:g} and {b_scale:g} to {output_scale:g}: the output scale "
            f"must exceed 2**-{left_shift - 1} of the larger input scale; calibrate the output's "
            "range again"
        )
    a, b, out = (
        quantize_multiplier(r) for r in (a_scale / twice_largest, b_scale / twice_largest, output)
    )
    return AddParameters(
        a_multiplier=a[0],
        a_shift=a[1],
        b_multiplier=b[0],
        b_shift=b[1],
        output_multiplier=out[0],
        output_shift=out[1],
    )


def add(
    a: NDArray[np.int8],
    a_zero_point: int,
    b: NDArray[np.int8],
    b_zero_point: int,
    parameters: AddParameters,
    zero_point: int,
    lo: int = -128,
    hi: int = 127,
) -> Int8Array:
    """ADD element by element: int8 tensors of one shape to int8, clamped to lo..hi."""
    p = parameters
    wide_a = (a.astype(np.int32) - np.int32(a_zero_point)) << ADD_LEFT_SHIFT
    wide_b = (b.astype(np.int32) - np.int32(b_zero_point)) << ADD_LEFT_SHIFT
    scaled_a = multiply_by_quantized_multiplier(wide_a, p.a_multiplier, p.a_shift)
    scaled_b = multiply_by_quantized_multiplier(wide_b, p.b_multiplier, p.b_shift)
    total = wrap_int32(scaled_a.astype(np.int64) + scaled_b)
    return requantise(total, p.output_multiplier, p.output_shift, zero_point, lo, hi)


def quantise(x: ArrayLike, scale: float, zero_point: int, dtype: str = "int8") -> NDArray[Any]:
    """Real values to integers of a type, int8 say.

    Divides in single precision, rounds half away from zero, saturates.
    """
    ratio = np.asarray(x, dtype=np.float32) / np.float32(scale)
    rounded = np.trunc(ratio.astype(np.float64) + np.copysign(0.5, ratio))
    limits = np.iinfo(dtype)
    return np.clip(rounded + zero_point, limits.min, limits.max).astype(dtype)


def dequantise(x: NDArray[Any], scale: float, zero_point: int) -> NDArray[np.float32]:
    """int8 to real values in single precision."""
    return (x.astype(np.float32) - np.float32(zero_point)) * np.float32(scale)


def activation_range(
    scale: float, zero_point: int, low: float | None, high: float | None, bits: int = 8
) -> tuple[int, int]:
    """The range (lo, hi) of a clamp to the real values low..high in integers of so many bits.

    None is no bound.
    """
    smallest, largest = -(1 << (bits - 1)), (1 << (bits - 1)) - 1

    def quantised(bound: float) -> int:
        with np.errstate(over="ignore"):
            ratio = float(np.float32(bound) / np.float32(scale))
        # Anything past the integers is no bound; infinity has no integer.
        steps = math.floor(min(abs(ratio), 4.0 * (1 << bits)) + 0.5)
        return zero_point + (steps if ratio >= 0 else -steps)

    lo = smallest if low is None else max(smallest, quantised(low))
    hi = largest if high is None else min(largest, quantised(high))
    return lo, hi
