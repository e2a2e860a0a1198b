"""CONV_2D and DEPTHWISE_CONV_2D."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import prod
from typing import ClassVar, Self

import numpy as np

from hw.spec.steps import CONV_2D, DEPTHWISE_CONV_2D
from mapper.graph.operator import Cpu, Shape, Site, Steps
from mapper.graph.tensor import Tensor
from mapper.operators.clamp import Clamped
from mapper.operators.images import (
    Padding,
    Windows,
    image_fields,
    image_shape,
    quant_fields,
    window_fields,
    window_objection,
    windowed_shape,
)
from mapper.operators.weighted import require_constant, table_fields, window_work
from mapper.works.work import Work


@dataclass(frozen=True, kw_only=True)
class Convolution(Clamped):
    """What both have: padding of the zero point, and a (vertical, horizontal) stride."""

    inputs: ClassVar[tuple[int, int]] = (3, 3)
    computed: ClassVar[int | None] = 1
    writes_pixels: ClassVar[bool] = True

    stride: tuple[int, int]
    padding: Padding

    def padded(self, outer: Padding) -> Self:
        """The same convolution of an image that is padded with its zero point before."""
        return replace(self, padding=outer.around(self.padding))

    def macs(self, site: Site) -> int:
        """Return the products, those with padding included."""
        return prod(site.result.shape[1:3]) * site.inputs[1].elements


@dataclass(frozen=True, kw_only=True)
class Conv2d(Convolution):
    """CONV_2D of x [1,H,W,Ci], weights int8 [Co,Kh,Kw,Ci] and bias int32 [Co]."""

    kind: ClassVar[str] = "CONV_2D"

    def _windows(self, site: Site) -> Windows:
        kernel = (*site.inputs[1].shape, 0, 0, 0)[1:3]
        return Windows(kernel, self.stride, self.padding)

    def shapes(self, site: Site) -> Sequence[Shape]:
        """Return the shape of the result."""
        image, weights, bias = site.inputs
        co, kh, kw = (*weights.shape, 0, 0, 0)[:3]
        shape = windowed_shape(site, self._windows(site), co)
        require_constant(site, weights, (co, kh, kw, image.shape[3]), "int8")
        require_constant(site, bias, (co,), "int32")
        return [shape]

    def objection(self, site: Site) -> str | None:
        """Return why no accelerator computes this; None when one could."""
        return window_objection(self._windows(site), site.result.shape[-1])

    def works(self, site: Site, rows: int) -> list[Work]:
        """Return one work of the array."""
        weights = site.inputs[1].data
        assert weights is not None
        shapes = image_shape(site.x), image_shape(site.result)
        kernel, pad = (weights.shape[1], weights.shape[2]), (self.padding.top, self.padding.left)
        flat = weights.reshape(weights.shape[0], -1)
        return [window_work(site, flat, shapes, kernel, self.stride, pad, lo=self.lo, hi=self.hi)]

    def steps(self, site: Site, cpu: Cpu) -> Steps:
        """Return one step."""
        values = image_fields(site, cpu) | window_fields(site, self._windows(site))
        values |= table_fields(site, cpu) | quant_fields(site, self.lo, self.hi)
        return [(CONV_2D, values | {"output_channels": site.result.shape[-1]})]


@dataclass(frozen=True, kw_only=True)
class DepthwiseConv2d(Convolution):
    """DEPTHWISE_CONV_2D of x [1,H,W,Ci], weights int8 [Kh,Kw,Ci*m] and bias int32 [Ci*m].

    ``multiplier`` (m): output channel c reads input channel c // m.
    """

    kind: ClassVar[str] = "DEPTHWISE_CONV_2D"

    multiplier: int = 1

    def _windows(self, site: Site) -> Windows:
        kernel = (*site.inputs[1].shape, 0, 0)[:2]
        return Windows(kernel, self.stride, self.padding)

    def shapes(self, site: Site) -> Sequence[Shape]:
        """Return the shape of the result."""
        image, weights, bias = site.inputs
        kh, kw = (*weights.shape, 0, 0)[:2]
        channels = image.shape[-1] * self.multiplier
        require_constant(site, weights, (kh, kw, channels), "int8")
        require_constant(site, bias, (channels,), "int32")
        return [windowed_shape(site, self._windows(site), channels)]

    def objection(self, site: Site) -> str | None:
        """Return why no accelerator computes this; None when one could."""
        if self.multiplier > 1:
            return (
                f"as a dense convolution, channel multiplier {self.multiplier} would multiply its "
                f"products by {site.x.shape[3]}"
            )
        return window_objection(self._windows(site), site.result.shape[-1])

    def works(self, site: Site, rows: int) -> list[Work]:
        """Return one work of the array."""
        weights = site.inputs[1].data
        assert weights is not None
        shapes = image_shape(site.x), image_shape(site.result)
        kernel, pad = (weights.shape[0], weights.shape[1]), (self.padding.top, self.padding.left)
        flat = np.ascontiguousarray(weights.reshape(-1, weights.shape[-1]).T)
        return [
            window_work(
                site, flat, shapes, kernel, self.stride, pad, lo=self.lo, hi=self.hi, depthwise=True
            )
        ]

    def steps(self, site: Site, cpu: Cpu) -> Steps:
        """Return one step."""
        values = image_fields(site, cpu) | window_fields(site, self._windows(site))
        values |= table_fields(site, cpu) | quant_fields(site, self.lo, self.hi)
        return [(DEPTHWISE_CONV_2D, values | {"depth_multiplier": self.multiplier})]

    def dense(self, weights: Tensor, channels: int, name: str) -> tuple[Conv2d, Tensor]:
        """The same as a CONV_2D of ``channels`` input channels, and its weights, mostly zeros."""
        assert weights.data is not None
        kh, kw, outputs = weights.shape
        data = np.zeros((outputs, kh, kw, channels), dtype=np.int8)
        output = np.arange(outputs)
        data[output, :, :, output // self.multiplier] = weights.data.transpose(2, 0, 1)
        quant = weights.quant
        if quant is not None and quant.axis is not None:
            quant = replace(quant, axis=0)
        operator = Conv2d(stride=self.stride, padding=self.padding, lo=self.lo, hi=self.hi)
        return operator, Tensor(name, data.shape, "int8", quant, data)
