"""The cycle formula of the hardware: what a compute command takes, and what it reads.

docs/npu.md lists the costs that are put together here. A block of output channels takes as long as
the slowest of the array with its activations, the weight ring's reader, and the bus that fills the
ring. It counts no waiting for a LOAD or STORE and no weights that an earlier command keeps out of
the ring. tests/verification/test_formula.py holds it against the RTL's counters.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from math import gcd
from typing import NamedTuple

from hw.spec.commands import PARAMETER_WORDS
from hw.spec.config import NpuConfig
from hw.spec.tile_shape import TileShape, tile_shape

COMMAND_CYCLES = 40
"""From one command's last step to the next one's first."""

_ADD_CYCLES = 23
"""From one command's last step to an ADD's first, and from its last one to its end."""

_FILL_CYCLES = 3
"""From a read of the scratchpad to its pixel's first step."""

_SLOT_CYCLES = 5
"""From a step that uses up a slot to the first step on what fills it next, of one read."""


class Window(NamedTuple):
    """Geometry of a CONV, or with ``depthwise`` of a DEPTHWISE.

    Output ``rows`` x ``cols`` x ``channels``; (vertical, horizontal) ``kernel`` and ``stride``;
    ``missing_rows`` and ``missing_cols`` of the first window that lie above and left of the image;
    ``row_pitch`` bytes from input row to input row; ``run_bytes`` of a kernel row and ``x_step``
    bytes from window to window (both of a convolution); ``block_words`` weights of a channel, none
    for a maximum.
    """

    depthwise: bool
    rows: int
    cols: int
    channels: int
    kernel: tuple[int, int]
    stride: tuple[int, int]
    missing_rows: int
    missing_cols: int
    row_pitch: int
    run_bytes: int
    x_step: int
    block_words: int

    def turned(self) -> Window:
        """Rows and columns exchanged."""
        return self._replace(
            rows=self.cols,
            cols=self.rows,
            kernel=self.kernel[::-1],
            stride=self.stride[::-1],
            missing_rows=self.missing_cols,
            missing_cols=self.missing_rows,
        )


class Arrangement(NamedTuple):
    """How a command lies on the array: the fields of the same names, those of a convolution 1 and
    False for a DEPTHWISE, those of a DEPTHWISE 0 and False for a convolution.

    ``transposed`` (DEPTHWISE): the image's columns are the command's rows.
    """

    paired: bool
    group: int = 1
    stream: bool = False
    tapwise: bool = False
    strip_cols: int = 0
    transposed: bool = False


def block_tiles(window: Window, arrangement: Arrangement, config: NpuConfig) -> int:
    """Tiles of a block."""
    if window.depthwise:
        lying = _lying(window, arrangement)
        return -(-lying.cols // arrangement.strip_cols) * lying.rows
    pixels = tile_shape(config, paired=arrangement.paired).pixels
    return -(-window.rows * window.cols // pixels)


def weight_bytes(window: Window, arrangement: Arrangement, config: NpuConfig) -> int:
    """Bytes of parameters and weights that a command takes from the bus."""
    tile = tile_shape(config, paired=arrangement.paired)
    return -(-window.channels // tile.channels) * _loaded_bytes(window, arrangement, config, tile)


def array_cycles(window: Window, arrangement: Arrangement, config: NpuConfig) -> int:
    """Cycles of a command whose weights are in the ring when the array needs them."""
    return cycles(window, arrangement, config)[1]


def command_cycles(window: Window, arrangement: Arrangement, config: NpuConfig) -> int:
    """Cycles of a command whose weights come from main memory meanwhile."""
    return cycles(window, arrangement, config)[0]


def cycles(window: Window, arrangement: Arrangement, config: NpuConfig) -> tuple[int, int]:
    """`command_cycles` and `array_cycles`."""
    tile = tile_shape(config, paired=arrangement.paired)
    blocks = -(-window.channels // tile.channels)
    tiles = block_tiles(window, arrangement, config)
    block = _block(window, arrangement, config, tile)
    loaded = _loaded_bytes(window, arrangement, config, tile)
    bus = -(-loaded // config.bus_bytes)
    if blocks > 1 and tiles > 1 and not arrangement.stream:
        # What has no room beside a replayed block comes from the block's last tile to the end of
        # the next one's first.
        late = -(-max(2 * loaded - config.weight_buffer_bytes, 0) // config.bus_bytes)
        bus = max(bus, block - 2 * block // tiles + late)
    return COMMAND_CYCLES + blocks * max(block, bus), COMMAND_CYCLES + blocks * block


def _block(window: Window, arrangement: Arrangement, config: NpuConfig, tile: TileShape) -> int:
    """Cycles of a block: those of the array with its activations, or of the ring's reader."""
    if not window.depthwise:
        array = _convolution(window, arrangement, config, tile)
    elif arrangement.tapwise:
        array = _tapwise(_lying(window, arrangement), arrangement, config)
    else:
        array = _windows(_lying(window, arrangement), arrangement, config)
    words = PARAMETER_WORDS + block_tiles(window, arrangement, config) * window.block_words
    return max(array, -(-words * tile.step_bytes // config.weight_memory_bytes))


def bytes_read(window: Window, arrangement: Arrangement, config: NpuConfig) -> int:
    """Bytes of the scratchpad words and weight words that a command reads."""
    tile = tile_shape(config, paired=arrangement.paired)
    blocks = -(-window.channels // tile.channels)
    if not window.depthwise:
        slots = window.kernel[0] * -(-window.run_bytes // config.port_bytes)
        reads = slots * sum(
            count * groups
            for _, groups, count in _tile_reads(
                window.rows * window.cols, window.cols, tile.pixels, arrangement.group
            )
        )
    elif arrangement.tapwise:
        reads = window.rows * window.cols * window.kernel[0] * window.kernel[1]
    else:
        lying = _lying(window, arrangement)
        height = (lying.rows - 1) * lying.stride[0] + lying.kernel[0] - lying.missing_rows
        reads = height * sum(
            count * _columns(lying, pixels) for pixels, count in _strips(lying, arrangement)
        )
    tiles = block_tiles(window, arrangement, config)
    words = PARAMETER_WORDS + tiles * window.block_words
    return blocks * (reads * config.port_bytes + words * tile.step_bytes)


def add_cycles(elements: int, config: NpuConfig) -> int:
    """Cycles of an ADD."""
    return _ADD_CYCLES + 2 * -(-elements // config.requantiser_lanes)


def _lying(window: Window, arrangement: Arrangement) -> Window:
    """As the command sees it."""
    return window.turned() if arrangement.transposed else window


def _loaded_bytes(
    window: Window, arrangement: Arrangement, config: NpuConfig, tile: TileShape
) -> int:
    """Bytes of a block in the weight stream."""
    repeats = block_tiles(window, arrangement, config) if arrangement.stream else 1
    return (PARAMETER_WORDS + repeats * window.block_words) * tile.step_bytes


def _drain(window: Window, arrangement: Arrangement, config: NpuConfig) -> int:
    """Cycles in which the requantiser takes a pixel of a tile."""
    first = min(window.channels, config.rows)
    beats = -(-first // config.requantiser_lanes)
    if not arrangement.paired:
        return beats
    second = min(window.channels - first, config.rows)
    return beats + max(-(-second // config.requantiser_lanes), 1)


def _convolution(
    window: Window, arrangement: Arrangement, config: NpuConfig, tile: TileShape
) -> int:
    """Cycles of a block: in each slot the steps and the reads go on side by side."""
    whole, rest = divmod(window.run_bytes, config.port_bytes)
    drain = _drain(window, arrangement, config)
    total = 0
    for pixels, reads, count in _tile_reads(
        window.rows * window.cols, window.cols, tile.pixels, arrangement.group
    ):
        row = whole * max(config.port_bytes, reads) + (max(rest, reads) if rest else 0)
        total += count * max(window.kernel[0] * row, pixels * drain)
    return total


@lru_cache(maxsize=1 << 12)
def _tile_reads(pixels: int, width: int, tile: int, group: int) -> tuple[tuple[int, int, int], ...]:
    """Kinds of tiles: (pixels, shared reads of a slot, how many tiles)."""
    full, rest = divmod(pixels, tile)
    last = ((rest, _shared(full * tile % width, rest, width, group), 1),) if rest else ()
    if group == 1:
        return (*(((tile, tile, full),) if full else ()), *last)
    period = width // gcd(tile, width)  # tiles until one starts at a row's begin again
    return (
        *(
            (tile, _shared(k * tile % width, tile, width, group), len(range(k, full, period)))
            for k in range(min(period, full))
        ),
        *last,
    )


def _shared(start: int, pixels: int, width: int, group: int) -> int:
    """Reads of consecutive pixels from column ``start`` on in rows of ``width``."""
    first = min(width - start, pixels)
    rows, rest = divmod(pixels - first, width)
    return -(-first // group) + rows * -(-width // group) + -(-rest // group)


def _strips(window: Window, arrangement: Arrangement) -> Iterator[tuple[int, int]]:
    """(output pixels of a strip, how many strips)."""
    full, rest = divmod(window.cols, arrangement.strip_cols)
    if full:
        yield arrangement.strip_cols, full
    if rest:
        yield rest, 1


def _columns(window: Window, pixels: int) -> int:
    """Input columns under the windows of so many neighbouring pixels."""
    return (pixels - 1) * window.stride[1] + window.kernel[1]


def _windows(window: Window, arrangement: Arrangement, config: NpuConfig) -> int:
    """Cycles of a block whose windows stay on chip.

    While the last tile of a strip holds its window's rows, only the slots beside them take rows of
    the next strip; a strip's first window waits for the others.
    """
    kernel_rows, kernel_cols = window.kernel
    taps, drain = kernel_rows * kernel_cols, _drain(window, arrangement, config)
    ahead = min(config.depthwise_slots - kernel_rows, kernel_rows)
    exist = kernel_rows - max(window.missing_rows, ahead)
    missing = max(window.missing_rows - ahead, 0)
    total = 0
    for pixels, count in _strips(window, arrangement):
        columns = _columns(window, pixels)
        following = max(taps, window.stride[0] * columns, pixels * drain)
        first = max(taps, pixels * drain)
        if kernel_rows > ahead:
            wait = exist * columns + 2 * missing + _FILL_CYCLES + kernel_cols
            first = max(first, wait)
        total += count * (first + (window.rows - 1) * following)
    return total


def _tapwise(window: Window, arrangement: Arrangement, config: NpuConfig) -> int:
    """Cycles of a block of which each tap is read for each pixel, a slot a tap."""
    taps = window.kernel[0] * window.kernel[1]
    turns = -(-taps * _SLOT_CYCLES // config.depthwise_slots)
    drain = _drain(window, arrangement, config)
    return window.rows * sum(
        count * max(taps * pixels, turns, pixels * drain)
        for pixels, count in _strips(window, arrangement)
    )
