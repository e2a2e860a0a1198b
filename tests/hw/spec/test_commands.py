"""Commands: every field survives encoding, nothing out of range gets in, streams are checked."""

import random

import pytest

from tilewright.hw.spec.commands import BODY, LENGTH, Command, Opcode, decode_stream
from tilewright.hw.spec.fields import Field, check_layout


def random_values(rng: random.Random, opcode: Opcode) -> dict[str, int]:
    return {
        f.name: rng.choice([f.minimum, f.maximum, rng.randint(f.minimum, f.maximum)])
        for f in BODY[opcode]
    }


@pytest.mark.parametrize("opcode", list(Opcode))
def test_every_field_survives(opcode: Opcode) -> None:
    rng = random.Random(int(opcode))
    for _ in range(50):
        command = Command(opcode, random_values(rng, opcode), rng.randrange(1 << 16))
        words = command.encode()
        assert len(words) == LENGTH[opcode]
        assert all(0 <= word < 1 << 32 for word in words)
        end = Command(Opcode.END, {}).encode()
        decoded = decode_stream([*words, *end])[0]
        assert (decoded.opcode, decoded.values, decoded.wait) == (
            command.opcode,
            command.values,
            command.wait,
        )


def test_known_bits() -> None:
    """LOAD written out by hand."""
    values = {
        "memory_address": 0x40001234,
        "scratchpad_address": 0x56789,
        "row_bytes": 17,
        "rows": 3,
        "memory_pitch": 20,
        "scratchpad_pitch": 24,
    }
    words = Command(Opcode.LOAD, values, 0x1_0002).encode()
    assert words == [0x0002_0703, 0x40001234, 0x56789, 17, 3, 20, 24]


def test_a_value_that_does_not_fit_is_named() -> None:
    values = dict.fromkeys((f.name for f in BODY[Opcode.LOAD]), 0) | {"rows": 1 << 16}
    with pytest.raises(ValueError, match=r"LOAD\.rows = 65536: must be 0\.\.65535"):
        Command(Opcode.LOAD, values).encode()


def test_a_missing_value_is_refused() -> None:
    with pytest.raises(KeyError, match="layer"):
        Command(Opcode.MARK, {}).encode()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([0x0000_01FF], "unknown opcode 0xff"),
        ([0x0000_0501, 0, 0, 0, 0], "END has a wrong length"),
        ([0x0000_0703, 0, 0], "LOAD has a wrong length"),
        ([0x0000_0205, 1], "no END"),
        ([], "no END"),
    ],
)
def test_damaged_streams(words: list[int], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        decode_stream(words)


def test_fields_are_checked() -> None:
    with pytest.raises(ValueError, match="does not fit"):
        Field("wide", 0, 30, 3, "")
    with pytest.raises(ValueError, match="overlaps"):
        check_layout((Field("a", 0, 0, 4, ""), Field("b", 0, 3, 4, "")), 1, "T")
    with pytest.raises(ValueError, match="lies outside"):
        check_layout((Field("a", 1, 0, 4, ""),), 1, "T")
