"""Reductions, normalisations and resizes: random networks of one operator against TFLM."""

import pytest

from tests.mapper.importers.tflite.layer import Layer
from tests.tflite_options import options

pytest.importorskip("tflite_micro", reason="the reference kernels have no wheel here")

CASES = 15


SEEDS = [pytest.param(seed, marks=() if seed < 3 else pytest.mark.slow) for seed in range(20)]
"""300 networks of each operator, 45 of them in every run."""


@pytest.fixture(params=SEEDS)
def layers(request):
    return [Layer(CASES * request.param + case) for case in range(CASES)]


def axes_of(layer: Layer, rank: int, most: int) -> tuple[int, ...]:
    count = layer.integer(1, min(rank, most))
    return tuple(int(axis) for axis in layer.rng.permutation(rank)[:count])


def vars_of(layer: Layer, x: int) -> dict:
    tensor = layer.builder.tensors[x]
    return {"scale": tensor.scale[0], "zero_point": tensor.zero_point[0]}


@pytest.mark.parametrize("name", ["MEAN", "SUM"])
def test_mean_and_sum(layers, name):
    """TFLM has room for two axes."""
    for layer in layers:
        shape = layer.shape(1, 4, 9)
        if layer.integer(0, 1):
            shape = (1, *shape[1:])
        axes = axes_of(layer, len(shape), 2)
        keep = bool(layer.integer(0, 1))
        x = layer.input(shape)
        wanted = layer.data[0].max(axes, keepdims=keep).shape
        same = layer.integer(0, 2) == 0
        y = (
            layer.like(x, wanted)
            if same
            else layer.builder.tensor("y", wanted, **layer.quantisation())
        )
        given = [axis - len(shape) * layer.integer(0, 1) for axis in axes]
        option = options("ReducerOptions", KeepDims=keep)
        layer.add(name, [x, layer.vector(given)], [y], option)
        layer.check(y)


@pytest.mark.parametrize("name", ["REDUCE_MAX", "REDUCE_MIN"])
def test_extremes(layers, name):
    for layer in layers:
        shape = layer.shape(1, 5)
        axes = axes_of(layer, len(shape), len(shape))
        keep = bool(layer.integer(0, 1))
        x = layer.input(shape)
        y = layer.like(x, layer.data[0].max(axes, keepdims=keep).shape)
        option = options("ReducerOptions", KeepDims=keep)
        layer.add(name, [x, layer.vector(axes)], [y], option)
        layer.check(y)


@pytest.mark.parametrize("name", ["MEAN", "SUM"])
def test_mean_and_sum_of_int16(layers, name):
    for layer in layers:
        shape = layer.shape(1, 4, 9)
        axes, keep = axes_of(layer, len(shape), 2), bool(layer.integer(0, 1))
        x = layer.wide(shape)
        wanted = layer.data[0].max(axes, keepdims=keep).shape
        quantisation = layer.quantisation() | {"zero_point": 0, "dtype": "int16"}
        y = layer.builder.tensor("y", wanted, **quantisation)
        layer.add(name, [x, layer.vector(axes)], [y], options("ReducerOptions", KeepDims=keep))
        layer.check(y)


@pytest.mark.parametrize("name", ["ARG_MAX", "ARG_MIN"])
def test_arguments(layers, name):
    for layer in layers:
        shape = layer.shape(1, 4)
        axis = layer.integer(-len(shape), len(shape) - 1)
        x = layer.input(shape)
        y = layer.builder.tensor("y", layer.data[0].max(axis).shape, dtype="int32")
        table = options(f"{name.title().replace('_', '')}Options", OutputType=2)
        layer.add(name, [x, layer.vector(axis)], [y], table)
        layer.check(y)


def test_l2_normalization(layers):
    for layer in layers:
        shape = (*layer.shape(0, 3), layer.integer(1, 70))
        x = layer.input(shape)
        y = layer.builder.tensor("y", shape, scale=1 / 128, zero_point=0)
        layer.add("L2_NORMALIZATION", [x], [y], options("L2NormOptions"))
        layer.check(y)


@pytest.mark.parametrize("wide", [False, True])
def test_softmax_to_int16(layers, wide):
    for layer in layers:
        shape = (*layer.shape(0, 3, 4), layer.integer(1, 70))
        x = layer.wide(shape) if wide else layer.input(shape)
        scale, zero_point = (1 / 32768, 0) if wide else (1 / 65536, -32768)
        kind = {"scale": scale, "zero_point": zero_point, "dtype": "int16"}
        y = layer.builder.tensor("y", shape, **kind)
        beta = float(layer.rng.choice([0.5, 1.0]))
        layer.add("SOFTMAX", [x], [y], options("SoftmaxOptions", Beta=beta))
        layer.check(y)


def test_log_softmax(layers):
    for layer in layers:
        shape = (*layer.shape(0, 3, 4), layer.integer(1, 70))
        x = layer.input(shape)
        y = layer.builder.tensor("y", shape, scale=1 / 16, zero_point=127)
        layer.add("LOG_SOFTMAX", [x], [y], options("LogSoftmaxOptions"))
        layer.check(y)


def test_cumsum(layers):
    for layer in layers:
        shape = layer.shape(1, 4)
        axis = layer.integer(-len(shape), len(shape) - 1)
        x = layer.input(shape)
        y = layer.builder.tensor("y", shape, **layer.quantisation())
        flags = {name: bool(layer.integer(0, 1)) for name in ("Exclusive", "Reverse")}
        layer.add("CUMSUM", [x, layer.vector(axis)], [y], options("CumsumOptions", **flags))
        layer.check(y)


def resize(layer: Layer, name: str, table: str, align: bool, half: bool) -> None:
    shape = (layer.integer(1, 2), layer.integer(1, 12), layer.integer(1, 12), layer.integer(1, 4))
    size = [layer.integer(1, 25), layer.integer(1, 25)]
    if layer.integer(0, 2) == 0:
        size = [n * layer.integer(1, 3) for n in shape[1:3]]
    x = layer.input(shape)
    y = layer.like(x, (shape[0], *size, shape[3]))
    option = options(table, AlignCorners=align, HalfPixelCenters=half)
    layer.add(name, [x, layer.vector(size)], [y], option)
    layer.check(y)


def test_resize_nearest_neighbor(layers):
    for layer in layers:
        flags = bool(layer.integer(0, 1)), bool(layer.integer(0, 1))
        resize(layer, "RESIZE_NEAREST_NEIGHBOR", "ResizeNearestNeighborOptions", *flags)


def test_resize_bilinear(layers):
    for layer in layers:
        flags = [(False, False), (True, False), (False, True)][layer.integer(0, 2)]
        resize(layer, "RESIZE_BILINEAR", "ResizeBilinearOptions", *flags)
