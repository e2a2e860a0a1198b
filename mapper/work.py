"""What the NPU is to compute, before it is cut into tiles and gets addresses.

A layer is one operator of the rewritten graph. On the NPU it consists of works; each becomes one
command a tile. Shapes are (rows, columns, channels) of int8 images; a work may see a dense tensor
in a shape of its own, since the bytes are the same.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Literal, NamedTuple

import numpy as np

from hw.spec.commands import PARAMETER_WORDS
from hw.spec.numerics import AddParameters, Int8Array, Int32Array
from mapper.attributes import OpKind
from mapper.graph import Op

Shape = tuple[int, int, int]
Engine = Literal["npu", "cpu"]


@dataclass(frozen=True)
class Operand:
    """A tensor as a work sees it, ``offset`` bytes into the tensor; pitch 0: dense.

    A work that sees a part of the tensor's ``image`` begins at pixel ``first`` (row, column) and
    takes every ``step``-th row and column, of which some channels from ``offset`` on. ``turned``:
    the work's rows are the tensor's columns.
    """

    tensor: str
    offset: int = 0
    pixel_pitch: int = 0
    row_pitch: int = 0
    image: Shape | None = None
    first: tuple[int, int] = (0, 0)
    step: tuple[int, int] = (1, 1)
    turned: bool = False

    def place(self, shape: Shape, pixel_pitch: int = 0, row_pitch: int = 0) -> tuple[int, int, int]:
        """(offset, pixel pitch, row pitch) in bytes of what a work sees as an image of a shape.

        ``pixel_pitch``, ``row_pitch``: of the tensor where it is not dense.
        """
        rows, cols, channels = self.image or shape
        if self.turned and self.image is None:
            cols = rows
        pixel = self.pixel_pitch or pixel_pitch or channels
        row = self.row_pitch or row_pitch or cols * pixel
        start = self.offset + self.first[0] * row + self.first[1] * pixel
        pitches = self.step[1] * pixel, self.step[0] * row
        return (start, *(pitches[::-1] if self.turned else pitches))


class Region(NamedTuple):
    """Output rows top..bottom and columns left..right, the ends excluded."""

    top: int
    left: int
    bottom: int
    right: int

    @property
    def rows(self) -> int:
        """Height in pixels."""
        return self.bottom - self.top

    @property
    def cols(self) -> int:
        """Width in pixels."""
        return self.right - self.left

    def turned(self) -> Region:
        """Rows and columns exchanged."""
        return Region(self.left, self.top, self.right, self.bottom)


@dataclass(frozen=True, eq=False, kw_only=True)
class Requantisation:
    """From accumulators to int8: int32 [channels] each, then zero point and clamp.

    The input's zero point is folded into ``bias`` (modulo 2**32).
    """

    bias: Int32Array
    multipliers: Int32Array
    shifts: Int32Array
    zero_point: int = 0
    lo: int = -128
    hi: int = 127


@dataclass(frozen=True, eq=False, kw_only=True)
class WindowWork:
    """A CONV, or with ``depthwise`` a DEPTHWISE: one window an output pixel.

    ``pad`` is (top, left): the pixels above and left of the image at which the first window starts;
    below 0 it starts inside. ``dilation``: pixels from tap to tap. ``weights`` are int8 [output
    channels, taps], taps in the order row, column, (input channel); no taps when the largest of the
    window is wanted (``maximum``). ``multiplier`` neighbouring output channels of a depthwise work
    take the same input channel.
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

    @property
    def extent(self) -> tuple[int, int]:
        """Pixels from a window's first row (column) to its last one."""
        (rows, cols), dilation = self.kernel, self.dilation
        return (rows - 1) * dilation[0] + 1, (cols - 1) * dilation[1] + 1

    def input_channels(self, first: int, count: int) -> tuple[int, int]:
        """(first, count) of the input channels under so many output channels from ``first`` on."""
        if not self.depthwise:
            return 0, self.input_shape[2]
        start = first // self.multiplier
        return start, (first + count - 1) // self.multiplier + 1 - start

    @cached_property
    def channel_bytes(self) -> Int8Array:
        """int8 [output channels, PARAMETER_WORDS + taps]: what the array takes for each channel."""
        requantisation = self.requantisation
        planes = [_planes(requantisation.bias), _planes(requantisation.multipliers)]
        shifts = requantisation.shifts.astype(np.int8)[:, None]
        found = np.concatenate([*planes, shifts, self.weights], axis=1)
        assert found.shape[1] == PARAMETER_WORDS + self.weights.shape[1]
        found.setflags(write=False)
        return found

    @cached_property
    def geometry(self) -> Hashable:
        """Equal for works that take the same tilings at the same costs."""
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
    def turned(self) -> WindowWork:
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


@dataclass(frozen=True, eq=False, kw_only=True)
class AddWork:
    """An ADD of two dense tensors."""

    a: Operand
    b: Operand
    output: Operand
    elements: int
    a_zero_point: int
    b_zero_point: int
    zero_point: int
    lo: int
    hi: int
    parameters: AddParameters

    @property
    def geometry(self) -> Hashable:
        """As `WindowWork.geometry`."""
        return self.elements


def _planes(values: Int32Array) -> Int8Array:
    """Little-endian bytes of int32 values: int8 [values, 4]."""
    return np.ascontiguousarray(values.astype("<i4")).view(np.int8).reshape(-1, 4)


Work = WindowWork | AddWork


@dataclass(frozen=True, eq=False)
class Layer:
    """One operator on one engine. ``works`` is empty on the CPU; ``reason`` says why it is there.
    ``shown`` is the kind that reports name.

    ``reads`` are its activation tensors, ``covers`` the operators of the imported graph that it
    computes, ``macs`` their products.
    """

    op: Op
    engine: Engine
    reads: tuple[str, ...]
    output: str
    covers: tuple[str, ...]
    macs: int
    shown: OpKind
    works: tuple[Work, ...] = ()
    reason: str = ""


def whole(shape: Shape) -> Region:
    """All pixels of an image."""
    return Region(0, 0, shape[0], shape[1])


def operands(work: Work) -> tuple[tuple[Operand, ...], Operand]:
    """(inputs, output) of a work."""
    if isinstance(work, AddWork):
        return (work.a, work.b), work.output
    return (work.input,), work.output
