"""Seeded random compute commands with their weight words."""

from __future__ import annotations

import random

from hw.spec.commands import PARAMETER_WORDS, TABLE_SLOTS, Command, Opcode, Operation
from hw.spec.elementwise import SCALED
from hw.spec.npu_config import NpuConfig


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
    values = {"input_address": rng.randint(0, 1500), "slot": rng.randrange(TABLE_SLOTS)}
    return Command(Opcode.TABLE, values)


def random_window(rng: random.Random, config: NpuConfig) -> tuple[Command, list[bytes]]:
    """A CONV or DEPTHWISE command: odd sizes, paddings, strides; and its weight words."""
    depthwise = rng.random() < 0.5
    paired = rng.random() < 0.5 and (config.pairs_depthwise or not depthwise)
    most_channels = rng.choice([2, 4]) * config.rows + 1
    channels_in = rng.randint(1, most_channels) if depthwise else rng.randint(1, 20)
    rows_in, cols_in = rng.randint(1, 7), rng.randint(1, 9)
    square = rng.randint(1, max(3, config.depthwise_kernel))
    kernel = (square, square) if rng.random() < 0.6 else (rng.randint(1, 4), rng.randint(1, 4))
    stride = rng.choice([(1, 1), (2, 2), (rng.randint(1, 3), rng.randint(1, 3))])
    top, left = rng.randint(0, kernel[0] - 1), rng.randint(0, kernel[1] - 1)
    bottom, right = rng.randint(0, kernel[0] - 1), rng.randint(0, kernel[1] - 1)
    rows_out = max(0, rows_in + top + bottom - kernel[0]) // stride[0] + 1
    cols_out = max(0, cols_in + left + right - kernel[1]) // stride[1] + 1
    channels = channels_in if depthwise else rng.randint(1, most_channels)
    row_bytes = cols_in * channels_in
    pitch = row_bytes + rng.choice([0, 0, 3])
    pixel_out = channels + rng.choice([0, 0, 5])
    maximum = depthwise and rng.random() < 0.3
    taps = 0 if maximum else kernel[0] * kernel[1] * (1 if depthwise else channels_in)
    values = {
        "input_address": rng.randint(0, 100),
        "input_row_pitch": pitch,
        "input_rows": rows_in,
        "pad_top": top,
        "input_row_bytes": row_bytes,
        "x_start": -left * channels_in,
        "x_step": stride[1] * channels_in,
        "row_step": stride[0] * pitch,
        "stride_rows": stride[0],
        "kernel_rows": kernel[0],
        "output_address": max(2048, 100 + rows_in * pitch) + rng.randint(0, 150),
        "output_pixel_pitch": pixel_out,
        "output_row_pitch": cols_out * pixel_out + rng.choice([0, 7]),
        "output_cols": cols_out,
        "output_rows": rows_out,
        "channels": channels,
        "block_words": taps,
        "pad_value": rng.randint(-128, 127),
        **_outputs(rng),
        "table": rng.randint(0, TABLE_SLOTS) if config.table_unit else 0,
    }
    if depthwise:
        values.update(_taps(rng, config, kernel, stride, channels_in))
        values["maximum"] = int(maximum)
        # Where depthwise commands can pair, only paired ones have a stride on chip.
        paired |= config.pairs_depthwise and stride[1] == 2 and not values["tapwise"]
        values.update(_strips(rng, config, values, paired=paired))
        opcode = Opcode.DEPTHWISE
    else:
        pixels = rows_out * cols_out
        tile = config.paired_pixels if paired else config.cols
        values.update(
            stream=0,
            group=_group(rng, config, kernel[1] * channels_in, values["x_step"], tile),
            run_bytes=kernel[1] * channels_in,
            pixels=pixels,
            tiles=-(-pixels // tile),
        )
        opcode = Opcode.CONV
    values["paired"] = int(paired)
    values["blocks"] = -(-channels // (config.rows * (2 if paired else 1)))
    words = random_words(rng, config, values["blocks"], taps, paired=paired)
    return Command(opcode, values), words


def _group(rng: random.Random, config: NpuConfig, run: int, step: int, tile: int) -> int:
    """Any number of pixels of a tile whose windows fit one word."""
    largest = 1
    while largest < tile and largest * step + run <= config.port_bytes:
        largest += 1
    return rng.randint(1, largest)


def _taps(
    rng: random.Random,
    config: NpuConfig,
    kernel: tuple[int, int],
    stride: tuple[int, int],
    channels_in: int,
) -> dict[str, int]:
    fits = max(kernel) <= config.depthwise_kernel and stride in ((1, 1), (2, 2))
    keeps = fits and (stride[0] <= min(kernel) or kernel == (1, 1))
    return {
        "kernel_cols": kernel[1],
        "stride_cols": stride[1],
        "tapwise": int(not (keeps and rng.random() < 0.8)),
        "pixel_bytes": channels_in,
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
