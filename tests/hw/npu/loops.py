"""The loops of CONV and DEPTHWISE, written out from the commands' definition.

Lists of tiles, of what every slot of the column buffers holds, and of the array's steps; the
blocks' benches compare what the hardware does with them.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass

from tests.hw.npu.commands import random_window
from tilewright.hw.spec.commands import Command, Opcode
from tilewright.hw.spec.npu_config import NpuConfig


@dataclass(frozen=True)
class Tile:
    """Output ``pixels`` (row, column) that are computed at once, for ``block``."""

    block: int
    pixels: tuple[tuple[int, int], ...]
    ends_strip: bool
    ends_block: bool


@dataclass(frozen=True)
class Read:
    """``count`` bytes of input row ``row`` from byte ``x`` of it, for one column.

    ``copies``: rows of the array that each byte is for.
    """

    row: int
    x: int
    count: int
    copies: int = 1


@dataclass(frozen=True)
class Step:
    """One reduction step: which slot it takes (numbered from the command's start) and where.

    ``position``: convolution: byte of the window's word; depthwise: column of the window.
    ``released``: slots given back up to and including this step.
    """

    tile: Tile
    slot: int
    position: int
    first: bool
    last: bool
    released: int


def is_window(c: Command) -> bool:
    return c.opcode is Opcode.DEPTHWISE and not c["tapwise"]


def is_maximum(c: Command) -> bool:
    return c.opcode is Opcode.DEPTHWISE and bool(c["maximum"])


def block_channels(c: Command, config: NpuConfig) -> int:
    """Output channels that are computed at once."""
    return config.rows * (2 if c["paired"] else 1)


def is_spread(c: Command) -> bool:
    """Whether taps of a kernel row lie apart, or rows of the array share an input channel."""
    return c["kernel_cols"] > 1 if c.opcode is Opcode.CONV else c["multiplier"] > 1


def every_kind(rng: random.Random, config: NpuConfig, most_steps: int) -> Iterator[Command]:
    """Random commands of at most ``most_steps`` until there was one of each kind."""
    flags = (False, True)
    missing = {(Opcode.CONV, False, False, paired, spread) for paired in flags for spread in flags}
    missing |= {
        (Opcode.DEPTHWISE, window, maximum, paired, spread)
        for window in flags
        for maximum in flags
        for paired in flags[: 1 + config.pairs_depthwise]
        for spread in flags
    }
    while missing:
        command, _ = random_window(rng, config)
        paired, spread = bool(command["paired"]), is_spread(command)
        kind = command.opcode, is_window(command), is_maximum(command), paired, spread
        if len(steps(command, config)) <= most_steps and (kind in missing or rng.random() < 0.1):
            missing.discard(kind)
            yield command


def capacity(c: Command, config: NpuConfig) -> int:
    """Slots of a column buffer."""
    conv = c.opcode is Opcode.CONV
    return config.convolution_slots if conv else config.depthwise_slots


def tiles(c: Command, config: NpuConfig) -> list[Tile]:
    result = []
    rows, cols = range(c["output_rows"]), range(c["output_cols"])
    for block in range(c["blocks"]):
        if c.opcode is Opcode.CONV:
            flat = [(oy, ox) for oy in rows for ox in cols]
            size = config.paired_pixels if c["paired"] else config.cols
            groups = [flat[i : i + size] for i in range(0, len(flat), size)]
            ends = [False] * len(groups)
        else:
            width = c["strip_cols"]
            strips = [cols[x : x + width] for x in range(0, len(cols), width)]
            groups = [[(oy, ox) for ox in strip] for strip in strips for oy in rows]
            ends = [oy == rows[-1] for _ in strips for oy in rows]
        for i, (group, end) in enumerate(zip(groups, ends, strict=True)):
            result.append(Tile(block, tuple(group), end, i == len(groups) - 1))
    return result


def _taps(c: Command, config: NpuConfig, tile: Tile) -> list[list[Read]]:
    """Slots of a tile whose slots no other tile takes."""
    slots = []
    copies = c["multiplier"] if c.opcode is Opcode.DEPTHWISE else 1
    for ky in range(c["kernel_rows"]):
        if c.opcode is Opcode.CONV:
            port, run = config.port_bytes, c["run_bytes"]
            pieces = [
                (kx * c["tap_step"] + k, min(port, run - k))
                for kx in range(c["kernel_cols"])
                for k in range(0, run, port)
            ]
        else:
            channels = block_channels(c, config)
            pieces = [
                (kx * c["pixel_bytes"] + tile.block * c["block_step"], channels)
                for kx in range(c["kernel_cols"])
            ]
        for offset, count in pieces:
            slots.append(
                [
                    Read(
                        oy * c["stride_rows"] + ky * c["dilation_rows"] - c["pad_top"],
                        c["x_start"] + ox * c["x_step"] + offset,
                        count,
                        copies,
                    )
                    for oy, ox in tile.pixels
                ]
            )
    return slots


def slots(c: Command, config: NpuConfig) -> list[list[Read]]:
    """Every slot of the command in order, a read for each of its columns."""
    if not is_window(c):
        return [slot for tile in tiles(c, config) for slot in _taps(c, config, tile)]
    result = []
    for tile in tiles(c, config):
        if not tile.ends_strip:
            continue
        stride, pixels = c["stride_cols"], tile.pixels
        channels = block_channels(c, config)
        left = c["x_start"] + pixels[0][1] * c["x_step"] + tile.block * c["block_step"]
        width = (len(pixels) - 1) * stride + c["kernel_cols"]
        height = (c["output_rows"] - 1) * stride + c["kernel_rows"]
        for row in range(-c["pad_top"], height - c["pad_top"]):
            xs = [left + j * c["pixel_bytes"] for j in range(width)]
            result.append([Read(row, x, channels, c["multiplier"]) for x in xs])
    return result


def groups(c: Command, slot: list[Read]) -> list[range]:
    """The columns (paired convolution: pixels) that each read of a slot serves, a read a cycle.

    A depthwise slot whose row does not exist takes two turns, however wide it is.
    """
    if c.opcode is Opcode.DEPTHWISE and len(slot) > 1 and not 0 <= slot[0].row < c["input_rows"]:
        return [range(1), range(1, len(slot))]
    most = c["group"] if c.opcode is Opcode.CONV else 1
    result: list[range] = []
    for column, read in enumerate(slot):
        last = result[-1] if result else range(0)
        if last and len(last) < most and slot[last[0]].row == read.row:
            result[-1] = range(last.start, column + 1)
        else:
            result.append(range(column, column + 1))
    return result


def steps(c: Command, config: NpuConfig) -> list[Step]:
    result: list[Step] = []
    base = 0
    for tile in tiles(c, config):
        window = is_window(c)
        if window:
            kernel = [(ky, kx) for ky in range(c["kernel_rows"]) for kx in range(c["kernel_cols"])]
            places = [(base + ky, kx) for ky, kx in kernel]
            base += c["kernel_rows"] if tile.ends_strip else c["stride_rows"]
        else:
            counts = [slot[0].count for slot in _taps(c, config, tile)]
            if c.opcode is Opcode.DEPTHWISE:
                counts = [1] * len(counts)
            places = [(base + i, byte) for i, n in enumerate(counts) for byte in range(n)]
            base += len(counts)
        for i, (slot, position) in enumerate(places):
            last = i == len(places) - 1
            if last:
                released = base
            elif window:
                released = result[-1].released if result else 0
            else:
                released = places[i + 1][0]
            result.append(Step(tile, slot, position, i == 0, last, released))
    return result
