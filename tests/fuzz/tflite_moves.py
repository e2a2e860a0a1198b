"""Small sound .tflite networks of operators that move, reduce or resize."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from tests.fuzz.tflite_sketch import Ends, Sketch
from tests.tflite_options import options


def _end(
    sketch: Sketch, name: str, inputs: Sequence[int], outputs: Sequence[int], **fields: Any
) -> Ends:
    """The operator with its options; its first computed input is the network's."""
    table = _TABLES.get(name)
    sketch.operator(name, inputs, outputs, None if table is None else options(table, **fields))
    computed = [index for index in inputs if sketch.tensors[index].data is None]
    return list(dict.fromkeys(computed)), list(outputs)


def _alike(
    name: str,
    after: Callable[[Sketch, list[int]], tuple[list[list[int]], list[int]]],
    **fields: Any,
) -> Callable[[Sketch], Ends]:
    """An image and vectors of integers to a tensor of the same quantisation."""

    def make(sketch: Sketch) -> Ends:
        shape = sketch.image()
        vectors, result = after(sketch, shape)
        x = sketch.activation(shape)
        inputs = [x, *(sketch.integers(*vector) for vector in vectors)]
        return _end(sketch, name, inputs, [sketch.like(x, result)], **fields)

    return make


def _broadcast(sketch: Sketch, shape: list[int]) -> tuple[list[list[int]], list[int]]:
    shape[0] = 1
    wider = [sketch.draws.between(1, 3), *shape[1:]]
    return [wider], wider


def _tiled(sketch: Sketch, shape: list[int]) -> tuple[list[list[int]], list[int]]:
    times = sketch.sizes(4, 2)
    return [times], [n * t for n, t in zip(shape, times, strict=True)]


def _sliced(sketch: Sketch, shape: list[int]) -> tuple[list[list[int]], list[int]]:
    begin = [sketch.draws.below(n) for n in shape]
    size = [sketch.draws.between(1, n - b) for n, b in zip(shape, begin, strict=True)]
    return [begin, size], size


def _strided(sketch: Sketch, shape: list[int]) -> tuple[list[list[int]], list[int]]:
    begin = [sketch.draws.below(n) for n in shape]
    step = sketch.sizes(4, 2)
    result = [-(-(n - b) // s) for n, b, s in zip(shape, begin, step, strict=True)]
    return [begin, list(shape), step], result


def _along(sketch: Sketch, shape: list[int]) -> tuple[list[list[int]], list[int]]:
    return [[sketch.draws.below(4)]], shape


def _resized(name: str) -> Callable[[Sketch], Ends]:
    def resized(sketch: Sketch, shape: list[int]) -> tuple[list[list[int]], list[int]]:
        size = sketch.sizes(2, 9)
        return [size], [1, *size, shape[3]]

    def make(sketch: Sketch) -> Ends:
        corners = sketch.draws.chance(0.3)
        centres = not corners and sketch.draws.chance()
        fields = {"AlignCorners": corners, "HalfPixelCenters": centres}
        return _alike(name, resized, **fields)(sketch)

    return make


def _blocks(name: str) -> Callable[[Sketch], Ends]:
    def make(sketch: Sketch) -> Ends:
        rows, cols, channels = sketch.sizes(3, 4)
        small, large = [1, rows, cols, 4 * channels], [1, 2 * rows, 2 * cols, channels]
        if "BATCH" in name:
            small = [4, rows, cols, channels]
        to_large = name in ("DEPTH_TO_SPACE", "BATCH_TO_SPACE_ND")
        x = sketch.activation(small if to_large else large)
        y = sketch.like(x, large if to_large else small)
        if "BATCH" not in name:
            return _end(sketch, name, [x], [y], BlockSize=2)
        nothing = sketch.constant("nothing", np.zeros((2, 2), np.int32))
        return _end(sketch, name, [x, sketch.integers(2, 2), nothing], [y])

    return make


def _gather(sketch: Sketch) -> Ends:
    shape = sketch.sizes(3)
    axis = sketch.draws.below(3)
    chosen = [sketch.draws.below(shape[axis]) for _ in range(sketch.draws.between(1, 4))]
    x = sketch.activation(shape)
    y = sketch.like(x, [*shape[:axis], len(chosen), *shape[axis + 1 :]])
    return _end(sketch, "GATHER", [x, sketch.integers(*chosen)], [y], Axis=axis)


def _mirror(sketch: Sketch) -> Ends:
    shape = [1, *(n + 2 for n in sketch.sizes(3))]
    pads = np.array([[0, 0], *([sketch.draws.below(3), 1] for _ in range(2)), [0, 0]], np.int32)
    x = sketch.activation(shape)
    y = sketch.like(x, (np.array(shape) + pads.sum(1)).tolist())
    return _end(sketch, "MIRROR_PAD", [x, sketch.constant("pads", pads)], [y], Mode=0)


def _pack(sketch: Sketch) -> Ends:
    shape, count = sketch.sizes(2), sketch.draws.between(1, 3)
    first = sketch.activation(shape)
    parts = [first, *(sketch.like(first, shape) for _ in range(count - 1))]
    y = sketch.like(first, [count, *shape])
    return _end(sketch, "PACK", parts, [y], ValuesCount=count, Axis=0)


def _unpack(sketch: Sketch) -> Ends:
    count, *shape = sketch.sizes(3, 4)
    x = sketch.activation([count, *shape])
    parts = [sketch.like(x, shape) for _ in range(count)]
    return _end(sketch, "UNPACK", [x], parts, Num=count, Axis=0)


def _split(name: str) -> Callable[[Sketch], Ends]:
    def make(sketch: Sketch) -> Ends:
        count, (extent, *rest) = sketch.draws.between(1, 3), sketch.sizes(3)
        x, axis = sketch.activation([count * extent, *rest]), sketch.integers(0)
        parts = [sketch.like(x, [extent, *rest]) for _ in range(count)]
        if name == "SPLIT":
            return _end(sketch, name, [axis, x], parts, NumSplits=count)
        sizes = sketch.integers(*[extent] * count)
        return _end(sketch, name, [x, sizes, axis], parts, NumSplits=count)

    return make


def _reduced(name: str) -> Callable[[Sketch], Ends]:
    def make(sketch: Sketch) -> Ends:
        shape = sketch.image()
        axes = [axis for axis in range(4) if sketch.draws.chance()] or [3]
        kept = [1 if axis in axes else extent for axis, extent in enumerate(shape)]
        x = sketch.activation(shape)
        y = sketch.activation(kept) if name == "SUM" else sketch.like(x, kept)
        return _end(sketch, name, [x, sketch.integers(*axes)], [y], KeepDims=True)

    return make


def _extreme(name: str) -> Callable[[Sketch], Ends]:
    def make(sketch: Sketch) -> Ends:
        shape, axis = sketch.image(), sketch.draws.below(4)
        x, at = sketch.activation(shape), sketch.integers(axis)
        y = sketch.tensor("y", [*shape[:axis], *shape[axis + 1 :]], dtype="int32")
        return _end(sketch, name, [x, at], [y], OutputType=2)

    return make


def _normal(name: str, scale: float, zero_point: int) -> Callable[[Sketch], Ends]:
    def make(sketch: Sketch) -> Ends:
        shape = sketch.sizes(2)
        y = sketch.activation(shape, scale=scale, zero_point=zero_point)
        return _end(sketch, name, [sketch.activation(shape)], [y])

    return make


_TABLES = {
    "ARG_MAX": "ArgMaxOptions",
    "ARG_MIN": "ArgMinOptions",
    "CUMSUM": "CumsumOptions",
    "DEPTH_TO_SPACE": "DepthToSpaceOptions",
    "GATHER": "GatherOptions",
    "MIRROR_PAD": "MirrorPadOptions",
    "PACK": "PackOptions",
    "REDUCE_MAX": "ReducerOptions",
    "REDUCE_MIN": "ReducerOptions",
    "RESIZE_BILINEAR": "ResizeBilinearOptions",
    "RESIZE_NEAREST_NEIGHBOR": "ResizeNearestNeighborOptions",
    "SPACE_TO_DEPTH": "SpaceToDepthOptions",
    "SPLIT": "SplitOptions",
    "SPLIT_V": "SplitVOptions",
    "STRIDED_SLICE": "StridedSliceOptions",
    "SUM": "ReducerOptions",
    "UNPACK": "UnpackOptions",
}
_BLOCKS = ("BATCH_TO_SPACE_ND", "SPACE_TO_BATCH_ND", "DEPTH_TO_SPACE", "SPACE_TO_DEPTH")
MAKERS: Mapping[str, Callable[[Sketch], Ends]] = {
    **{name: _blocks(name) for name in _BLOCKS},
    **{name: _extreme(name) for name in ("ARG_MAX", "ARG_MIN")},
    **{name: _reduced(name) for name in ("REDUCE_MAX", "REDUCE_MIN", "SUM")},
    **{name: _resized(name) for name in ("RESIZE_BILINEAR", "RESIZE_NEAREST_NEIGHBOR")},
    **{name: _split(name) for name in ("SPLIT", "SPLIT_V")},
    "BROADCAST_TO": _alike("BROADCAST_TO", _broadcast),
    "CUMSUM": _alike("CUMSUM", _along),
    "GATHER": _gather,
    "L2_NORMALIZATION": _normal("L2_NORMALIZATION", 1 / 128, 0),
    "LOG_SOFTMAX": _normal("LOG_SOFTMAX", 16 / 256, 127),
    "MIRROR_PAD": _mirror,
    "PACK": _pack,
    "REVERSE_V2": _alike("REVERSE_V2", _along),
    "SLICE": _alike("SLICE", _sliced),
    "STRIDED_SLICE": _alike("STRIDED_SLICE", _strided),
    "TILE": _alike("TILE", _tiled),
    "UNPACK": _unpack,
}
