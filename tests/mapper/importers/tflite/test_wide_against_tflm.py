"""Moves of every type, and int16 forms of operators on one or two operands, against TFLM."""

import numpy as np
import pytest

from tests.mapper.importers.tflite.layer import Layer
from tests.tflite_options import options
from tilewright.hw.spec.errors import RequestError
from tilewright.mapper.importers.tflite.importer import import_tflite

pytest.importorskip("tflite_micro", reason="the reference kernels have no wheel here")

CASES = 15


SEEDS = [pytest.param(seed, marks=() if seed < 3 else pytest.mark.slow) for seed in range(20)]
"""300 networks of each operator, 45 of them in every run."""
LOGISTIC_POINT = {"dtype": "int16", "scale": 1 / 32768, "zero_point": 0}


@pytest.fixture(params=SEEDS)
def layers(request):
    return [Layer(CASES * request.param + case) for case in range(CASES)]


def wide_result(layer: Layer, shape) -> int:
    quantisation = layer.quantisation() | {"zero_point": 0, "dtype": "int16"}
    return layer.builder.tensor("y", shape, **quantisation)


@pytest.mark.parametrize("name", ["ADD", "SUB", "MUL", "SQUARED_DIFFERENCE"])
def test_two_operands_of_int16(layers, name):
    """One of them may be a constant."""
    for layer in layers:
        a, b, shape = layer.pair()
        inputs = [layer.wide(a)]
        if layer.integer(0, 2):
            inputs.append(layer.wide(b))
        else:
            value = layer.rng.integers(-(1 << 15), 1 << 15, b).astype(np.int16)
            inputs.append(layer.builder.constant("c", value, scale=0.01))
        y = wide_result(layer, shape)
        activation = layer.integer(0, 3)
        named = name != "SQUARED_DIFFERENCE"
        table = f"{name.title()}Options"
        option = options(table, FusedActivationFunction=activation) if named else None
        if not named:
            layer.builder.tensors[y].scale = (float(np.float32(2.0 ** layer.rng.uniform(-1, 8))),)
        layer.add(name, inputs, [y], option)
        layer.check(y)


@pytest.mark.parametrize("name", ["LOGISTIC", "TANH"])
def test_sigmoids_of_int16(layers, name):
    for layer in layers:
        shape = layer.shape(1, 4)
        x = layer.wide(shape)
        scale = 2.0 ** layer.rng.uniform(-14, -7)
        if layer.integer(0, 2) == 0:
            scale = 2.0 ** -layer.integer(11, 13)
        layer.builder.tensors[x].scale = (float(np.float32(scale)),)
        y = layer.builder.tensor("y", shape, **LOGISTIC_POINT)
        layer.add(name, [x], [y])
        layer.check(y)


@pytest.mark.parametrize("name", ["RELU", "RELU6", "ABS", "LEAKY_RELU"])
def test_one_operand_of_int16(layers, name):
    for layer in layers:
        shape = layer.shape(1, 4)
        x, y = layer.wide(shape), wide_result(layer, shape)
        alpha = float(layer.rng.uniform(0, 2))
        option = options("LeakyReluOptions", Alpha=alpha) if name == "LEAKY_RELU" else None
        layer.add(name, [x], [y], option)
        layer.check(y)


def test_a_slope_below_zero_of_int16():
    layer = Layer(0)
    x, y = layer.wide((3,)), wide_result(layer, (3,))
    layer.add("LEAKY_RELU", [x], [y], options("LeakyReluOptions", Alpha=-0.5))
    with pytest.raises(RequestError, match=r"slope -0.5; of int16 it must be 0 or more"):
        layer.check(y)


def test_prelu_of_int16(layers):
    for layer in layers:
        shape = layer.shape(1, 4)
        inner = shape[layer.integer(0, len(shape) - 1) :]
        alpha = layer.rng.integers(-128, 128, inner).astype(np.int8)
        slopes = layer.builder.constant("alpha", alpha, scale=0.01)
        x, y = layer.wide(shape), wide_result(layer, shape)
        layer.add("PRELU", [x, slopes], [y])
        layer.check(y)


def test_relu6_copies_whatever_the_result_is(layers):
    """TFLM clamps in the operand's scale and leaves the integers."""
    for layer in layers:
        shape = layer.shape(1, 4)
        x, y = layer.input(shape), layer.builder.tensor("y", shape, **layer.quantisation())
        layer.add("RELU6", [x], [y])
        layer.check(y)


@pytest.mark.parametrize(
    ("name", "zero_point"), [("LOGISTIC", -128), ("TANH", None), ("L2_NORMALIZATION", None)]
)
def test_results_with_another_scale_than_the_kernel_gives(layers, name, zero_point):
    for layer in layers:
        shape = layer.shape(1, 4)
        x, point = layer.input(shape), layer.quantisation()
        if zero_point is not None:
            point["zero_point"] = zero_point
        y = layer.builder.tensor("y", shape, **point)
        option = options("L2NormOptions") if name.startswith("L2") else None
        layer.add(name, [x], [y], option)
        layer.check(y)


def test_a_logistic_with_another_zero_point():
    layer = Layer(0)
    y = layer.builder.tensor("y", (3,), scale=1 / 256, zero_point=0)
    layer.add("LOGISTIC", [layer.input((3,))], [y])
    with pytest.raises(RequestError, match="LOGISTIC must have zero point -128"):
        layer.check(y, reference=[np.zeros(3)])


# Moves of every type: each gives (operands, results, options) for a layer.

ANY = ("int8", "int16", "int32", "int64", "bool")
WIDE = ("int16", "int32")


def plain(layer, x, shape):
    return [x], [layer.like(x, shape)], None


def reshape(layer, dtype):
    shape = layer.shape(1, 4)
    x = layer.of_type(dtype, shape)
    target = shape[::-1]
    return [x, layer.vector(target)], [layer.like(x, target)], options("ReshapeOptions")


def transpose(layer, dtype):
    shape = layer.shape(1, 4)
    x, order = layer.of_type(dtype, shape), layer.rng.permutation(len(shape))
    return [x, layer.vector(order)], [layer.like(x, [shape[axis] for axis in order])], None


def concatenation(layer, dtype):
    shape = list(layer.shape(1, 4))
    axis = layer.integer(0, len(shape) - 1)
    parts = [layer.integer(1, 4) for _ in range(layer.integer(2, 4))]
    inputs = [layer.of_type(dtype, (*shape[:axis], part, *shape[axis + 1 :])) for part in parts]
    for x in inputs[1:]:
        layer.builder.tensors[x].scale = layer.builder.tensors[inputs[0]].scale
    y = layer.like(inputs[0], (*shape[:axis], sum(parts), *shape[axis + 1 :]))
    return inputs, [y], options("ConcatenationOptions", Axis=axis)


def slice_(layer, dtype):
    shape = layer.shape(1, 4)
    begins = [layer.integer(0, n - 1) for n in shape]
    sizes = [layer.integer(1, n - b) for n, b in zip(shape, begins, strict=True)]
    x = layer.of_type(dtype, shape)
    return [x, layer.vector(begins), layer.vector(sizes)], [layer.like(x, sizes)], None


def strided_slice(layer, dtype):
    shape = layer.shape(1, 4)
    begins = [layer.integer(0, n - 1) for n in shape]
    strides = [layer.integer(1, 3) for _ in shape]
    sizes = [len(range(b, n, s)) for b, n, s in zip(begins, shape, strides, strict=True)]
    x = layer.of_type(dtype, shape)
    vectors = [layer.vector(values) for values in (begins, shape, strides)]
    return [x, *vectors], [layer.like(x, sizes)], options("StridedSliceOptions")


def split(layer, dtype):
    shape, parts = list(layer.shape(1, 4)), layer.integer(1, 3)
    axis = layer.integer(0, len(shape) - 1)
    part = list(shape)
    shape[axis] *= parts
    x = layer.of_type(dtype, shape)
    results = [layer.like(x, part, f"y{n}") for n in range(parts)]
    return [layer.vector(axis), x], results, options("SplitOptions", NumSplits=parts)


def pad(layer, dtype):
    shape = layer.shape(1, 4)
    pairs = [[layer.integer(0, 2), layer.integer(0, 2)] for _ in shape]
    x = layer.of_type(dtype, shape)
    wanted = [n + sum(pair) for n, pair in zip(shape, pairs, strict=True)]
    return [x, layer.vector(pairs)], [layer.like(x, wanted)], None


def pad_v2(layer, dtype):
    """With an element of different bytes."""
    (x, pairs), (y,), _ = pad(layer, dtype)
    ends = np.iinfo(dtype)
    value = layer.rng.integers(ends.min, ends.max, (1,)).astype(dtype)
    scale = layer.builder.tensors[x].scale
    constant = layer.builder.constant("v", value, scale=scale[0] if scale else None)
    return [x, pairs, constant], [y], None


def pack(layer, dtype):
    shape, count = layer.shape(1, 3), layer.integer(1, 3)
    axis = layer.integer(0, len(shape))
    inputs = [layer.of_type(dtype, shape) for _ in range(count)]
    for x in inputs[1:]:
        layer.builder.tensors[x].scale = layer.builder.tensors[inputs[0]].scale
    y = layer.like(inputs[0], (*shape[:axis], count, *shape[axis:]))
    return inputs, [y], options("PackOptions", Axis=axis, ValuesCount=count)


def unpack(layer, dtype):
    shape = layer.shape(2, 4, 4)
    axis = layer.integer(0, len(shape) - 1)
    x, part = layer.of_type(dtype, shape), (*shape[:axis], *shape[axis + 1 :])
    results = [layer.like(x, part, f"y{n}") for n in range(shape[axis])]
    return [x], results, options("UnpackOptions", Axis=axis, Num=shape[axis])


def broadcast_to(layer, dtype):
    shape = layer.shape(1, 4, 4)
    given = [1 if layer.integer(0, 1) else n for n in shape]
    x = layer.of_type(dtype, given[layer.integer(0, len(shape) - 1) :])
    return [x, layer.vector(shape)], [layer.like(x, shape)], None


def reverse(layer, dtype):
    shape = layer.shape(1, 4)
    x = layer.of_type(dtype, shape)
    return [x, layer.vector([layer.integer(0, len(shape) - 1)])], [layer.like(x, shape)], None


def resize_nearest(layer, dtype):
    shape, size = (1, *(layer.integer(1, 6) for _ in range(3))), [layer.integer(1, 9)] * 2
    x = layer.of_type(dtype, shape)
    y = layer.like(x, (1, *size, shape[3]))
    return [x, layer.vector(size)], [y], options("ResizeNearestNeighborOptions")


MOVES = {
    "RESHAPE": (reshape, ANY[1:]),
    "TRANSPOSE": (transpose, ("int16",)),
    "CONCATENATION": (concatenation, ANY[1:]),
    "SLICE": (slice_, (*WIDE, "bool")),
    "STRIDED_SLICE": (strided_slice, (*WIDE, "bool")),
    "SPLIT": (split, WIDE),
    "PAD": (pad, WIDE),
    "PADV2": (pad_v2, WIDE),
    "PACK": (pack, (*WIDE, "int64")),
    "UNPACK": (unpack, WIDE),
    "BROADCAST_TO": (broadcast_to, ANY[1:]),
    "REVERSE_V2": (reverse, ANY[1:]),
    "RESIZE_NEAREST_NEIGHBOR": (resize_nearest, ("int16",)),
}


@pytest.mark.parametrize(
    ("name", "dtype"), [(name, dtype) for name, (_, types) in MOVES.items() for dtype in types]
)
def test_moves(layers, name, dtype):
    for layer in layers:
        inputs, results, option = MOVES[name][0](layer, dtype)
        layer.add(name, inputs, results, option)
        layer.check(*results)


COPIES = sorted(set(MOVES) - {"CONCATENATION", "PADV2"})


@pytest.mark.parametrize("name", COPIES)
def test_moves_between_different_scales_copy_integers(layers, name):
    for layer in layers:
        inputs, results, option = MOVES[name][0](layer, "int8")
        for y in results:
            point = layer.quantisation()
            layer.builder.tensors[y].scale = (point["scale"],)
            layer.builder.tensors[y].zero_point = (point["zero_point"],)
        layer.add(name, inputs, results, option)
        layer.check(*results)


def test_a_copy_between_different_scales_is_remarked():
    layer = Layer(0)
    x = layer.input((2, 3), scale=0.5, zero_point=1)
    y = layer.builder.tensor("y", (6,), scale=0.25, zero_point=0)
    layer.add("RESHAPE", [x, layer.vector((6,))], [y], options("ReshapeOptions"))
    graph = import_tflite(layer.path, layer.builder.finish([x], [y]))
    (remark,) = graph.remarks
    assert "RESHAPE" in remark
    assert "leaves integers as they are" in remark
    assert "of 0.5 and 1" in remark
    assert "of 0.25 and 0" in remark


def test_a_concatenation_of_different_scales_is_refused():
    """TFLM refuses it too; of int16 it copies the integers."""
    layer = Layer(0)
    inputs = [layer.input((2, 3)) for _ in range(2)]
    y = layer.like(inputs[0], (4, 3))
    layer.add("CONCATENATION", inputs, [y], options("ConcatenationOptions", Axis=0))
    with pytest.raises(RequestError, match="must share one scale and zero point"):
        layer.check(y, reference=[np.zeros(12)])
