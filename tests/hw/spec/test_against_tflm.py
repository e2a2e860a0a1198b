"""Reductions, normalisations and resizes against TensorFlow Lite Micro, an operator a network."""

import numpy as np
import pytest

from tests.firmware.cases import random_int8, random_scale, random_zero_point
from tests.tflite_builder import TfliteBuilder, run_tflm
from tests.tflite_options import options
from tilewright.hw.spec import kernels, normalisation, resize, softmax, softmax_int16
from tilewright.hw.spec import numerics as nm

pytest.importorskip("tflite_micro", reason="the reference kernels are published for x86-64 only")

CASES = 15


@pytest.fixture(params=range(20))
def rng(request):
    return np.random.default_rng(request.param)


def run(name, x, quantised, y_shape, y, constants=(), option=None, y_dtype="int8"):
    """TFLM's result of one operator on x and int32 constants; (scale, zero point) pairs."""
    builder = TfliteBuilder()
    source = builder.tensor(
        "x", x.shape, dtype=x.dtype.name, scale=quantised[0], zero_point=quantised[1]
    )
    more = [
        builder.constant(f"c{n}", np.array(value, np.int32)) for n, value in enumerate(constants)
    ]
    quantisation = {} if y is None else {"scale": y[0], "zero_point": y[1]}
    target = builder.tensor("y", y_shape, dtype=y_dtype, **quantisation)
    builder.operator(name, [source, *more], [target], option)
    return run_tflm(builder.finish([source], [target]), x)[0]


def shape_of(rng, low, high, largest=7) -> tuple[int, ...]:
    return tuple(int(n) for n in rng.integers(1, largest, int(rng.integers(low, high + 1))))


def axes_of(rng, rank) -> tuple[int, ...]:
    """One or two axes; TFLM has room for two."""
    return tuple(rng.permutation(rank)[: int(rng.integers(1, min(rank, 2) + 1))].tolist())


@pytest.mark.parametrize("name", ["MEAN", "SUM"])
@pytest.mark.parametrize("wide", [False, True])
def test_mean_and_sum(rng, name, wide):
    for _ in range(CASES):
        shape = shape_of(rng, 1, 4, 9)
        axes = axes_of(rng, len(shape))
        keep = bool(rng.integers(2))
        x, y = ((random_scale(rng), 0 if wide else random_zero_point(rng)) for _ in range(2))
        if rng.random() < 0.3:
            y = x
        data = random_int8(rng, *shape)
        if wide:
            data = rng.integers(-32768, 32768, shape).astype(np.int16)
        wanted_shape = data.max(axes, keepdims=keep).shape
        given = [axis - len(shape) if rng.random() < 0.3 else axis for axis in axes]
        expected = run(
            name, data, x, wanted_shape, y, [given], options("ReducerOptions", KeepDims=keep),
            data.dtype.name,
        )  # fmt: skip
        count = data.size // data.max(axes, keepdims=True).size
        if name == "MEAN":
            factor = kernels.mean_parameters(x[0], y[0], count)
        else:
            factor = nm.rescale_parameters(x[0], y[0])
        sums = nm.wrap_int32(data.astype(np.int64).sum(axes, keepdims=keep) - x[1] * count)
        scaled = nm.multiply_by_quantized_multiplier(sums, *factor).astype(np.int64) + y[1]
        ends = np.iinfo(data.dtype)
        assert np.array_equal(np.clip(scaled, ends.min, ends.max), expected)


@pytest.mark.parametrize("name", ["REDUCE_MAX", "REDUCE_MIN"])
def test_extremes(rng, name):
    for _ in range(CASES):
        data = random_int8(rng, *shape_of(rng, 1, 5))
        axes = tuple(rng.permutation(data.ndim)[: int(rng.integers(1, data.ndim + 1))].tolist())
        keep = bool(rng.integers(2))
        wanted = (data.max if name == "REDUCE_MAX" else data.min)(axes, keepdims=keep)
        option = options("ReducerOptions", KeepDims=keep)
        x = random_scale(rng), random_zero_point(rng)
        assert np.array_equal(run(name, data, x, wanted.shape, x, [axes], option), wanted)


@pytest.mark.parametrize("name", ["ARG_MAX", "ARG_MIN"])
def test_arguments(rng, name):
    for _ in range(CASES):
        data = rng.integers(-4, 5, shape_of(rng, 1, 4)).astype(np.int8)
        axis = int(rng.integers(-data.ndim, data.ndim))
        wanted = (data.argmax if name == "ARG_MAX" else data.argmin)(axis)
        option = options(f"{name.title().replace('_', '')}Options", OutputType=2)
        x = random_scale(rng), random_zero_point(rng)
        expected = run(name, data, x, wanted.shape, None, [axis], option, "int32")
        assert np.array_equal(wanted, expected)


def test_l2_normalization(rng):
    for _ in range(CASES):
        shape = (*shape_of(rng, 0, 3), int(rng.choice([1, 2, 5, 64, 300])))
        x = random_scale(rng), random_zero_point(rng)
        data = random_int8(rng, *shape)
        if rng.random() < 0.3:
            data = np.clip(x[1] + rng.integers(-1, 2, shape), -128, 127).astype(np.int8)
        expected = run(
            "L2_NORMALIZATION", data, x, shape, normalisation.L2_OUTPUT,
            option=options("L2NormOptions"),
        )  # fmt: skip
        rows = data.reshape(-1, shape[-1])
        assert np.array_equal(normalisation.l2_normalization(rows, x[1]).reshape(shape), expected)


def test_log_softmax(rng):
    for _ in range(CASES):
        shape = (*shape_of(rng, 0, 3, 4), int(rng.choice([1, 2, 5, 30, 300])))
        x = float(np.float32(2.0 ** rng.uniform(-9, 3))), random_zero_point(rng)
        data = random_int8(rng, *shape)
        expected = run(
            "LOG_SOFTMAX", data, x, shape, normalisation.LOG_SOFTMAX_OUTPUT,
            option=options("LogSoftmaxOptions"),
        )  # fmt: skip
        parameters = normalisation.log_softmax_parameters(x[0])
        rows = data.reshape(-1, shape[-1])
        assert np.array_equal(normalisation.log_softmax(rows, parameters).reshape(shape), expected)


def test_cumsum(rng):
    for _ in range(CASES):
        data = random_int8(rng, *shape_of(rng, 1, 4))
        axis = int(rng.integers(-data.ndim, data.ndim))
        x, y = [(random_scale(rng), random_zero_point(rng)) for _ in range(2)]
        exclusive, reverse = (bool(n) for n in rng.integers(0, 2, 2))
        option = options("CumsumOptions", Exclusive=exclusive, Reverse=reverse)
        expected = run("CUMSUM", data, x, data.shape, y, [axis], option)
        split = axis % data.ndim
        outer = int(np.prod(data.shape[:split]))
        folded = data.reshape(outer, data.shape[axis], -1)
        result = normalisation.cumsum(
            folded,
            (x[1], y[1]),
            normalisation.cumsum_parameters(x[0], y[0]),
            exclusive=exclusive,
            reverse=reverse,
            first=-x[1],
            left_shift=normalisation.CUMSUM_SHIFT,
        )
        assert np.array_equal(result.reshape(data.shape), expected)


def resized(rng):
    data = random_int8(rng, *(int(n) for n in rng.integers(1, [3, 20, 20, 4])))
    size = [int(n) for n in rng.integers(1, 40, 2)]
    return data, size, (data.shape[0], *size, data.shape[3])


@pytest.mark.parametrize("align", [False, True])
@pytest.mark.parametrize("half", [False, True])
def test_resize_nearest_neighbor(rng, align, half):
    for _ in range(CASES):
        data, size, shape = resized(rng)
        option = options("ResizeNearestNeighborOptions", AlignCorners=align, HalfPixelCenters=half)
        x = random_scale(rng), random_zero_point(rng)
        expected = run("RESIZE_NEAREST_NEIGHBOR", data, x, shape, x, [size], option)
        flags = {"align_corners": align, "half_pixel_centers": half}
        rows, cols = (
            resize.nearest_indices(n, out, **flags)
            for n, out in zip(data.shape[1:3], size, strict=True)
        )
        assert np.array_equal(data[:, rows][:, :, cols], expected)


@pytest.mark.parametrize(("align", "half"), [(False, False), (True, False), (False, True)])
def test_resize_bilinear(rng, align, half):
    for _ in range(CASES):
        data, size, shape = resized(rng)
        option = options("ResizeBilinearOptions", AlignCorners=align, HalfPixelCenters=half)
        x = random_scale(rng), random_zero_point(rng)
        expected = run("RESIZE_BILINEAR", data, x, shape, x, [size], option)
        flags = {"align_corners": align, "half_pixel_centers": half}
        rows, cols = (
            resize.bilinear_taps(n, out, **flags)
            for n, out in zip(data.shape[1:3], size, strict=True)
        )
        assert np.array_equal(resize.resize_bilinear(data, rows, cols), expected)


def test_softmax_wide(rng):
    for _ in range(CASES):
        shape = (*shape_of(rng, 0, 3, 4), int(rng.choice([1, 2, 5, 30, 300])))
        x = float(np.float32(2.0 ** rng.uniform(-9, 3))), random_zero_point(rng)
        data, beta = random_int8(rng, *shape), float(rng.choice([0.5, 1.0, 2.0]))
        option = options("SoftmaxOptions", Beta=beta)
        expected = run("SOFTMAX", data, x, shape, (1 / 65536, -32768), (), option, "int16")
        result = softmax.softmax_wide(data, softmax.softmax_parameters(x[0], beta))
        assert np.array_equal(result, expected)


def test_softmax_int16(rng):
    tables = [
        np.array(table(), np.int16)
        for table in (softmax_int16.exponential_table, softmax_int16.reciprocal_table)
    ]
    for _ in range(CASES):
        shape = (*shape_of(rng, 0, 3, 4), int(rng.choice([1, 2, 5, 30, 300])))
        x = float(np.float32(2.0 ** rng.uniform(-18, -6))), 0
        width = 1 << int(rng.integers(4, 16))
        data = rng.integers(-width, width, shape).astype(np.int16)
        beta = float(rng.choice([0.5, 1.0, 2.0]))
        option = options("SoftmaxOptions", Beta=beta)
        expected = run("SOFTMAX", data, x, shape, (1 / 32768, 0), (), option, "int16")
        factor = softmax_int16.softmax_int16_parameters(x[0], beta)
        result = softmax_int16.softmax_int16(data.reshape(-1, shape[-1]), factor, *tables)
        assert np.array_equal(result.reshape(shape), expected)
