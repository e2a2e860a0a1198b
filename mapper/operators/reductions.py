"""MEAN, SUM, REDUCE_MAX, REDUCE_MIN, ARG_MAX and ARG_MIN."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from math import prod
from typing import ClassVar, NamedTuple

import numpy as np

from tilewright.hw.spec import numerics as nm
from tilewright.hw.spec.kernels import mean_parameters
from tilewright.hw.spec.npu_config import NpuConfig
from tilewright.hw.spec.steps import ARG_MAX, REDUCE_MAX, REDUCE_SUM
from tilewright.mapper.graph.operator import Cpu, Operator, Shape, Site, Steps
from tilewright.mapper.moves.index_maps import dense_pitches
from tilewright.mapper.operators.images import (
    Padding,
    Windows,
    ends,
    image_shape,
    quant_fields,
    window_objection,
)
from tilewright.mapper.operators.moves import element_bytes
from tilewright.mapper.works.geometry import Operand, Region
from tilewright.mapper.works.requantisation import uniform
from tilewright.mapper.works.window import WindowWork
from tilewright.mapper.works.work import Work

_LOOPS = 3
"""Loops over what is kept, and over what is reduced, that a step has."""


class _Group(NamedTuple):
    """Neighbouring axes of one kind, as one: elements, and elements from one to the next."""

    reduced: bool
    extent: int
    pitch: int


def _groups(shape: Shape, axes: Sequence[int]) -> list[_Group]:
    """The axes, neighbours of one kind joined, outermost first; axes of extent 1 left out."""
    groups: list[_Group] = []
    for axis, (extent, pitch) in enumerate(zip(shape, dense_pitches(shape), strict=True)):
        if extent == 1:
            continue
        if groups and groups[-1].reduced == (axis in axes):
            groups[-1] = _Group(axis in axes, groups[-1].extent * extent, pitch)
        else:
            groups.append(_Group(axis in axes, extent, pitch))
    return groups


@dataclass(frozen=True, kw_only=True)
class Reduction(Operator):
    """The common part: ``axes`` (counted from 0) are left out of the result, or have extent 1."""

    axes: tuple[int, ...]

    def shapes(self, site: Site) -> Sequence[Shape]:
        """Return the shape of the result, with or without the reduced axes and others of 1."""
        shape, result = site.x.shape, site.result.shape
        if not all(0 <= axis < len(shape) for axis in self.axes):
            site.refuse(f" has no axes {self.axes} in {shape}")
        short = tuple(n for axis, n in enumerate(shape) if axis not in self.axes)
        groups = _groups(shape, self.axes)
        if max(sum(g.reduced for g in groups), sum(not g.reduced for g in groups)) > _LOOPS:
            site.refuse(f" over {self.axes} of {shape}: at most 3 groups of neighbouring axes")
        same = [n for n in result if n > 1] == [n for n in short if n > 1]
        return [result if same else short]

    def count(self, site: Site) -> int:
        """Return how many elements become one."""
        return prod(site.x.shape[axis] for axis in self.axes)

    def loops(self, site: Site, cpu: Cpu) -> dict[str, int]:
        """Return both addresses and the loops as fields of a step."""
        values = ends(site, cpu) | {"element_bytes": element_bytes(site)}
        groups = _groups(site.x.shape, self.axes)[::-1]
        for name, reduced in (("kept", False), ("reduced", True)):
            found = [group for group in groups if group.reduced == reduced]
            found += [_Group(reduced, 1, 0)] * (_LOOPS - len(found))
            for number, group in enumerate(found):
                values[f"{name}_extent_{number}"] = group.extent
                values[f"{name}_pitch_{number}"] = group.pitch
        return values


@dataclass(frozen=True, kw_only=True)
class Rescaled(Reduction):
    """The common part of MEAN and SUM: the sum of the elements less their zero point, rescaled."""

    writes_pixels: ClassVar[bool] = True

    def verify_types(self, site: Site) -> None:
        """Raise RequestError unless int8 becomes int8, or int16 int16, of one scale each."""
        x, result = site.x, site.result
        whole = x.is_whole and result.is_whole
        if not whole or x.dtype != result.dtype or x.dtype not in ("int8", "int16"):
            site.refuse(f": from {x.dtype} to {result.dtype}; int8 or int16 of one scale is needed")

    @abstractmethod
    def factor(self, site: Site) -> tuple[int, int]:
        """Return (multiplier, shift) of the sum."""

    def _image(self, site: Site) -> tuple[Shape, Shape] | None:
        """The input as an image [rows, cols, channels] and the window whose elements are summed.

        None where what is reduced are no neighbouring axes in front of the channels, or the result
        is an image of another shape.
        """
        shape, axes = site.x.shape, self.axes
        if len(shape) == 4 and shape[0] == 1 and set(axes) <= {1, 2}:
            window = tuple(shape[axis] if axis in axes else 1 for axis in (1, 2))
            return image_shape(site.x), window
        groups = _groups(shape, axes) if len(site.result.shape) < 4 else []
        if not groups or groups[-1].reduced:
            groups.append(_Group(False, 1, 1))
        if not groups[0].reduced:
            kept, *groups = groups
        else:
            kept = _Group(False, 1, 0)
        if [group.reduced for group in groups] != [True, False]:
            return None
        return (kept.extent, groups[0].extent, groups[1].extent), (1, groups[0].extent)

    def objection(self, site: Site) -> str | None:
        """Return why no accelerator computes this; None when one could."""
        if site.x.dtype != "int8":
            return f"its operands are {site.x.dtype}"
        found = self._image(site)
        if found is None:
            return f"axes {self.axes} of {site.x.shape} are no window of an image"
        windows = Windows(found[1], (1, 1), Padding())
        return window_objection(windows, found[0][2])

    def works(self, site: Site, npu: NpuConfig) -> list[Work]:
        """Return a depthwise work of ones, whose window is what becomes one element."""
        x, result, found = site.x, site.result, self._image(site)
        assert found is not None
        image, window = found
        channels, taps = image[2], prod(window)
        height, width = image[0] - window[0] + 1, image[1] - window[1] + 1
        factor = self.factor(site)
        return [
            WindowWork(
                input=Operand(x.name),
                output=Operand(result.name),
                input_shape=(image[0], image[1], channels),
                output_shape=(height, width, channels),
                region=Region(0, 0, height, width),
                kernel=(window[0], window[1]),
                stride=(1, 1),
                pad=(0, 0),
                pad_value=0,
                weights=np.ones((channels, taps), dtype=np.int8),
                requantisation=uniform(channels, -taps * x.zero_point, factor, result.zero_point),
                depthwise=True,
            )
        ]

    def steps(self, site: Site, cpu: Cpu) -> Steps:
        """Return one step."""
        ends_of = np.iinfo(site.x.dtype)
        values = self.loops(site, cpu) | quant_fields(site, int(ends_of.min), int(ends_of.max))
        values["multiplier"], values["shift"] = self.factor(site)
        return [(REDUCE_SUM, values)]


@dataclass(frozen=True, kw_only=True)
class Mean(Rescaled):
    """MEAN over axes, requantised."""

    kind: ClassVar[str] = "MEAN"

    axes: tuple[int, ...] = (1, 2)

    def factor(self, site: Site) -> tuple[int, int]:
        """Return (multiplier, shift) of the sum; the division is part of it."""
        return mean_parameters(site.x.scale, site.result.scale, self.count(site))


@dataclass(frozen=True, kw_only=True)
class Sum(Rescaled):
    """SUM over axes, requantised."""

    kind: ClassVar[str] = "SUM"

    def factor(self, site: Site) -> tuple[int, int]:
        """Return (multiplier, shift) of the sum."""
        return nm.rescale_parameters(site.x.scale, site.result.scale)


@dataclass(frozen=True, kw_only=True)
class Extreme(Reduction):
    """The common part of REDUCE_MAX and REDUCE_MIN; the quantisation stays.

    Of booleans they are REDUCE_ANY and REDUCE_ALL.
    """

    keeps_quantisation: ClassVar[bool] = True
    flip: ClassVar[int]
    """What the step turns elements over with, so that the largest is the one wanted."""

    def verify_types(self, site: Site) -> None:
        """Raise RequestError unless the result has the input's type."""
        self.verify_one_type(site, ("int8", "int16", "bool"))

    def steps(self, site: Site, cpu: Cpu) -> Steps:
        """Return one step."""
        return [(REDUCE_MAX, self.loops(site, cpu) | {"flip": self.flip})]


@dataclass(frozen=True, kw_only=True)
class ReduceMax(Extreme):
    """REDUCE_MAX over axes."""

    kind: ClassVar[str] = "REDUCE_MAX"
    flip: ClassVar[int] = 0


@dataclass(frozen=True, kw_only=True)
class ReduceMin(Extreme):
    """REDUCE_MIN over axes."""

    kind: ClassVar[str] = "REDUCE_MIN"
    flip: ClassVar[int] = -1


@dataclass(frozen=True, kw_only=True)
class Argument(Operator):
    """The common part of ARG_MAX and ARG_MIN: int32 indices along ``axis``, which is left out."""

    flip: ClassVar[int]

    axis: int

    def shapes(self, site: Site) -> Sequence[Shape]:
        """Return the shape of the result, with or without the axis."""
        shape, result, axis = site.x.shape, site.result.shape, self.axis
        if not 0 <= axis < len(shape):
            site.refuse(f" has no axis {axis} in {shape}")
        kept = (*shape[:axis], 1, *shape[axis + 1 :])
        return [result if result == kept else (*shape[:axis], *shape[axis + 1 :])]

    def verify_types(self, site: Site) -> None:
        """Raise RequestError unless int8 becomes int32."""
        if site.x.dtype != "int8" or site.result.dtype != "int32":
            site.refuse(f": from {site.x.dtype} to {site.result.dtype}; int8 to int32 is needed")

    def steps(self, site: Site, cpu: Cpu) -> Steps:
        """Return one step."""
        shape, axis = site.x.shape, self.axis
        sizes = {"outer": prod(shape[:axis]), "inner": prod(shape[axis + 1 :])}
        values = ends(site, cpu) | sizes | {"axis": shape[axis], "flip": self.flip}
        return [(ARG_MAX, values)]


@dataclass(frozen=True, kw_only=True)
class ArgMax(Argument):
    """ARG_MAX along an axis: the first of the largest."""

    kind: ClassVar[str] = "ARG_MAX"
    flip: ClassVar[int] = 0


@dataclass(frozen=True, kw_only=True)
class ArgMin(Argument):
    """ARG_MIN along an axis: the first of the smallest."""

    kind: ClassVar[str] = "ARG_MIN"
    flip: ClassVar[int] = -1
