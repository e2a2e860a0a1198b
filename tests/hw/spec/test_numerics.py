"""Fixed-point steps against exact arithmetic on Python's integers and fractions."""

import math
from fractions import Fraction

import numpy as np
import pytest

from tilewright.hw.spec import numerics as nm
from tilewright.hw.spec.errors import RequestError

EDGES = [0, 1, -1, 2, -2, 3, 127, -128, 1 << 30, -(1 << 30), nm.INT32_MAX, nm.INT32_MIN]


def rounded_away(value: Fraction) -> int:
    magnitude = math.floor(abs(value) + Fraction(1, 2))
    return magnitude if value >= 0 else -magnitude


def rounded_up(value: Fraction) -> int:
    return math.floor(value + Fraction(1, 2))


def int32s(seed: int, count: int = 200) -> list[int]:
    rng = np.random.default_rng(seed)
    wide = rng.integers(nm.INT32_MIN, nm.INT32_MAX, count, endpoint=True)
    near = rng.integers(-300, 300, count)
    return [*EDGES, *(int(v) for v in wide), *(int(v) for v in near)]


def test_high_mul_is_the_rounded_high_half_of_the_doubled_product():
    values = int32s(1)
    for a in values[:40]:
        got = nm.saturating_rounding_doubling_high_mul(np.int32(a), np.array(values, np.int32))
        wanted = [min(rounded_up(Fraction(a * b, 1 << 31)), nm.INT32_MAX) for b in values]
        assert got.dtype == np.int32
        assert got.tolist() == wanted


def test_high_mul_saturates_for_the_one_product_that_does_not_fit():
    lowest = np.int32(nm.INT32_MIN)
    assert nm.saturating_rounding_doubling_high_mul(lowest, lowest) == nm.INT32_MAX


@pytest.mark.parametrize("exponent", [0, 1, 2, 7, 20, 30, 31])
def test_divide_by_power_of_two_rounds_ties_away_from_zero(exponent: int):
    values = int32s(2)
    ties = [(2 * k + 1) << (exponent - 1) for k in (-3, -2, -1, 0, 1, 2)] if exponent else []
    values = [v for v in [*values, *ties] if nm.INT32_MIN <= v <= nm.INT32_MAX]
    got = nm.rounding_divide_by_pot(np.array(values, np.int32), exponent)
    assert got.tolist() == [rounded_away(Fraction(v, 1 << exponent)) for v in values]


@pytest.mark.parametrize("shift", [-31, -12, -1, 0, 1, 5])
def test_multiply_rounds_twice_and_wraps_like_int32(shift: int):
    multiplier = 0x5A827999
    for value in int32s(3):
        shifted = (value << max(shift, 0)) & 0xFFFFFFFF
        shifted -= (shifted >> 31) << 32
        high = rounded_up(Fraction(shifted * multiplier, 1 << 31))
        wanted = rounded_away(Fraction(high, 1 << max(-shift, 0)))
        assert nm.multiply_by_quantized_multiplier(np.int32(value), multiplier, shift) == wanted


def test_multiplier_is_the_nearest_31_bit_number():
    rng = np.random.default_rng(4)
    for real in [1.0, 0.5, 0.75, 1e-4, 123.456, *np.exp(rng.uniform(-20, 20, 300))]:
        multiplier, shift = nm.quantize_multiplier(float(real))
        assert 1 << 30 <= multiplier < 1 << 31
        error = abs(Fraction(multiplier, 1 << 31) * Fraction(2) ** shift - Fraction(float(real)))
        assert error <= Fraction(2) ** shift / (1 << 32)


def test_multiplier_that_rounds_up_to_one_moves_into_the_shift():
    assert nm.quantize_multiplier(1.0 - 2.0**-40) == (1 << 30, 1)


@pytest.mark.parametrize(
    ("real", "wanted"), [(0.0, (0, 0)), (2.0**-33, (0, 0)), (2.0**-32, (1 << 30, -31))]
)
def test_multipliers_too_small_for_the_shift_are_zero(real: float, wanted: tuple[int, int]):
    assert nm.quantize_multiplier(real) == wanted


@pytest.mark.parametrize("real", [-1.0, math.inf, math.nan, 2.0**30])
def test_impossible_factors_are_refused(real: float):
    with pytest.raises(RequestError, match="check the scales"):
        nm.quantize_multiplier(real)


def test_factors_of_products_are_taken_in_double_precision():
    a, w, out = (float(np.float32(v)) for v in (0.1234567, 0.0076543, 0.0314159))
    exact = nm.quantize_multiplier(a * w / out)
    assert exact != nm.quantize_multiplier(float(np.float32(np.float32(a) * np.float32(w))) / out)
    multipliers, shifts = nm.conv_multipliers(a, [w], out, 3)
    assert list(zip(multipliers.tolist(), shifts.tolist(), strict=True)) == [exact] * 3


def test_requantise_rescales_each_channel_and_clamps():
    accumulators = np.array([[1000, -1000, 1 << 20], [7, 9, -(1 << 20)]], np.int32)
    multiplier, shift = nm.quantize_multipliers([0.01, 0.25, 0.5])
    got = nm.requantise(accumulators, multiplier, shift, 5, lo=-100, hi=90)
    # 9 / 4 is rounded twice: 4.5 to 5, 2.5 to 3.
    assert got.tolist() == [[15, -100, 90], [5, 8, -100]]


def test_wrap_keeps_the_low_32_bits():
    values = [1 << 31, -(1 << 31) - 1, (1 << 32) + 5]
    assert nm.wrap_int32(values).tolist() == [nm.INT32_MIN, nm.INT32_MAX, 5]


def test_add_of_equal_scales_is_the_saturated_sum():
    a, b = (g.reshape(-1).astype(np.int8) for g in np.meshgrid(range(-128, 128), range(-128, 128)))
    parameters = nm.add_parameters(0.5, 0.5, 0.5)
    got = nm.add(a, 3, b, -7, parameters, 10)
    wanted = np.clip(a.astype(int) - 3 + b + 7 + 10, -128, 127)
    assert np.array_equal(got, wanted)


def test_add_is_within_one_of_the_real_sum():
    rng = np.random.default_rng(6)
    for _ in range(50):
        scales = rng.uniform(0.01, 0.3, 3)
        zeros = [int(z) for z in rng.integers(-128, 128, 3)]
        a, b = rng.integers(-128, 128, (2, 500)).astype(np.int8)
        got = nm.add(a, zeros[0], b, zeros[1], nm.add_parameters(*scales), zeros[2])
        real = (scales[0] * (a - float(zeros[0])) + scales[1] * (b - float(zeros[1]))) / scales[2]
        assert np.abs(got - np.clip(real + zeros[2], -128, 127)).max() <= 0.501


def test_add_to_a_far_finer_scale_is_refused():
    with pytest.raises(RequestError, match="calibrate"):
        nm.add_parameters(1.0, 0.5, 2.0**-20)


def test_rescaling_to_the_same_scale_changes_the_zero_point_only():
    x = np.arange(-128, 128).astype(np.int8)
    factor = nm.rescale_parameters(0.3, 0.3)
    difference = x.astype(np.int32) - 10
    result = nm.requantise(difference, *factor, -20, -128, 127)
    assert np.array_equal(result, np.clip(x.astype(int) - 30, -128, 127))
    result = nm.requantise(difference, *factor, 10, -5, 6)
    assert result.tolist() == np.clip(x, -5, 6).tolist()


def test_quantise_rounds_away_and_saturates_and_dequantise_inverts():
    assert nm.quantise([0.25, -0.25, 0.24, 1e9, -1e9], 0.5, 3).tolist() == [4, 2, 3, 127, -128]
    x = np.arange(-128, 128).astype(np.int8)
    assert np.array_equal(nm.quantise(nm.dequantise(x, 0.037, -9), 0.037, -9), x)


@pytest.mark.parametrize(
    ("low", "high", "wanted"),
    [
        (None, None, (-128, 127)),
        (0.0, None, (-28, 127)),
        (0.0, 6.0, (-28, 32)),
        (-1.0, 1.0, (-38, -18)),
    ],
)
def test_activation_ranges(low: float | None, high: float | None, wanted: tuple[int, int]):
    assert nm.activation_range(0.1, -28, low, high) == wanted
