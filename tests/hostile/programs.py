"""Corrupted Programs on the chip's RTL: each is detected or harmless, and none hangs.

`damaged` ones are what a bad memory or line leaves: the CRC finds them before the inference.
`forged` ones have the right CRC of their wrong content: the accelerator's lock and watchdog, and
what firmware asks of the header, keep the harm to the Program's own buffers and to its time.
"""

from __future__ import annotations

import random
import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import numpy as np

from tests.mapper.networks import Sketch
from tilewright.firmware.build import build_firmware
from tilewright.hw.spec.commands import Opcode, decode_stream
from tilewright.hw.spec.program import HEADER_WORDS, STEP_WORDS, header_offset, seal
from tilewright.hw.spec.registers import ERROR_CODES, EXIT_STATUS, LIMIT_CYCLES, MEMORY_BASE, NPU
from tilewright.hw.spec.settings import load_config
from tilewright.mapper.compile import compile_model
from tilewright.mapper.operators.images import Padding
from tilewright.mapper.program.program import Program
from tilewright.sim.functional.backend import FunctionalBackend
from tilewright.sim.rtl.backend import BOOT_CYCLES, STEP_CYCLES, memory_image
from tilewright.sim.rtl.failure import describe_failure
from tilewright.verification.cosim.build import build_model
from tilewright.verification.cosim.simulate import Job, Outcome, simulate

MEMORY_BYTES = 256 * 1024
LIMIT = 6
"""Periods: the whole network takes one."""

FOUND_BY_CRC = ("damaged_program", "bad_program")
"""Exit statuses of a Program that was refused; the second one where header words say why."""

MOST_STEPS = 4

OVER = (0x4000_0000, 0x4000_0400, 0x4000_FFC0, 0x4001_0000, 0x4001_0040)
"""Addresses of firmware, and of the image's header and steps."""

NOWHERE = (0, 0x1000_0000, MEMORY_BASE + MEMORY_BYTES - 3, 0x7FFF_FFFC, 0xF000_0020, 0xFFFF_FFFF)


@dataclass(frozen=True)
class Target:
    """What is corrupted: a small network with all units at work, and what it leaves if it is not.

    ``memory`` is main memory at reset, ``outputs`` the right ones by address.
    """

    program: Program
    memory: bytes
    outputs: Mapping[int, bytes]
    code_bytes: int

    @property
    def first(self) -> int:
        """The image's first byte in the memory."""
        return self.program.base - MEMORY_BASE

    @property
    def end(self) -> int:
        """The byte behind the image."""
        return self.first + len(self.program.image)


@cache
def target() -> Target:
    """Convolution, depthwise convolution, sum, all with LOADs, STOREs and weights."""
    sketch = Sketch(shape=(1, 12, 12, 6))
    a = sketch.conv("x", "a", 20, (3, 3), Padding(top=1, bottom=1, left=1, right=1))
    b = sketch.depthwise(a, "b")
    c = sketch.conv(b, "c", 20, scale=0.2, zero_point=5)
    y = sketch.add(b, c, "y")
    config = load_config("default", None, [f"memory_bytes={MEMORY_BYTES}"])
    program = compile_model(sketch.graph(y, a), config)
    assert {step.kind.name for step in program.steps} == {"NPU"}
    image = bytearray(program.image)
    struct.pack_into("<I", image, header_offset("npu_limit"), LIMIT)
    program = replace(program, image=seal(bytes(image[:-4])))
    inputs = {"x": np.random.default_rng(1).integers(-128, 128, (1, 12, 12, 6), dtype=np.int8)}
    firmware = build_firmware(config, program.step_kinds)
    memory = memory_image(program, inputs, firmware).ljust(MEMORY_BYTES, b"\0")
    found = FunctionalBackend(program).run(inputs).outputs
    outputs = {port.address: found[port.name].tobytes() for port in program.outputs}
    return Target(program, memory, outputs, len(firmware))


def damaged(draw: random.Random, folder: Path) -> str:
    """A flipped bit or another word anywhere in the image: it is found before the inference.

    Returns how the run ended.
    """
    about = target()
    kind = draw.choice(tuple(PLACES))
    image = _corrupted(draw, about, kind)
    outcome, said = _run(about, image, folder)
    if image == about.program.image:
        assert _outputs(about, outcome) == "same outputs", said
        return "unchanged"
    status = _status(outcome)
    assert status in FOUND_BY_CRC, f"{kind}: {status} {outcome.reason}: {said}"
    assert "program" in outcome.uart, said
    _require_untouched(about, image, outcome)
    behind = outcome.memory[0][about.end :]
    assert behind == about.memory[about.end :], f"{kind}: the inference has begun"
    return status


def forged(draw: random.Random, folder: Path) -> str:
    """The same with the right CRC: an error with a name, or an end; no harm but to buffers.

    Returns how the run ended.
    """
    about = target()
    kind = draw.choice([name for name in PLACES if name != "steps"])
    image = seal(_corrupted(draw, about, kind)[:-4])
    outcome, said = _run(about, image, folder)
    assert outcome.reason == "finished", f"{kind}: {said}"
    _require_untouched(about, image, outcome)
    if outcome.status == EXIT_STATUS["success"]:
        return _outputs(about, outcome)
    assert said
    status = outcome.npu["STATUS"]
    if outcome.status != EXIT_STATUS["npu_error"] or status is None:
        return _status(outcome)
    error = NPU.register("STATUS").field("error").extract(status)
    return next(name for name, code in ERROR_CODES.items() if code == error)


def _run(about: Target, image: bytes, folder: Path) -> tuple[Outcome, str]:
    """How it ended, and what a user would be told; all of main memory is read back."""
    program = about.program
    memory = about.memory[: about.first] + image + about.memory[about.end :]
    limit = BOOT_CYCLES + MOST_STEPS * (STEP_CYCLES + LIMIT * LIMIT_CYCLES)
    job = Job(program.config, memory, [(MEMORY_BASE, MEMORY_BYTES)], limit)
    outcome = simulate(build_model(program.config).executable, job, folder)
    return outcome, describe_failure(outcome, job, program)


def _status(outcome: Outcome) -> str:
    names = {code: name for name, code in EXIT_STATUS.items()}
    return names[outcome.status] if outcome.reason == "finished" else outcome.reason


def _outputs(about: Target, outcome: Outcome) -> str:
    """Whether a run that ended well has computed what the functional backend says."""
    found = {
        address: outcome.memory[0][address - MEMORY_BASE :][: len(values)]
        for address, values in about.outputs.items()
    }
    return "same outputs" if found == about.outputs else "other outputs"


def _require_untouched(about: Target, image: bytes, outcome: Outcome) -> None:
    """Firmware's code and the image, as it was given, are as they were."""
    found = outcome.memory[0]
    assert found[: about.code_bytes] == about.memory[: about.code_bytes], "firmware's code"
    assert found[about.first : about.end] == image, "the image"


def _corrupted(draw: random.Random, about: Target, kind: str) -> bytes:
    """The image with one word, or for weights one bit, changed at a place of that kind."""
    image = bytearray(about.program.image)
    place = draw.choice(PLACES[kind](about))
    (word,) = struct.unpack_from("<I", image, place)
    if kind == "weights":
        image[place + draw.randrange(4)] ^= 1 << draw.randrange(8)
        return bytes(image)
    odd = (0, 1, 0xFFFF_FFFF, word + 1, word - 1, word * 2, draw.getrandbits(32))
    if kind == "addresses" or (kind == "header" and draw.random() < 0.3):
        odd = (*OVER, *NOWHERE, word ^ 4, word + 1)
    new = word ^ 1 << draw.randrange(32) if draw.random() < 0.4 else draw.choice(odd)
    struct.pack_into("<I", image, place, new & 0xFFFF_FFFF)
    return bytes(image)


def _header(about: Target) -> list[int]:
    return [4 * word for word in range(len(HEADER_WORDS))]


def _steps(about: Target) -> list[int]:
    start = about.program.words[4] - about.program.base
    words = STEP_WORDS * len(about.program.steps)
    return list(range(start, start + 4 * words, 4))


def _commands(about: Target) -> list[tuple[Opcode, int]]:
    """Each command's opcode and place."""
    program, found = about.program, []
    for step in program.steps:
        place = step.values["commands"] - program.base
        for command in decode_stream(program.words[place // 4 :]):
            found.append((command.opcode, place))
            place += 4 * len(command.encode())
    return found


def _heads(about: Target) -> list[int]:
    return [place for _, place in _commands(about)]


def _fields(about: Target) -> list[int]:
    image = about.program.image
    return [
        at for _, place in _commands(about)
        for at in range(place + 4, place + 4 * image[place + 1], 4)
    ]  # fmt: skip


def _addresses(about: Target) -> list[int]:
    """The word behind the head of what reads or writes main memory."""
    moving = (Opcode.LOAD, Opcode.STORE, Opcode.WEIGHTS)
    return [place + 4 for opcode, place in _commands(about) if opcode in moving]


def _weights(about: Target) -> list[int]:
    """What is in no header, step or command."""
    taken = {*_header(about), *_steps(about), *_heads(about), *_fields(about)}
    return [at for at in range(0, len(about.program.image), 4) if at not in taken]


PLACES: Mapping[str, Callable[[Target], list[int]]] = {
    "header": _header,
    "steps": _steps,
    "heads": _heads,
    "fields": _fields,
    "addresses": _addresses,
    "weights": _weights,
}
"""What is corrupted: the first bytes of words of the image."""
