"""LSTM in the functional backend, and what it refuses."""

import random
from collections import Counter

import numpy as np
import pytest

from tests.hw.npu.lstm import execute, lstm_command, random_lstm, random_sums
from tilewright.hw.spec.commands import Command, Opcode
from tilewright.hw.spec.errors import CheckError
from tilewright.hw.spec.npu_config import NpuConfig
from tilewright.sim.functional.lstm import run_lstm
from tilewright.sim.functional.memory import Memory
from tilewright.sim.functional.npu import Npu

PLACES = (0, 400, 800, 1000, 1200, 1300)
"""Of up to 50 units: sums, sums, state, next state, hidden state, output."""


def scratchpad(rng: random.Random) -> Memory:
    return Memory(np.frombuffer(bytearray(random_sums(rng, 2048)), np.int8), 0, "the scratchpad")


@pytest.mark.parametrize("seed", range(60))
def test_equals_cells_taken_one_by_one(seed: int) -> None:
    rng = random.Random(seed)
    memory = scratchpad(rng)
    command = random_lstm(rng, read=range(3000), write=range(3000, 4096))
    expected = bytearray(memory.data.tobytes())
    execute(command, expected)
    counts: Counter[str] = Counter()
    access = run_lstm(command, memory, counts)
    assert memory.data.tobytes() == bytes(expected)
    units = command["units"]
    assert counts == {"requantise": units, "elementwise": 3 * units, "table": 5 * units}
    names = ("input", "recurrent", "cell", "next_cell", "hidden", "output")
    spans = [
        (command[f"{name}_address"], command[f"{name}_address"] + size * units)
        for name, size in zip(names, (8, 8, 2, 2, 1, 1), strict=True)
    ]
    assert (access.reads, access.writes) == (tuple(spans[:3]), tuple(spans[3:]))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"units": 0}, "has no units"),
        ({"output_shift": 8}, "shift out of range"),
        ({"next_cell_address": 802}, "writes over"),
        ({"hidden_address": 1302}, "writes over"),
        ({"output_address": 399}, "writes over"),
        ({"input_address": 4000}, "outside the scratchpad"),
    ],
)
def test_what_it_refuses(change: dict[str, int], words: str) -> None:
    rng = random.Random(1)
    command = lstm_command(rng, units=50, places=PLACES)
    changed = Command(Opcode.LSTM, {**command.values, **change})
    with pytest.raises(CheckError, match=words):
        run_lstm(changed, scratchpad(rng), Counter())


def test_an_accelerator_without_the_unit() -> None:
    memory = Memory(np.zeros(4096, np.int8), 0, "main memory")
    npu = Npu(NpuConfig(recurrent_unit=False), memory, (0, 0))
    stream = [lstm_command(random.Random(1), units=3, places=PLACES), Command(Opcode.END, {})]
    with pytest.raises(CheckError, match=r"command 0 \(LSTM\): .* no unit"):
        npu.run(stream, lambda _: None)
