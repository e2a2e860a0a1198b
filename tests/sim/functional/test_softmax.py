"""SOFTMAX in the functional backend, against plain integers; what it refuses."""

import random
from collections import Counter

import pytest

from tests.hw.npu.commands import random_exponentials, random_softmax, table_of
from tests.hw.npu.reference import Reference
from tests.units import units_of
from tilewright.hw.spec.commands import EXPONENTIALS, SOFTMAX_ROW, Command, Opcode
from tilewright.hw.spec.errors import CheckError
from tilewright.hw.spec.npu_config import NpuConfig
from tilewright.sim.functional.softmax import run_softmax

CONFIG = NpuConfig(requantiser_lanes=3, scratchpad_bytes=16384)
AT = 12000
"""Where the exponentials lie."""


def load(count: int, slot: int = 0) -> Command:
    return Command(Opcode.TABLE, {"input_address": AT, "slot": slot, "words": count})


def filled(rng: random.Random, count: int) -> bytearray:
    content = bytearray(rng.randbytes(CONFIG.scratchpad_bytes))
    content[AT : AT + 4 * count] = random_exponentials(rng, count)
    return content


def test_random_commands():
    rng = random.Random(3)
    for _ in range(60):
        count = rng.randint(1, EXPONENTIALS)
        content, command = filled(rng, count), random_softmax(rng, count)
        reference = Reference(CONFIG, bytearray(content))
        for each in (load(count), command):
            reference.run(each, [])
        units, counts = units_of(CONFIG, bytes(content)), Counter[str]()
        units.tables.load(load(count), units.scratchpad, counts)
        assert counts.pop("table") == 3 * count
        access = run_softmax(command, units, counts)
        assert units.scratchpad.data.tobytes() == reference.scratchpad
        elements = command["rows"] * command["row_bytes"]
        assert counts == {"table": 2 * elements, "requantise": elements + 7 * command["rows"]}
        for side, (span,) in (("input", access.reads), ("output", access.writes)):
            start, pitch = command[f"{side}_address"], command[f"{side}_row_pitch"]
            last = (command["rows"] - 1) * pitch + command["row_bytes"]
            assert span == (start, start + last)


VALUES = {
    "input_address": 0,
    "last_exponential": 99,
    "output_address": 4096,
    "row_bytes": 10,
    "rows": 4,
    "input_row_pitch": 10,
    "output_row_pitch": 10,
}


@pytest.mark.parametrize(
    ("sets", "loads", "values", "message"),
    [
        ({"softmax_unit": False}, [], {}, "no softmax unit"),
        ({}, [], {}, "100 exponentials that no TABLE has brought"),
        ({}, [load(99)], {}, "100 exponentials that no TABLE has brought"),
        ({}, [load(100), table_of(AT, 0)], {}, "100 exponentials that no TABLE has brought"),
        ({}, [Command(Opcode.TABLE, {"input_address": 0, "slot": 0, "words": 100})], {}, "begin"),
        ({}, [load(100)], {"rows": 0}, "0 rows of 10 elements"),
        ({}, [load(100)], {"row_bytes": 0}, f"rows have 1 to {SOFTMAX_ROW}"),
        ({}, [load(100)], {"output_row_pitch": 9}, "over one another"),
        ({}, [load(100)], {"output_address": 39}, "still to be read"),
        ({}, [load(100)], {"output_address": 0, "output_row_pitch": 11}, "still to be read"),
        ({}, [load(100)], {"input_address": 16380}, "outside the scratchpad"),
    ],
)
def test_what_the_hardware_cannot_do(sets, loads, values, message):
    config = NpuConfig(scratchpad_bytes=16384, **sets)
    units = units_of(config, bytes(filled(random.Random(1), 100)))
    for each in loads:
        units.tables.load(each, units.scratchpad, Counter())
    command = Command(Opcode.SOFTMAX, VALUES | values)
    with pytest.raises(CheckError, match=message):
        run_softmax(command, units, Counter())


@pytest.mark.parametrize(("slot", "words"), [(0, 0), (0, 257), (1, 193)])
def test_a_table_must_fit_the_memory(slot, words):
    units = units_of(CONFIG, bytes(16384))
    with pytest.raises(CheckError, match=f"words = {words}: there are"):
        units.tables.load(load(words, slot), units.scratchpad, Counter())


def test_functions_are_gone_behind_exponentials():
    rng = random.Random(2)
    units = units_of(CONFIG, bytes(filled(rng, 65)), [rng.randbytes(256) for _ in range(2)])
    units.tables.load(load(65), units.scratchpad, Counter())
    for table in (1, 2):
        command = Command(Opcode.CONV, {"table": table})
        with pytest.raises(CheckError, match=f"slot {table - 1}: it is empty"):
            units.tables.through(command, units.scratchpad.data[:9], Counter())
