"""Convolutions over every n-th pixel: phases of dilated and of transposed ones.

The outputs of one phase read pixels that lie evenly apart, so that each phase is a plain
convolution of a part of the image, and writes a part of the result. No zero is multiplied.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import product
from math import gcd

import numpy as np

from tilewright.mapper.windows.correlation import Axis, Correlation, trimmed


@dataclass(frozen=True)
class _Phase:
    """Along one axis: inputs and outputs (first, step) and the kernel's taps, in order."""

    axis: Axis
    source: tuple[int, int]
    target: tuple[int, int]
    taps: tuple[int, ...]


def dilated_phases(convolution: Correlation) -> list[Correlation]:
    """A dilated convolution as undilated ones."""
    return _divided(convolution, _dilated)


def transposed_phases(convolution: Correlation) -> list[Correlation]:
    """A transposed convolution as plain ones.

    Its axes say that input i goes with tap k to output ``i * stride + k * dilation - before``.
    """
    return _divided(convolution, _transposed)


def _divided(
    convolution: Correlation, along: Callable[[Axis], Iterator[_Phase]]
) -> list[Correlation]:
    pairs = product(along(convolution.rows), along(convolution.cols))
    return [trimmed(_phase(convolution, rows, cols)) for rows, cols in pairs]


def _phase(convolution: Correlation, rows: _Phase, cols: _Phase) -> Correlation:
    weights = convolution.weights[:, list(rows.taps)][:, :, list(cols.taps)]
    return replace(
        convolution,
        source=convolution.source.part(*zip(rows.source, cols.source, strict=True)),
        target=convolution.target.part(*zip(rows.target, cols.target, strict=True)),
        rows=rows.axis,
        cols=cols.axis,
        weights=np.ascontiguousarray(weights),
    )


def _dilated(axis: Axis) -> Iterator[_Phase]:
    """Phase p: outputs p, p + period, ... read inputs that lie ``dilation`` apart."""
    dilation = axis.dilation
    common = gcd(axis.stride, dilation)
    period = dilation // common
    for phase in range(min(period, axis.outputs)):
        start, first = divmod(phase * axis.stride - axis.before, dilation)
        inside = Axis(
            inputs=max(-(-(axis.inputs - first) // dilation), 0),
            outputs=-(-(axis.outputs - phase) // period),
            taps=axis.taps,
            stride=axis.stride // common,
            before=-start,
        )
        # A phase that lies beyond the image reads nothing of it.
        place = (first, dilation) if inside.inputs else (0, 1)
        yield _Phase(inside, place, (phase, period), tuple(range(axis.taps)))


def _transposed(axis: Axis) -> Iterator[_Phase]:
    """Phase p: outputs p, p + stride, ... meet every period-th tap, from the last to the first."""
    period = axis.stride // gcd(axis.stride, axis.dilation)
    for phase in range(min(axis.stride, axis.outputs)):
        start = phase + axis.before
        taps = tuple(
            tap
            for tap in reversed(range(axis.taps))
            if (start - tap * axis.dilation) % axis.stride == 0
        )
        inside = Axis(
            inputs=axis.inputs,
            outputs=-(-(axis.outputs - phase) // axis.stride),
            taps=len(taps),
            dilation=period * axis.dilation // axis.stride,
            before=(taps[0] * axis.dilation - start) // axis.stride if taps else 0,
        )
        yield _Phase(inside, (0, 1), (phase, axis.stride), taps)
