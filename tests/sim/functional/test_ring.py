"""The ring refuses what the hardware would wait for without end."""

import numpy as np
import pytest

from hw.spec.commands import Command, Opcode
from hw.spec.errors import CheckError
from hw.spec.npu_config import NpuConfig
from sim.functional.memory import Memory
from sim.functional.ring import Ring

CONFIG = NpuConfig(rows=2, cols=3, bus_bytes=32, port_bytes=32, weight_buffer_bytes=1024)
"""Sixteen words of two bytes a memory word, 512 in the ring."""

LARGEST = 512 - 15 - 9
"""Weight words of a block that fits wherever in a memory word it begins, with nine parameters."""


def take(words: int, tiles: int) -> None:
    """Three blocks of so many words off a ring that was sent them."""
    size = -(-3 * (9 + words) * 2 // 32) * 32
    values = {"block_words": words, "blocks": 3, "tiles": tiles, "stream": 0, "paired": 0}
    command = Command(Opcode.CONV, values)
    sent = Command(Opcode.WEIGHTS, {"memory_address": 0x40000000, "bytes": size})
    memory = Memory(np.zeros(size, dtype=np.int8), 0x40000000, "main memory")
    ring = Ring([sent, command], memory, CONFIG)
    ring.take(command)
    ring.check_end()


def test_a_replayed_block_fits_wherever_it_begins() -> None:
    take(LARGEST, tiles=2)
    with pytest.raises(CheckError, match="does not fit the weight buffer"):
        take(LARGEST + 1, tiles=2)


def test_a_block_that_is_read_once_may_be_larger() -> None:
    take(2 * LARGEST, tiles=1)
