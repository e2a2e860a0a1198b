"""What a tile of a compute command covers, unpaired or paired."""

from __future__ import annotations

from dataclasses import dataclass

from hw.spec.config import NpuConfig


@dataclass(frozen=True)
class TileShape:
    """Output ``channels`` and ``pixels`` that the array computes at once.

    ``step_words`` weight words, together ``step_bytes``, are what a step takes, and so is each of
    the parameters in front of a block.
    """

    channels: int
    pixels: int
    step_words: int
    step_bytes: int


def tile_shape(config: NpuConfig, *, paired: bool) -> TileShape:
    """The tile of a paired command, in which two columns share a pixel, or of any other."""
    if paired:
        return TileShape(2 * config.rows, config.paired_pixels, 2, config.weight_pair_bytes)
    return TileShape(config.rows, config.cols, 1, config.weight_word_bytes)
