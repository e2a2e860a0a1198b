"""The ring refuses what the hardware would wait for without end."""

import numpy as np
import pytest

from tilewright.hw.spec.commands import Command, Opcode
from tilewright.hw.spec.errors import CheckError
from tilewright.hw.spec.npu_config import NpuConfig
from tilewright.sim.functional.memory import Memory
from tilewright.sim.functional.ring import Ring

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


def conv(words: int, *, keep: int = 0, tiles: int = 1, blocks: int = 1) -> Command:
    values = {"block_words": words, "blocks": blocks, "tiles": tiles, "stream": 0, "paired": 0}
    return Command(Opcode.CONV, {**values, "keep": keep})


def take_all(sent: int, commands: list[Command], config: NpuConfig = CONFIG) -> list[bytes]:
    """The weights of each command in turn, off a ring that was sent so many bytes."""
    data = np.random.default_rng(1).integers(-128, 128, sent).astype(np.int8)
    memory = Memory(data, 0x40000000, "main memory")
    first = Command(Opcode.WEIGHTS, {"memory_address": 0x40000000, "bytes": sent})
    ring = Ring([first, *commands], memory, config)
    found = [ring.take(command).weights.tobytes() for command in commands]
    ring.check_end()
    return found


def test_kept_weights_are_taken_again() -> None:
    """Seven words and nine parameters are a memory word; the commands behind them take others."""
    first, second, third, other = take_all(
        2 * 32, [conv(7, keep=1), conv(7, keep=1), conv(7), conv(7)]
    )
    assert first == second == third != other


@pytest.mark.parametrize(
    ("commands", "message"),
    [
        ([conv(7, keep=1, tiles=2), conv(7)], "in 2 tiles cannot stay"),
        ([conv(200, keep=1, blocks=3), conv(200, blocks=3)], "of weights in 1 tiles cannot stay"),
        ([conv(7, keep=1), conv(6)], "takes 30 bytes of weights, but 32 were kept"),
    ],
)
def test_what_cannot_be_kept(commands: list[Command], message: str) -> None:
    with pytest.raises(CheckError, match=message):
        take_all(-(-(9 + 200) * 3 * 2 // 32) * 32, commands)


def test_a_design_that_keeps_nothing() -> None:
    config = NpuConfig(rows=2, cols=3, recurrent_unit=False)
    with pytest.raises(CheckError, match="keeps no weights"):
        take_all(32, [conv(7, keep=1), conv(7)], config)


def test_weights_that_never_come_are_missed_behind_the_first_that_keeps_them() -> None:
    memory = Memory(np.zeros(32, dtype=np.int8), 0x40000000, "main memory")
    sent = Command(Opcode.WEIGHTS, {"memory_address": 0x40000000, "bytes": 32})
    stream = [conv(7, keep=1), Command(Opcode.MARK, {"layer": 0}), sent, conv(7)]
    with pytest.raises(CheckError, match="command 1: stands before weights"):
        Ring(stream, memory, CONFIG)
