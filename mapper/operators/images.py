"""What operators on images share: padding, windows, limits of the array, fields of CPU steps."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import NamedTuple

import numpy as np

from tilewright.hw.spec.numerics import Int32Array
from tilewright.mapper.graph.operator import Cpu, Shape, Site
from tilewright.mapper.graph.tensor import Tensor
from tilewright.mapper.works import geometry

MAX_WINDOW = 255
"""Pixels of a window, a stride or a padding that a command can express."""

MAX_CHANNELS = 65535


@dataclass(frozen=True, kw_only=True)
class Padding:
    """Pixels added around H and W."""

    top: int = 0
    left: int = 0
    bottom: int = 0
    right: int = 0

    def any(self) -> bool:
        """Whether a pixel is added at all."""
        return bool(self.top or self.left or self.bottom or self.right)

    def around(self, inner: Padding) -> Padding:
        """This padding added around another one."""
        return Padding(
            top=inner.top + self.top,
            left=inner.left + self.left,
            bottom=inner.bottom + self.bottom,
            right=inner.right + self.right,
        )


class Windows(NamedTuple):
    """How windows slide: (vertical, horizontal) extents in pixels, and the padding.

    ``dilation``: pixels from tap to tap.
    """

    kernel: tuple[int, ...]
    stride: tuple[int, int]
    padding: Padding
    dilation: tuple[int, int] = (1, 1)

    @property
    def reach(self) -> tuple[int, int]:
        """Rows and columns from a window's first pixel to its last."""
        rows, cols = self.kernel
        return (rows - 1) * self.dilation[0] + 1, (cols - 1) * self.dilation[1] + 1


def image_shape(tensor: Tensor) -> geometry.Shape:
    """A tensor as (rows, columns, channels); extents in front, the batch too, are rows."""
    extents = (1, 1, *tensor.shape)
    return (prod(extents[:-2]), extents[-2], extents[-1])


def last_axis(site: Site) -> int:
    """Return the extent of the input's last axis. Raises RequestError where it has no axis."""
    if not site.x.shape:
        site.refuse(" works along the last axis; its input is a single number: leave it out")
    return site.x.shape[-1]


def require_image(site: Site) -> Shape:
    """Return the input's shape. Raises RequestError where it is not [1,H,W,C]."""
    shape = site.x.shape
    if len(shape) != 4 or shape[0] != 1:
        site.refuse(f" needs a [1,H,W,C] input, not {shape}")
    return shape


def window_extent(size: int, kernel: int, stride: int, before: int, after: int) -> int:
    """Output pixels of a sliding window along one axis; 0 or less where it does not fit."""
    return (size + before + after - kernel) // stride + 1


def windowed_shape(site: Site, windows: Windows, channels: int) -> Shape:
    """Return the shape [1,H,W,channels] that the windows give."""
    image = require_image(site)
    kernel, stride, pad, dilation = windows
    least = min(pad.top, pad.left, pad.bottom, pad.right)
    if min(*stride, *kernel, *dilation) < 1 or least < 0:
        site.refuse(f" has stride {stride}, window {kernel}, dilation {dilation}")
    rows, cols = windows.reach
    return (
        1,
        window_extent(image[1], rows, stride[0], pad.top, pad.bottom),
        window_extent(image[2], cols, stride[1], pad.left, pad.right),
        channels,
    )


def window_objection(windows: Windows, channels: int) -> str | None:
    """Return why no command can slide these windows; None when one can."""
    largest = max(*windows.kernel, *windows.stride)
    if largest > MAX_WINDOW:
        return f"a window or stride of {largest} pixels exceeds {MAX_WINDOW}"
    if max(windows.dilation) > MAX_WINDOW:
        return f"a dilation of {max(windows.dilation)} pixels exceeds {MAX_WINDOW}"
    before = max(windows.padding.top, windows.padding.left)
    if before > MAX_WINDOW:
        return f"padding of {before} pixels exceeds {MAX_WINDOW}"
    return channel_objection(channels)


def channel_objection(channels: int) -> str | None:
    """Return why no command can have so many channels; None when one can."""
    return f"{channels} channels exceed {MAX_CHANNELS}" if channels > MAX_CHANNELS else None


def ends(site: Site, cpu: Cpu) -> dict[str, int]:
    """The addresses of the first input and of the result as fields of a step."""
    return {"input": cpu.address(site.x.name), "output": cpu.address(site.result.name)}


def image_fields(site: Site, cpu: Cpu) -> dict[str, int]:
    """Both addresses and the extents of the input's image."""
    rows, cols, channels = image_shape(site.x)
    return ends(site, cpu) | {"input_rows": rows, "input_cols": cols, "channels": channels}


def window_fields(site: Site, windows: Windows) -> dict[str, int]:
    """The output's extents and the windows."""
    rows, cols, _ = image_shape(site.result)
    kernel, stride, pad = windows[:3]
    return {
        "output_rows": rows,
        "output_cols": cols,
        "kernel_rows": kernel[0],
        "kernel_cols": kernel[1],
        "stride_rows": stride[0],
        "stride_cols": stride[1],
        "pad_top": pad.top,
        "pad_left": pad.left,
    }


def clamp_fields(lo: int, hi: int) -> dict[str, int]:
    """The range of the result."""
    return {"clamp_low": lo, "clamp_high": hi}


def quant_fields(site: Site, lo: int = -128, hi: int = 127) -> dict[str, int]:
    """Both zero points and the range of the result."""
    points = {
        "input_zero_point": site.x.zero_point,
        "output_zero_point": site.result.zero_point,
    }
    return points | clamp_fields(lo, hi)


def int32_table(cpu: Cpu, values: Int32Array) -> int:
    """Place a vector of int32 in main memory and return its address."""
    return cpu.constant(np.asarray(values).astype("<i4").tobytes())
