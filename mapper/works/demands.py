"""What a work asks of the array, and whether an accelerator has it."""

from __future__ import annotations

from dataclasses import dataclass

from tilewright.hw.spec.commands import MAX_LEFT_SHIFT
from tilewright.hw.spec.npu_config import NpuConfig
from tilewright.hw.spec.tile_shape import ring_bytes

MAX_MICROCODE_ROWS = 1023
MAX_RUNS = 4095
MAX_BEFORE = 255


@dataclass(frozen=True)
class Demands:
    """What a window work asks of the array: bits to the left, the largest sum, words of a block.

    ``runs``: of a convolution's window; ``before``: pixels from its first window to the image;
    ``apart``: its kernel columns lie apart, or several output channels share an input channel.
    """

    left_shift: int
    largest_sum: int
    block_words: int
    depthwise: bool
    rows: int
    runs: int
    before: int
    apart: bool


def window_objection(work: Demands, config: NpuConfig) -> str | None:
    """Why an array cannot do a work; None when it can."""
    return (
        _left_shift(work)
        or _accumulator(work, config)
        or _ring(work, config)
        or _fields(work)
        or (_microcode(work) if config.microcode else None)
    )


def _left_shift(work: Demands) -> str | None:
    if work.left_shift > MAX_LEFT_SHIFT:
        return f"requantisation shifts left by {work.left_shift} bits, more than {MAX_LEFT_SHIFT}"
    return None


def _accumulator(work: Demands, config: NpuConfig) -> str | None:
    if work.largest_sum >= 1 << (config.accumulator_bits - 1):
        bits = work.largest_sum.bit_length() + 1
        return (
            f"its sums can need {bits} bits, more than accumulator_bits = {config.accumulator_bits}"
        )
    return None


def _ring(work: Demands, config: NpuConfig) -> str | None:
    needed = ring_bytes(work.block_words, config, paired=False)
    once = work.depthwise or config.microcode
    if once and needed > config.weight_buffer_bytes:
        return (
            f"a block of its weights needs {needed} bytes, more than weight_buffer_bytes = "
            f"{config.weight_buffer_bytes}"
        )
    return None


def _fields(work: Demands) -> str | None:
    if work.runs > MAX_RUNS:
        return f"windows of {work.runs} taps that lie apart exceed {MAX_RUNS}"
    if work.before > MAX_BEFORE:
        return f"padding of {work.before} pixels exceeds {MAX_BEFORE}"
    return None


def _microcode(work: Demands) -> str | None:
    if work.apart:
        return "control = microcode reads whole kernel rows, and each channel for one result"
    if work.rows > MAX_MICROCODE_ROWS:
        return f"{work.rows} rows exceed {MAX_MICROCODE_ROWS} with control = microcode"
    return None
