"""Where each kernel's code and stack frame lie, from the firmware; how large code caches are."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pythondata_cpu_vexriscv

from firmware.elf import memory_image, symbols
from hw.spec.config import CPU_VARIANTS
from hw.spec.program import StepKind
from hw.spec.registers import MEMORY_BASE
from sim.model.cpu.cache import LINE_BYTES

_CALLERS = ("main", "run_inference")
_TIMED = (("run_inference", "main"), ("memcpy", "uart_text"))
"""What runs in the measured time: code from one name to another."""

_CALLED: Mapping[StepKind, Sequence[str]] = {
    StepKind.COPY: ("memcpy",),
    StepKind.PAD: ("memcpy", "memset"),
    StepKind.SOFTMAX: ("exponential",),
}
"""Functions of their own that a kernel calls."""

_PROLOGUE_WORDS = 8
"""Instructions of a function among which it claims its frame, if it has one."""

_ADDI_SP_SP = 0x0001_0113
"""addi sp, sp, 0"""


@dataclass(frozen=True)
class Layout:
    """Of a kernel: its functions as (address, bytes), and the lowest address of its frame."""

    code: Sequence[tuple[int, int]]
    frame: int


def kernel_layouts(elf: bytes) -> Mapping[StepKind, Layout]:
    """Of each operator."""
    places = symbols(elf)
    ends = sorted(places.values())

    def code(name: str) -> tuple[int, int]:
        begin = places[name]
        return begin, next(end for end in ends if end > begin) - begin

    below_callers = _below_callers(elf)
    layouts: dict[StepKind, Layout] = {}
    for kind in set(StepKind) - {StepKind.NPU}:
        kernel = kind.name.lower()
        functions = [code(name) for name in (kernel, *_CALLED.get(kind, ()))]
        layouts[kind] = Layout(functions, below_callers - _frame_bytes(elf, kernel))
    return layouts


def timed_code(elf: bytes) -> Sequence[tuple[int, bytes]]:
    """What cycles depend on: (address, machine code) of what runs in the measured time, and the
    stack's place when it starts.
    """
    places, image = symbols(elf), memory_image(elf, MEMORY_BASE)
    spans = [(places[first], places[behind]) for first, behind in _TIMED]
    parts = [(begin, image[begin - MEMORY_BASE : end - MEMORY_BASE]) for begin, end in spans]
    return [*parts, (_below_callers(elf), b"")]


def _below_callers(elf: bytes) -> int:
    """The stack pointer when an operator is called."""
    return symbols(elf)["stack_top"] - sum(_frame_bytes(elf, name) for name in _CALLERS)


def _frame_bytes(elf: bytes, name: str) -> int:
    image, begin = memory_image(elf, MEMORY_BASE), symbols(elf)[name] - MEMORY_BASE
    for position in range(begin, begin + 4 * _PROLOGUE_WORDS, 4):
        word = int.from_bytes(image[position : position + 4], "little")
        if word & 0xF_FFFF == _ADDI_SP_SP and word >> 31:
            return (1 << 12) - (word >> 20)
    return 0


def code_lines(cpu: str) -> int:
    """Lines of a CPU's instruction cache, which has one way."""
    folder = Path(pythondata_cpu_vexriscv.data_location)
    text = (folder / f"{CPU_VARIANTS[cpu]}.yaml").read_text()
    found = re.search(r"iBus:.*?bytePerLine: (\d+), size: (\d+)", text, re.DOTALL)
    if found is None or int(found[1]) != LINE_BYTES:
        raise ValueError(f"{cpu}: its code cache should have lines of {LINE_BYTES} bytes")
    return int(found[2]) // LINE_BYTES
