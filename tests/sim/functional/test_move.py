"""MOVE in the functional backend, and what it refuses."""

import random

import numpy as np
import pytest

from tests.hw.npu.moves import execute, move_command, random_move, runs
from tilewright.hw.spec.commands import Command, Opcode
from tilewright.hw.spec.errors import CheckError
from tilewright.hw.spec.npu_config import NpuConfig
from tilewright.sim.functional.memory import Memory
from tilewright.sim.functional.move import move
from tilewright.sim.functional.npu import Npu


def scratchpad(size: int = 4096) -> Memory:
    values = np.random.default_rng(1).integers(-128, 128, size, dtype=np.int8)
    return Memory(values, 0, "the scratchpad")


@pytest.mark.parametrize("seed", range(100))
def test_equals_runs_copied_one_by_one(seed: int) -> None:
    memory = scratchpad()
    command = random_move(random.Random(seed), read=range(2000), write=range(2000, 4096))
    expected = bytearray(memory.data.tobytes())
    execute(command, expected)
    access = move(command, memory)
    assert memory.data.tobytes() == bytes(expected)
    sources, targets = zip(*runs(command), strict=True)
    run = command["run_bytes"]
    assert access.writes == ((min(targets), max(targets) + run),)
    assert access.reads == (() if command["fill"] else ((min(sources), max(sources) + run),))


def test_a_transposition() -> None:
    """[3,5,4] to [5,4,3] by a run of a byte and three loops."""
    memory = scratchpad()
    image = memory.data[:60].reshape(3, 5, 4).copy()
    move(move_command(0, 1000, 1, [(3, 20, 1), (4, 1, 3), (5, 4, 12)]), memory)
    assert np.array_equal(memory.data[1000:1060], image.transpose(1, 2, 0).reshape(-1))


@pytest.mark.parametrize(
    ("command", "words"),
    [
        (move_command(0, 10, 11, []), "over a byte that it reads"),
        (move_command(0, 100, 4, [(3, 4, 3)]), "a byte twice"),
        (move_command(None, 100, 4, [(3, 0, 0)]), "a byte twice"),
        (move_command(0, 100, 0, []), "no length"),
        (move_command(0, 100, 1, [(2, 1, 1), (0, 1, 1)]), "no length"),
        (move_command(0, 4090, 7, []), "outside the scratchpad"),
        (move_command(10, 100, 1, [(12, -1, 1)]), "outside the scratchpad"),
    ],
)
def test_what_it_refuses(command: Command, words: str) -> None:
    with pytest.raises(CheckError, match=words):
        move(command, scratchpad())


def test_an_accelerator_without_the_unit() -> None:
    memory = Memory(np.zeros(4096, np.int8), 0, "main memory")
    npu = Npu(NpuConfig(move_unit=False), memory, (0, 0))
    stream = [move_command(0, 100, 1, []), Command(Opcode.END, {})]
    with pytest.raises(CheckError, match=r"command 0 \(MOVE\): .* no unit"):
        npu.run(stream, lambda _: None)
