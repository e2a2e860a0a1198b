"""What files do besides naming operators: several images, weights of 4 bits, constants that are
moved, free extents. Random networks against TFLM."""

import numpy as np
import pytest

from tests.mapper.importers.tflite.layer import Layer
from tests.tflite_options import options
from tilewright.hw.spec.errors import RequestError
from tilewright.mapper.importers.tflite.importer import import_tflite

pytest.importorskip("tflite_micro", reason="the reference kernels have no wheel here")

CASES = 15


SEEDS = [pytest.param(seed, marks=() if seed < 2 else pytest.mark.slow) for seed in range(20)]
"""300 networks of each kind, 30 of them in every run."""


@pytest.fixture(params=SEEDS)
def layers(request):
    return [Layer(CASES * request.param + case) for case in range(CASES)]


def scales(layer: Layer, channels: int, each: bool) -> list[float]:
    found = layer.rng.uniform(0.005, 0.02, channels if each else 1)
    return found.astype(np.float32).tolist()


def weighted(layer: Layer, x: int, shape, axis: int, *, bits: int = 8, each: bool = True):
    """Weights of so many bits and a bias."""
    limit, channels = 1 << (bits - 1), shape[axis]
    data = layer.rng.integers(-limit, limit, shape).astype(np.int8)
    kind = {"scale": scales(layer, channels, each), "axis": axis}
    make = layer.builder.constant_int4 if bits == 4 else layer.builder.constant
    weights = make("w", data, **kind)
    unit = layer.builder.tensors[x].scale[0]
    bias = layer.rng.integers(-500, 500, channels).astype(np.int32)
    kind = {"scale": [unit * scale for scale in kind["scale"]]}
    return weights, layer.builder.constant("b", bias, **kind)


def images(layer: Layer, count: int, channels: int | None = None) -> int:
    sides = layer.integer(3, 7), layer.integer(3, 7)
    return layer.input((count, *sides, channels or layer.integer(1, 5)))


def windows(layer: Layer, name: str, x: int, count: int, *, bits: int = 8) -> int:
    """One operator on images, with its result."""
    builder, (_, rows, cols, depth) = layer.builder, layer.builder.tensors[x].shape
    kernel, stride = (layer.integer(1, 3), layer.integer(1, 3)), (layer.integer(1, 2),) * 2
    sides = [-(-n // step) for n, step in zip((rows, cols), stride, strict=True)]
    each, same = bool(layer.integer(0, 1)), {"stride": stride, "same": True}
    if name.endswith("POOL_2D"):
        y = layer.like(x, (count, *sides, depth))
        builder.pool_2d(name, x, y, window=kernel, **same)
        return y
    channels = layer.integer(1, 6)
    point = layer.quantisation() | {"scale": 0.7}
    if name == "CONV_2D":
        operands = weighted(layer, x, (channels, *kernel, depth), 0, bits=bits, each=each)
        y = builder.tensor("y", (count, *sides, channels), **point)
        builder.conv_2d(x, *operands, y, **same)
    elif name == "DEPTHWISE_CONV_2D":
        operands = weighted(layer, x, (1, *kernel, depth), 3, bits=bits, each=each)
        y = builder.tensor("y", (count, *sides, depth), **point)
        builder.depthwise_conv_2d(x, *operands, y, **same)
    else:
        operands = weighted(layer, x, (channels, *kernel, depth), 0)
        wider = [n * step for n, step in zip((rows, cols), stride, strict=True)]
        y = builder.tensor("y", (count, *wider, channels), **point)
        builder.transpose_conv(x, *operands, y, **same)
    return y


@pytest.mark.parametrize(
    "name",
    ["CONV_2D", "DEPTHWISE_CONV_2D", "TRANSPOSE_CONV", "AVERAGE_POOL_2D", "MAX_POOL_2D"],
)
def test_several_images(layers, name):
    for layer in layers:
        count = layer.integer(2, 4)
        layer.check(windows(layer, name, images(layer, count), count))


def test_too_many_images():
    layer = Layer(0)
    y = windows(layer, "MAX_POOL_2D", images(layer, 65), 65)
    with pytest.raises(RequestError, match="at most 64 images"):
        layer.check(y, reference=[np.zeros(1)])


@pytest.mark.parametrize("name", ["CONV_2D", "DEPTHWISE_CONV_2D"])
def test_convolutions_with_weights_of_4_bits(layers, name):
    for layer in layers:
        layer.check(windows(layer, name, images(layer, 1), 1, bits=4))


def test_fully_connected_with_weights_of_4_bits(layers):
    for layer in layers:
        rows, depth, channels = layer.integer(1, 3), layer.integer(1, 40), layer.integer(1, 9)
        x = layer.input((rows, depth))
        operands = weighted(layer, x, (channels, depth), 0, bits=4, each=False)
        y = layer.builder.tensor("y", (rows, channels), **layer.quantisation() | {"scale": 0.7})
        layer.builder.fully_connected(x, *operands, y)
        layer.check(y)


def test_constants_are_moved_before_the_network_runs(layers):
    """A transposed and reshaped constant is a constant, of int8 too."""
    for layer in layers:
        rows, cols = layer.integer(1, 5), layer.integer(1, 5)
        data = layer.rng.integers(-128, 128, (rows, cols)).astype(np.int8)
        given = layer.builder.constant("c", data, **layer.quantisation())
        turned, flat = (layer.like(given, s, f"k{s}") for s in ((cols, rows), (rows * cols,)))
        layer.add("TRANSPOSE", [given, layer.vector([1, 0])], [turned])
        layer.add("RESHAPE", [turned, layer.vector([-1])], [flat], options("ReshapeOptions"))
        x = layer.input((2, rows * cols))
        y = layer.builder.tensor("y", (2, rows * cols), **layer.quantisation())
        layer.builder.add(x, flat, y)
        layer.check(y)


@pytest.mark.parametrize("name", ["CONCATENATION", "PACK"])
def test_joins_of_constants(layers, name):
    for layer in layers:
        shape = layer.shape(1, 3)
        axis = layer.integer(0, len(shape) - 1)
        x = layer.input(shape)
        tensor = layer.builder.tensors[x]
        same = {"scale": tensor.scale[0], "zero_point": tensor.zero_point[0]}
        data = layer.rng.integers(-128, 128, shape).astype(np.int8)
        inputs = [x, layer.builder.constant("c", data, **same)][:: 1 - 2 * layer.integer(0, 1)]
        if name == "PACK":
            y = layer.like(x, (*shape[:axis], 2, *shape[axis:]))
            option = options("PackOptions", Axis=axis, ValuesCount=2)
        else:
            y = layer.like(x, (*shape[:axis], 2 * shape[axis], *shape[axis + 1 :]))
            option = options("ConcatenationOptions", Axis=axis)
        layer.add(name, inputs, [y], option)
        layer.check(y)


@pytest.mark.parametrize("name", ["AVERAGE_POOL_2D", "MAX_POOL_2D"])
def test_pools_of_nearly_one_scale(layers, name):
    for layer in layers:
        y = windows(layer, name, images(layer, 1), 1)
        layer.builder.tensors[y].scale = (layer.builder.tensors[y].scale[0] + 9e-7,)
        layer.check(y)


def test_free_extents_are_those_that_the_file_stores():
    layer = Layer(0)
    x = layer.builder.tensor("x", (1, 4, 5, 3), signature=(-1, -1, -1, 3), scale=0.1, zero_point=1)
    layer.inputs, layer.data = [x], [layer.rng.integers(-128, 128, (1, 4, 5, 3)).astype(np.int8)]
    y = windows(layer, "CONV_2D", x, 1)
    layer.check(y)
    graph = import_tflite(layer.path, layer.builder.finish([x], [y]))
    assert graph.remarks == (
        "Input 'x' has free extents; it is taken as [1, 4, 5, 3], as the file stores it.",
    )
