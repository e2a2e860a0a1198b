"""The fixed-point softmax against the real one."""

import numpy as np
import pytest

from tests.hw.npu.reference import softmax_row
from tilewright.hw.spec import softmax as sm
from tilewright.hw.spec.errors import RequestError


def real_softmax(x: np.ndarray, factor: float) -> np.ndarray:
    exponentials = np.exp((x - x.max(axis=-1, keepdims=True)) * factor)
    return exponentials / exponentials.sum(axis=-1, keepdims=True)


@pytest.mark.parametrize("scale", [1e-4, 0.02, 0.17, 1.0, 30.0])
@pytest.mark.parametrize("beta", [0.5, 1.0, 2.5])
@pytest.mark.parametrize("length", [1, 2, 12, 640])
def test_within_one_of_the_real_softmax(scale: float, beta: float, length: int):
    x = np.random.default_rng(length).integers(-128, 128, (20, length)).astype(np.int8)
    got = sm.softmax(x, sm.softmax_parameters(scale, beta))
    wanted = np.clip(256 * real_softmax(x.astype(float), scale * beta) - 128, -128, 127)
    assert got.dtype == np.int8
    assert np.abs(got - wanted).max() <= 1.0


def test_exponential_of_every_power_and_its_neighbours():
    a = np.array([0, -1, -2, *(-(1 << b) + d for b in range(2, 31) for d in (-1, 0, 1))], np.int64)
    a = a.astype(np.int32)
    got = sm.exp_on_negative_values(a) / 2.0**31
    assert np.abs(got - np.exp(a / 2.0**26)).max() < 1e-6


def test_equal_values_share_one_evenly():
    x = np.full((1, 4), 55, np.int8)
    assert sm.softmax(x, sm.softmax_parameters(0.1)).tolist() == [[-64] * 4]


def test_values_far_below_the_maximum_count_as_nothing():
    parameters = sm.softmax_parameters(10.0)
    assert parameters.smallest_difference > -255
    assert sm.softmax(np.array([[127, -128]], np.int8), parameters).tolist() == [[127, -128]]


@pytest.mark.parametrize("scale", [2.0**-20, 0.003, 0.05, 0.17, 1.0, 30.0])
@pytest.mark.parametrize("length", [1, 3, 900, 4095])
def test_exponentials_that_count_for_nothing_can_be_left_out(scale: float, length: int):
    rng = np.random.default_rng(length)
    parameters = sm.softmax_parameters(scale)
    table = sm.short_exponentials(parameters)
    whole = sm.exponentials(parameters)
    assert np.array_equal(whole[: len(table)], table)
    assert (whole[len(table) :] < 1 << 11).all()
    for low in (-128, 0, 120):
        x = rng.integers(low, 128, (20, length)).astype(np.int8)
        wanted = sm.softmax(x, parameters)
        assert np.array_equal(sm.softmax_by_table(x, table), wanted)
        for row in (0, 19):
            values = x[row].tolist()
            plain = softmax_row(values, table.tolist(), len(table) - 1)
            assert [p - 128 for p in plain] == wanted[row].tolist()


def test_exponentials_are_those_of_the_differences():
    table = sm.exponentials(sm.softmax_parameters(0.05)) / 2.0**31
    assert np.abs(table - np.exp(-0.05 * np.arange(256))).max() < 1e-6


@pytest.mark.parametrize("scale", [2.0**-27, 0.0])
def test_scale_too_fine_for_fixed_point_is_refused(scale: float):
    with pytest.raises(RequestError, match="calibrate"):
        sm.softmax_parameters(scale)
