"""Steps that reduce axes, normalise or sum up: C against NumPy, on random shapes."""

import numpy as np
import pytest

from tests.firmware.cases import random_factors, random_int8, random_quantisation
from tests.firmware.host_kernels import HostKernels
from tests.firmware.step_runs import both
from tilewright.hw.spec.normalisation import (
    CUMSUM_SHIFT,
    cumsum,
    cumsum_parameters,
    l2_normalization,
    log_softmax,
    log_softmax_factor,
    log_softmax_parameters,
)
from tilewright.hw.spec.softmax import softmax_parameters, softmax_wide
from tilewright.hw.spec.softmax_int16 import (
    exponential_table,
    reciprocal_table,
    softmax_int16,
    softmax_int16_parameters,
)
from tilewright.hw.spec.steps import (
    ARG_MAX,
    CUMSUM,
    L2_NORMALIZATION,
    LOG_SOFTMAX,
    REDUCE_MAX,
    REDUCE_SUM,
    SOFTMAX_INT16,
    SOFTMAX_WIDE,
    TOP_K,
)

CASES = 15


@pytest.fixture(params=range(24))
def rng(request):
    return np.random.default_rng(request.param)


@pytest.fixture
def small(kernel_library):
    return HostKernels(kernel_library, 1 << 18)


def random_view(rng, wide: bool):
    """A tensor of six axes, every other one reduced, and its loops as the steps take them."""
    kept, reduced = (
        [int(n) for n in rng.choice([1, 1, 2, 3, 6, 9], 3, p=[0.3, 0.2, 0.2, 0.1, 0.1, 0.1])]
        for _ in range(2)
    )
    shape = [n for pair in zip(reduced, kept, strict=True) for n in pair]
    if rng.random() < 0.5:
        shape = [n for pair in zip(kept, reduced, strict=True) for n in pair]
        kept_axes, reduced_axes = (0, 2, 4), (1, 3, 5)
    else:
        kept_axes, reduced_axes = (1, 3, 5), (0, 2, 4)
    if wide:
        x = rng.integers(-(1 << 15), 1 << 15, shape).astype(np.int16)
    else:
        x = random_int8(rng, *shape)
    values = {"element_bytes": x.itemsize}
    for name, axes in (("kept", kept_axes), ("reduced", reduced_axes)):
        for loop, axis in enumerate(reversed(axes)):
            values[f"{name}_extent_{loop}"] = x.shape[axis]
            values[f"{name}_pitch_{loop}"] = x.strides[axis] // x.itemsize
    return x, reduced_axes, kept, values


@pytest.mark.parametrize("wide", [False, True])
def test_reduce_sum(small, rng, wide):
    for _ in range(CASES):
        small.clear()
        x, _, shape, values = random_view(rng, wide)
        (multiplier,), (shift,) = (table.tolist() for table in random_factors(rng, 1))
        own, expected = both(
            small,
            REDUCE_SUM,
            shape,
            x.dtype,
            input=small.place(x),
            multiplier=multiplier,
            shift=shift,
            **values,
            **random_quantisation(rng),
        )
        assert np.array_equal(own, expected)


@pytest.mark.parametrize("wide", [False, True])
def test_reduce_max(small, rng, wide):
    for _ in range(CASES):
        small.clear()
        x, axes, shape, values = random_view(rng, wide)
        flip = int(rng.choice([0, -1]))
        own, expected = both(
            small, REDUCE_MAX, shape, x.dtype, input=small.place(x), flip=flip, **values
        )
        wanted = x.min(axes) if flip else x.max(axes)
        assert np.array_equal(expected, wanted.reshape(shape))
        assert np.array_equal(own, expected)


def test_arg_max(small, rng):
    for _ in range(CASES):
        small.clear()
        outer, axis, inner = (int(n) for n in rng.integers(1, 9, 3))
        x = rng.integers(-3, 4, (outer, axis, inner)).astype(np.int8)
        flip = int(rng.choice([0, -1]))
        own, expected = both(
            small,
            ARG_MAX,
            (outer, inner),
            np.int32,
            input=small.place(x),
            outer=outer,
            axis=axis,
            inner=inner,
            flip=flip,
        )
        assert np.array_equal(expected, x.argmin(1) if flip else x.argmax(1))
        assert np.array_equal(own, expected)


def test_top_k(small, rng):
    for _ in range(CASES):
        small.clear()
        outer, axis, inner = (int(n) for n in rng.integers(1, 9, 3))
        k, largest = int(rng.integers(1, axis + 1)), bool(rng.integers(2))
        x = rng.integers(-3, 4, (outer, axis, inner)).astype(np.int8)
        indices = small.place(np.full((outer, k, inner), -1, np.int32))
        values = {"input": small.place(x), "indices": indices, "outer": outer, "axis": axis}
        values |= {"inner": inner, "k": k, "flip": 0 if largest else -1}
        own, expected = both(small, TOP_K, (outer, k, inner), **values)
        order = np.argsort(-x if largest else x, axis=1, kind="stable")[:, :k]
        assert np.array_equal(expected, np.take_along_axis(x, order, 1))
        assert np.array_equal(own, expected)
        left = small.snapshot()[indices : indices + 4 * order.size].view(np.int32)
        assert np.array_equal(left.reshape(order.shape), order)


def test_l2_normalization(small, rng):
    for _ in range(CASES):
        small.clear()
        rows, cols = int(rng.integers(1, 5)), int(rng.choice([1, 2, 3, 10, 128, 700]))
        zero_point = int(rng.integers(-128, 128))
        x = random_int8(rng, rows, cols)
        x[0] = np.clip(zero_point + rng.integers(-1, 2, cols), -128, 127)
        own, expected = both(
            small,
            L2_NORMALIZATION,
            x.shape,
            input=small.place(x),
            rows=rows,
            cols=cols,
            input_zero_point=zero_point,
        )
        assert np.array_equal(expected, l2_normalization(x, zero_point))
        assert np.array_equal(own, expected)


def test_log_softmax(small, rng):
    for _ in range(CASES):
        small.clear()
        rows, cols = int(rng.integers(1, 4)), int(rng.choice([1, 2, 3, 10, 64, 700]))
        p = log_softmax_parameters(float(2.0 ** rng.uniform(-9, 2)))
        x = random_int8(rng, rows, cols)
        if rng.random() < 0.2:
            x[:] = x[0, 0]
        multiplier, shift, zero_point = 0, 0, 127
        if rng.random() < 0.5:
            multiplier, shift = log_softmax_factor(float(2.0 ** rng.uniform(-9, -2)))
            zero_point = int(rng.integers(-128, 128))
        own, expected = both(
            small,
            LOG_SOFTMAX,
            x.shape,
            input=small.place(x),
            rows=rows,
            cols=cols,
            multiplier=p.multiplier,
            left_shift=p.left_shift,
            reverse_multiplier=p.reverse_multiplier,
            reverse_shift=p.reverse_shift,
            diff_min=p.smallest_difference,
            output_multiplier=multiplier,
            output_shift=shift,
            output_zero_point=zero_point,
        )
        output = (multiplier, shift, zero_point) if multiplier else None
        assert np.array_equal(expected, log_softmax(x, p, output))
        assert np.array_equal(own, expected)


def test_cumsum(small, rng):
    for _ in range(CASES):
        small.clear()
        outer, depth, inner = (int(n) for n in rng.integers(1, 9, 3))
        x = random_int8(rng, outer, depth, inner)
        factor = cumsum_parameters(*(float(s) for s in 2.0 ** rng.uniform(-6, 0, 2)))
        zero_points = tuple(int(n) for n in rng.integers(-128, 128, 2))
        exclusive, reverse = (bool(n) for n in rng.integers(0, 2, 2))
        first, left_shift = (0, 0) if rng.integers(2) else (-zero_points[0], CUMSUM_SHIFT)
        own, expected = both(
            small,
            CUMSUM,
            x.shape,
            input=small.place(x),
            outer=outer,
            depth=depth,
            inner=inner,
            exclusive=int(exclusive),
            reverse=int(reverse),
            first=first,
            left_shift=left_shift,
            multiplier=factor[0],
            shift=factor[1],
            input_zero_point=zero_points[0],
            output_zero_point=zero_points[1],
        )
        wanted = cumsum(
            x,
            zero_points,
            factor,
            exclusive=exclusive,
            reverse=reverse,
            first=first,
            left_shift=left_shift,
        )
        assert np.array_equal(expected, wanted)
        assert np.array_equal(own, expected)


def test_softmax_wide(small, rng):
    for _ in range(CASES):
        small.clear()
        rows, cols = int(rng.integers(1, 4)), int(rng.choice([1, 2, 3, 10, 64, 700]))
        p = softmax_parameters(float(2.0 ** rng.uniform(-9, 2)))
        x = random_int8(rng, rows, cols)
        own, expected = both(
            small,
            SOFTMAX_WIDE,
            x.shape,
            np.int16,
            input=small.place(x),
            rows=rows,
            cols=cols,
            multiplier=p.multiplier,
            left_shift=p.left_shift,
            diff_min=p.smallest_difference,
        )
        assert np.array_equal(expected, softmax_wide(x, p))
        assert np.array_equal(own, expected)


def test_softmax_int16(small, rng):
    for _ in range(CASES):
        small.clear()
        rows, cols = int(rng.integers(1, 4)), int(rng.choice([1, 2, 3, 10, 64, 700]))
        multiplier, shift = softmax_int16_parameters(float(2.0 ** rng.uniform(-18, -6)))
        x = rng.integers(-32768, 32768, (rows, cols)).astype(np.int16)
        tables = [np.array(table(), np.int16) for table in (exponential_table, reciprocal_table)]
        own, expected = both(
            small,
            SOFTMAX_INT16,
            x.shape,
            np.int16,
            input=small.place(x),
            rows=rows,
            cols=cols,
            multiplier=multiplier,
            shift=shift,
            exponentials=small.place(tables[0]),
            reciprocals=small.place(tables[1]),
        )
        assert np.array_equal(expected, softmax_int16(x, (multiplier, shift), *tables))
        assert np.array_equal(own, expected)
