"""How a command is laid on the array: paired or not, windows kept or not, transposed or not.

All ways that the hardware can take are weighed by the cycle formula. A read serves as many pixels
as it can, which is never slower. Where they are equally fast,
the one that keeps the array shorter is chosen, which leaves time for the bus; then the one that
reads fewer bytes.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import lru_cache
from typing import NamedTuple

from hw.spec.commands import ADDRESS_BITS
from hw.spec.config import NpuConfig
from hw.spec.tile_shape import ring_bytes, tile_shape
from mapper.cycles import Arrangement, Window, block_tiles, bytes_read, cycles, weight_bytes
from mapper.work import Region, WindowWork

_EXTENT_BITS = 16
"""Of a command's ``input_rows`` and the like."""


def window_of(
    work: WindowWork, region: Region, channels: int, pixel_pitch: int, row_pitch: int
) -> Window:
    """The geometry of a tile of a work whose input has these pitches."""
    bytes_ = 0 if work.depthwise else work.input_shape[2]

    def missing(first: int, axis: int) -> int:
        return min(max(work.pad[axis] - first * work.stride[axis], 0), work.kernel[axis])

    return Window(
        depthwise=work.depthwise,
        rows=region.rows,
        cols=region.cols,
        channels=channels,
        kernel=work.kernel,
        stride=work.stride,
        missing_rows=missing(region.top, 0),
        missing_cols=missing(region.left, 1),
        row_pitch=row_pitch,
        run_bytes=work.kernel[1] * bytes_,
        x_step=0 if work.depthwise else work.stride[1] * pixel_pitch,
        block_words=work.weights.shape[1],
    )


def arrangements(window: Window, config: NpuConfig) -> Iterator[Arrangement]:
    """All that the hardware can do and that may be the fastest."""
    return _depthwise(window, config) if window.depthwise else _convolutions(window, config)


class Laid(NamedTuple):
    """A command on the array, with its cycles and bytes of weights by the cycle formula."""

    arrangement: Arrangement
    cycles: int
    weight_bytes: int


@lru_cache(maxsize=1 << 14)
def lay(window: Window, config: NpuConfig) -> Laid:
    """The command with the fewest cycles.

    What is asked for again is not worked out again; `formula_config` lets configurations share it.
    """
    prices = [(cycles(window, found, config), found) for found in arrangements(window, config)]
    least = min(price for price, _ in prices)
    equal = [found for price, found in prices if price == least]
    best = equal[0]
    if len(equal) > 1:
        best = min(equal, key=lambda found: bytes_read(window, found, config))
    return Laid(best, least[0], weight_bytes(window, best, config))


def arrange(window: Window, config: NpuConfig) -> Arrangement:
    """The arrangement with the fewest cycles."""
    return lay(window, formula_config(config)).arrangement


@lru_cache(maxsize=1 << 8)
def formula_config(config: NpuConfig) -> NpuConfig:
    """Without what the cycle formula does not depend on: the same for many configurations."""
    default = NpuConfig()
    return replace(
        config,
        scratchpad_bytes=default.scratchpad_bytes,
        scratchpad_banks=default.scratchpad_banks,
        accumulator_bits=default.accumulator_bits,
    )


def _convolutions(window: Window, config: NpuConfig) -> Iterator[Arrangement]:
    for paired in (False, True):
        ring = ring_bytes(window.block_words, config, paired=paired)
        tiles = block_tiles(window, Arrangement(paired), config)
        fits = ring <= config.weight_buffer_bytes
        if paired and tiles > 1 and not fits:
            continue  # only single blocks are sent again for each tile
        # A single tile reads every word once, so that streaming is free and lets the ring run
        # ahead; otherwise it costs the bus and is done where the ring is too small.
        crowded = 2 * ring > config.weight_buffer_bytes
        stream = not fits or (tiles == 1 and crowded)
        group = _largest_group(window, config, paired=paired)
        yield Arrangement(paired, stream=stream, group=group)


def _largest_group(window: Window, config: NpuConfig, *, paired: bool) -> int:
    """Pixels of a row that one read can serve: their windows lie in one scratchpad word."""
    if window.run_bytes > config.port_bytes or window.x_step == 0:
        return 1
    within = (config.port_bytes - window.run_bytes) // window.x_step + 1
    return min(within, window.cols, tile_shape(config, paired=paired).pixels)


def _depthwise(window: Window, config: NpuConfig) -> Iterator[Arrangement]:
    yield from _upright(window, config)
    if _can_turn(window):
        for arrangement in _upright(window.turned(), config):
            yield arrangement._replace(transposed=True)


def _can_turn(window: Window) -> bool:
    """Whether a command's fields hold the image with its rows and columns exchanged.

    Its rows are pixels then, so that positions in a row span all rows under the windows.
    """
    height, width = (
        (outputs - 1) * stride + kernel
        for outputs, stride, kernel in zip(
            (window.rows, window.cols), window.stride, window.kernel, strict=True
        )
    )
    inside = window.missing_rows < window.kernel[0]
    return inside and height * window.row_pitch < 1 << ADDRESS_BITS and width < 1 << _EXTENT_BITS


def _upright(window: Window, config: NpuConfig) -> Iterator[Arrangement]:
    for paired in (False, True) if config.pairs_depthwise else (False,):
        ring = ring_bytes(window.block_words, config, paired=paired)
        if paired and ring > config.weight_buffer_bytes:
            continue
        pixels = tile_shape(config, paired=paired).pixels
        if _keeps_window(window, config, paired=paired):
            stride, kernel = window.stride[1], window.kernel[1]
            most = min(pixels, (config.columns - kernel) // stride + 1)
            yield Arrangement(paired, strip_cols=_even(window.cols, most))
        yield Arrangement(paired, tapwise=True, strip_cols=_even(window.cols, pixels))


def _keeps_window(window: Window, config: NpuConfig, *, paired: bool) -> bool:
    """Whether the array can take a window from the column buffers."""
    kernel, stride = window.kernel, window.stride
    return (
        max(kernel) <= config.depthwise_kernel
        and stride[0] == stride[1]
        and stride[0] in (1, 2)
        and stride[0] <= min(kernel)
        and (stride[0] == 1 or paired or not config.pairs_depthwise)
    )


def _even(extent: int, limit: int) -> int:
    """The width of as few equal parts of an extent as the limit allows."""
    return -(-extent // -(-extent // limit))
