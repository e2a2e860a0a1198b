"""AVERAGE_POOL_2D and MAX_POOL_2D."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import ClassVar

import numpy as np

from tilewright.hw.spec.npu_config import NpuConfig
from tilewright.hw.spec.steps import AVERAGE_POOL_2D, MAX_POOL_2D, StepKind
from tilewright.mapper.graph.operator import Cpu, Shape, Site, Slide, Steps
from tilewright.mapper.operators.clamp import Clamped, wide_objection
from tilewright.mapper.operators.images import (
    Padding,
    Windows,
    clamp_fields,
    image_fields,
    image_shape,
    window_fields,
    window_objection,
    windowed_shape,
)
from tilewright.mapper.works.geometry import Operand, Region, whole
from tilewright.mapper.works.requantisation import IDENTITY, uniform
from tilewright.mapper.works.window import WindowWork
from tilewright.mapper.works.work import Work

MAX_AVERAGE = 2047
MAX_REGIONS = 25


@dataclass(frozen=True, kw_only=True)
class Pool2d(Clamped):
    """What both have: window and stride are (vertical, horizontal).

    Only pixels inside the image count; input and output share one quantisation.
    """

    keeps_quantisation: ClassVar[bool] = True
    wide: ClassVar[bool] = True
    writes_pixels: ClassVar[bool] = True

    window: tuple[int, int]
    stride: tuple[int, int]
    padding: Padding

    @property
    def _windows(self) -> Windows:
        return Windows(self.window, self.stride, self.padding)

    def shapes(self, site: Site) -> Sequence[Shape]:
        """Return the shape of the result."""
        return [windowed_shape(site, self._windows, site.x.shape[-1])]

    def slide(self, site: Site) -> Slide:
        """Return window and stride."""
        return Slide(self.window, self.stride)

    def objection(self, site: Site) -> str | None:
        """Return why no accelerator computes this; None when one could."""
        windows = window_objection(self._windows, site.result.shape[-1])
        return wide_objection(site) or windows

    def steps(self, site: Site, cpu: Cpu) -> Steps:
        """Return one step."""
        values = image_fields(site, cpu) | clamp_fields(self.lo, self.hi)
        values |= {"element_bytes": np.dtype(site.x.dtype).itemsize}
        return [(self._step(), values | window_fields(site, self._windows))]

    @abstractmethod
    def _step(self) -> StepKind: ...

    def _work(
        self, site: Site, region: Region, taps: int, factor: tuple[int, int], *, maximum: bool
    ) -> WindowWork:
        """A depthwise work with weights of one."""
        channels = site.x.shape[-1]
        return WindowWork(
            input=Operand(site.x.name),
            output=Operand(site.result.name),
            input_shape=image_shape(site.x),
            output_shape=image_shape(site.result),
            region=region,
            kernel=self.window,
            stride=self.stride,
            pad=(self.padding.top, self.padding.left),
            pad_value=-128 if maximum else 0,
            weights=np.ones((channels, taps), dtype=np.int8),
            requantisation=uniform(channels, 0, factor, 0, self.lo, self.hi),
            depthwise=True,
            maximum=maximum,
        )


@dataclass(frozen=True, kw_only=True)
class MaxPool2d(Pool2d):
    """MAX_POOL_2D."""

    kind: ClassVar[str] = "MAX_POOL_2D"

    def unit_objection(self, config: NpuConfig) -> str | None:
        """Return why this accelerator has no maximum; None if it has."""
        return f"control = microcode has no {self.kind}" if config.microcode else None

    def works(self, site: Site, npu: NpuConfig) -> list[Work]:
        """Return one depthwise work that takes the maximum."""
        return [self._work(site, whole(image_shape(site.result)), 0, IDENTITY, maximum=True)]

    def _step(self) -> StepKind:
        return MAX_POOL_2D


@dataclass(frozen=True, kw_only=True)
class AveragePool2d(Pool2d):
    """AVERAGE_POOL_2D: over the pixels inside the image, half away from zero."""

    kind: ClassVar[str] = "AVERAGE_POOL_2D"

    def objection(self, site: Site) -> str | None:
        """Return why no accelerator computes this; None when one could."""
        return super().objection(site) or _average_objection(self.regions(site))

    def regions(self, site: Site) -> list[tuple[Region, int]]:
        """Rectangles of output pixels whose windows hold equally many pixels, and how many."""
        image, result = image_shape(site.x), image_shape(site.result)
        before = self.padding.top, self.padding.left
        vertical, horizontal = (
            _runs(image[i], self.window[i], self.stride[i], before[i], result[i]) for i in (0, 1)
        )
        return [
            (Region(top, left, bottom, right), rows * cols)
            for top, bottom, rows in vertical
            for left, right, cols in horizontal
        ]

    def works(self, site: Site, npu: NpuConfig) -> list[Work]:
        """Return a depthwise work of ones for each region."""
        taps = self.window[0] * self.window[1]
        return [
            self._work(site, region, taps, average_factor(count), maximum=False)
            for region, count in self.regions(site)
        ]

    def _step(self) -> StepKind:
        return AVERAGE_POOL_2D


def _average_objection(regions: list[tuple[Region, int]]) -> str | None:
    largest = max(count for _, count in regions)
    if largest > MAX_AVERAGE:
        return f"an average over {largest} pixels exceeds {MAX_AVERAGE}"
    if len(regions) > MAX_REGIONS:
        return f"its windows overlap the padding in {len(regions)} ways, more than {MAX_REGIONS}"
    return None


def _runs(size: int, kernel: int, stride: int, before: int, outputs: int) -> list[tuple[int, ...]]:
    """Runs (first, end, taps) of output positions whose windows hold equally many pixels."""
    start = np.arange(outputs) * stride - before
    taps = np.minimum(start + kernel, size) - np.maximum(start, 0)
    cuts = [0, *(np.flatnonzero(np.diff(taps)) + 1).tolist(), outputs]
    return [(a, b, int(taps[a])) for a, b in pairwise(cuts)]


def average_factor(count: int) -> tuple[int, int]:
    """(multiplier, shift) that divides a sum of ``count`` (1..2047) int8 as the CPU does.

    That is, to nearest with halves away from zero; the factor is a little over 1 / count.
    """
    return IDENTITY if count == 1 else ((1 << 31) // count + 2, 0)
