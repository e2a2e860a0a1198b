"""Programs that go wrong on the chip: one message that says what waits for what, evidence kept."""

import dataclasses
import struct
from pathlib import Path

import numpy as np
import pytest

from hw.spec.commands import Opcode
from hw.spec.errors import CheckError
from hw.spec.settings import load_config
from hw.spec.steps import NPU
from mapper.compile import compile_model
from mapper.importers import import_model
from mapper.program.program import Program
from sim.rtl import run_rtl
from sim.zoo import zoo_model

pytestmark = pytest.mark.rtl


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Program:
    path = tmp_path_factory.mktemp("zoo") / "ad.onnx"
    path.write_bytes(zoo_model("ad"))
    return compile_model(import_model(path), load_config())


def damaged(program: Program, opcode: Opcode, word: int, value: int) -> Program:
    """The first command with this opcode gets another word; the watchdog becomes impatient."""
    step = next(step for step in program.steps if step.kind == NPU)
    image = bytearray(program.image)
    position = step.values["commands"] - program.base
    while image[position] != opcode:
        position += 4 * image[position + 1]
    struct.pack_into("<I", image, position + 4 * word, value)
    bounds = tuple(60_000 for _ in program.cycle_bounds)
    return dataclasses.replace(program, image=bytes(image), cycle_bounds=bounds)


def failure(program: Program) -> str:
    port = program.inputs[0]
    with pytest.raises(CheckError) as caught:
        run_rtl(program, {port.name: np.zeros(port.shape, np.int8)})
    message = str(caught.value)
    folder = Path(message.rsplit("Evidence is kept in ", 1)[1])
    assert (folder / "uart.txt").read_text().startswith("Tilewright")
    return message


def test_a_hang_says_what_every_engine_waits_for(program: Program) -> None:
    message = failure(damaged(program, Opcode.WEIGHTS, 2, 4096))
    assert "the chip hangs" in message
    assert "CONV: waits for weights" in message
    assert "ring empty" in message


def test_a_wait_for_a_transfer_that_never_comes(program: Program) -> None:
    conv = 0x0010 | 19 << 8 | 9 << 16
    message = failure(damaged(program, Opcode.CONV, 0, conv))
    assert "the chip hangs" in message
    assert "waits for a LOAD or STORE" in message


def test_an_unknown_command(program: Program) -> None:
    assert "error opcode" in failure(damaged(program, Opcode.CONV, 0, 0x13FF))


def test_a_transfer_from_nowhere(program: Program) -> None:
    assert "error bus_read" in failure(damaged(program, Opcode.LOAD, 1, 0x1000_0000))
