"""Weights and requantisation parameters in the order in which the array takes them.

A blob is what one command consumes: for each block of ``rows`` output channels nine parameter
words, then its weight words, one a tap. Byte r of a word belongs to row r.

A command whose blocks do not fit the ring takes a block's weight words again for each group of
pixels (``stream``). Such a command has one block only. Its blob repeats the words until the
repetition ends on a memory word, so that the DMA can send an aligned stretch again and again.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import lcm

import numpy as np

from hw.spec.commands import PARAMETER_WORDS
from hw.spec.config import NpuConfig
from hw.spec.numerics import Int8Array, Int32Array
from mapper.memory import align
from mapper.work import WindowWork


@dataclass(frozen=True)
class WeightUse:
    """A stretch of a blob that one WEIGHTS command is to send; blobs are told by their key."""

    key: tuple[int, int, int, int]
    start: int
    bytes: int


def blob_bytes(work: WindowWork, config: NpuConfig) -> int:
    """Bytes of all blocks of a work."""
    blocks = -(-work.weights.shape[0] // config.rows)
    return blocks * block_bytes(work, config)


def block_bytes(work: WindowWork, config: NpuConfig) -> int:
    """Bytes of one block with its parameters."""
    return (PARAMETER_WORDS + work.weights.shape[1]) * config.weight_word_bytes


def ring_bytes(work: WindowWork, config: NpuConfig) -> int:
    """Bytes of the ring that a block can occupy: it may begin inside a memory word."""
    return block_bytes(work, config) + config.weight_memory_bytes - config.weight_word_bytes


def needs_stream(work: WindowWork, config: NpuConfig) -> bool:
    """Whether a block of a convolution does not fit the ring."""
    return not work.depthwise and ring_bytes(work, config) > config.weight_buffer_bytes


def uses_stream(work: WindowWork, pixels: int, config: NpuConfig) -> bool:
    """Whether a command over so many pixels streams its weights.

    A single group of pixels reads every word once, so that streaming is free and lets the ring
    run ahead; otherwise it costs the bus and is done where the ring is too small.
    """
    if needs_stream(work, config):
        return True
    crowded = 2 * ring_bytes(work, config) > config.weight_buffer_bytes
    return not work.depthwise and pixels <= config.cols and crowded


def layout(work: WindowWork, first: int, count: int, config: NpuConfig) -> Int8Array:
    """int8 [blocks, PARAMETER_WORDS + taps, weight_word_bytes] of ``count`` channels."""
    rows, word = config.rows, config.weight_word_bytes
    blocks, taps = -(-count // rows), work.weights.shape[1]
    end = first + count
    channels = np.zeros((blocks * rows, PARAMETER_WORDS + taps), dtype=np.int8)
    requantisation = work.requantisation
    channels[:count, 0:4] = _planes(requantisation.bias[first:end])
    channels[:count, 4:8] = _planes(requantisation.multipliers[first:end])
    channels[:count, 8] = requantisation.shifts[first:end]
    channels[:count, PARAMETER_WORDS:] = work.weights[first:end]
    result = np.zeros((blocks, PARAMETER_WORDS + taps, word), dtype=np.int8)
    result[:, :, :rows] = channels.reshape(blocks, rows, -1).transpose(0, 2, 1)
    return result


def _planes(values: Int32Array) -> Int8Array:
    """Little-endian bytes of int32 values: int8 [values, 4]."""
    return np.ascontiguousarray(values.astype("<i4")).view(np.int8).reshape(-1, 4)


def replayed_blob(work: WindowWork, first: int, count: int, config: NpuConfig) -> bytes:
    """The blob of a command that replays its weights, or reads them once."""
    data = layout(work, first, count, config).tobytes()
    return data.ljust(align(len(data), config.weight_memory_bytes), b"\0")


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


def restream(work: WindowWork, groups: int, config: NpuConfig) -> Restream:
    """The stretches for one block and so many groups of pixels."""
    word, memory = config.weight_word_bytes, config.weight_memory_bytes
    period = work.weights.shape[1] * word
    head = align(PARAMETER_WORDS * word, memory)
    window = lcm(period, memory)
    rest = max(align(PARAMETER_WORDS * word + groups * period, memory) - head, 0)
    return Restream(head, window, rest // window, rest % window)


def streamed_blob(work: WindowWork, first: int, count: int, config: NpuConfig) -> bytes:
    """Parameters and so many repetitions of the words that `restream` finds its stretches."""
    data = layout(work, first, count, config)[0]
    sent = restream(work, 1, config)
    repeats = -(-sent.blob_bytes // (data.shape[0] - PARAMETER_WORDS) // config.weight_word_bytes)
    words = [data[:PARAMETER_WORDS], *([data[PARAMETER_WORDS:]] * (repeats + 1))]
    return np.concatenate(words).tobytes()[: sent.blob_bytes]
