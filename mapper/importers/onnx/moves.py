"""ONNX operators that take part of a tensor, repeat it or interleave it: they change its view."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np

from tilewright.hw.spec.errors import RequestError
from tilewright.mapper import limits
from tilewright.mapper.importers.onnx.builder import Builder
from tilewright.mapper.importers.onnx.model import Array, Node
from tilewright.mapper.importers.onnx.values import Constant, Pending, Value
from tilewright.mapper.limits import require


def changed(builder: Builder, node: Node, change: Callable[[Array], Array]) -> Value:
    """The first operand with its view changed, of which elements may be left out or repeat."""
    value = builder.value(node, 0)
    if isinstance(value, Constant):
        if value.scale is not None and value.scale.size > 1:
            raise RequestError(
                f"{node.place}: weights quantised per channel cannot be moved: store them in the "
                "form that the layer needs"
            )
        return replace(value, data=change(value.data))
    view = change(value.view)
    if view.size == 0 or not limits.activation_is_small(view.shape):
        raise RequestError(f"{node.place}: its result has the impossible shape {list(view.shape)}")
    if isinstance(value, Pending):
        # What is added afterwards belongs to the elements that are left, not to the whole layer.
        return replace(value, view=view, with_affine=None)
    return replace(value, view=view)


def extents(builder: Builder, node: Node) -> tuple[int, ...]:
    """The shape of the first operand."""
    value = builder.value(node, 0)
    return value.data.shape if isinstance(value, Constant) else value.view.shape


def vector(builder: Builder, node: Node, position: int, name: str) -> tuple[int, ...] | None:
    """Integers from an input, or in older files from an attribute; None where neither is there."""
    return builder.integers(node, position) if node.has(position) else node.integers(name)


def axis_of(node: Node, axis: int, rank: int) -> int:
    """An axis counted from 0. Raises RequestError where there is none."""
    require(node.place, limits.axis_exists, (axis, rank))
    return axis + rank if axis < 0 else axis


def _slice(builder: Builder, node: Node) -> Value:
    shape = extents(builder, node)
    starts = vector(builder, node, 1, "starts") or ()
    ends = vector(builder, node, 2, "ends") or ()
    axes = vector(builder, node, 3, "axes") or tuple(range(len(starts)))
    steps = (builder.integers(node, 4) if node.has(4) else None) or (1,) * len(starts)
    require(node.place, limits.slice_vectors_fit, [len(v) for v in (starts, ends, axes, steps)])
    keys = [slice(None)] * len(shape)
    for start, end, axis, step in zip(starts, ends, axes, steps, strict=True):
        require(node.place, limits.slice_stride_is_sensible, step)
        # An end far below 0 means that index 0 is taken, which a Python slice says with None.
        stop = None if step < 0 and end < -shape[axis_of(node, axis, len(shape))] else end
        keys[axis_of(node, axis, len(shape))] = slice(start, stop, step)
    taken = [len(range(*key.indices(n))) for key, n in zip(keys, shape, strict=True)]
    require(node.place, limits.slice_takes_something, taken)
    return changed(builder, node, lambda array: array[tuple(keys)])


def _split(builder: Builder, node: Node) -> tuple[Value, ...]:
    shape = extents(builder, node)
    axis, count = axis_of(node, node.integer("axis", 0), len(shape)), len(node.outputs)
    sizes = vector(builder, node, 1, "split")
    if sizes is None:
        # The last part is smaller where the parts don't come out even.
        size = -(-shape[axis] // count)
        sizes = (*(size,) * (count - 1), shape[axis] - size * (count - 1))
    require(node.place, limits.parts_fit, (sizes, shape[axis], count))
    ends = np.cumsum(sizes).tolist()
    return tuple(
        changed(builder, node, lambda a, s=end - size, e=end: a.take(range(s, e), axis))
        for size, end in zip(sizes, ends, strict=True)
    )


def _gather(builder: Builder, node: Node) -> Value:
    shape = extents(builder, node)
    axis = axis_of(node, node.integer("axis", 0), len(shape))
    indices = builder.constant(node, 1).data
    if indices.dtype.kind not in "iu":
        raise RequestError(f"{node.place}: indices must be integers, not {indices.dtype}")
    for index in (indices.min(initial=0), indices.max(initial=0)):
        require(node.place, limits.index_exists, (int(index), shape[axis]))
    wanted = (*shape[:axis], *indices.shape, *shape[axis + 1 :])
    require(node.place, limits.activation_is_small, wanted)
    return changed(builder, node, lambda array: array.take(indices, axis))


def _tile(builder: Builder, node: Node) -> Value:
    shape, repeats = extents(builder, node), builder.integers(node, 1)
    require(node.place, limits.one_entry_an_axis, (len(repeats), len(shape)))
    result = tuple(n * max(count, 0) for n, count in zip(shape, repeats, strict=True))
    require(node.place, limits.activation_is_small, result)
    return changed(builder, node, lambda array: np.tile(array, repeats))


def _expand(builder: Builder, node: Node) -> Value:
    wanted = np.broadcast_shapes(extents(builder, node), builder.integers(node, 1))
    require(node.place, limits.activation_is_small, wanted)
    return changed(builder, node, lambda array: np.broadcast_to(array, wanted))


def _depth_to_space(builder: Builder, node: Node) -> Value:
    n, c, h, w = _image(builder, node)
    block, mode = node.integer("blocksize", 1), node.text("mode", "DCR")
    require(node.place, limits.block_is_sensible, (block, block))
    rest = c // (block * block)
    split, order = (n, block, block, rest, h, w), (0, 3, 4, 1, 5, 2)
    if mode == "CRD":
        split, order = (n, rest, block, block, h, w), (0, 1, 4, 2, 5, 3)

    def change(array: Array) -> Array:
        return array.reshape(split).transpose(order).reshape(n, rest, h * block, w * block)

    return changed(builder, node, change)


def _space_to_depth(builder: Builder, node: Node) -> Value:
    n, c, h, w = _image(builder, node)
    block = node.integer("blocksize", 1)
    require(node.place, limits.block_is_sensible, (block, block))
    split = (n, c, h // block, block, w // block, block)

    def change(array: Array) -> Array:
        moved = array.reshape(split).transpose(0, 3, 5, 1, 2, 4)
        return moved.reshape(n, c * block * block, h // block, w // block)

    return changed(builder, node, change)


def _image(builder: Builder, node: Node) -> tuple[int, ...]:
    shape = extents(builder, node)
    require(node.place, limits.images_have_four_axes, shape)
    return shape


RULES: Mapping[str, Callable[[Builder, Node], Value | tuple[Value, ...]]] = {
    "Slice": _slice,
    "Split": _split,
    "Gather": _gather,
    "Tile": _tile,
    "Expand": _expand,
    "DepthToSpace": _depth_to_space,
    "SpaceToDepth": _space_to_depth,
}
