"""CONV and DEPTHWISE, unpaired and paired, against their meaning written out in plain integers."""

import dataclasses
import random
from collections import Counter

import numpy as np
import pytest

from tests.hw.npu.commands import random_window
from tests.hw.npu.reference import Reference
from tests.units import units_of
from tilewright.hw.spec.commands import PARAMETER_WORDS, TABLE_SLOTS, Command, Opcode
from tilewright.hw.spec.errors import CheckError
from tilewright.hw.spec.npu_config import NpuConfig
from tilewright.sim.functional.memory import Memory
from tilewright.sim.functional.ring import Ring, demand
from tilewright.sim.functional.window import convolve, depthwise

TABLES = [random.Random(slot).randbytes(256) for slot in range(TABLE_SLOTS)]

CONFIGS = {
    "8x8": {},
    "3x5": {"rows": 3, "cols": 5, "bus_bytes": 16},
    "2x3": {"rows": 2, "cols": 3, "depthwise_kernel": 2},
    "16x4, no depthwise pairs": {"rows": 16, "cols": 4},
    "5x2, narrow port": {"rows": 5, "cols": 2, "port_bytes": 8},
}


def ring_of(command: Command, words: list[bytes], config: NpuConfig) -> Ring:
    """A ring that is sent the words of one command."""
    data = b"".join(words)
    data += bytes(-len(data) % config.weight_memory_bytes)
    memory = Memory(np.frombuffer(data, dtype=np.int8), 0x4000_0000, "memory")
    sent = Command(Opcode.WEIGHTS, {"memory_address": 0x4000_0000, "bytes": len(data)})
    return Ring([sent, command], memory, config)


def execute(command: Command, words: list[bytes], config: NpuConfig, content: bytes):
    """(scratchpad afterwards, event counts)."""
    ring = ring_of(command, words, config)
    units = units_of(config, content, TABLES)
    counts: Counter[str] = Counter()
    run = convolve if command.opcode is Opcode.CONV else depthwise
    run(command, ring.take(command), units, counts)
    ring.check_end()
    return units.scratchpad.data.tobytes(), counts


def streamed(command: Command, words: list[bytes]) -> tuple[Command, list[bytes]]:
    """The same command with the weights of each tile in the stream."""
    steps = (1 + command["paired"]) * command["block_words"]
    parameters = (1 + command["paired"]) * PARAMETER_WORDS
    sent: list[bytes] = []
    for start in range(0, len(words), parameters + steps):
        block = words[start : start + parameters + steps]
        sent += block[:parameters] + block[parameters:] * command["tiles"]
    return dataclasses.replace(command, values={**command.values, "stream": 1}), sent


@pytest.mark.parametrize("name", CONFIGS)
def test_random_commands(name):
    config, rng = NpuConfig(**CONFIGS[name]), random.Random(name)
    seen: Counter[tuple[Opcode, int]] = Counter()
    for _ in range(60):
        command, words = random_window(rng, config)
        if len(words) * config.weight_word_bytes > config.weight_buffer_bytes:
            continue
        seen[command.opcode, command["paired"]] += 1
        content = rng.randbytes(config.scratchpad_bytes)
        expected = bytearray(content)
        reference = Reference(config, expected)
        reference.tables[: 256 * len(TABLES)] = b"".join(TABLES)
        reference.run(command, words)
        found, counts = execute(command, words, config, content)
        assert found == expected
        steps = PARAMETER_WORDS + command["tiles"] * command["block_words"]
        read = command["blocks"] * steps * (1 + command["paired"])
        assert counts["weight_buffer_read_words"] == read
        assert demand(command, config) >= len(words) * config.weight_word_bytes
        if command.opcode is Opcode.CONV:
            assert execute(*streamed(command, words), config, content)[0] == expected
    assert len(seen) == (4 if config.pairs_depthwise else 3)


def command_of(config: NpuConfig, opcode: Opcode, **wanted: int) -> tuple[Command, list[bytes]]:
    rng = random.Random(5)
    while True:
        command, words = random_window(rng, config)
        if command.opcode is opcode and wanted.items() <= command.values.items():
            return command, words


@pytest.mark.parametrize(
    ("sets", "opcode", "wanted", "change", "message"),
    [
        ({}, Opcode.CONV, {"paired": 1}, {"blocks": 9}, "blocks does not match channels"),
        ({}, Opcode.CONV, {"paired": 1}, {"tiles": 99}, "tiles does not match pixels"),
        ({}, Opcode.CONV, {"paired": 1, "output_cols": 9}, {"group": 5}, "group exceeds"),
        ({}, Opcode.DEPTHWISE, {"paired": 1}, {"strip_cols": 5}, "strip_cols exceeds a tile"),
        (
            {"port_bytes": 8},
            Opcode.DEPTHWISE,
            {"paired": 0, "channels": 7},
            {"paired": 1},
            "does not bring a pair's channels",
        ),
        (
            {},
            Opcode.DEPTHWISE,
            {"paired": 1, "channels": 7, "stride_cols": 2, "tapwise": 0},
            {"paired": 0},
            "needs a paired command",
        ),
    ],
)
def test_rules_of_pairs(sets, opcode, wanted, change, message):
    config = NpuConfig(**sets)
    command, words = command_of(config, opcode, **wanted)
    changed = dataclasses.replace(command, values={**command.values, **change})
    # Enough words for whatever the changed command takes.
    words = words * (-(-demand(changed, config) // (len(words) * config.weight_word_bytes)) + 1)
    ring = ring_of(changed, words, config)
    units = units_of(config, bytes(config.scratchpad_bytes))
    run = convolve if opcode is Opcode.CONV else depthwise
    with pytest.raises(CheckError, match=message):
        run(changed, ring.take(changed), units, Counter())


def test_a_pair_of_blocks_must_fit_the_ring_to_be_replayed():
    """90 words and nine parameters of eight bytes fit 1 KiB, their pairs do not."""
    config = NpuConfig(weight_buffer_bytes=1024)
    command, _ = command_of(NpuConfig(), Opcode.CONV, paired=1)
    values = {**command.values, "block_words": 90, "blocks": 1, "tiles": 2}
    words = [bytes(8)] * 198
    single = Command(Opcode.CONV, {**values, "paired": 0})
    ring_of(single, words, config).take(single)
    paired = Command(Opcode.CONV, values)
    with pytest.raises(CheckError, match="a replayed block of 1584 bytes does not fit"):
        ring_of(paired, words, config).take(paired)


@pytest.mark.parametrize(
    ("sets", "change", "message"),
    [
        ({"recurrent_unit": False}, {}, "no results of int16"),
        ({"rows": 16, "cols": 4}, {}, "no results of int16"),
        ({}, {"output_zero_point": 1}, "as they are"),
        ({}, {"table": 1}, "as they are"),
    ],
)
def test_rules_of_wide_results(sets, change, message):
    command, words = command_of(NpuConfig(**{"port_bytes": 32, **sets}), Opcode.CONV)
    config = NpuConfig(**sets)
    plain = {"wide": 1, "table": 0, "output_zero_point": 0, **change}
    wide = dataclasses.replace(command, values={**command.values, **plain})
    units = units_of(config, bytes(config.scratchpad_bytes), TABLES)
    ring = ring_of(wide, words, config)
    with pytest.raises(CheckError, match=message):
        convolve(wide, ring.take(wide), units, Counter())
