"""The moves of each operator that only moves elements, from its attributes and shapes.

Every function returns moves (`mapper.moves.copy`) from a dense input to a dense output. Shapes are
in elements; ``element_bytes`` is the size of one. Where an operator has several inputs or outputs
it is planned one at a time.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from math import prod

from tilewright.mapper.moves.copy import Axis, Move, moves
from tilewright.mapper.moves.fills import filled_with
from tilewright.mapper.moves.index_maps import Map, dense_pitches, mapped
from tilewright.mapper.moves.nests import PADDING

Shape = Sequence[int]


def transpose(shape: Shape, permutation: Sequence[int], element_bytes: int) -> list[Move]:
    """TRANSPOSE: axis k of the output is axis permutation[k] of the input."""
    inputs = dense_pitches(shape)
    sizes = [shape[axis] for axis in permutation]
    axes = [
        Axis(size, inputs[axis], pitch)
        for size, axis, pitch in zip(sizes, permutation, dense_pitches(sizes), strict=True)
    ]
    return moves(axes, element_bytes)


def strided_slice(
    shape: Shape, begins: Sequence[int], strides: Sequence[int], sizes: Shape, element_bytes: int
) -> list[Move]:
    """SLICE, STRIDED_SLICE, a part of SPLIT or UNPACK, REVERSE: ``sizes`` elements of each axis.

    ``begins`` are counted from 0 and lie in the input; strides may be negative.
    """
    inputs = dense_pitches(shape)
    axes = [
        Axis(size, stride * pitch, out)
        for size, stride, pitch, out in zip(
            sizes, strides, inputs, dense_pitches(sizes), strict=True
        )
    ]
    start = sum(begin * pitch for begin, pitch in zip(begins, inputs, strict=True))
    return moves(axes, element_bytes, input_start=start)


def place(
    shape: Shape, output_shape: Shape, begins: Sequence[int], element_bytes: int
) -> list[Move]:
    """A part of CONCATENATION or PACK: the whole input, from index ``begins`` of the output on."""
    outputs = dense_pitches(output_shape)
    axes = [
        Axis(size, pitch, out)
        for size, pitch, out in zip(shape, dense_pitches(shape), outputs, strict=True)
    ]
    start = sum(begin * pitch for begin, pitch in zip(begins, outputs, strict=True))
    return moves(axes, element_bytes, output_start=start)


def gather(shape: Shape, axis: int, indices: Map, element_bytes: int) -> list[Move]:
    """GATHER with constant indices along an axis; evenly spaced ones share a move."""
    maps: list[Map] = [range(size) for size in shape]
    maps[axis] = list(indices)
    return mapped(shape, maps, element_bytes)


def reverse(shape: Shape, axes: Sequence[int], element_bytes: int) -> list[Move]:
    """REVERSE along axes."""
    begins = [size - 1 if axis in axes else 0 for axis, size in enumerate(shape)]
    strides = [-1 if axis in axes else 1 for axis in range(len(shape))]
    return strided_slice(shape, begins, strides, shape, element_bytes)


def tile(shape: Shape, multiples: Sequence[int], element_bytes: int) -> list[Move]:
    """TILE: the input ``multiples`` times along each axis."""
    maps = [list(range(size)) * count for size, count in zip(shape, multiples, strict=True)]
    return mapped(shape, maps, element_bytes)


def broadcast_to(shape: Shape, output_shape: Shape, element_bytes: int) -> list[Move]:
    """BROADCAST_TO: axes of extent 1, and axes that are missing in front, repeat."""
    whole = [1] * (len(output_shape) - len(shape)) + list(shape)
    maps: list[Map] = [
        range(size) if size == given else [0] * size
        for given, size in zip(whole, output_shape, strict=True)
    ]
    return mapped(whole, maps, element_bytes)


def pad(shape: Shape, pads: Sequence[tuple[int, int]], value: bytes) -> list[Move]:
    """PAD with (before, after) along each axis; ``value`` are the bytes of a new element."""
    maps = [
        [PADDING] * before + list(range(size)) + [PADDING] * after
        for size, (before, after) in zip(shape, pads, strict=True)
    ]
    return filled_with(mapped(shape, maps, len(value), value=0), value)


def fill(shape: Shape, element_bytes: int) -> list[Move]:
    """Zeros everywhere."""
    axes = [Axis(n, 0, pitch) for n, pitch in zip(shape, dense_pitches(shape), strict=True)]
    return moves(axes, element_bytes, value=0)


def mirror_pad(
    shape: Shape, pads: Sequence[tuple[int, int]], element_bytes: int, *, edge_twice: bool
) -> list[Move]:
    """MIRROR_PAD: SYMMETRIC repeats the edge (``edge_twice``), REFLECT does not."""
    maps = [
        _mirror(size, before, after, 0 if edge_twice else 1)
        for size, (before, after) in zip(shape, pads, strict=True)
    ]
    return mapped(shape, maps, element_bytes)


def edge_pad(shape: Shape, pads: Sequence[tuple[int, int]], element_bytes: int) -> list[Move]:
    """A pad that repeats the elements at the edge."""
    maps = [
        [0] * before + list(range(size)) + [size - 1] * after
        for size, (before, after) in zip(shape, pads, strict=True)
    ]
    return mapped(shape, maps, element_bytes)


def _mirror(size: int, before: int, after: int, skipped: int) -> list[int]:
    left = [index + skipped for index in reversed(range(before))]
    right = [size - 1 - skipped - index for index in range(after)]
    return [*left, *range(size), *right]


def depth_to_space(
    shape: Shape, block: int, element_bytes: int, *, depth_first: bool = True
) -> list[Move]:
    """DEPTH_TO_SPACE of [N,H,W,C]: C = (block row, block col, channel), or with the channel first.

    ``depth_first`` is TensorFlow's order and ONNX's DCR; else ONNX's CRD.
    """
    n, rows, cols, channels = shape
    rest = channels // (block * block)
    if depth_first:
        split, order = (n, rows, cols, block, block, rest), (0, 1, 3, 2, 4, 5)
    else:
        split, order = (n, rows, cols, rest, block, block), (0, 1, 4, 2, 5, 3)
    return transpose(split, order, element_bytes)


def space_to_depth(shape: Shape, block: int, element_bytes: int) -> list[Move]:
    """SPACE_TO_DEPTH of [N,H,W,C] into channels of order (block row, block col, channel)."""
    n, rows, cols, channels = shape
    split = (n, rows // block, block, cols // block, block, channels)
    return transpose(split, (0, 1, 3, 2, 4, 5), element_bytes)


def space_to_batch_nd(
    shape: Shape,
    block: Sequence[int],
    pads: Sequence[tuple[int, int]],
    value: bytes,
) -> list[Move]:
    """SPACE_TO_BATCH_ND of [N, spatial.., rest..]: each offset in a block is a batch of its own.

    ``value`` are the bytes of a padded element.
    """
    batch, spatial = shape[0], shape[1 : 1 + len(block)]
    padded = [size + sum(around) for size, around in zip(spatial, pads, strict=True)]
    sizes = [size // step for size, step in zip(padded, block, strict=True)]
    rest = list(shape[1 + len(block) :])
    part = batch * prod(sizes) * prod(rest)
    result: list[Move] = []
    for number, offsets in enumerate(product(*(range(step) for step in block))):
        maps: list[Map] = [range(batch)]
        for size, step, (before, _), offset, extent in zip(
            sizes, block, pads, offsets, spatial, strict=True
        ):
            places = (turn * step + offset - before for turn in range(size))
            maps.append([place if 0 <= place < extent else PADDING for place in places])
        maps += [range(size) for size in rest]
        result += mapped(shape, maps, len(value), value=0, output_start=number * part)
    return filled_with(result, value)


def batch_to_space_nd(
    shape: Shape, block: Sequence[int], crops: Sequence[tuple[int, int]], element_bytes: int
) -> list[Move]:
    """BATCH_TO_SPACE_ND of [N * block.., spatial.., rest..], cropped (before, after)."""
    spatial, rest = shape[1 : 1 + len(block)], list(shape[1 + len(block) :])
    batch = shape[0] // prod(block)
    sizes = [
        size * step - before - after
        for size, step, (before, after) in zip(spatial, block, crops, strict=True)
    ]
    inputs = dense_pitches([prod(block), batch, *spatial, *rest])
    outputs = dense_pitches([batch, *sizes, *rest])
    result: list[Move] = []
    for number, offsets in enumerate(product(*(range(step) for step in block))):
        axes = [Axis(batch, inputs[1], outputs[0])]
        source, target = number * inputs[0], 0
        for axis, (offset, step, (before, _), size) in enumerate(
            zip(offsets, block, crops, sizes, strict=True)
        ):
            first = max(-(-(before - offset) // step), 0)
            start = first * step + offset - before
            turns = max(-(-(size - start) // step), 0)
            axes.append(Axis(turns, inputs[2 + axis], step * outputs[1 + axis]))
            source += first * inputs[2 + axis]
            target += start * outputs[1 + axis]
        axes += [
            Axis(size, pitch, pitch) for size, pitch in zip(rest, dense_pitches(rest), strict=True)
        ]
        result += moves(axes, element_bytes, input_start=source, output_start=target)
    return result


def resize_nearest(shape: Shape, rows: Map, cols: Map, element_bytes: int) -> list[Move]:
    """A resize of [N,H,W,C] whose output row and col read input ``rows`` and ``cols``."""
    return mapped(shape, [range(shape[0]), rows, cols, range(shape[3])], element_bytes)
