"""A convolution as works: of the ways in which the array can compute it, the fastest.

A dense convolution is one CONV, dilated or not. For the others there are several ways, and the
cycle formula decides among those that the array takes:

- a depthwise one keeps its windows on chip only undilated, so that a dilated one is either divided
  into phases or read tap by tap;
- a grouped one is a CONV for each group, or for several at once. So is a depthwise one of a channel
  multiplier where the array cannot spread channels.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from math import prod

from tilewright.mapper.array.array import Array
from tilewright.mapper.windows.channels import channel_slices, joined_groups
from tilewright.mapper.windows.correlation import Correlation, along_row, trimmed, work
from tilewright.mapper.windows.phases import dilated_phases
from tilewright.mapper.works.geometry import Tiling
from tilewright.mapper.works.window import WindowWork

Accepts = Callable[[WindowWork], bool]
"""Whether the array can do a work."""

MOST_WORKS = 256
"""Of a way that is weighed against others."""


def convolution_works(
    convolutions: Sequence[Correlation], array: Array, accepts: Accepts
) -> list[WindowWork]:
    """The works of all of these; where none is accepted, those of the last resort."""
    return [
        found
        for convolution in convolutions
        for found in _fastest(trimmed(convolution), array, accepts)
    ]


def _fastest(convolution: Correlation, array: Array, accepts: Accepts) -> list[WindowWork]:
    first: list[WindowWork] = []
    for alternatives in _ways(convolution, array):
        ways = [list(way) for way in alternatives]
        first = first or (ways[0] if ways else [])
        possible = [way for way in ways if all(map(accepts, way))]
        if possible:
            return min(possible, key=lambda way: _cost(way, array)) if possible[1:] else possible[0]
    return first


def _cost(works: Sequence[WindowWork], array: Array) -> tuple[int, int]:
    """Cycles of all of them, and bytes of their weights."""
    kinds: dict[object, tuple[int, WindowWork]] = {}
    for each in works:
        count, _ = kinds.get(each.geometry, (0, each))
        kinds[each.geometry] = count + 1, each
    cycles, weights = 0, 0
    for count, each in kinds.values():
        found = each.price(Tiling(*each.extent), array)
        cycles, weights = cycles + count * found[0], weights + count * found[1]
    return cycles, weights


def _ways(convolution: Correlation, array: Array) -> Iterator[Iterator[Iterator[WindowWork]]]:
    """Ways to choose among; those behind them are for arrays that take none of the first."""
    groups, (inputs, outputs) = convolution.groups, convolution.group_channels
    if groups > 1 and inputs == 1:
        yield _depthwise(convolution, array)
        if outputs == 1:
            return
    yield _joined(convolution, array)


def _joined(convolution: Correlation, array: Array) -> Iterator[Iterator[WindowWork]]:
    groups, outputs = convolution.groups, convolution.group_channels[1]
    for count in range(1, groups + 1):
        # More of them than the rows hold would be zeros that no row waits for.
        useful = count in (1, groups) or count * outputs <= 2 * array.rows
        if groups % count == 0 and useful and groups // count <= MOST_WORKS:
            yield (work(along_row(each)) for each in joined_groups(convolution, count))


def _depthwise(convolution: Correlation, array: Array) -> Iterator[Iterator[WindowWork]]:
    multiplier = convolution.group_channels[1]
    # A block of rows has whole groups only; other multipliers get a block for each work.
    together = convolution.groups if array.rows % multiplier == 0 else array.rows // multiplier
    together = max(together, 1)
    count = -(-convolution.groups // together)
    if count > MOST_WORKS:
        return
    slices = list(channel_slices(convolution, together))
    yield (work(each, multiplier=multiplier) for each in slices)
    axes = convolution.rows, convolution.cols
    phases = prod(min(axis.dilation, axis.outputs) for axis in axes)
    if max(axis.dilation for axis in axes) > 1 and count * phases <= MOST_WORKS:
        yield (
            work(phase, multiplier=multiplier if phase.groups == each.groups else 0)
            for each in slices
            for phase in dilated_phases(each)
        )
