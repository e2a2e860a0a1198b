"""ELEMENTWISE and TABLE in the functional backend, against plain integers and byte by byte."""

import dataclasses
import random
from collections import Counter

import pytest

from tests.hw.npu.commands import random_elementwise, table_of
from tests.hw.npu.reference import Reference, operands
from tests.units import units_of
from tilewright.hw.spec.commands import TABLE_SLOTS, Command, Opcode, Operation
from tilewright.hw.spec.errors import CheckError
from tilewright.hw.spec.npu_config import NpuConfig
from tilewright.sim.functional.elementwise import run_elementwise

CONFIG = NpuConfig(requantiser_lanes=3, scratchpad_bytes=4096)


def change(command: Command, **values: int) -> Command:
    return dataclasses.replace(command, values={**command.values, **values})


def test_random_commands():
    rng = random.Random(7)
    seen: Counter[int] = Counter()
    for _ in range(400):
        command = random_elementwise(rng, CONFIG)
        content = rng.randbytes(CONFIG.scratchpad_bytes)
        tables = [rng.randbytes(256) for _ in range(TABLE_SLOTS)]
        reference = Reference(CONFIG, bytearray(content))
        reference.tables[: 256 * TABLE_SLOTS] = b"".join(tables)
        reference.run(command, [])
        units, counts = units_of(CONFIG, content, tables), Counter[str]()
        access = run_elementwise(command, units, counts)
        assert units.scratchpad.data.tobytes() == reference.scratchpad
        places = operands(command)
        assert access.writes == (span(target for _, _, target in places),)
        alone = command["operation"] == Operation.B_ALONE
        assert access.reads[-1] == span(b for _, b, _ in places)
        assert alone or access.reads[0] == span(a for a, _, _ in places)
        assert counts["requantise"] == len(places)
        assert counts["table"] == (len(places) if command["table"] else 0)
        seen[command["operation"]] += 1
    assert set(seen) == set(Operation)


def span(addresses):
    found = list(addresses)
    return min(found), max(found) + 1


def overwritten(command: Command, lanes: int) -> bool:
    """Whether an operand's byte is read behind a group that writes it."""
    places, run = operands(command), command["run_bytes"]
    group = [i // run * -(-run // lanes) + i % run // lanes for i in range(len(places))]
    alone = command["operation"] == Operation.B_ALONE
    last_read: dict[int, int] = {}
    for (a, b, _), number in zip(places, group, strict=True):
        for address in (b,) if alone else (a, b):
            last_read[address] = number
    return any(
        last_read.get(target, -1) > number
        for (*_, target), number in zip(places, group, strict=True)
    )


def test_what_is_written_over_before_it_is_read_is_found():
    """Operands and output within a few bytes of each other."""
    rng = random.Random(11)
    outcomes: Counter[bool] = Counter()
    for _ in range(600):
        command = random_elementwise(rng, CONFIG)
        if rng.random() < 0.3:
            dense = {f"{n}_{p}_pitch": 0 for n in ("a", "b", "output") for p in ("pixel", "row")}
            dense |= {"output_rows": 1, "output_cols": 1, "run_bytes": rng.randint(1, 40)}
            command = change(command, **dense)
        places = {f"{n}_address": 500 + rng.randint(0, 12) for n in ("a", "b", "output")}
        command = change(command, table=0, **places)
        units = units_of(CONFIG, bytes(CONFIG.scratchpad_bytes))
        wrong = overwritten(command, CONFIG.requantiser_lanes)
        outcomes[wrong] += 1
        if wrong:
            with pytest.raises(CheckError, match="still to be read"):
                run_elementwise(command, units, Counter())
        else:
            run_elementwise(command, units, Counter())
    assert min(outcomes.values()) > 40


@pytest.mark.parametrize(
    ("sets", "values", "message"),
    [
        ({"elementwise_unit": False}, {}, "no unit for element-wise"),
        ({"table_unit": False}, {"table": 1}, "no table unit"),
        ({}, {"table": 1}, "slot 0: it is empty"),
        ({}, {"table": 3}, "there are 2 slots"),
        ({}, {"output_cols": 0}, "has no elements"),
        ({}, {"operation": 3, "a_multiplier": 5}, "MULTIPLY does not scale"),
        ({}, {"b_address": 65535}, "outside the scratchpad"),
    ],
)
def test_what_the_hardware_cannot_do(sets, values, message):
    config = NpuConfig(**sets)
    command = change(random_elementwise(random.Random(1), config), table=0)
    command = change(command, **{"run_bytes": 9, "output_cols": 2, **values})
    with pytest.raises(CheckError, match=message):
        run_elementwise(command, units_of(config, bytes(65536)), Counter())


def test_a_table_is_read_from_the_scratchpad():
    config = NpuConfig(requantiser_lanes=4)
    units, counts = units_of(config, bytes(range(256)) * 256), Counter[str]()
    command = table_of(100, 1)
    access = units.tables.load(command, units.scratchpad, counts)
    assert access.reads == ((100, 356),)
    assert counts["table"] == 64 * 4
    through = Command(Opcode.CONV, {"table": 2})
    found = units.tables.through(through, units.scratchpad.data[:200], counts)
    assert (found.view("u1") == [(100 + i) % 256 for i in range(200)]).all()
    assert counts["table"] == 64 * 4 + 200
