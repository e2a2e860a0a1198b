"""Comparisons, booleans, choices, casts, int32 and looked up elements: networks of one operator
against TFLM."""

import numpy as np
import pytest

from tests.mapper.importers.tflite.layer import Layer
from tests.tflite_options import options
from tilewright.hw.spec.errors import RequestError

pytest.importorskip("tflite_micro", reason="the reference kernels have no wheel here")

CASES = 15


SEEDS = [pytest.param(seed, marks=() if seed < 3 else pytest.mark.slow) for seed in range(20)]
"""300 networks of each operator, 45 of them in every run."""


@pytest.fixture(params=SEEDS)
def layers(request):
    return [Layer(CASES * request.param + case) for case in range(CASES)]


def operand(layer: Layer, dtype: str, shape) -> int:
    """An operand of few different values where they have no scale, so that some are equal."""
    if dtype in ("int8", "bool"):
        return layer.of_type(dtype, shape)
    return layer.plain(shape, dtype, -3, 3) if layer.integer(0, 1) else layer.plain(shape, dtype)


@pytest.mark.parametrize(
    "name", ["EQUAL", "NOT_EQUAL", "GREATER", "GREATER_EQUAL", "LESS", "LESS_EQUAL"]
)
def test_comparisons(layers, name):
    for layer in layers:
        types = ["int8", "int8", "int32", "int64", *(["bool"] if "EQUAL" in name[-9:] else [])]
        if name in ("GREATER_EQUAL", "LESS_EQUAL"):
            types.remove("bool")
        dtype = types[layer.integer(0, len(types) - 1)]
        a, b, shape = layer.pair()
        inputs = [operand(layer, dtype, side) for side in (a, b)]
        if layer.integer(0, 1) and dtype == "int8":
            x = layer.builder.tensors[inputs[0]]
            layer.builder.tensors[inputs[1]].scale = x.scale
            layer.builder.tensors[inputs[1]].zero_point = x.zero_point
        y = layer.builder.tensor("y", shape, dtype="bool")
        layer.add(name, inputs, [y])
        layer.check(y)


@pytest.mark.parametrize(
    ("name", "holds"), [("GREATER", np.greater), ("LESS_EQUAL", np.less_equal)]
)
def test_comparisons_of_int16(layers, name, holds):
    """TFLM has GREATER alone, without the factors of some versions: powers of two are exact."""
    for layer in layers:
        a, b, shape = layer.pair()
        inputs = [layer.wide(side) for side in (a, b)]
        scales = [2.0 ** -layer.integer(1, 4) for _ in inputs]
        for x, scale in zip(inputs, scales, strict=True):
            layer.builder.tensors[x].scale = (scale,)
        y = layer.builder.tensor("y", shape, dtype="bool")
        layer.add(name, inputs, [y])
        real = [data * scale for data, scale in zip(layer.data, scales, strict=True)]
        layer.check(y, reference=[holds(*real)])


def test_a_scale_of_one_or_more():
    layer = Layer(0)
    inputs = [layer.input((3,), scale=1.5, zero_point=0), layer.input((3,))]
    y = layer.builder.tensor("y", (3,), dtype="bool")
    layer.add("EQUAL", inputs, [y])
    with pytest.raises(RequestError, match="must have a scale below 1"):
        layer.check(y, reference=[np.zeros(3)])


@pytest.mark.parametrize("name", ["LOGICAL_AND", "LOGICAL_OR"])
def test_pairs_of_booleans(layers, name):
    for layer in layers:
        a, b, shape = layer.pair()
        inputs = [layer.plain(side, "bool") for side in (a, b)]
        y = layer.builder.tensor("y", shape, dtype="bool")
        layer.add(name, inputs, [y])
        layer.check(y)


def test_logical_not(layers):
    for layer in layers:
        shape = layer.shape(1, 4)
        x = layer.plain(shape, "bool")
        y = layer.builder.tensor("y", shape, dtype="bool")
        layer.add("LOGICAL_NOT", [x], [y])
        layer.check(y)


def test_select_v2(layers):
    """Any of the three may be repeated; a side may be a constant."""
    for layer in layers:
        shape = layer.shape(1, 4, 5)
        condition, *sides = (
            tuple(1 if layer.integer(0, 3) == 0 else n for n in shape) for _ in range(3)
        )
        wanted = tuple(np.broadcast_shapes(condition, *sides))
        dtype = ("int8", "int16")[layer.integer(0, 1)]
        inputs = [layer.plain(condition, "bool"), layer.of_type(dtype, sides[0])]
        if layer.integer(0, 2):
            inputs.append(layer.of_type(dtype, sides[1]))
        else:
            value = layer.rng.integers(-128, 128, sides[1]).astype(dtype)
            inputs.append(layer.builder.constant("c", value, scale=0.1))
        y = layer.like(inputs[1], wanted)
        layer.add("SELECT_V2", inputs, [y])
        layer.check(y)


TYPES = ["int8", "int16", "int32", "bool"]


@pytest.mark.parametrize("source", TYPES)
@pytest.mark.parametrize("target", TYPES)
def test_cast(layers, source, target):
    for layer in layers:
        shape = layer.shape(0, 4)
        x = layer.of_type(source, shape)
        quantisation = {"scale": 0.25} if target in ("int8", "int16") else {}
        y = layer.builder.tensor("y", shape, dtype=target, **quantisation)
        layer.add("CAST", [x], [y])
        layer.check(y)


def test_reduce_all(layers):
    for layer in layers:
        shape = layer.shape(1, 4)
        axes = sorted({layer.integer(0, len(shape) - 1) for _ in range(2)})
        keep = bool(layer.integer(0, 1))
        x = layer.plain(shape, "bool")
        if layer.integer(0, 1):
            layer.data[0][...] = layer.rng.random(shape) < 0.9
        wanted = layer.data[0].all(tuple(axes), keepdims=keep).shape
        y = layer.builder.tensor("y", wanted, dtype="bool")
        layer.add(
            "REDUCE_ALL", [x, layer.vector(axes)], [y], options("ReducerOptions", KeepDims=keep)
        )
        layer.check(y)


@pytest.mark.parametrize("name", ["ADD", "SUB", "MUL", "SQUARED_DIFFERENCE", "DIV"])
def test_int32(layers, name):
    for layer in layers:
        a, b, shape = layer.pair()
        inputs = [layer.plain(side, "int32", -(1 << 14), 1 << 14) for side in (a, b)]
        layer.data[1][layer.data[1] == 0] = 7
        y = layer.builder.tensor("y", shape, dtype="int32")
        fuses = name in ("SUB", "MUL")  # ADD leaves out what it fuses, so that is refused
        activation = {"FusedActivationFunction": layer.integer(0, 3)} if fuses else {}
        named = name != "SQUARED_DIFFERENCE"
        layer.add(
            name, inputs, [y], options(f"{name.title()}Options", **activation) if named else None
        )
        layer.check(y)


def test_a_sum_of_int32_that_fuses_an_activation():
    layer = Layer(0)
    inputs = [layer.plain((3,), "int32") for _ in range(2)]
    y = layer.builder.tensor("y", (3,), dtype="int32")
    layer.add("ADD", inputs, [y], options("AddOptions", FusedActivationFunction=1))
    with pytest.raises(RequestError, match="ADD of int32 must not fuse an activation"):
        layer.check(y)


@pytest.mark.parametrize("name", ["MAXIMUM", "MINIMUM"])
@pytest.mark.parametrize("dtype", ["int16", "int32"])
def test_extremes_of_wide_integers(layers, name, dtype):
    for layer in layers:
        a, b, shape = layer.pair()
        x = layer.of_type(dtype, a)
        inputs = [x, layer.of_type(dtype, b)]
        layer.add(name, inputs, [y := layer.like(x, shape)])
        layer.check(y)


def test_add_n(layers):
    for layer in layers:
        shape = layer.shape(1, 4)
        x = layer.input(shape)
        tensor = layer.builder.tensors[x]
        same = {"scale": tensor.scale[0], "zero_point": tensor.zero_point[0]}
        inputs = [x, *(layer.input(shape, **same) for _ in range(layer.integer(1, 7)))]
        y = layer.builder.tensor("y", shape, **layer.quantisation())
        layer.add("ADD_N", inputs, [y])
        layer.check(y)


@pytest.mark.parametrize("dtype", ["int8", "int32", "int64"])
def test_zeros_like(layers, dtype):
    for layer in layers:
        x = layer.of_type(dtype, layer.shape(1, 4))
        y = layer.like(x, layer.data[0].shape)
        layer.add("ZEROS_LIKE", [x], [y])
        layer.check(y)


@pytest.mark.parametrize("dtype", ["int8", "int32"])
def test_fill(layers, dtype):
    for layer in layers:
        shape = layer.shape(1, 4)
        x = layer.of_type(dtype, ())
        y = layer.like(x, shape)
        layer.add("FILL", [layer.vector(shape), x], [y])
        layer.check(y)


def test_gather_of_computed_indices(layers):
    """Of an activation or a constant, with axes that input and indices share or without."""
    for layer in layers:
        shape = layer.shape(1, 4)
        axis = layer.integer(0, len(shape) - 1)
        batches = layer.integer(0, axis)
        places = (*shape[:batches], *layer.shape(0, 2, 4))
        indices = layer.plain(places, "int32", 0, shape[axis] - 1)
        if layer.integer(0, 1):
            x = layer.input(shape)
        else:
            data = layer.rng.integers(-128, 128, shape).astype(np.int8)
            x = layer.builder.constant("x", data, **layer.quantisation())
        wanted = (*shape[:axis], *places[batches:], *shape[axis + 1 :])
        y = layer.like(x, wanted)
        option = options("GatherOptions", Axis=axis, BatchDims=batches)
        layer.add("GATHER", [x, indices], [y], option)
        layer.check(y)


@pytest.mark.parametrize("computed", [False, True])
def test_gather_nd(layers, computed):
    for layer in layers:
        shape = layer.shape(1, 4)
        depth = layer.integer(1, len(shape))
        outer = layer.shape(0, 2, 4)
        found = [layer.rng.integers(0, n, outer) for n in shape[:depth]]
        values = np.stack(found, -1).astype(np.int32)
        x = layer.input(shape)
        if computed:
            indices = layer.plain(values.shape, "int32")
            layer.data[-1] = values
        else:
            indices = layer.builder.constant("indices", values)
        y = layer.like(x, (*outer, *shape[depth:]))
        layer.add("GATHER_ND", [x, indices], [y])
        layer.check(y)


@pytest.mark.parametrize("dtype", ["int8", "int32"])
def test_dynamic_update_slice(layers, dtype):
    """At a constant or computed place, in range or not; the update may be the whole tensor."""
    for layer in layers:
        shape = layer.shape(1, 4)
        part = tuple(layer.integer(1, n) for n in shape)
        x = layer.of_type(dtype, shape)
        update = layer.builder.tensors[layer.of_type(dtype, part)]
        update.scale = layer.builder.tensors[x].scale
        update.zero_point = layer.builder.tensors[x].zero_point
        begins = layer.rng.integers(-2, 7, len(shape)).astype(np.int32)
        if layer.integer(0, 1):
            place = layer.plain(begins.shape, "int32")
            layer.data[-1] = begins
        else:
            place = layer.vector(begins)
        y = layer.like(x, shape)
        layer.add("DYNAMIC_UPDATE_SLICE", [x, layer.inputs[1], place], [y])
        layer.check(y)


def test_embedding_lookup(layers):
    for layer in layers:
        rows = layer.integer(1, 9)
        shape = (rows, *layer.shape(1, 2))
        indices = layer.plain((layer.integer(1, 6),), "int32", 0, rows - 1)
        data = layer.rng.integers(-128, 128, shape).astype(np.int8)
        x = layer.builder.constant("x", data, **layer.quantisation())
        y = layer.like(x, (layer.data[0].size, *shape[1:]))
        layer.add("EMBEDDING_LOOKUP", [indices, x], [y])
        layer.check(y)


@pytest.mark.parametrize("name", ["GATHER_ND", "EMBEDDING_LOOKUP"])
@pytest.mark.parametrize("index", [-1, 4])
def test_constant_indices_that_are_not_there(name, index):
    layer = Layer(0)
    x, indices = layer.input((4, 3)), layer.vector([index])
    y = layer.like(x, (3,) if name == "GATHER_ND" else (1, 3))
    layer.add(name, [x, indices] if name == "GATHER_ND" else [indices, x], [y])
    with pytest.raises(RequestError, match=r"reads outside of \(4, 3\)"):
        layer.check(y, reference=[np.zeros(3)])
