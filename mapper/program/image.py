"""The image in main memory under construction, and its header."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from tilewright.hw.spec.commands import Command, Opcode
from tilewright.hw.spec.config import Config
from tilewright.hw.spec.errors import RequestError
from tilewright.hw.spec.fields import encode
from tilewright.hw.spec.program import (
    HEADER_WORDS,
    PROGRAM_MAGIC,
    PROGRAM_VERSION,
    STEP_WORDS,
    Step,
    seal,
)
from tilewright.hw.spec.registers import LIMIT_CYCLES, NPU
from tilewright.mapper.memory import ALIGNMENT, align
from tilewright.mapper.works.weights import BlobKey, WeightUse


class Image:
    """Grows from ``base``: header, steps, then whatever is placed."""

    def __init__(self, base: int, step_count: int) -> None:
        self.base = base
        self.data = bytearray(4 * len(HEADER_WORDS))
        self.steps_address = self.place(bytes(4 * STEP_WORDS * step_count))

    def place(self, data: bytes, alignment: int = ALIGNMENT) -> int:
        """Append data; returns its address."""
        self.data.extend(bytes(align(len(self.data), alignment) - len(self.data)))
        address = self.base + len(self.data)
        self.data.extend(data)
        return address

    def finish(self, steps: Sequence[Step], header: dict[str, int]) -> bytes:
        """Fill in the steps and the header, and seal the image."""
        words = [word for step in steps for word in step.encode()]
        start = self.steps_address - self.base
        self.data[start : start + 4 * len(words)] = _bytes(words)
        values = {
            "magic": PROGRAM_MAGIC,
            "version": PROGRAM_VERSION,
            "step_count": len(steps),
            "steps_address": self.steps_address,
            "image_bytes": 0,
            "release": 0,
            **header,
        }
        head = _bytes([values[name] for name, _ in HEADER_WORDS])
        self.data[: len(head)] = head
        return seal(bytes(self.data))


def _bytes(words: Sequence[int]) -> bytes:
    return np.array(words, dtype="<u4").tobytes()


def npu_limit(stream_bounds: Iterable[int]) -> int:
    """NPU.LIMIT for streams that end within so many cycles; 0, no limit, where there are none.

    The first period is one that has begun already.
    """
    longest = max(stream_bounds, default=0)
    most = (1 << NPU.register("LIMIT").field("periods").width) - 1
    return min(-(-longest // LIMIT_CYCLES) + 1, most) if longest else 0


def npu_config_word(config: Config) -> int:
    """What NPU.CONFIG reads as."""
    fields = NPU.register("CONFIG").fields
    values = {field.name: int(config.npu.__getattribute__(field.name)) for field in fields}
    return encode(fields, values, 1)[0]


def resolve_weights(
    items: Sequence[Command | WeightUse], addresses: dict[BlobKey, int]
) -> list[Command]:
    """Replace weight uses by WEIGHTS; uses that follow on in memory become one command."""
    commands: list[Command] = []
    last: int | None = None
    for item in items:
        if isinstance(item, Command):
            commands.append(item)
            continue
        address = addresses[item.key] + item.start
        if last is not None:
            before = commands[last]
            if before["memory_address"] + before["bytes"] == address:
                grown = {**before.values, "bytes": before["bytes"] + item.bytes}
                commands[last] = Command(Opcode.WEIGHTS, grown)
                continue
        last = len(commands)
        commands.append(Command(Opcode.WEIGHTS, {"memory_address": address, "bytes": item.bytes}))
    return commands


def encode_stream(commands: Sequence[Command], layer_names: Sequence[str]) -> bytes:
    """Words of a stream. Raises RequestError naming the layer where a value fits no field."""
    words: list[int] = []
    marks = 0
    for command in commands:
        try:
            words.extend(command.encode())
        except ValueError as error:
            name = layer_names[min(marks, len(layer_names) - 1)]
            raise RequestError(
                f"layer '{name}' exceeds what a command can hold: {error}; make its tensors smaller"
            ) from None
        marks += command.opcode is Opcode.MARK
    return _bytes(words)
