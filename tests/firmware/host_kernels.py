"""The firmware's kernels, compiled for this computer, on a memory that a test owns."""

import ctypes
import subprocess
import sys
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

import tilewright.firmware
from tilewright.hw.header import write_header
from tilewright.hw.spec.program import Step, decode_step
from tilewright.hw.spec.steps import StepKind
from tilewright.sim.functional.memory import Memory

HOST = Path(__file__).parent / "host"
FIRMWARE = Path(tilewright.firmware.__file__).parent
GUARD = 0x5A
GUARD_BYTES = 8


def compile_kernels(directory: Path) -> Path:
    """Shared library of all kernels; undefined behaviour traps."""
    write_header(directory / "tilewright.h")
    library = directory / "kernels.so"
    flags = "-shared -fPIC -std=c11 -O2 -fwrapv -fsanitize=undefined -fsanitize-trap=undefined"
    # The firmware may overflow int32 on purpose: -fwrapv defines it.
    flags += " -fno-sanitize=signed-integer-overflow"
    include = [f"-I{path}" for path in (directory, HOST, FIRMWARE)]
    sources = [*sorted((FIRMWARE / "kernels").glob("*.c")), HOST / "memory.c"]
    command = [sys.executable, "-m", "ziglang", "cc", *flags.split(), *include]
    subprocess.run([*command, *map(str, sources), "-o", str(library)], check=True)
    return library


class HostKernels:
    """Lays out tensors in a memory of its own and runs one step after the other."""

    def __init__(self, library: Path, memory_bytes: int = 1 << 20):
        self._library = ctypes.CDLL(str(library))
        self._memory = np.zeros(memory_bytes, np.uint8)
        base = ctypes.c_void_p.in_dll(self._library, "host_memory")
        base.value = self._memory.ctypes.data
        self._end = 4

    def place(self, tensor: NDArray, misalign: int = 0) -> int:
        """Copy ``tensor`` into the memory; returns its address, a multiple of 4 + ``misalign``."""
        address = -(-self._end // 4) * 4 + misalign
        data = np.ascontiguousarray(tensor).view(np.uint8).reshape(-1)
        self._end = address + data.size
        assert self._end <= self._memory.size
        self._memory[address : self._end] = data
        return address

    def run(
        self, kind: StepKind, shape: tuple[int, ...], dtype: type[np.generic] = np.int8, **values
    ) -> NDArray:
        """Run one step and return its output; fails when it writes outside of it.

        The step's meaning in NumPy must leave the very same memory behind.
        """
        size = int(np.prod(shape)) * np.dtype(dtype).itemsize
        guarded = np.full(size + 2 * GUARD_BYTES, GUARD, np.uint8)
        start = self.place(guarded, misalign=size % 4)
        output = start + GUARD_BYTES
        assert set(kind.parameters) == {*values, "output"}
        words = Step(kind, 0, {**values, "output": output}).encode()
        expected = self._memory.copy()
        kind.run(decode_step(words).values, Memory(expected.view(np.int8), 0, "the test's memory"))
        parameters = (ctypes.c_uint32 * len(words))(*words)
        getattr(self._library, kind.name.lower())(ctypes.byref(parameters, 8))
        around = self._memory[start : start + guarded.size]
        assert (around[:GUARD_BYTES] == GUARD).all(), "wrote in front of the output"
        assert (around[-GUARD_BYTES:] == GUARD).all(), "wrote behind the output"
        assert np.array_equal(self._memory, expected), "the kernel and the step's meaning differ"
        return around[GUARD_BYTES:-GUARD_BYTES].view(dtype).reshape(shape).copy()

    def snapshot(self) -> NDArray[np.int8]:
        """A copy of the whole memory, whose first byte has address 0."""
        return self._memory.view(np.int8).copy()

    def clear(self) -> None:
        """Forget all tensors."""
        self._end = 4
