"""Sound networks of comparisons, booleans, choices, casts, int32 and looked up elements."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from tests.fuzz.tflite_sketch import Ends, Sketch
from tests.tflite_options import options


def _plain(sketch: Sketch, shape, dtype: str) -> int:
    """A tensor without a scale."""
    return sketch.tensor(f"t{len(sketch.tensors)}", shape, dtype=dtype)


def _any(sketch: Sketch, shape, types: tuple[str, ...]) -> int:
    """A tensor of one of some types, with a scale where such have one."""
    dtype = sketch.draws.one_of(types)
    if dtype in ("int8", "int16"):
        zero_point = {"zero_point": 0} if dtype == "int16" else {}
        return sketch.activation(shape, dtype=dtype, **zero_point)
    return _plain(sketch, shape, dtype)


def _twin(sketch: Sketch, x: int, shape) -> int:
    """Another tensor of the type and scale of x."""
    source = sketch.tensors[x]
    if not source.scale:
        return _plain(sketch, shape, source.dtype)
    point = {"scale": source.scale, "zero_point": source.zero_point[0]}
    return sketch.activation(shape, dtype=source.dtype, **point)


def _comparison(name: str) -> Callable[[Sketch], Ends]:
    def make(sketch: Sketch) -> Ends:
        shape = sketch.image()
        a = _any(sketch, shape, ("int8", "int32", "int64"))
        b = _twin(sketch, a, shape if sketch.draws.chance() else shape[3:])
        y = _plain(sketch, shape, "bool")
        sketch.operator(name, [a, b], [y])
        return [a, b], [y]

    return make


def _boolean(name: str, operands: int) -> Callable[[Sketch], Ends]:
    def make(sketch: Sketch) -> Ends:
        shape = sketch.image()
        inputs = [_plain(sketch, shape, "bool") for _ in range(operands)]
        y = _plain(sketch, shape, "bool")
        sketch.operator(name, inputs, [y])
        return inputs, [y]

    return make


def _select(sketch: Sketch) -> Ends:
    shape = sketch.image()
    condition, a = _plain(sketch, shape, "bool"), _any(sketch, shape, ("int8", "int16"))
    b, y = _twin(sketch, a, shape[2:]), _twin(sketch, a, shape)
    sketch.operator("SELECT_V2", [condition, a, b], [y])
    return [condition, a, b], [y]


def _cast(sketch: Sketch) -> Ends:
    shape, types = sketch.image(), ("int8", "int16", "int32", "bool")
    x, y = (_any(sketch, shape, types) for _ in range(2))
    sketch.operator("CAST", [x], [y])
    return [x], [y]


def _add_n(sketch: Sketch) -> Ends:
    shape = sketch.image()
    x = sketch.activation(shape)
    inputs = [x, *(_twin(sketch, x, shape) for _ in range(sketch.draws.between(1, 7)))]
    y = sketch.activation(shape)
    sketch.operator("ADD_N", inputs, [y])
    return inputs, [y]


def _fill(sketch: Sketch) -> Ends:
    shape, x = sketch.image(), _any(sketch, (), ("int8", "int32"))
    y = _twin(sketch, x, shape)
    sketch.operator("FILL", [sketch.integers(*shape), x], [y])
    return [x], [y]


def _zeros_like(sketch: Sketch) -> Ends:
    x = _any(sketch, sketch.image(), ("int8", "int32", "int64"))
    y = _twin(sketch, x, sketch.tensors[x].shape)
    sketch.operator("ZEROS_LIKE", [x], [y])
    return [x], [y]


def _reduced(name: str) -> Callable[[Sketch], Ends]:
    def make(sketch: Sketch) -> Ends:
        shape = sketch.image()
        x, y = _plain(sketch, shape, "bool"), _plain(sketch, shape[:3], "bool")
        sketch.operator(name, [x, sketch.integers(3)], [y], options("ReducerOptions"))
        return [x], [y]

    return make


def _gather_nd(sketch: Sketch) -> Ends:
    """The indices are 0: what a random one names is not there."""
    shape, count = sketch.image(), sketch.draws.between(1, 5)
    depth = sketch.draws.between(1, 4)
    indices = sketch.constant(f"i{len(sketch.tensors)}", np.zeros((count, depth), np.int32))
    x = sketch.activation(shape)
    y = _twin(sketch, x, (count, *shape[depth:]))
    sketch.operator("GATHER_ND", [x, indices], [y])
    return [x], [y]


def _embedding_lookup(sketch: Sketch) -> Ends:
    rows, cols, count = sketch.sizes(3)
    indices = sketch.constant(f"i{len(sketch.tensors)}", np.zeros(count, np.int32))
    x = sketch.activation((rows, cols))
    y = _twin(sketch, x, (count, cols))
    sketch.operator("EMBEDDING_LOOKUP", [indices, x], [y])
    return [x], [y]


def _update_slice(sketch: Sketch) -> Ends:
    shape = sketch.image()
    x = _any(sketch, shape, ("int8", "int32"))
    update = _twin(sketch, x, [sketch.draws.between(1, n) for n in shape])
    begins = _plain(sketch, (4,), "int32") if sketch.draws.chance() else sketch.integers(0, 1, 2, 3)
    y = _twin(sketch, x, shape)
    sketch.operator("DYNAMIC_UPDATE_SLICE", [x, update, begins], [y])
    computed = [begins] if sketch.tensors[begins].data is None else []
    return [x, update, *computed], [y]


MAKERS: Mapping[str, Callable[[Sketch], Ends]] = {
    **{
        name: _comparison(name)
        for name in ("EQUAL", "NOT_EQUAL", "GREATER", "GREATER_EQUAL", "LESS", "LESS_EQUAL")
    },
    **{name: _boolean(name, 2) for name in ("LOGICAL_AND", "LOGICAL_OR")},
    **{name: _reduced(name) for name in ("REDUCE_ANY", "REDUCE_ALL")},
    "LOGICAL_NOT": _boolean("LOGICAL_NOT", 1),
    "SELECT_V2": _select,
    "CAST": _cast,
    "ADD_N": _add_n,
    "FILL": _fill,
    "ZEROS_LIKE": _zeros_like,
    "GATHER_ND": _gather_nd,
    "EMBEDDING_LOOKUP": _embedding_lookup,
    "DYNAMIC_UPDATE_SLICE": _update_slice,
}
