"""Images of main memory for runs of the whole firmware: header, steps and tensors by hand."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from tests.memory_map import PROGRAM_BASE
from tilewright.hw.spec.program import (
    HEADER_WORDS,
    PROGRAM_MAGIC,
    PROGRAM_VERSION,
    STEP_WORDS,
    TIME_WORDS,
    Step,
    seal,
)
from tilewright.hw.spec.registers import MEMORY_BASE
from tilewright.hw.spec.soc_config import FIRMWARE_BYTES
from tilewright.hw.spec.steps import MOVE

HEADER_BYTES = 64
"""The header, up to a line of all caches."""
MAX_STEPS = 32
STEPS_ADDRESS = PROGRAM_BASE + HEADER_BYTES
TENSORS_ADDRESS = STEPS_ADDRESS + 4 * STEP_WORDS * MAX_STEPS
TIMES_ADDRESS = PROGRAM_BASE + 0x10000
"""Behind every image; so are the buffers that the accelerator may store to."""
TOTAL_ADDRESS = TIMES_ADDRESS + 4 * TIME_WORDS * MAX_STEPS
BUFFERS_ADDRESS = TOTAL_ADDRESS + 64


@dataclass
class Image:
    """A Program in the making; tensors are placed first, then steps added."""

    data: bytearray = field(default_factory=lambda: bytearray(TENSORS_ADDRESS - PROGRAM_BASE))
    steps: list[Step] = field(default_factory=list)
    header: dict[str, int] = field(default_factory=dict)
    buffers: bytearray = field(default_factory=bytearray)

    def place(self, tensor: NDArray) -> int:
        """Append ``tensor``; returns its main memory address, a multiple of 32."""
        self.data.extend(bytes(-len(self.data) % 32))
        address = PROGRAM_BASE + len(self.data)
        self.data.extend(np.ascontiguousarray(tensor).tobytes())
        return address

    def place_buffer(self, tensor: NDArray) -> int:
        """The address of ``tensor`` behind the image, a multiple of 32."""
        self.buffers.extend(bytes(-len(self.buffers) % 32))
        address = BUFFERS_ADDRESS + len(self.buffers)
        self.buffers.extend(np.ascontiguousarray(tensor).tobytes())
        return address

    def memory(self, firmware: bytes) -> bytes:
        """Main memory from MEMORY_BASE on."""
        header = {
            "magic": PROGRAM_MAGIC,
            "version": PROGRAM_VERSION,
            "npu_config": 0,
            "step_count": len(self.steps),
            "steps_address": STEPS_ADDRESS,
            "profile_address": 0,
            "times_address": TIMES_ADDRESS,
            "total_address": TOTAL_ADDRESS,
            "image_bytes": 0,
            "npu_limit": 0,
            "release": 0,
            **self.header,
        }
        words = [header[name] for name, _ in HEADER_WORDS]
        assert 4 * len(words) <= HEADER_BYTES
        words += [0] * (HEADER_BYTES // 4 - len(words))
        for step in self.steps:
            words += step.encode()
        assert len(self.steps) <= MAX_STEPS
        assert MEMORY_BASE + FIRMWARE_BYTES == PROGRAM_BASE
        program = bytes(self.data)
        head = np.array(words, np.uint32).tobytes()
        image = seal(head + program[len(head) :], header["release"])
        assert len(image) <= TIMES_ADDRESS - PROGRAM_BASE
        chip = firmware.ljust(FIRMWARE_BYTES, b"\0") + image
        return chip.ljust(BUFFERS_ADDRESS - MEMORY_BASE, b"\0") + bytes(self.buffers)


def copy_step(layer: int, source: int, target: int, size: int) -> Step:
    """A step that copies ``size`` bytes from one address to another."""
    values = {"input": source, "output": target, "run_bytes": size}
    for loop in range(5):
        values |= {f"extent_{loop}": 1, f"input_pitch_{loop}": 0, f"output_pitch_{loop}": 0}
    return Step(MOVE, layer, values)


def step_times(memory: bytes, count: int) -> Sequence[Sequence[int]]:
    """(start, end, asleep, 0) of each step, from the bytes at TIMES_ADDRESS."""
    return np.frombuffer(memory, np.uint32, count * TIME_WORDS).reshape(count, TIME_WORDS).tolist()
