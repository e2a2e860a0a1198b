"""The cycle formula of the hardware: what a compute command takes, and what it reads.

docs/npu.md lists the costs that are put together here. A block of output channels takes as long as
the slowest of the array with its activations, the weight ring's reader, and the bus that fills the
ring. It counts no waiting for a LOAD or STORE and no weights that an earlier command keeps out of
the ring. tests/verification/test_formula.py holds it against the RTL's counters.
"""

from __future__ import annotations

from collections import Counter
from functools import lru_cache
from math import gcd
from typing import NamedTuple

from tilewright.hw.spec.commands import PARAMETER_WORDS, SOFTMAX_BATCH
from tilewright.hw.spec.tile_shape import TileShape
from tilewright.hw.spec.timing import CAPTURE_LATENCY, FILL_CYCLES, RESULTS_WAIT
from tilewright.mapper.array.array import Array

COMMAND_CYCLES = 40
"""From one command's last step to the next one's first."""

_ELEMENTWISE_CYCLES = 23
"""From one command's last step to an ELEMENTWISE's first read, and from its last one to its end."""

_SOFTMAX_CYCLES = 20
"""The same of a SOFTMAX."""

_RECIPROCAL_CYCLES = RESULTS_WAIT + SOFTMAX_BATCH
"""From the sums of a batch of SOFTMAX to its results, one less for each of its rows."""

_SLOT_CYCLES = 5
"""From a step that uses up a slot to the first step on what fills it next, of one read."""


class Window(NamedTuple):
    """Geometry of a CONV, or with ``depthwise`` of a DEPTHWISE.

    Output ``rows`` x ``cols`` x ``channels``; (vertical, horizontal) ``kernel`` and ``stride``;
    ``block_words`` weights of a channel, none for a maximum. Of a DEPTHWISE alone: ``missing_rows``
    and ``missing_cols`` of the first window that lie above and left of the image, ``row_pitch``
    bytes from input row to input row, pixels from tap to tap (``dilation``). Of a CONV alone:
    ``run_bytes`` of each of ``runs``, which are its kernel rows or their columns, ``x_step`` bytes
    from window to window. Elsewhere these are 0, or 1.
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
    dilation: tuple[int, int]
    runs: int
    run_bytes: int
    x_step: int
    block_words: int

    @property
    def extent(self) -> tuple[int, int]:
        """Pixels from a window's first row (column) to its last one."""
        (rows, cols), dilation = self.kernel, self.dilation
        return (rows - 1) * dilation[0] + 1, (cols - 1) * dilation[1] + 1

    def turned(self) -> Window:
        """Rows and columns exchanged."""
        return self._replace(
            rows=self.cols,
            cols=self.rows,
            kernel=self.kernel[::-1],
            dilation=self.dilation[::-1],
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


def block_tiles(window: Window, arrangement: Arrangement, array: Array) -> int:
    """Tiles of a block."""
    return _tiles(lying(window, arrangement), arrangement, array.tiles[arrangement.paired])


def weight_bytes(window: Window, arrangement: Arrangement, array: Array) -> int:
    """Bytes of parameters and weights that a command takes from the bus."""
    tile = array.tiles[arrangement.paired]
    tiles = block_tiles(window, arrangement, array)
    return -(-window.channels // tile.channels) * _loaded_bytes(window, arrangement, tile, tiles)


def array_cycles(window: Window, arrangement: Arrangement, array: Array) -> int:
    """Cycles of a command whose weights are in the ring when the array needs them."""
    return cycles(lying(window, arrangement), arrangement, array)[1]


def command_cycles(window: Window, arrangement: Arrangement, array: Array) -> int:
    """Cycles of a command whose weights come from main memory meanwhile."""
    return cycles(lying(window, arrangement), arrangement, array)[0]


def cycles(window: Window, arrangement: Arrangement, array: Array) -> tuple[int, int]:
    """`command_cycles` and `array_cycles` of a window that is `lying` as the command sees it."""
    tile = array.tiles[arrangement.paired]
    blocks = -(-window.channels // tile.channels)
    tiles = _tiles(window, arrangement, tile)
    reader = -(-_words(window, tiles) * tile.step_bytes // array.weight_memory_bytes)
    block = max(_array(window, arrangement, array, tile), reader)
    loaded = _loaded_bytes(window, arrangement, tile, tiles)
    bus = -(-loaded // array.bus_bytes)
    if blocks > 1 and tiles > 1 and not arrangement.stream:
        # What has no room beside a replayed block comes from the block's last tile to the end of
        # the next one's first.
        late = -(-max(2 * loaded - array.weight_buffer_bytes, 0) // array.bus_bytes)
        bus = max(bus, block - 2 * block // tiles + late)
    return COMMAND_CYCLES + blocks * max(block, bus), COMMAND_CYCLES + blocks * block


def _array(window: Window, arrangement: Arrangement, array: Array, tile: TileShape) -> int:
    """Cycles of a block on the array with its activations."""
    if not window.depthwise:
        return _convolution(window, arrangement, array, tile)
    if arrangement.tapwise:
        return _tapwise(window, arrangement, array)
    return _windows(window, arrangement, array)


def bytes_read(window: Window, arrangement: Arrangement, array: Array) -> int:
    """Bytes of the scratchpad words and weight words that a command reads."""
    window, tile = lying(window, arrangement), array.tiles[arrangement.paired]
    blocks = -(-window.channels // tile.channels)
    if not window.depthwise:
        slots = window.runs * -(-window.run_bytes // array.port_bytes)
        reads = slots * sum(
            count * groups
            for _, groups, count in _tile_reads(
                window.rows * window.cols, window.cols, tile.pixels, arrangement.group
            )
        )
    elif arrangement.tapwise:
        reads = window.rows * window.cols * window.kernel[0] * window.kernel[1]
    else:
        height = (window.rows - 1) * window.stride[0] + window.kernel[0] - window.missing_rows
        reads = height * sum(
            count * _columns(window, pixels) for pixels, count in _strips(window, arrangement)
        )
    words = _words(window, _tiles(window, arrangement, tile))
    return blocks * (reads * array.port_bytes + words * tile.step_bytes)


def elementwise_cycles(reads: int) -> int:
    """Cycles of an ELEMENTWISE of so many reads of its operands."""
    return _ELEMENTWISE_CYCLES + reads


def softmax_cycles(rows: int, size: int, lanes: int) -> int:
    """Cycles of a SOFTMAX of so many rows: each batch reads them three times."""
    levels = max((lanes - 1).bit_length(), 1)
    batches = -(-rows // SOFTMAX_BATCH)
    waits = batches * (2 * levels + _RECIPROCAL_CYCLES) - rows
    return _SOFTMAX_CYCLES + 3 * rows * -(-size // lanes) + waits


def lying(window: Window, arrangement: Arrangement) -> Window:
    """As the command sees it."""
    return window.turned() if arrangement.transposed else window


def _tiles(window: Window, arrangement: Arrangement, tile: TileShape) -> int:
    if window.depthwise:
        return -(-window.cols // arrangement.strip_cols) * window.rows
    return -(-window.rows * window.cols // tile.pixels)


def _words(window: Window, tiles: int) -> int:
    """Steps' words of a block that the ring's reader takes, for parameters and weights."""
    return PARAMETER_WORDS + tiles * window.block_words


def _loaded_bytes(window: Window, arrangement: Arrangement, tile: TileShape, tiles: int) -> int:
    """Bytes of a block in the weight stream."""
    return _words(window, tiles if arrangement.stream else 1) * tile.step_bytes


def _drain(window: Window, arrangement: Arrangement, array: Array) -> int:
    """Cycles in which the requantiser takes a pixel of a tile."""
    first = min(window.channels, array.rows)
    beats = -(-first // array.requantiser_lanes)
    if not arrangement.paired:
        return beats
    second = min(window.channels - first, array.rows)
    return beats + max(-(-second // array.requantiser_lanes), 1)


def _convolution(window: Window, arrangement: Arrangement, array: Array, tile: TileShape) -> int:
    """Cycles of a block: in each slot the steps and the reads go on side by side.

    While a slot is filled again the steps on the others go on; a run's last slot may have few.
    """
    whole, rest = divmod(window.run_bytes, array.port_bytes)
    others = (rest or array.port_bytes) + (array.convolution_slots - 2) * array.port_bytes
    drain = _drain(window, arrangement, array)
    total = 0
    for pixels, reads, count in _tile_reads(
        window.rows * window.cols, window.cols, tile.pixels, arrangement.group
    ):
        run = whole * max(array.port_bytes, reads) + (max(rest, reads) if rest else 0)
        if whole:
            run += max(_SLOT_CYCLES + reads - 1 - others, 0)
        total += count * max(window.runs * run, pixels * drain, CAPTURE_LATENCY)
    return total


@lru_cache(maxsize=1 << 12)
def _tile_reads(pixels: int, width: int, tile: int, group: int) -> tuple[tuple[int, int, int], ...]:
    """Kinds of tiles: (pixels, shared reads of a slot, how many tiles)."""
    full, rest = divmod(pixels, tile)
    last = ((rest, _shared(full * tile % width, rest, width, group), 1),) if rest else ()
    if group == 1:
        return (*(((tile, tile, full),) if full else ()), *last)
    period = width // gcd(tile, width)  # tiles until one starts at a row's begin again
    kinds: Counter[int] = Counter()
    for k in range(min(period, full)):
        kinds[_shared(k * tile % width, tile, width, group)] += len(range(k, full, period))
    return (*((tile, reads, count) for reads, count in kinds.items()), *last)


def _shared(start: int, pixels: int, width: int, group: int) -> int:
    """Reads of consecutive pixels from column ``start`` on in rows of ``width``."""
    first = min(width - start, pixels)
    rows, rest = divmod(pixels - first, width)
    return -(-first // group) + rows * -(-width // group) + -(-rest // group)


def _strips(window: Window, arrangement: Arrangement) -> list[tuple[int, int]]:
    """(output pixels of a strip, how many strips)."""
    full, rest = divmod(window.cols, arrangement.strip_cols)
    strips = [(arrangement.strip_cols, full)] if full else []
    if rest:
        strips.append((rest, 1))
    return strips


def _columns(window: Window, pixels: int) -> int:
    """Input columns under the windows of so many neighbouring pixels."""
    return (pixels - 1) * window.stride[1] + window.kernel[1]


def _windows(window: Window, arrangement: Arrangement, array: Array) -> int:
    """Cycles of a block whose windows stay on chip.

    While the last tile of a strip holds its window's rows, only the slots beside them take rows of
    the next strip; a strip's first window waits for the others.
    """
    kernel_rows, kernel_cols = window.kernel
    taps, drain = kernel_rows * kernel_cols, _drain(window, arrangement, array)
    ahead = min(array.depthwise_slots - kernel_rows, kernel_rows)
    exist = kernel_rows - max(window.missing_rows, ahead)
    missing = max(window.missing_rows - ahead, 0)
    total = 0
    for pixels, count in _strips(window, arrangement):
        columns = _columns(window, pixels)
        following = max(taps, window.stride[0] * columns, pixels * drain, CAPTURE_LATENCY)
        first = max(taps, pixels * drain, CAPTURE_LATENCY)
        if kernel_rows > ahead:
            wait = exist * columns + 2 * missing + FILL_CYCLES + kernel_cols
            first = max(first, wait)
        total += count * (first + (window.rows - 1) * following)
    return total


def _tapwise(window: Window, arrangement: Arrangement, array: Array) -> int:
    """Cycles of a block of which each tap is read for each pixel, a slot a tap."""
    taps = window.kernel[0] * window.kernel[1]
    turns = -(-taps * _SLOT_CYCLES // array.depthwise_slots)
    drain = _drain(window, arrangement, array)
    total = 0
    for pixels, count in _strips(window, arrangement):
        total += count * max(taps * pixels, turns, pixels * drain, CAPTURE_LATENCY)
    return window.rows * total
