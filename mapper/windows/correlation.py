"""A convolution before it is divided into works, and what leaves its result as it is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from tilewright.hw.spec.numerics import Int8Array, Int32Array, wrap_int32
from tilewright.mapper.works.geometry import Operand, Shape, whole
from tilewright.mapper.works.requantisation import Requantisation
from tilewright.mapper.works.window import WindowWork


@dataclass(frozen=True, kw_only=True)
class Axis:
    """A convolution along rows or along columns, in pixels.

    Output o takes tap k from input ``o * stride + k * dilation - before``.
    """

    inputs: int
    outputs: int
    taps: int
    stride: int = 1
    dilation: int = 1
    before: int = 0

    def meets(self, tap: int) -> bool:
        """Whether a tap lies inside the image for some output."""
        first = tap * self.dilation - self.before
        behind = -(-max(-first, 0) // self.stride)  # the first output with it at 0 or more
        return behind < self.outputs and first + behind * self.stride < self.inputs


@dataclass(frozen=True, eq=False, kw_only=True)
class Correlation:
    """``weights`` are int8 [output channels, kernel rows, kernel columns, channels of a group].

    Output channel c reads group ``c // (output channels / groups)`` of the input's channels.
    ``bias`` is the network's: the input's ``zero_point``, which padding reads as, is not in it.
    """

    source: Operand
    target: Operand
    rows: Axis
    cols: Axis
    groups: int
    zero_point: int
    weights: Int8Array
    bias: Int32Array
    multipliers: Int32Array
    shifts: Int32Array
    output_zero_point: int
    lo: int
    hi: int

    @property
    def group_channels(self) -> tuple[int, int]:
        """Channels of a group: (input, output)."""
        return self.weights.shape[3], self.weights.shape[0] // self.groups

    @property
    def input_shape(self) -> Shape:
        """Of the image that it reads."""
        return (self.rows.inputs, self.cols.inputs, self.weights.shape[3] * self.groups)

    @property
    def output_shape(self) -> Shape:
        """Of the image that it writes."""
        return (self.rows.outputs, self.cols.outputs, self.weights.shape[0])


def trimmed(convolution: Correlation) -> Correlation:
    """Without taps that lie in the padding for every output, which add nothing.

    Where no tap is left, one weight of 0 stands for them: the result is the bias, requantised.
    """
    rows, cols = (
        [tap for tap in range(axis.taps) if axis.meets(tap)]
        for axis in (convolution.rows, convolution.cols)
    )
    if not rows or not cols:
        return _bias_only(convolution)
    weights = convolution.weights[:, rows[0] : rows[-1] + 1, cols[0] : cols[-1] + 1]
    return replace(
        convolution,
        rows=_from(convolution.rows, rows),
        cols=_from(convolution.cols, cols),
        weights=weights,
    )


def _from(axis: Axis, taps: Sequence[int]) -> Axis:
    count = taps[-1] - taps[0] + 1
    return replace(
        axis,
        taps=count,
        before=axis.before - taps[0] * axis.dilation,
        dilation=axis.dilation if count > 1 else 1,
    )


def _bias_only(convolution: Correlation) -> Correlation:
    """One tap of one channel with weight 0 for all output channels."""
    rows, cols = (
        replace(axis, taps=1, stride=1, dilation=1, before=0, inputs=max(axis.inputs, 1))
        for axis in (convolution.rows, convolution.cols)
    )
    weights = np.zeros((convolution.weights.shape[0], 1, 1, 1), dtype=np.int8)
    return replace(convolution, rows=rows, cols=cols, groups=1, weights=weights)


def along_row(convolution: Correlation) -> Correlation:
    """A convolution over the rows of an image of one column as one along a row.

    Its windows are runs of consecutive bytes then.
    """
    rows, cols = convolution.rows, convolution.cols
    if (cols.inputs, cols.outputs, cols.taps, cols.before) != (1, 1, 1, 0) or rows.inputs == 1:
        return convolution
    return replace(
        convolution,
        source=replace(convolution.source, turned=not convolution.source.turned),
        target=replace(convolution.target, turned=not convolution.target.turned),
        rows=cols,
        cols=rows,
        weights=convolution.weights.swapaxes(1, 2),
    )


def work(convolution: Correlation, *, multiplier: int = 0) -> WindowWork:
    """A CONV of a dense convolution, or with ``multiplier`` a DEPTHWISE of one whose groups have
    one input channel and so many output channels."""
    channels = convolution.weights.shape[0]
    flat = np.ascontiguousarray(convolution.weights).reshape(channels, -1)
    folded = convolution.bias.astype(np.int64)
    folded -= convolution.zero_point * flat.sum(axis=1, dtype=np.int64)
    rows, cols = convolution.rows, convolution.cols
    return WindowWork(
        input=convolution.source,
        output=convolution.target,
        input_shape=convolution.input_shape,
        output_shape=convolution.output_shape,
        region=whole(convolution.output_shape),
        kernel=(rows.taps, cols.taps),
        stride=(rows.stride, cols.stride),
        dilation=(rows.dilation, cols.dilation),
        pad=(rows.before, cols.before),
        pad_value=convolution.zero_point,
        weights=flat,
        requantisation=Requantisation(
            bias=wrap_int32(folded),
            multipliers=convolution.multipliers,
            shifts=convolution.shifts,
            zero_point=convolution.output_zero_point,
            lo=convolution.lo,
            hi=convolution.hi,
        ),
        depthwise=multiplier > 0,
        multiplier=max(multiplier, 1),
    )
