"""The weight ring: what the stream's WEIGHTS send, in the order in which commands take it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tilewright.hw.spec.commands import PARAMETER_WORDS, Command, Opcode
from tilewright.hw.spec.errors import CheckError
from tilewright.hw.spec.npu_config import NpuConfig
from tilewright.hw.spec.numerics import Int8Array, Int32Array
from tilewright.hw.spec.tile_shape import ring_bytes, tile_shape
from tilewright.sim.functional.memory import Memory

_QUEUE = 4
"""WEIGHTS commands that may wait."""


@dataclass(frozen=True, eq=False)
class Blocks:
    """Parameters (int32 [channels]) and weights (int8 [taps, channels]) of a command.

    Channels are in order, filled up to whole blocks: of ``rows``, or of two x ``rows`` if paired.
    """

    bias: Int32Array
    multipliers: Int32Array
    shifts: Int32Array
    weights: Int8Array


class Ring:
    """The bytes of all WEIGHTS of a stream, one behind the other."""

    def __init__(self, commands: Sequence[Command], memory: Memory, config: NpuConfig) -> None:
        self.config = config
        parts = [
            self._sent(command, memory) for command in commands if command.opcode is Opcode.WEIGHTS
        ]
        self._bytes = np.concatenate([np.empty(0, dtype=np.int8), *parts])
        self._position = 0
        self._kept = 0
        _check_order(commands, config)

    def _sent(self, command: Command, memory: Memory) -> Int8Array:
        for name in ("memory_address", "bytes"):
            if command[name] % self.config.weight_memory_bytes:
                raise CheckError(f"WEIGHTS.{name} = {command[name]:#x} is not a whole memory word")
        return memory.read(command["memory_address"], command["bytes"])

    def take(self, command: Command) -> Blocks:
        """The blocks of a CONV or DEPTHWISE, off the ring."""
        config, words = self.config, command["block_words"]
        tile = tile_shape(config, paired=bool(command["paired"]))
        stream = bool(command.values.get("stream", 0))
        block = ring_bytes(words, config, paired=bool(command["paired"]))
        if not stream and command["tiles"] > 1 and block > config.weight_buffer_bytes:
            raise CheckError(f"a replayed block of {block} bytes does not fit the weight buffer")
        repeats = command["tiles"] if stream else 1
        steps = PARAMETER_WORDS + repeats * words
        shape = (command["blocks"], steps, tile.step_words, config.weight_word_bytes)
        size = int(np.prod(shape))
        if self._position + size > len(self._bytes):
            raise CheckError("takes more weights than the stream sends")
        data = self._bytes[self._position : self._position + size].reshape(shape)
        self._check_kept(command, size)
        if not command.values.get("keep", 0):
            self._position += _padded(size, config)
        return _decoded(data[:, :, :, : config.rows], words, repeats)

    def _check_kept(self, command: Command, size: int) -> None:
        """Raise CheckError where weights cannot stay, or others than stayed are taken."""
        keeps = bool(command.values.get("keep", 0))
        if keeps and not self.config.wide_results:
            raise CheckError("the design keeps no weights")
        if keeps and (command["tiles"] > 1 or size > self.config.weight_buffer_bytes):
            raise CheckError(f"{size} bytes of weights in {command['tiles']} tiles cannot stay")
        if self._kept not in (0, size):
            raise CheckError(f"takes {size} bytes of weights, but {self._kept} were kept")
        self._kept = size if keeps else 0

    def check_end(self) -> None:
        """Raise CheckError when weights are left over."""
        if self._position != len(self._bytes):
            left = len(self._bytes) - self._position
            raise CheckError(f"the stream ends with {left} bytes of weights in the ring")


def _padded(size: int, config: NpuConfig) -> int:
    return -(-size // config.weight_memory_bytes) * config.weight_memory_bytes


def _decoded(data: Int8Array, words: int, repeats: int) -> Blocks:
    """From int8 [blocks, parameters and weights, words of a step, rows]."""
    blocks, steps, halves, rows = data.shape
    count = blocks * halves * rows
    channels = np.ascontiguousarray(data.transpose(0, 2, 3, 1)).reshape(count, steps)
    bias, multipliers = (
        np.ascontiguousarray(channels[:, first : first + 4]).view("<i4")[:, 0] for first in (0, 4)
    )
    tiles = channels[:, PARAMETER_WORDS:].reshape(count, repeats, words)
    if repeats > 1 and (tiles != tiles[:, :1]).any():
        raise CheckError("the weights of one tile differ from those of another")
    return Blocks(bias, multipliers, channels[:, 8].astype(np.int32), tiles[:, 0].T)


def demand(command: Command, config: NpuConfig) -> int:
    """Bytes that a command takes off the ring, or takes and leaves there."""
    if command.opcode not in (Opcode.CONV, Opcode.DEPTHWISE):
        return 0
    repeats = command["tiles"] if command.values.get("stream", 0) else 1
    steps = PARAMETER_WORDS + repeats * command["block_words"]
    step_bytes = tile_shape(config, paired=bool(command["paired"])).step_bytes
    return _padded(command["blocks"] * steps * step_bytes, config)


def _check_order(commands: Sequence[Command], config: NpuConfig) -> None:
    """Whether the sequencer gets through: it hands out commands in order and stops at a full queue.

    So nothing may stand between a command and its weights that waits for that command, and no more
    WEIGHTS may wait for commands behind them than their queue holds.
    """
    sent, needed, freed = 0, 0, 0
    ends: list[int] = []
    for position, command in enumerate(commands):
        if command.opcode is Opcode.WEIGHTS:
            sent += command["bytes"]
            ends = [end for end in ends if end > needed]
            ends.append(sent)
            if len(ends) > _QUEUE:
                raise CheckError(f"command {position}: more than {_QUEUE} WEIGHTS wait")
            continue
        if sent < needed:
            raise CheckError(f"command {position}: stands before weights of an earlier command")
        if size := demand(command, config):
            needed = freed + size
            freed += 0 if command.values.get("keep", 0) else size
    if sent < needed:
        raise CheckError("the stream sends fewer weights than its commands take")
