"""Norms and normalised rows: C against NumPy, and NumPy against the real numbers they stand for."""

import numpy as np
import pytest

from tests.firmware.cases import random_factors, random_int8, random_quantisation
from tests.firmware.host_kernels import HostKernels
from tests.firmware.step_runs import both
from tests.firmware.test_reductions import random_view
from tilewright.hw.spec.norms import factors_and_summands, inverse_root, square_root
from tilewright.hw.spec.steps import NORMALIZE, REDUCE_NORM

CASES = 15


@pytest.fixture(params=range(24))
def rng(request):
    return np.random.default_rng(request.param)


@pytest.fixture
def small(kernel_library):
    return HostKernels(kernel_library, 1 << 18)


def test_reduce_norm(small, rng):
    for _ in range(CASES):
        small.clear()
        x, _, shape, values = random_view(rng, False)
        del values["element_bytes"]
        (multiplier,), (shift,) = (table.tolist() for table in random_factors(rng, 1))
        power, root = ((1, 0), (2, 0), (2, 1))[int(rng.integers(3))]
        own, expected = both(
            small,
            REDUCE_NORM,
            shape,
            input=small.place(x),
            power=power,
            root=root,
            multiplier=multiplier,
            shift=shift,
            **values,
            **random_quantisation(rng),
        )
        assert np.array_equal(own, expected)


@pytest.mark.parametrize("power", [1, 2])
def test_reduce_norm_is_the_real_one(small, rng, power):
    x, axes, shape, values = random_view(rng, False)
    del values["element_bytes"]
    zero, scale = int(rng.integers(-128, 128)), 0.02
    real = (x.astype(np.float64) - zero) * scale
    wanted = np.abs(real).sum(axes) if power == 1 else np.sqrt((real * real).sum(axes))
    step = float(wanted.max() / 200) or 1.0
    fraction, exponent = np.frexp(scale / step / (1 if power == 1 else 1 << 15))
    own, _ = both(
        small,
        REDUCE_NORM,
        shape,
        input=small.place(x),
        power=power,
        root=int(power == 2),
        multiplier=int(fraction * (1 << 31)),
        shift=int(exponent),
        input_zero_point=zero,
        output_zero_point=-100,
        clamp_low=-128,
        clamp_high=127,
        **values,
    )
    assert np.abs((own + 100.0) - (wanted / step).reshape(shape)).max() <= (
        0.76 if power == 1 else 0.51
    )


def parameters(rng, outer, depth, inner):
    """Where factors and summands lie: fields of the step, and how many there are."""
    kind = int(rng.integers(3))
    if kind == 0:
        return {"period": 1, "depth_pitch": 1, "inner_pitch": 0}, depth
    if kind == 1:
        return {"period": 1, "depth_pitch": 0, "inner_pitch": 1}, inner
    return {"period": outer, "depth_pitch": 0, "inner_pitch": 0}, outer


def test_normalize(small, rng):
    for _ in range(CASES):
        small.clear()
        outer, inner = (int(n) for n in rng.integers(1, 5, 2))
        depth = int(rng.choice([1, 2, 3, 17, 300]))
        pitches, count = parameters(rng, outer, depth, inner)
        x = random_int8(rng, outer, depth, inner)
        if rng.random() < 0.2:
            x[:] = x[0, 0, 0]
        size = 10.0 ** rng.uniform(-4, 5)
        factors, summands, shift = factors_and_summands(
            rng.normal(size=count) * size, rng.normal(size=count) * 50
        )
        centred = int(rng.integers(2))
        epsilon = int(rng.choice([0, 1, 1 << 40, int(rng.integers(1 << 30))]))
        own, expected = both(
            small,
            NORMALIZE,
            x.shape,
            input=small.place(x),
            factors=small.place(factors),
            summands=small.place(summands),
            outer=outer,
            depth=depth,
            inner=inner,
            centred=centred,
            power=2 if centred else int(rng.integers(1, 3)),
            epsilon_low=epsilon & 0x7FFFFFFF,
            epsilon_high=epsilon >> 32,
            shift=shift,
            **pitches,
            **random_quantisation(rng),
        )
        assert np.array_equal(own, expected)


def test_layer_normalization_is_within_a_step_of_the_real_one(small):
    """Of 1000 random rows: never two steps off, and one step in less than 1 of 1000 elements."""
    rng = np.random.default_rng(7)
    off, elements = 0, 0
    for _ in range(1000):
        small.clear()
        depth = int(rng.integers(2, 200))
        x = np.clip(rng.normal(size=depth) * rng.uniform(0.3, 60) + rng.uniform(-60, 60), -128, 127)
        x = np.rint(x).astype(np.int8)
        scale, step, epsilon = float(rng.uniform(0.001, 0.1)), float(rng.uniform(0.01, 0.05)), 1e-5
        gamma, beta = rng.normal(size=depth), rng.normal(size=depth)
        real = (x.astype(np.float64) - 5) * scale
        centred = real - real.mean()
        wanted = centred / np.sqrt((centred * centred).mean() + epsilon) * gamma + beta
        wanted = np.clip(wanted / step + 3, -128, 127)
        factors, summands, shift = factors_and_summands(gamma / step, beta / step)
        units = round(epsilon * depth * depth / scale**2)
        own, _ = both(
            small,
            NORMALIZE,
            (depth,),
            input=small.place(x),
            factors=small.place(factors),
            summands=small.place(summands),
            outer=1,
            depth=depth,
            inner=1,
            period=1,
            depth_pitch=1,
            inner_pitch=0,
            centred=1,
            power=2,
            epsilon_low=units,
            epsilon_high=0,
            shift=shift,
            input_zero_point=5,
            output_zero_point=3,
            clamp_low=-128,
            clamp_high=127,
        )
        difference = np.abs(own - np.rint(wanted))
        assert difference.max() <= 1
        off, elements = off + int((difference > 0).sum()), elements + depth
    assert off / elements < 1e-3


def test_reciprocal_roots_have_31_bits():
    rng = np.random.default_rng(3)
    for value in [1, 2, 3, (1 << 63) - 1, *(int(2.0**e) for e in rng.uniform(0, 62.9, 300))]:
        multiplier, k = inverse_root(value)
        assert (1 << 31) <= multiplier < 1 << 32
        assert abs(multiplier * 2.0 ** (k - 63) * value**0.5 - 1) < 2.0**-30


def test_square_roots_have_15_fraction_bits():
    for value in (0, 1, 2, 10_000, (1 << 31) - 1):
        assert 0 <= value**0.5 - square_root(value) / (1 << 15) < 2.0**-15
