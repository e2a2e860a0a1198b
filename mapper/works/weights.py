"""Weights and requantisation parameters in the order in which the array takes them.

A blob is what one command consumes: for each block of ``rows`` output channels nine parameter
words, then its weight words, one a tap. Byte r of a word belongs to row r. A paired command takes
two blocks at once, and each of those words is a pair: the first block's word, then the second's.

A command of several tiles whose blocks do not fit the ring takes a block's weight words again for
each tile (``stream``). Such a command has one block only. Its blob repeats the words until the
repetition ends on a memory word, so that the DMA can send an aligned stretch again and again.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from math import lcm
from typing import Literal, NamedTuple

import numpy as np

from tilewright.hw.spec.commands import PARAMETER_WORDS
from tilewright.hw.spec.npu_config import NpuConfig
from tilewright.hw.spec.numerics import Int8Array
from tilewright.hw.spec.tile_shape import tile_shape
from tilewright.mapper.memory import align
from tilewright.mapper.works.window_geometry import WindowGeometry


class WeightsOrder(NamedTuple):
    """The weights that a command takes: of some output channels of a work as it lies on the array,
    in pairs or not.

    ``streamed``: so many tiles for each of which a block is sent again; 0: blocks are replayed.
    """

    work: WindowGeometry
    first_channel: int
    channels: int
    paired: bool
    streamed: int


class BlobKey(NamedTuple):
    """A blob: some output channels of a work as it lies on the array, laid out in one way."""

    work: WindowGeometry
    first_channel: int
    channels: int
    kind: Literal["single", "paired", "restreamed"]


class WeightUse(NamedTuple):
    """A stretch of a blob that one WEIGHTS command is to send."""

    key: BlobKey
    start: int
    bytes: int


def layout(
    work: WindowGeometry, first: int, count: int, config: NpuConfig, *, paired: bool
) -> Int8Array:
    """int8 [blocks, PARAMETER_WORDS + taps, 2 if paired else 1, weight_word_bytes].

    These are ``count`` channels from ``first`` on; zeros where a block has no more.
    """
    tile = tile_shape(config, paired=paired)
    blocks, rows, word = -(-count // tile.channels), config.rows, config.weight_word_bytes
    channels = work.channel_bytes[first : first + count]
    steps = channels.shape[1]
    if count < blocks * tile.channels:
        full = np.zeros((blocks * tile.channels, steps), dtype=np.int8)
        full[:count] = channels
        channels = full
    by_row = channels.reshape(blocks, tile.step_words, rows, steps)
    if rows < word:
        full = np.zeros((blocks, tile.step_words, word, steps), dtype=np.int8)
        full[:, :, :rows] = by_row
        by_row = full
    return by_row.transpose(0, 3, 1, 2)


def replayed_blob(
    work: WindowGeometry, first: int, count: int, config: NpuConfig, *, paired: bool
) -> bytes:
    """The blob of a command that replays its weights, or reads them once."""
    data = layout(work, first, count, config, paired=paired).tobytes()
    return data.ljust(align(len(data), config.weight_memory_bytes), b"\0")


_Key = tuple[WindowGeometry, int, int, int, int, bool]


class PackedWeights:
    """Blobs by `replayed_blob`, kept for other configurations with as many rows.

    Together they have ``limit`` bytes at most; those used longest ago go first.
    """

    def __init__(self, limit: int = 8 << 20) -> None:
        self._limit, self._bytes = limit, 0
        self._blobs: OrderedDict[tuple[WindowGeometry, int, int, int, int, bool], bytes] = (
            OrderedDict()
        )

    @property
    def kept_bytes(self) -> int:
        """Bytes of the blobs that are kept."""
        return self._bytes

    def replayed(
        self, work: WindowGeometry, first: int, count: int, config: NpuConfig, *, paired: bool
    ) -> bytes:
        """As `replayed_blob`."""
        key = (work, first, count, config.rows, config.weight_memory_bytes, paired)
        blob = self._blobs.get(key)
        if blob is None:
            blob = self._blobs[key] = replayed_blob(work, first, count, config, paired=paired)
            self._bytes += len(blob)
            while self._bytes > self._limit:
                self._bytes -= len(self._blobs.popitem(last=False)[1])
        else:
            self._blobs.move_to_end(key)
        return blob


@dataclass(frozen=True)
class Restream:
    """How often which stretches of a streamed blob are sent, all multiples of memory words.

    First the ``head``, which holds the parameters; then ``repeats`` times the ``window`` behind it;
    then the window's first ``tail`` bytes.
    """

    head: int
    window: int
    repeats: int
    tail: int

    @property
    def blob_bytes(self) -> int:
        """Bytes of the blob: head and one window."""
        return self.head + self.window


def restream(work: WindowGeometry, groups: int, config: NpuConfig) -> Restream:
    """The stretches for one block and so many groups of pixels."""
    word, memory = config.weight_word_bytes, config.weight_memory_bytes
    period = work.weights.shape[1] * word
    head = align(PARAMETER_WORDS * word, memory)
    window = lcm(period, memory)
    rest = max(align(PARAMETER_WORDS * word + groups * period, memory) - head, 0)
    return Restream(head, window, rest // window, rest % window)


def streamed_blob(work: WindowGeometry, first: int, count: int, config: NpuConfig) -> bytes:
    """Parameters and so many repetitions of the words that `restream` finds its stretches."""
    data = layout(work, first, count, config, paired=False)[0]
    sent = restream(work, 1, config)
    repeats = -(-sent.blob_bytes // (data.shape[0] - PARAMETER_WORDS) // config.weight_word_bytes)
    words = [data[:PARAMETER_WORDS], *([data[PARAMETER_WORDS:]] * (repeats + 1))]
    return np.concatenate(words).tobytes()[: sent.blob_bytes]
