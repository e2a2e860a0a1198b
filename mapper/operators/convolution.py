"""CONV_2D, DEPTHWISE_CONV_2D and TRANSPOSE_CONV."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass, replace
from math import prod
from typing import ClassVar, Self

import numpy as np

from tilewright.hw.spec.npu_config import NpuConfig
from tilewright.hw.spec.numerics import Int8Array
from tilewright.hw.spec.steps import CONV_2D, DEPTHWISE_CONV_2D
from tilewright.mapper.array.array import array_of
from tilewright.mapper.graph.operator import Cpu, Shape, Site, Slide, Steps
from tilewright.mapper.operators.clamp import Clamped, is_wide
from tilewright.mapper.operators.images import (
    Padding,
    Windows,
    image_fields,
    image_shape,
    quant_fields,
    require_image,
    window_fields,
    window_objection,
    windowed_shape,
)
from tilewright.mapper.operators.weighted import (
    PLAIN_CONV_2D,
    channel_factors,
    require_bias,
    require_constant,
    table_fields,
    weights_objection,
    weights_zero_point,
    width_fields,
)
from tilewright.mapper.windows.correlation import Axis, Correlation
from tilewright.mapper.windows.phases import transposed_phases
from tilewright.mapper.windows.works import MOST_WORKS, convolution_works
from tilewright.mapper.works.geometry import Operand
from tilewright.mapper.works.window import WindowWork
from tilewright.mapper.works.work import Work


@dataclass(frozen=True, kw_only=True)
class Convolution(Clamped):
    """What all have: padding, and a (vertical, horizontal) stride and dilation.

    ``dilation``: pixels from tap to tap.
    """

    inputs: ClassVar[tuple[int, int]] = (3, 3)
    computed: ClassVar[int | None] = 1
    wide: ClassVar[bool] = True
    writes_pixels: ClassVar[bool] = True

    stride: tuple[int, int]
    padding: Padding
    dilation: tuple[int, int] = (1, 1)

    def macs(self, site: Site) -> int:
        """Return the products, those with padding included."""
        return prod(site.result.shape[1:3]) * site.inputs[1].elements

    def kernel(self, site: Site) -> Int8Array:
        """Return the weights as [output channels, rows, columns, input channels of a group]."""
        return _stored(site)

    def taps(self, site: Site) -> tuple[int, ...]:
        """Return the rows and columns of the kernel."""
        return (*site.inputs[1].shape, 0, 0, 0)[1:3]

    def group_channels(self, site: Site) -> int:
        """Return the input channels of a group."""
        return site.inputs[1].shape[3]

    def windows(self, site: Site) -> Windows:
        """Return how the windows slide."""
        return Windows(self.taps(site), self.stride, self.padding, self.dilation)

    def slide(self, site: Site) -> Slide:
        """Return kernel, stride and dilation."""
        rows, cols = self.taps(site)
        return Slide((rows, cols), self.stride, self.dilation)

    def objection(self, site: Site) -> str | None:
        """Return why no accelerator computes this; None when one could."""
        windows = window_objection(self.windows(site), site.result.shape[-1])
        return weights_objection(site) or windows

    def works_key(self, site: Site, npu: NpuConfig) -> Hashable:
        """A dense convolution's works are the same for all arrays."""
        if self.group_channels(site) == site.x.shape[3]:
            return None
        return array_of(npu), npu.accumulator_bits

    def works(self, site: Site, npu: NpuConfig) -> list[Work]:
        """Return the works in which the array computes it fastest."""

        def accepts(work: WindowWork) -> bool:
            return work.objection(npu) is None

        return [*convolution_works(self.parts(site), array_of(npu), accepts)]

    def parts(self, site: Site) -> list[Correlation]:
        """Return it as sums over sliding windows."""
        return [self.correlation(site)]

    def correlation(self, site: Site) -> Correlation:
        """Return its axes and tables; a transposed one's axes are told apart by `parts`."""
        x, result, kernel, bias = site.x, site.result, self.kernel(site), site.inputs[2].data
        assert bias is not None
        image, output = image_shape(x), image_shape(result)
        rows, cols = (
            Axis(
                inputs=image[i],
                outputs=output[i],
                taps=kernel.shape[1 + i],
                stride=self.stride[i],
                dilation=self.dilation[i],
                before=(self.padding.top, self.padding.left)[i],
            )
            for i in (0, 1)
        )
        multipliers, shifts = channel_factors(site)
        return Correlation(
            source=Operand(x.name, image=image),
            target=Operand(result.name, image=output),
            rows=rows,
            cols=cols,
            groups=image[2] // kernel.shape[3],
            zero_point=x.zero_point,
            weights=kernel,
            bias=bias,
            multipliers=multipliers,
            shifts=shifts,
            output_zero_point=result.zero_point,
            lo=self.lo,
            hi=self.hi,
        )

    def fields(self, site: Site, cpu: Cpu, weights: Int8Array) -> dict[str, int]:
        """The fields that their steps share; ``weights`` in the order of the step."""
        values = image_fields(site, cpu) | window_fields(site, self.windows(site))
        values |= table_fields(site, cpu, weights) | quant_fields(site, self.lo, self.hi)
        return values | {
            "dilation_rows": self.dilation[0],
            "dilation_cols": self.dilation[1],
            "weights_zero_point": weights_zero_point(site),
        }

    def conv_2d(self, site: Site, cpu: Cpu, weights: Int8Array) -> dict[str, int]:
        """The fields of a CONV_2D step of int8."""
        values = self.fields(site, cpu, weights)
        values |= {
            "output_channels": weights.shape[0],
            "groups": site.x.shape[3] // weights.shape[3],
        }
        return PLAIN_CONV_2D | values | width_fields(site)


class PaddedConvolution(Convolution):
    """A convolution whose padding reads as the zero point."""

    def padded(self, outer: Padding) -> Self:
        """The same convolution of an image that is padded with its zero point before."""
        return replace(self, padding=outer.around(self.padding))


@dataclass(frozen=True, kw_only=True)
class Conv2d(PaddedConvolution):
    """CONV_2D of x [1,H,W,Ci], weights int8 [Co,Kh,Kw,Ci/groups] and bias int32 [Co]."""

    kind: ClassVar[str] = "CONV_2D"

    def shapes(self, site: Site) -> Sequence[Shape]:
        """Return the shape of the result."""
        return [windowed_shape(site, self.windows(site), _grouped(site))]

    def steps(self, site: Site, cpu: Cpu) -> Steps:
        """Return one step."""
        return [(CONV_2D, self.conv_2d(site, cpu, self.kernel(site)))]


@dataclass(frozen=True, kw_only=True)
class DepthwiseConv2d(PaddedConvolution):
    """DEPTHWISE_CONV_2D of x [1,H,W,Ci], weights int8 [Kh,Kw,Ci*m] and bias int32 [Ci*m].

    ``multiplier`` (m): output channel c reads input channel c // m.
    """

    kind: ClassVar[str] = "DEPTHWISE_CONV_2D"

    multiplier: int = 1

    def kernel(self, site: Site) -> Int8Array:
        """Return the weights, channels first."""
        return np.ascontiguousarray(_stored(site).transpose(2, 0, 1)[..., None])

    def taps(self, site: Site) -> tuple[int, ...]:
        """Return the rows and columns of the kernel."""
        return (*site.inputs[1].shape, 0, 0)[:2]

    def group_channels(self, site: Site) -> int:
        """Return 1: each input channel is by itself."""
        return 1

    def works_key(self, site: Site, npu: NpuConfig) -> Hashable:
        """What is not dilated and has no multiplier is computed in one way."""
        alone = self.multiplier == 1 and max(self.dilation) == 1
        return None if alone else super().works_key(site, npu)

    def shapes(self, site: Site) -> Sequence[Shape]:
        """Return the shape of the result."""
        image, weights, _ = site.inputs
        kh, kw = (*weights.shape, 0, 0)[:2]
        channels = image.shape[-1] * self.multiplier
        require_constant(site, weights, (kh, kw, channels), "int8")
        require_bias(site, channels)
        return [windowed_shape(site, self.windows(site), channels)]

    def steps(self, site: Site, cpu: Cpu) -> Steps:
        """Return one step."""
        if is_wide(site):  # a convolution of as many groups as channels
            return [(CONV_2D, self.conv_2d(site, cpu, self.kernel(site)))]
        values = self.fields(site, cpu, _stored(site))
        return [(DEPTHWISE_CONV_2D, values | {"depth_multiplier": self.multiplier})]


@dataclass(frozen=True, kw_only=True)
class TransposeConv(Convolution):
    """TRANSPOSE_CONV of x [1,H,W,Ci], weights int8 [Co,Kh,Kw,Ci/groups] and bias int32 [Co].

    Pixel i goes with tap k to output ``i * stride + k * dilation - padding``; the file says
    how many outputs there are.
    """

    kind: ClassVar[str] = "TRANSPOSE_CONV"

    def macs(self, site: Site) -> int:
        """Return the products, those that fall outside the result included."""
        return prod(site.x.shape[1:3]) * site.inputs[1].elements

    def shapes(self, site: Site) -> Sequence[Shape]:
        """Return the shape of the result: any image of as many channels as there are kernels."""
        require_image(site)
        channels, shape = _grouped(site), site.result.shape
        before = self.padding.top, self.padding.left
        if any(pad >= reach for pad, reach in zip(before, self.windows(site).reach, strict=True)):
            site.refuse(f" has padding {before}, which must be less than its kernel")
        return [(1, *shape[1:3], channels) if len(shape) == 4 else (1, 1, 1, channels)]

    def objection(self, site: Site) -> str | None:
        """Return why no accelerator computes this; None when one could."""
        phases = prod(map(min, self.stride, site.result.shape[1:3]))
        if phases > MOST_WORKS:
            return f"its stride divides the result into {phases} parts, more than {MOST_WORKS}"
        return super().objection(site)

    def parts(self, site: Site) -> list[Correlation]:
        """Return a plain convolution for each phase of the result."""
        return transposed_phases(self.correlation(site))

    def steps(self, site: Site, cpu: Cpu) -> Steps:
        """Return one step: a convolution with stride 1 over the upsampled image, kernel turned."""
        kernel, (rows, cols) = self.kernel(site), self.windows(site).reach
        turned = np.zeros((len(kernel), rows, cols, kernel.shape[3]), dtype=np.int8)
        turned[:, :: self.dilation[0], :: self.dilation[1]] = kernel[:, ::-1, ::-1]
        values = self.conv_2d(site, cpu, turned)
        values |= {"kernel_rows": rows, "kernel_cols": cols, "stride_rows": 1, "stride_cols": 1}
        values |= {"pad_top": rows - 1 - self.padding.top, "dilation_rows": 1}
        values |= {"pad_left": cols - 1 - self.padding.left, "dilation_cols": 1}
        values |= {"upsampling_rows": self.stride[0], "upsampling_cols": self.stride[1]}
        return [(CONV_2D, values)]


def _stored(site: Site) -> Int8Array:
    weights = site.inputs[1].data
    assert weights is not None
    return weights


def _grouped(site: Site) -> int:
    """Return the output channels of weights [Co,Kh,Kw,Ci/groups] that fit the image."""
    image, weights, _ = site.inputs
    co, kh, kw, depth = (*weights.shape, 0, 0, 0, 0)[:4]
    groups = image.shape[-1] // depth if depth else 0
    fits = groups and image.shape[-1] == groups * depth and co % groups == 0
    require_constant(site, weights, (co, kh, kw, depth if fits else image.shape[-1]), "int8")
    require_bias(site, co)
    return co
