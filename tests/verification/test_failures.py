"""Programs that go wrong on the chip: one message that says what waits for what, evidence kept."""

import dataclasses
import struct
from pathlib import Path

import numpy as np
import pytest

from tilewright.hw.spec.commands import Opcode
from tilewright.hw.spec.errors import CheckError
from tilewright.hw.spec.program import header_offset, seal
from tilewright.hw.spec.registers import LIMIT_CYCLES
from tilewright.hw.spec.settings import load_config
from tilewright.hw.spec.steps import NPU
from tilewright.mapper.compile import compile_model
from tilewright.mapper.importers import import_model
from tilewright.mapper.program.program import Program
from tilewright.sim.networks.zoo import zoo_model
from tilewright.sim.rtl.backend import run_rtl

pytestmark = pytest.mark.rtl


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Program:
    path = tmp_path_factory.mktemp("zoo") / "ad.onnx"
    path.write_bytes(zoo_model("ad"))
    return compile_model(import_model(path), load_config())


LIMIT = 10
"""Periods in which a stream of the undamaged Program ends."""


def damaged(program: Program, opcode: Opcode, word: int, value: int) -> Program:
    """The first command with this opcode gets another word, and the image its right CRC: a Program
    of bad commands, not a damaged one. The watchdogs become impatient."""
    step = next(step for step in program.steps if step.kind == NPU)
    image = bytearray(program.image)
    position = step.values["commands"] - program.base
    while image[position] != opcode:
        position += 4 * image[position + 1]
    struct.pack_into("<I", image, position + 4 * word, value)
    struct.pack_into("<I", image, header_offset("npu_limit"), LIMIT)
    bounds = tuple(LIMIT * LIMIT_CYCLES for _ in program.cycle_bounds)
    return dataclasses.replace(program, image=seal(bytes(image[:-4])), cycle_bounds=bounds)


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
    assert "npu error" in message
    assert "error timeout" in message
    assert "CONV: waits for weights" in message
    assert "ring empty" in message


def test_a_wait_for_a_transfer_that_never_comes(program: Program) -> None:
    conv = 0x0010 | 19 << 8 | 9 << 16
    message = failure(damaged(program, Opcode.CONV, 0, conv))
    assert "error timeout" in message
    assert "completed 1 transfers" in message
    assert "waits for a LOAD or STORE" in message


def test_an_unknown_command(program: Program) -> None:
    assert "error opcode" in failure(damaged(program, Opcode.CONV, 0, 0x13FF))


def test_a_store_over_the_firmware(program: Program) -> None:
    message = failure(damaged(program, Opcode.STORE, 1, 0x4000_0400))
    assert "error locked" in message


def test_a_damaged_weight_is_found_before_the_inference(program: Program) -> None:
    image = bytearray(program.image)
    image[len(image) // 2] ^= 0x10
    message = failure(dataclasses.replace(program, image=bytes(image)))
    assert "damaged program (exit 5)" in message
    assert "program CRC is 0x" in message


def test_a_transfer_from_nowhere(program: Program) -> None:
    assert "error bus_read" in failure(damaged(program, Opcode.LOAD, 1, 0x1000_0000))
