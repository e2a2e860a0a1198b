"""The Program's binary form in main memory: what the firmware walks through.

The image starts behind the firmware (`hw.spec.registers.program_base`) with a header of 32-bit
little-endian words, followed (at ``steps_address``) by fixed-size steps. A step either starts an
NPU command stream or runs one operator on the CPU. The image is constant: its last word makes the
CRC-32 of all of it, weights included, PROGRAM_CRC, and firmware checks that before each inference.
What an inference writes lies behind the image, where alone the accelerator may store. Weights,
parameter tables, command streams, inputs, outputs and spilled tensors have absolute addresses in
main memory. Activations are int8, NHWC, dense.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tilewright.hw.spec.errors import RequestError
from tilewright.hw.spec.registers import LOCK_BYTES, RELEASE_BITS
from tilewright.hw.spec.steps import STEP_KINDS, StepKind

PROGRAM_MAGIC = 0x52_50_57_54
"""``TWPR`` in memory."""

PROGRAM_VERSION = 2

PROGRAM_CRC = 0x2144_DF1C
"""CRC-32 (zlib's) of bytes with their own CRC-32 behind them: that of a Program's image."""

PROGRAM_ALIGNMENT = LOCK_BYTES
"""An image has a multiple of so many bytes."""

MOST_RELEASE = (1 << RELEASE_BITS) - 1
"""The highest release."""

HEADER_WORDS: tuple[tuple[str, str], ...] = (
    ("magic", "PROGRAM_MAGIC."),
    ("version", "PROGRAM_VERSION."),
    ("npu_config", "NPU.CONFIG of the hardware it was made for; 0: needs no NPU."),
    ("step_count", "Number of steps."),
    ("steps_address", "Main memory address of the first step."),
    ("profile_address", "Main memory address of the profile records, or 0."),
    ("times_address", "Main memory address of the steps' time stamps: start, end, sleep each."),
    ("total_address", "Main memory address of the inference's start and end time stamps."),
    ("image_bytes", f"Bytes of the image, a multiple of {PROGRAM_ALIGNMENT}."),
    ("npu_limit", "NPU.LIMIT for each of its command streams."),
    ("release", f"0..{MOST_RELEASE}: refused when a later one has run since power-up."),
)
"""Words of the header: name, meaning."""

STEP_WORDS = 32
"""Words of a step: kind, layer, then its parameters (`hw.spec.steps`)."""

TIME_WORDS = 4
"""Words of a step's times: cycle at start, cycle at end, cycles asleep in between, 0."""


NUMBERS: Mapping[str, int] = {kind.name: number for number, kind in enumerate(STEP_KINDS)}
"""The number of each kind of step, which is word 0 of a step."""

assert len(NUMBERS) == len(STEP_KINDS), "two kinds of steps share a name"
assert all(len(kind.fields) <= STEP_WORDS - 2 for kind in STEP_KINDS)


@dataclass(frozen=True)
class Step:
    """One step: kind, number of the layer it belongs to (in the Program's layer list), values."""

    kind: StepKind
    layer: int
    values: Mapping[str, int]

    def encode(self) -> list[int]:
        """STEP_WORDS unsigned 32-bit words."""
        values = (self.values[name] & 0xFFFF_FFFF for name in self.kind.parameters)
        words = [NUMBERS[self.kind.name], self.layer, *values]
        return words + [0] * (STEP_WORDS - len(words))


def decode_step(words: Sequence[int]) -> Step:
    """The step in ``words`` (STEP_WORDS of them); values but addresses come back signed."""
    kind = STEP_KINDS[words[0]]
    values = {
        name: word - (1 << 32) if word >> 31 and name not in kind.addresses else word
        for name, word in zip(kind.parameters, words[2:], strict=False)
    }
    return Step(kind, words[1], values)


def seal(image: bytes, release: int = 0) -> bytes:
    """The image with its length and release in the header, and its CRC in the last word.

    ``image`` has a header; unless it was sealed before, it grows by PROGRAM_ALIGNMENT bytes at
    most. Raises RequestError where the release is none.
    """
    if not 0 <= release <= MOST_RELEASE:
        raise RequestError(f"release {release}: must be 0..{MOST_RELEASE}")
    sealed = len(image) % PROGRAM_ALIGNMENT == 0 and zlib.crc32(image) == PROGRAM_CRC
    data = bytearray(image[:-4] if sealed else image)
    data.extend(bytes(-(len(data) + 4) % PROGRAM_ALIGNMENT))
    for name, value in (("image_bytes", len(data) + 4), ("release", release)):
        struct.pack_into("<I", data, header_offset(name), value)
    return bytes(data) + struct.pack("<I", zlib.crc32(data))


def header_offset(name: str) -> int:
    """The first byte of a word of the header."""
    return 4 * next(i for i, (word, _) in enumerate(HEADER_WORDS) if word == name)
