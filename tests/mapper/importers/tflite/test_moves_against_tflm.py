"""Operators that move elements: random networks of one operator against TFLM."""

import numpy as np
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


def test_transpose(layers):
    for layer in layers:
        shape = layer.shape(1, 5)
        order = [int(n) for n in layer.rng.permutation(len(shape))]
        x = layer.input(shape)
        y = layer.like(x, [shape[axis] for axis in order])
        layer.add("TRANSPOSE", [x, layer.vector(order)], [y], options("TransposeOptions"))
        layer.check(y)


def test_slice(layers):
    for layer in layers:
        shape = layer.shape(1, 5, 8)
        begins = [layer.integer(0, n - 1) for n in shape]
        sizes = [layer.integer(1, n - b) for n, b in zip(shape, begins, strict=True)]
        given = [
            -1 if size == n - b and layer.integer(0, 1) else size
            for size, n, b in zip(sizes, shape, begins, strict=True)
        ]
        x = layer.input(shape)
        y = layer.like(x, sizes)
        vectors = [layer.vector(begins), layer.vector(given)]
        layer.add("SLICE", [x, *vectors], [y], options("SliceOptions"))
        layer.check(y)


def test_strided_slice(layers):
    for layer in layers:
        shape = layer.shape(1, 4, 9)
        masks = {"BeginMask": 0, "EndMask": 0, "ShrinkAxisMask": 0}
        begins, ends, strides, keys = [], [], [], []
        for axis, n in enumerate(shape):
            while True:
                begin, end = layer.integer(-n - 2, n + 2), layer.integer(-n - 2, n + 2)
                stride = int(layer.rng.choice([-2, -1, 1, 1, 2, 3]))
                open_ends = [layer.integer(0, 3) == 0 for _ in range(2)]
                key = slice(None if open_ends[0] else begin, None if open_ends[1] else end, stride)
                if np.arange(n)[key].size:
                    break
            for mask, is_open in zip(("BeginMask", "EndMask"), open_ends, strict=True):
                masks[mask] |= is_open << axis
            if layer.integer(0, 3) == 0 and -n <= begin < n:
                masks["ShrinkAxisMask"] |= 1 << axis
                masks["BeginMask"] &= ~(1 << axis)
                key, stride = begin, 1
            begins.append(begin)
            ends.append(end)
            strides.append(stride)
            keys.append(key)
        x = layer.input(shape)
        y = layer.like(x, layer.data[0][tuple(keys)].shape)
        vectors = [layer.vector(v) for v in (begins, ends, strides)]
        layer.add("STRIDED_SLICE", [x, *vectors], [y], options("StridedSliceOptions", **masks))
        layer.check(y)


def test_strided_slice_with_ellipsis_and_new_axis():
    """TFLM leaves these masks out; NumPy knows what they mean."""
    layer = Layer(0)
    x = layer.input((2, 3, 4, 5))
    wanted = layer.data[0][1:, ..., np.newaxis, ::2]
    y = layer.like(x, wanted.shape)
    vectors = [layer.vector(v) for v in ([1, 0, 0, 0], [2, 0, 0, 5], [1, 1, 1, 2])]
    masks = options("StridedSliceOptions", EllipsisMask=2, NewAxisMask=4)
    layer.add("STRIDED_SLICE", [x, *vectors], [y], masks)
    layer.check(y, reference=[wanted])


def test_split(layers):
    for layer in layers:
        shape = list(layer.shape(1, 4))
        axis, count = layer.integer(0, len(shape) - 1), layer.integer(1, 4)
        part = list(shape)
        shape[axis] *= count
        x = layer.input(shape)
        ys = [layer.like(x, part, f"y{n}") for n in range(count)]
        given = layer.vector(axis - layer.integer(0, 1) * len(shape))
        layer.add("SPLIT", [given, x], ys, options("SplitOptions", NumSplits=count))
        layer.check(*ys)


def test_split_v(layers):
    for layer in layers:
        shape = list(layer.shape(1, 4))
        axis = layer.integer(0, len(shape) - 1)
        sizes = [layer.integer(1, 4) for _ in range(layer.integer(1, 4))]
        shape[axis] = sum(sizes)
        x = layer.input(shape)
        ys = []
        for number, size in enumerate(sizes):
            part = [size if n == axis else extent for n, extent in enumerate(shape)]
            ys.append(layer.like(x, part, f"y{number}"))
        given = layer.vector(sizes)
        option = options("SplitVOptions", NumSplits=len(sizes))
        layer.add("SPLIT_V", [x, given, layer.vector(axis)], ys, option)
        layer.check(*ys)


def test_pack(layers):
    for layer in layers:
        shape, count = layer.shape(1, 3), layer.integer(1, 4)
        axis = layer.integer(0, len(shape))
        first = layer.input(shape)
        tensor = layer.builder.tensors[first]
        same = {"scale": tensor.scale[0], "zero_point": tensor.zero_point[0]}
        xs = [first, *(layer.input(shape, **same) for _ in range(count - 1))]
        y = layer.like(first, (*shape[:axis], count, *shape[axis:]))
        given = axis - layer.integer(0, 1) * (len(shape) + 1)
        layer.add("PACK", xs, [y], options("PackOptions", ValuesCount=count, Axis=given))
        layer.check(y)


def test_unpack(layers):
    for layer in layers:
        shape = list(layer.shape(2, 4))
        axis = layer.integer(0, len(shape) - 1)
        x = layer.input(shape)
        part = [n for number, n in enumerate(shape) if number != axis]
        ys = [layer.like(x, part, f"y{n}") for n in range(shape[axis])]
        given = axis - layer.integer(0, 1) * len(shape)
        layer.add("UNPACK", [x], ys, options("UnpackOptions", Num=shape[axis], Axis=given))
        layer.check(*ys)


def test_gather(layers):
    for layer in layers:
        shape = layer.shape(1, 4, 9)
        axis = layer.integer(0, len(shape) - 1)
        indices = layer.rng.integers(0, shape[axis], layer.shape(0, 2, 9))
        x = layer.input(shape)
        y = layer.like(x, layer.data[0].take(indices, axis).shape)
        given = axis - layer.integer(0, 1) * len(shape)
        layer.add("GATHER", [x, layer.vector(indices)], [y], options("GatherOptions", Axis=given))
        layer.check(y)


def test_tile(layers):
    """TFLM has none: NumPy is the reference."""
    for layer in layers:
        shape = layer.shape(1, 4, 5)
        multiples = [layer.integer(1, 3) for _ in shape]
        x = layer.input(shape)
        wanted = np.tile(layer.data[0], multiples)
        y = layer.like(x, wanted.shape)
        layer.add("TILE", [x, layer.vector(multiples)], [y], options("TileOptions"))
        layer.check(y, reference=[wanted])


def test_broadcast_to(layers):
    for layer in layers:
        wanted = layer.shape(1, 5)
        cut = layer.integer(0, len(wanted) - 1)
        shape = [1 if layer.integer(0, 1) else n for n in wanted[cut:]]
        x = layer.input(shape)
        y = layer.like(x, wanted)
        option = options("BroadcastToOptions")
        layer.add("BROADCAST_TO", [x, layer.vector(wanted)], [y], option)
        layer.check(y)


def test_reverse(layers):
    for layer in layers:
        shape = layer.shape(1, 5)
        axis = layer.integer(0, len(shape) - 1)
        x = layer.input(shape)
        y = layer.like(x, shape)
        layer.add("REVERSE_V2", [x, layer.vector([axis])], [y], options("ReverseV2Options"))
        layer.check(y)


def test_depth_to_space(layers):
    for layer in layers:
        h, w, c, block = (layer.integer(1, 4) for _ in range(4))
        x = layer.input((1, h, w, c * block * block))
        y = layer.like(x, (1, h * block, w * block, c))
        layer.add("DEPTH_TO_SPACE", [x], [y], options("DepthToSpaceOptions", BlockSize=block))
        layer.check(y)


def test_space_to_depth(layers):
    for layer in layers:
        h, w, c, block = (layer.integer(1, 4) for _ in range(4))
        x = layer.input((1, h * block, w * block, c))
        y = layer.like(x, (1, h, w, c * block * block))
        layer.add("SPACE_TO_DEPTH", [x], [y], options("SpaceToDepthOptions", BlockSize=block))
        layer.check(y)


def blocks(layer: Layer):
    """(block, paddings, extents inside, extents in blocks) of two axes."""
    block, small = ([layer.integer(1, 3) for _ in range(2)] for _ in range(2))
    pads, inside = [], []
    for step, size in zip(block, small, strict=True):
        before = layer.integer(0, step * size - 1)
        after = layer.integer(0, step * size - 1 - before)
        pads.append((before, after))
        inside.append(step * size - before - after)
    return block, pads, inside, small


@pytest.mark.parametrize("padded", [False, True])
def test_space_to_batch(layers, padded):
    """TFLM pads with bytes that it has not initialised: there NumPy is the reference."""
    for layer in layers:
        block, pads, inside, small = blocks(layer)
        if not padded:
            inside = [n + sum(pair) for n, pair in zip(inside, pads, strict=True)]
            pads = [(0, 0), (0, 0)]
        channels = layer.integer(1, 4)
        x = layer.input((1, *inside, channels))
        y = layer.like(x, (block[0] * block[1], *small, channels))
        vectors = [layer.vector(block), layer.vector(pads)]
        layer.add("SPACE_TO_BATCH_ND", [x, *vectors], [y], options("SpaceToBatchNDOptions"))
        zero_point = layer.builder.tensors[x].zero_point[0]
        whole = np.pad(layer.data[0], [(0, 0), *pads, (0, 0)], constant_values=zero_point)
        parts = [whole[:, i :: block[0], j :: block[1]] for i, j in np.ndindex(*block)]
        layer.check(y, reference=[np.concatenate(parts)] if padded else None)


def test_space_to_batch_and_back(layers):
    """As dilated convolutions are written."""
    for layer in layers:
        block, pads, inside, small = blocks(layer)
        channels = layer.integer(1, 4)
        x = layer.input((1, *inside, channels))
        between = layer.like(x, (block[0] * block[1], *small, channels), "between")
        y = layer.like(x, (1, *inside, channels))
        vectors = [layer.vector(block), layer.vector(pads)]
        layer.add("SPACE_TO_BATCH_ND", [x, *vectors], [between], options("SpaceToBatchNDOptions"))
        layer.add("BATCH_TO_SPACE_ND", [between, *vectors], [y], options("BatchToSpaceNDOptions"))
        layer.check(y)


@pytest.mark.parametrize("name", ["PAD", "PADV2"])
def test_pad(layers, name):
    for layer in layers:
        shape = layer.shape(1, 4)
        pads = [(layer.integer(0, 3), layer.integer(0, 3)) for _ in shape]
        x = layer.input(shape)
        y = layer.like(x, [n + sum(pair) for n, pair in zip(shape, pads, strict=True)])
        more = []
        if name == "PADV2":
            tensor = layer.builder.tensors[x]
            same = {"scale": tensor.scale[0], "zero_point": tensor.zero_point[0]}
            value = np.array([layer.integer(-128, 127)], np.int8)
            more = [layer.builder.constant("value", value, **same)]
        option = options("PadOptions" if name == "PAD" else "PadV2Options")
        layer.add(name, [x, layer.vector(pads), *more], [y], option)
        layer.check(y)


@pytest.mark.parametrize("mode", [0, 1])
def test_mirror_pad(layers, mode):
    for layer in layers:
        shape = [n + 1 for n in layer.shape(1, 4)]
        largest = [n - (mode == 0) for n in shape]
        pads = [(layer.integer(0, n), layer.integer(0, n)) for n in largest]
        x = layer.input(shape)
        y = layer.like(x, [n + sum(pair) for n, pair in zip(shape, pads, strict=True)])
        layer.add(
            "MIRROR_PAD", [x, layer.vector(pads)], [y], options("MirrorPadOptions", Mode=mode)
        )
        layer.check(y)
