"""The geometry of a window work: image, windows, weights, and what lies under an output pixel."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Self

import numpy as np

from tilewright.hw.spec.commands import PARAMETER_WORDS
from tilewright.hw.spec.numerics import Int8Array
from tilewright.mapper.array.cycles import Window
from tilewright.mapper.works.geometry import Operand, Region, Shape
from tilewright.mapper.works.requantisation import Requantisation, byte_planes


@dataclass(frozen=True, eq=False, kw_only=True)
class WindowGeometry:
    """A CONV, or with ``depthwise`` a DEPTHWISE: one window an output pixel.

    ``pad`` is (top, left): pixels above and left of the image at which the first window starts;
    below 0 it starts inside. ``dilation``: pixels from tap to tap. ``weights`` are int8 [output
    channels, taps], taps in the order row, column, (input channel); no taps when the largest of the
    window is wanted (``maximum``). ``multiplier`` neighbouring output channels of a depthwise work
    take one input channel. ``wide``: a convolution's results are int16.
    """

    input: Operand
    output: Operand
    input_shape: Shape
    output_shape: Shape
    region: Region
    kernel: tuple[int, int]
    stride: tuple[int, int]
    pad: tuple[int, int]
    pad_value: int
    weights: Int8Array
    requantisation: Requantisation
    depthwise: bool
    maximum: bool = False
    dilation: tuple[int, int] = (1, 1)
    multiplier: int = 1
    wide: bool = False

    @property
    def reach(self) -> tuple[int, int]:
        """Rows and columns from a window's first pixel to its last."""
        (rows, cols), dilation = self.kernel, self.dilation
        return (rows - 1) * dilation[0] + 1, (cols - 1) * dilation[1] + 1

    def input_channels(self, first: int, count: int) -> tuple[int, int]:
        """(first, count) of the input channels under so many output channels from ``first`` on."""
        if not self.depthwise:
            return 0, self.input_shape[2]
        start = first // self.multiplier
        return start, (first + count - 1) // self.multiplier + 1 - start

    def tap_columns(self, pixel_pitch: int) -> int:
        """Columns of a convolution's kernel that are read one by one; 1 where its taps adjoin."""
        adjoin = self.depthwise or self.dilation[1] * pixel_pitch == self.input_shape[2]
        return 1 if adjoin else self.kernel[1]

    @cached_property
    def channel_bytes(self) -> Int8Array:
        """int8 [output channels, PARAMETER_WORDS + taps]: what the array takes for each channel."""
        requantisation = self.requantisation
        planes = [byte_planes(requantisation.bias), byte_planes(requantisation.multipliers)]
        shifts = requantisation.shifts.astype(np.int8)[:, None]
        found = np.concatenate([*planes, shifts, self.weights], axis=1)
        assert found.shape[1] == PARAMETER_WORDS + self.weights.shape[1]
        found.setflags(write=False)
        return found

    @cached_property
    def costs_key(self) -> Hashable:
        """Equal for geometries that take the same tilings at the same costs."""
        return (
            self.input_shape,
            self.output_shape,
            self.region,
            self.kernel,
            self.stride,
            self.pad,
            self.weights.shape[1],
            self.depthwise,
            self.dilation,
            self.multiplier,
            self.input.place(self.input_shape)[1:],
        )

    @cached_property
    def turned(self) -> Self:
        """A depthwise work on the image with rows and columns exchanged.

        The operands, offset and pitches, are as they were.
        """
        rows, cols, channels = self.input_shape
        output_rows, output_cols, output_channels = self.output_shape
        taps = self.weights
        if not self.maximum:
            taps = taps.reshape(-1, *self.kernel).swapaxes(1, 2).reshape(taps.shape)
        return replace(
            self,
            input_shape=(cols, rows, channels),
            output_shape=(output_cols, output_rows, output_channels),
            region=self.region.turned(),
            kernel=self.kernel[::-1],
            dilation=self.dilation[::-1],
            stride=self.stride[::-1],
            pad=self.pad[::-1],
            weights=taps,
        )

    def window(self, region: Region, channels: int, pixel_pitch: int, row_pitch: int) -> Window:
        """The geometry of a tile whose input has these pitches."""
        stride, pad, reach, depthwise = self.stride, self.pad, self.reach, self.depthwise
        missing_rows = min(max(pad[0] - region.top * stride[0], 0), reach[0])
        missing_cols = min(max(pad[1] - region.left * stride[1], 0), reach[1])
        columns = self.tap_columns(pixel_pitch)
        run_pixels = self.kernel[1] // columns
        return Window(
            depthwise=depthwise,
            rows=region.rows,
            cols=region.cols,
            channels=channels,
            kernel=self.kernel,
            stride=stride,
            missing_rows=missing_rows if depthwise else 0,
            missing_cols=missing_cols if depthwise else 0,
            row_pitch=row_pitch if depthwise else 0,
            dilation=self.dilation if depthwise else (1, 1),
            runs=0 if depthwise else self.kernel[0] * columns,
            run_bytes=0 if depthwise else run_pixels * self.input_shape[2],
            x_step=0 if depthwise else stride[1] * pixel_pitch,
            block_words=self.weights.shape[1],
        )

    def input_region(self, region: Region) -> Region:
        """The part of the input image that the windows of some output pixels cover."""
        top, bottom = self._covered(0, region.top, region.bottom)
        left, right = self._covered(1, region.left, region.right)
        return Region(top, left, bottom, right)

    def _covered(self, axis: int, first: int, end: int) -> tuple[int, int]:
        """Input rows (axis 0) or columns (axis 1) under the windows of output rows or columns."""
        stride, pad, size = self.stride[axis], self.pad[axis], self.input_shape[axis]
        start = min(max(first * stride - pad, 0), size)
        return start, max(min((end - 1) * stride - pad + self.reach[axis], size), start)
