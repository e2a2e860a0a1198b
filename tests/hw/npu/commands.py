"""Seeded random compute commands with their weight words."""

from __future__ import annotations

import random
from dataclasses import dataclass
from math import prod

from tilewright.hw.spec.commands import (
    ADDRESS_BITS,
    PARAMETER_WORDS,
    TABLE_SLOTS,
    TABLE_WORDS,
    Command,
    Opcode,
    Operation,
)
from tilewright.hw.spec.elementwise import SCALED
from tilewright.hw.spec.npu_config import NpuConfig


def random_words(
    rng: random.Random, config: NpuConfig, blocks: int, taps: int, *, paired: bool = False
) -> list[bytes]:
    """Parameters and weights of all blocks as weight words; paired: two halves' words in turn."""
    words: list[bytes] = []
    for _ in range(blocks):
        halves = [_block_words(rng, config, taps) for _ in range(2 if paired else 1)]
        words += [word for pair in zip(*halves, strict=True) for word in pair]
    return words


def _block_words(rng: random.Random, config: NpuConfig, taps: int) -> list[bytes]:
    width = config.weight_word_bytes
    planes = [bytearray(width) for _ in range(PARAMETER_WORDS)]
    for r in range(config.rows):
        bias = rng.randint(-30000, 30000).to_bytes(4, "little", signed=True)
        multiplier = rng.randint(1 << 30, (1 << 31) - 1).to_bytes(4, "little")
        shift = rng.randint(-10, 1).to_bytes(1, "little", signed=True)
        for plane, value in zip(planes, bias + multiplier + shift, strict=True):
            plane[r] = value
    weights = [bytes(rng.randrange(256) for _ in range(width)) for _ in range(taps)]
    return [*(bytes(plane) for plane in planes), *weights]


def _outputs(rng: random.Random) -> dict[str, int]:
    low = rng.choice([-128, rng.randint(-128, 0)])
    return {
        "output_zero_point": rng.randint(-128, 127),
        "clamp_low": low,
        "clamp_high": rng.choice([127, rng.randint(low, 127)]),
    }


def random_elementwise(rng: random.Random, config: NpuConfig) -> Command:
    """Any operation; dense, pitched and repeated operands; odd sizes."""
    operation = rng.choice(list(Operation))
    rows, cols, run = rng.choice([(1, 1, 90), (4, 5, 20), (3, 9, 3), (2, 20, 1)])
    rows, cols, run = (rng.randint(1, extent) for extent in (rows, cols, run))
    values = {
        "operation": int(operation),
        "a_repeat": int(rng.random() < 0.3),
        "run_bytes": run,
        "output_cols": cols,
        "output_rows": rows,
        "a_zero_point": rng.randint(-128, 127),
        "b_zero_point": rng.randint(-128, 127),
        **_outputs(rng),
        "table": rng.randint(0, TABLE_SLOTS) if config.table_unit else 0,
    }
    for name, place in (("a", 0), ("b", 900), ("output", 2048)):
        pixel = run + rng.choice([0, 0, 3])
        row = cols * pixel + rng.choice([0, 7])
        if name != "output":
            pixel, row = rng.choice([pixel, pixel, 0]), rng.choice([row, row, 0])
        values[f"{name}_address"] = place + rng.randint(0, 60)
        values[f"{name}_pixel_pitch"], values[f"{name}_row_pitch"] = pixel, row
    scales = operation in SCALED
    for side in "ab":
        values[f"{side}_multiplier"] = rng.randint(1 << 30, (1 << 31) - 1) if scales else 1 << 11
        values[f"{side}_shift"] = rng.randint(-5, 0) if scales else 0
    values["output_multiplier"] = rng.randint(1 << 30, (1 << 31) - 1)
    values["output_shift"] = rng.randint(-19, -17) if scales else rng.randint(-8, 1)
    return Command(Opcode.ELEMENTWISE, values)


def random_table(rng: random.Random) -> Command:
    return table_of(rng.randint(0, 1500), rng.randrange(TABLE_SLOTS))


def table_of(address: int, slot: int) -> Command:
    """The table of a function."""
    return Command(Opcode.TABLE, {"input_address": address, "slot": slot, "words": TABLE_WORDS})


def random_exponentials(rng: random.Random, count: int) -> bytes:
    """So many words as SOFTMAX takes them: the first one almost 1, the others anything."""
    others = [rng.getrandbits(rng.choice([31, 31, 24, 12])) for _ in range(count - 1)]
    return b"".join(word.to_bytes(4, "little") for word in [(1 << 31) - 1, *others])


def random_softmax(rng: random.Random, exponentials: int) -> Command:
    """Odd sizes and pitches; at most so many exponentials count. Result apart or in its place."""
    rows, size = rng.choice([(40, 3), (20, 20), (3, 300), (9, 1), (1, 700)])
    rows, size = rng.randint(1, rows), rng.randint(1, size)
    values = {
        "input_address": rng.randint(0, 100),
        "last_exponential": rng.choice([exponentials - 1, rng.randrange(exponentials)]),
        "output_address": 2048 + rng.randint(0, 100),
        "row_bytes": size,
        "rows": rows,
        "input_row_pitch": size + rng.choice([0, 0, 5]),
        "output_row_pitch": size + rng.choice([0, 0, 7]),
    }
    if rng.random() < 0.3:
        values |= {"input_address": 2100, "output_address": 2100}
        values["output_row_pitch"] = values["input_row_pitch"]
    return Command(Opcode.SOFTMAX, values)


def row_address(c: Command, row: int) -> int:
    """Scratchpad address of column 0, channel 0 of an input row."""
    pitch = c["input_row_pitch"] // c["dilation_rows"]
    return (c["input_address"] + (row + c["pad_top"]) * pitch) % (1 << ADDRESS_BITS)


def input_channel(c: Command, config: NpuConfig, channel: int) -> int:
    """The channel, from the first window's first byte, that a DEPTHWISE takes for an output's."""
    block, row = divmod(channel, config.rows * (2 if c["paired"] else 1))
    return block * c["block_step"] + row // c["multiplier"]


@dataclass(frozen=True)
class _Shape:
    """An image and its windows: (rows, columns) each."""

    image: tuple[int, int]
    kernel: tuple[int, int]
    stride: tuple[int, int]
    dilation: tuple[int, int]
    before: tuple[int, int]
    outputs: tuple[int, int]


def _shape(rng: random.Random, config: NpuConfig, *, depthwise: bool) -> _Shape:
    """Odd sizes, paddings, strides, dilations."""
    image = rng.randint(1, 7), rng.randint(1, 9)
    square = rng.randint(1, max(3, config.depthwise_kernel))
    kernel = (square, square) if rng.random() < 0.6 else (rng.randint(1, 4), rng.randint(1, 4))
    stride = rng.choice([(1, 1), (2, 2), (rng.randint(1, 3), rng.randint(1, 3))])
    dilation = (1, 1)
    if rng.random() < (0.2 if depthwise else 0.4):
        dilation = rng.randint(1, 3), rng.randint(1, 3)
    extents = [(k - 1) * d + 1 for k, d in zip(kernel, dilation, strict=True)]
    top, left = (rng.randint(0, extent - 1) for extent in extents)
    bottom, right = (rng.randint(0, extent - 1) for extent in extents)
    outputs = [
        max(0, size + before + after - extent) // step + 1
        for size, before, after, extent, step in zip(
            image, (top, left), (bottom, right), extents, stride, strict=True
        )
    ]
    return _Shape(image, kernel, stride, dilation, (top, left), (outputs[0], outputs[1]))


def random_window(rng: random.Random, config: NpuConfig) -> tuple[Command, list[bytes]]:
    """A CONV or DEPTHWISE command: odd sizes, paddings, strides; and its weight words."""
    depthwise = rng.random() < 0.5
    paired = rng.random() < 0.5 and (config.pairs_depthwise or not depthwise)
    most_channels = rng.choice([2, 4]) * config.rows + 1
    channels_in = rng.randint(1, most_channels) if depthwise else rng.randint(1, 20)
    shape = _shape(rng, config, depthwise=depthwise)
    channels = channels_in if depthwise else rng.randint(1, most_channels)
    pixel_in = channels_in + rng.choice([0, 0, 3])
    maximum = depthwise and rng.random() < 0.3
    taps = 0 if maximum else prod(shape.kernel) * (1 if depthwise else channels_in)
    wide = not depthwise and config.wide_results and rng.random() < 0.3
    wide &= prod(shape.outputs) * channels < 2500
    values = _places(rng, shape, (channels_in, pixel_in), channels, wide=wide)
    values["block_words"] = taps
    values["table"] = rng.randint(0, TABLE_SLOTS) if config.table_unit and not wide else 0
    if depthwise:
        values |= _taps(rng, config, shape, pixel_in)
        values["maximum"] = int(maximum)
        # Where depthwise commands can pair, only paired ones have a stride on chip.
        paired |= config.pairs_depthwise and shape.stride[1] == 2 and not values["tapwise"]
        values |= _strips(rng, config, values, paired=paired)
        values |= _multiplied(rng, config.rows * (2 if paired else 1))
        opcode = Opcode.DEPTHWISE
    else:
        tile = config.paired_pixels if paired else config.cols
        values |= _runs(rng, shape, channels_in, pixel_in)
        values["group"] = _group(rng, config, values["run_bytes"], values["x_step"], tile)
        values["tiles"] = -(-values["pixels"] // tile)
        values |= {"wide": int(wide), "keep": 0}
        opcode = Opcode.CONV
    values["paired"] = int(paired)
    values["blocks"] = -(-channels // (config.rows * (2 if paired else 1)))
    words = random_words(rng, config, values["blocks"], taps, paired=paired)
    return Command(opcode, values), words


def _places(
    rng: random.Random, shape: _Shape, pixel_in: tuple[int, int], channels: int, *, wide: bool
) -> dict[str, int]:
    """Fields of both commands; ``pixel_in``: bytes of an input pixel, and from one to the next."""
    (rows_in, cols_in), (rows_out, cols_out) = shape.image, shape.outputs
    row_bytes = (cols_in - 1) * pixel_in[1] + pixel_in[0]
    pitch = row_bytes + rng.choice([0, 0, 3])
    pixel_out = (channels << wide) + rng.choice([0, 0, 5])
    return {
        "input_address": (rng.randint(0, 100) - shape.before[0] * pitch) % (1 << ADDRESS_BITS),
        "input_row_pitch": shape.dilation[0] * pitch,
        "input_rows": rows_in,
        "pad_top": shape.before[0],
        "input_row_bytes": row_bytes,
        "x_start": -shape.before[1] * pixel_in[1],
        "x_step": shape.stride[1] * pixel_in[1],
        "row_step": shape.stride[0] * pitch,
        "stride_rows": shape.stride[0],
        "kernel_rows": shape.kernel[0],
        "dilation_rows": shape.dilation[0],
        "output_address": max(2048, 100 + rows_in * pitch) + rng.randint(0, 150),
        "output_pixel_pitch": pixel_out,
        "output_row_pitch": cols_out * pixel_out + rng.choice([0, 7]),
        "output_cols": cols_out,
        "output_rows": rows_out,
        "channels": channels,
        "pad_value": rng.randint(-128, 127),
        **_outputs(rng),
        **({"output_zero_point": 0} if wide else {}),
    }


def _runs(rng: random.Random, shape: _Shape, channels_in: int, pixel_in: int) -> dict[str, int]:
    """Whole kernel rows where their pixels follow on one another, else or at will columns."""
    follow = shape.dilation[1] == 1 and channels_in == pixel_in
    columns = 1 if follow and rng.random() < 0.8 else shape.kernel[1]
    return {
        "stream": 0,
        "kernel_cols": columns,
        "tap_step": shape.dilation[1] * pixel_in,
        "run_bytes": shape.kernel[1] // columns * channels_in,
        "runs": shape.kernel[0] * columns,
        "pixels": prod(shape.outputs),
    }


def _multiplied(rng: random.Random, block: int) -> dict[str, int]:
    """Any number of a block's channels may share one of the input's."""
    if rng.random() < 0.5:
        return {"multiplier": 1, "block_step": block}
    multiplier = rng.randint(1, block)
    return {"multiplier": multiplier, "block_step": block // multiplier}


def _group(rng: random.Random, config: NpuConfig, run: int, step: int, tile: int) -> int:
    """Any number of pixels of a tile whose windows fit one word."""
    largest = 1
    while largest < tile and largest * step + run <= config.port_bytes:
        largest += 1
    return rng.randint(1, largest)


def _taps(rng: random.Random, config: NpuConfig, shape: _Shape, pixel_in: int) -> dict[str, int]:
    kernel, stride = shape.kernel, shape.stride
    fits = max(kernel) <= config.depthwise_kernel and stride in ((1, 1), (2, 2))
    fits &= shape.dilation == (1, 1)
    keeps = fits and (stride[0] <= min(kernel) or kernel == (1, 1))
    return {
        "kernel_cols": kernel[1],
        "stride_cols": stride[1],
        "tapwise": int(not (keeps and rng.random() < 0.8)),
        "pixel_bytes": shape.dilation[1] * pixel_in,
    }


def _strips(
    rng: random.Random, config: NpuConfig, values: dict[str, int], *, paired: bool
) -> dict[str, int]:
    """As many pixels as the columns hold, or less."""
    strip = config.paired_pixels if paired else config.cols
    if not values["tapwise"]:
        strip = min(strip, (config.columns - values["kernel_cols"]) // values["stride_cols"] + 1)
    if rng.random() < 0.4:
        strip = rng.randint(1, strip)
    strips = -(-values["output_cols"] // strip)
    return {
        "strip_cols": strip,
        "strip_input_step": strip * values["x_step"],
        "strip_output_step": strip * values["output_pixel_pitch"],
        "tiles": strips * values["output_rows"],
    }
