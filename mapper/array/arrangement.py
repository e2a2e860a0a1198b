"""How a command is laid on the array: paired or not, windows kept or not, transposed or not.

All ways that the hardware can take are weighed by the cycle formula. A read serves as many pixels
as it can, which is never slower. Where they are equally fast,
the one that keeps the array shorter is chosen, which leaves time for the bus; then the one that
reads fewer bytes.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

from tilewright.hw.spec.commands import ADDRESS_BITS
from tilewright.mapper.array.array import Array
from tilewright.mapper.array.cycles import Arrangement, Window, bytes_read, cycles, weight_bytes

_EXTENT_BITS = 16
"""Of a command's ``input_rows`` and the like."""


def arrangements(window: Window, array: Array) -> Iterator[tuple[Arrangement, Window]]:
    """All that the hardware can do and that may be the fastest, with the window as it lies then."""
    return _depthwise(window, array) if window.depthwise else _convolutions(window, array)


class Laid(NamedTuple):
    """A command on the array, with its cycles and bytes of weights by the cycle formula."""

    arrangement: Arrangement
    cycles: int
    weight_bytes: int


@lru_cache(maxsize=1 << 14)
def lay(window: Window, array: Array) -> Laid:
    """The command with the fewest cycles. What is asked for again is not worked out again."""
    prices = [(cycles(lying, found, array), found) for found, lying in arrangements(window, array)]
    least = min(price for price, _ in prices)
    equal = [found for price, found in prices if price == least]
    best = equal[0]
    if len(equal) > 1:
        best = min(equal, key=lambda found: bytes_read(window, found, array))
    return Laid(best, least[0], weight_bytes(window, best, array))


def _convolutions(window: Window, array: Array) -> Iterator[tuple[Arrangement, Window]]:
    for paired in (False,) if array.microcode else (False, True):
        ring = array.ring_bytes(window.block_words, paired=paired)
        pixels = array.tiles[paired].pixels
        single = window.rows * window.cols <= pixels
        fits = ring <= array.weight_buffer_bytes
        if paired and not single and not fits:
            continue  # only single blocks are sent again for each tile
        # A single tile reads every word once, so that streaming is free and lets the ring run
        # ahead; otherwise it costs the bus and is done where the ring is too small.
        crowded = 2 * ring > array.weight_buffer_bytes
        stream = not fits or (single and crowded)
        group = _largest_group(window, array.port_bytes, pixels)
        yield Arrangement(paired, group, stream), window


def _largest_group(window: Window, port_bytes: int, pixels: int) -> int:
    """Pixels of a row that one read can serve: their windows lie in one scratchpad word."""
    if window.run_bytes > port_bytes or window.x_step == 0:
        return 1
    within = (port_bytes - window.run_bytes) // window.x_step + 1
    return min(within, window.cols, pixels)


def _depthwise(window: Window, array: Array) -> Iterator[tuple[Arrangement, Window]]:
    yield from _strips(window, array, transposed=False)
    turned = window.turned()
    # Where both are the same, transposing changes nothing.
    if turned != window and not array.microcode and _can_turn(window):
        yield from _strips(turned, array, transposed=True)


def _can_turn(window: Window) -> bool:
    """Whether a command's fields hold the image with its rows and columns exchanged.

    Its rows are pixels then, so that positions in a row span all rows under the windows.
    """
    extent = window.extent
    height = (window.rows - 1) * window.stride[0] + extent[0]
    width = (window.cols - 1) * window.stride[1] + extent[1]
    inside = window.missing_rows < extent[0]
    return inside and height * window.row_pitch < 1 << ADDRESS_BITS and width < 1 << _EXTENT_BITS


def _strips(
    window: Window, array: Array, *, transposed: bool
) -> Iterator[tuple[Arrangement, Window]]:
    for paired in (False, True) if array.pairs_depthwise else (False,):
        ring = array.ring_bytes(window.block_words, paired=paired)
        if paired and ring > array.weight_buffer_bytes:
            continue
        pixels = array.tiles[paired].pixels
        if _keeps_window(window, array, paired=paired):
            stride, kernel = window.stride[1], window.kernel[1]
            most = min(pixels, (array.columns - kernel) // stride + 1)
            strip = _even(window.cols, most)
            yield Arrangement(paired, strip_cols=strip, transposed=transposed), window
        strip = _even(window.cols, pixels)
        yield Arrangement(paired, tapwise=True, strip_cols=strip, transposed=transposed), window


def _keeps_window(window: Window, array: Array, *, paired: bool) -> bool:
    """Whether the array can take a window from the column buffers."""
    kernel, stride = window.kernel, window.stride
    return (
        max(kernel) <= array.depthwise_kernel
        and window.dilation == (1, 1)
        and stride[0] == stride[1]
        and stride[0] in (1, 2)
        and stride[0] <= min(kernel)
        and (stride[0] == 1 or paired or not array.pairs_depthwise)
    )


def _even(extent: int, limit: int) -> int:
    """The width of as few equal parts of an extent as the limit allows."""
    return -(-extent // -(-extent // limit))
