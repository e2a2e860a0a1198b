"""Grouped and depthwise convolutions: which works take which channels."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from tilewright.hw.spec.numerics import Int8Array
from tilewright.mapper.windows.correlation import Correlation
from tilewright.mapper.works.geometry import Operand


def joined_groups(convolution: Correlation, count: int) -> Iterator[Correlation]:
    """Dense convolutions, each of so many neighbouring groups.

    A weight of 0 stands wherever a channel is of another group of the same work: that fills the
    array's rows where groups are narrow.
    """
    inputs, outputs = convolution.group_channels
    for first in range(0, convolution.groups, count):
        yield _slice(
            convolution,
            inputs * first,
            slice(outputs * first, outputs * (first + count)),
            _block_diagonal(convolution, first, count),
        )


def channel_slices(convolution: Correlation, count: int) -> Iterator[Correlation]:
    """Convolutions of one input channel a group, each of at most so many input channels."""
    multiplier = convolution.group_channels[1]
    for first in range(0, convolution.groups, count):
        end = min(first + count, convolution.groups)
        outputs = slice(first * multiplier, end * multiplier)
        yield _slice(convolution, first, outputs, convolution.weights[outputs], groups=end - first)


def _slice(
    convolution: Correlation, first: int, outputs: slice, weights: Int8Array, groups: int = 1
) -> Correlation:  # fmt: skip
    """Some output channels, which read input channels from ``first`` on."""
    return replace(
        convolution,
        source=_from(convolution.source, first),
        target=_from(convolution.target, outputs.start),
        groups=groups,
        weights=weights,
        bias=convolution.bias[outputs],
        multipliers=convolution.multipliers[outputs],
        shifts=convolution.shifts[outputs],
    )


def _from(operand: Operand, channel: int) -> Operand:
    return replace(operand, offset=operand.offset + channel)


def _block_diagonal(convolution: Correlation, first: int, count: int) -> Int8Array:
    inputs, outputs = convolution.group_channels
    _, rows, cols, _ = convolution.weights.shape
    dense = np.zeros((count, outputs, rows, cols, count, inputs), dtype=np.int8)
    own = convolution.weights[first * outputs : (first + count) * outputs]
    for group, weights in enumerate(own.reshape(count, outputs, rows, cols, inputs)):
        dense[group, ..., group, :] = weights
    return dense.reshape(count * outputs, rows, cols, count * inputs)
