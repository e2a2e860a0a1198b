"""TRANSPOSE, SLICE, GATHER, TILE and BROADCAST_TO; how masks of STRIDED_SLICE read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import prod
from types import EllipsisType
from typing import ClassVar

import numpy as np

from tilewright.hw.spec.steps import GATHER
from tilewright.mapper.graph.operator import Cpu, Shape, Site, Steps
from tilewright.mapper.moves import operators as plan
from tilewright.mapper.moves.copy import Move
from tilewright.mapper.operators.images import ends, int32_table
from tilewright.mapper.operators.moves import Moved, element_bytes

MOST_MOVES = 16
"""A longer list of moves takes longer than a table."""


@dataclass(frozen=True, kw_only=True)
class Transpose(Moved):
    """TRANSPOSE: axis k of the result is axis ``permutation[k]`` of x."""

    kind: ClassVar[str] = "TRANSPOSE"

    permutation: tuple[int, ...]

    def shapes(self, site: Site) -> Sequence[Shape]:
        """Return the shape with its extents in the other order."""
        shape, order = site.x.shape, self.permutation
        if sorted(order) != list(range(len(shape))):
            site.refuse(f" cannot order the axes of {shape} as {order}")
        return [tuple(shape[axis] for axis in order)]

    def moves(self, site: Site) -> list[Move]:
        """Return the moves from the input to the result."""
        return plan.transpose(site.x.shape, self.permutation, element_bytes(site))


@dataclass(frozen=True, kw_only=True)
class Slice(Moved):
    """SLICE, STRIDED_SLICE, parts of SPLIT and UNPACK, REVERSE_V2.

    ``sizes`` elements of each axis from ``begins`` on, ``strides`` apart, backwards where negative.
    The result may have axes of extent 1 more or less.
    """

    kind: ClassVar[str] = "SLICE"

    begins: tuple[int, ...]
    strides: tuple[int, ...]
    sizes: tuple[int, ...]

    def shapes(self, site: Site) -> Sequence[Shape]:
        """Return the result's own shape where it has as many elements."""
        shape, result = site.x.shape, site.result.shape
        if not len(shape) == len(self.begins) == len(self.strides) == len(self.sizes):
            site.refuse(f" has {len(self.sizes)} sizes for a tensor of shape {shape}")
        for extent, begin, stride, size in zip(
            shape, self.begins, self.strides, self.sizes, strict=True
        ):
            if size < 1 or not (0 <= begin < extent and 0 <= begin + (size - 1) * stride < extent):
                site.refuse(f" takes {size} elements, {stride} apart from {begin} on, of {extent}")
        kept, wanted = ([n for n in s if n != 1] for s in (self.sizes, result))
        return [result if kept == wanted else self.sizes]

    def moves(self, site: Site) -> list[Move]:
        """Return the moves from the input to the result."""
        size = element_bytes(site)
        return plan.strided_slice(site.x.shape, self.begins, self.strides, self.sizes, size)


@dataclass(frozen=True, kw_only=True)
class Gather(Moved):
    """GATHER along ``axis`` of constant ``indices``, in the order and number given.

    The result may have several axes, or none, in place of the axis.
    """

    kind: ClassVar[str] = "GATHER"

    axis: int
    indices: tuple[int, ...]

    def shapes(self, site: Site) -> Sequence[Shape]:
        """Return the result's own shape where it has as many elements at the axis."""
        shape, result, axis = site.x.shape, site.result.shape, self.axis
        if not 0 <= axis < len(shape):
            site.refuse(f" has no axis {axis} in {shape}")
        if not all(0 <= index < shape[axis] for index in self.indices):
            site.refuse(f" reads outside of axis {axis} of {shape}: indices are 0 or more")
        behind = len(result) - (len(shape) - axis - 1)
        fits = (
            axis <= behind
            and result[:axis] == shape[:axis]
            and result[behind:] == shape[axis + 1 :]
            and prod(result[axis:behind]) == len(self.indices)
        )
        return [result if fits else (*shape[:axis], len(self.indices), *shape[axis + 1 :])]

    def moves(self, site: Site) -> list[Move]:
        """Return the moves from the input to the result."""
        return plan.gather(site.x.shape, self.axis, self.indices, element_bytes(site))

    def steps(self, site: Site, cpu: Cpu) -> Steps:
        """Return a step for each move, or one with a table where they are many."""
        if len(self.moves(site)) <= MOST_MOVES:
            return Moved.steps(self, site, cpu)
        shape, axis = site.x.shape, self.axis
        values = ends(site, cpu) | {
            "indices": int32_table(cpu, np.array(self.indices, np.int32)),
            "batches": 1,
            "outer": prod(shape[:axis]),
            "axis": shape[axis],
            "coordinates": len(self.indices),
            "inner_bytes": prod(shape[axis + 1 :]) * element_bytes(site),
        }
        return [(GATHER, values)]


@dataclass(frozen=True, kw_only=True)
class Tile(Moved):
    """TILE: x ``multiples`` times along each axis."""

    kind: ClassVar[str] = "TILE"

    multiples: tuple[int, ...]

    def shapes(self, site: Site) -> Sequence[Shape]:
        """Return the shape with its extents multiplied."""
        shape, multiples = site.x.shape, self.multiples
        if len(shape) != len(multiples) or not all(count >= 1 for count in multiples):
            site.refuse(f" cannot repeat {shape} {multiples} times")
        return [tuple(n * count for n, count in zip(shape, multiples, strict=True))]

    def moves(self, site: Site) -> list[Move]:
        """Return the moves from the input to the result."""
        return plan.tile(site.x.shape, self.multiples, element_bytes(site))


@dataclass(frozen=True, kw_only=True)
class BroadcastTo(Moved):
    """BROADCAST_TO: axes of extent 1, and axes missing in front, repeat up to ``shape``."""

    kind: ClassVar[str] = "BROADCAST_TO"

    shape: tuple[int, ...]

    def shapes(self, site: Site) -> Sequence[Shape]:
        """Return the shape."""
        given = site.x.shape
        tail = self.shape[len(self.shape) - len(given) :] if len(given) <= len(self.shape) else ()
        if len(tail) != len(given) or any(
            n not in (1, wanted) for n, wanted in zip(given, tail, strict=True)
        ):
            site.refuse(f" cannot broadcast {given} to {self.shape}")
        return [self.shape]

    def moves(self, site: Site) -> list[Move]:
        """Return the moves from the input to the result."""
        return plan.broadcast_to(site.x.shape, self.shape, element_bytes(site))


@dataclass(frozen=True, kw_only=True)
class ZerosLike(Moved):
    """ZEROS_LIKE: integers 0, as many as x has, whatever their scale makes of them."""

    kind: ClassVar[str] = "ZEROS_LIKE"
    keeps_quantisation: ClassVar[bool] = False

    def shapes(self, site: Site) -> Sequence[Shape]:
        """Return the input's shape."""
        return [site.x.shape]

    def moves(self, site: Site) -> list[Move]:
        """Return one fill."""
        return plan.fill(site.x.shape, element_bytes(site))


Index = tuple[slice | int | EllipsisType | None, ...]


def strided_slices(
    shape: Sequence[int],
    begin: Sequence[int],
    end: Sequence[int],
    stride: Sequence[int],
    masks: Mapping[str, int],
) -> Index:
    """Return the index of a NumPy array of this shape that the operator takes.

    ``masks`` are bit masks over the entries of begin: Begin, End, Ellipsis, NewAxis, Shrink.
    Raises ValueError where a stride is 0, IndexError where a single element does not exist.
    """
    index: list[slice | int | EllipsisType | None] = []
    axis = 0
    named = sum(not (masks[m] >> i & 1) for i in range(len(begin)) for m in ("NewAxis",)) - bin(
        masks["Ellipsis"]
    ).count("1")
    for i, (first, last, step) in enumerate(zip(begin, end, stride, strict=True)):
        if masks["Ellipsis"] >> i & 1:
            index.append(Ellipsis)
            axis += max(len(shape) - named, 0)
        elif masks["NewAxis"] >> i & 1:
            index.append(None)
        else:
            if step == 0:
                raise ValueError("a stride of 0")
            if axis >= len(shape):
                raise IndexError(f"{len(begin)} bounds for {len(shape)} axes")
            index.append(_axis_index(shape[axis], first, last, step, i, masks))
            axis += 1
    return tuple(index)


def _axis_index(
    extent: int, first: int, last: int, step: int, position: int, masks: Mapping[str, int]
) -> slice | int:
    if masks["Shrink"] >> position & 1:
        if not -extent <= first < extent:
            raise IndexError(f"element {first} of {extent}")
        return first
    start = None if masks["Begin"] >> position & 1 else first
    stop = None if masks["End"] >> position & 1 else last
    return slice(start, stop, step)
