"""What a tile of a compute command covers, and a block needs of the ring, unpaired or paired."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

from tilewright.hw.spec.commands import PARAMETER_WORDS
from tilewright.hw.spec.npu_config import NpuConfig


class TileShape(NamedTuple):
    """Output ``channels`` and ``pixels`` that the array computes at once.

    ``step_words`` weight words, together ``step_bytes``, are what a step takes, and so is each of
    the parameters in front of a block.
    """

    channels: int
    pixels: int
    step_words: int
    step_bytes: int


@lru_cache(maxsize=1 << 8)
def tile_shape(config: NpuConfig, *, paired: bool) -> TileShape:
    """The tile of a paired command, in which two columns share a pixel, or of any other."""
    if paired:
        return TileShape(2 * config.rows, config.paired_pixels, 2, config.weight_pair_bytes)
    return TileShape(config.rows, config.cols, 1, config.weight_word_bytes)


def ring_bytes(block_words: int, config: NpuConfig, *, paired: bool) -> int:
    """Bytes of the ring that a block with its parameters, or a pair of blocks, can occupy.

    It may begin inside a memory word. A block that is replayed must fit; one that is read once, for
    a single tile or with ``stream``, need not.
    """
    step = tile_shape(config, paired=paired).step_bytes
    return (PARAMETER_WORDS + block_words) * step + config.weight_memory_bytes - step
