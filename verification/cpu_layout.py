"""Where firmware's code and its kernels' stack frames lie, and which code each step runs."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pythondata_cpu_vexriscv

from firmware.build import build_firmware, firmware_elf
from firmware.elf import memory_image, symbols
from hw.spec.config import Config
from hw.spec.registers import MEMORY_BASE
from hw.spec.soc_config import CPU_VARIANTS
from hw.spec.steps import COPY, NPU, PAD, SOFTMAX, STEP_KINDS, StepKind
from sim.model.cpu.cache import LINE_BYTES
from sim.model.cpu.paths import Paths
from verification.cpu_code import Stretches, always, kernel_routine
from verification.cpu_programs import Bench
from verification.cpu_trace import Inference, Trace, trace_inference

_CALLERS = ("main", "run_inference")
_TIMED = (("run_inference", "main"), ("memcpy", "uart_text"))
"""What runs in the measured time: code from one name to another."""

_CALLED: Mapping[StepKind, Sequence[str]] = {
    COPY: ("memcpy",),
    PAD: ("memcpy", "memset"),
    SOFTMAX: ("exponential",),
}
"""Functions of their own that a kernel calls."""

_PROLOGUE_WORDS = 8
"""Instructions of a function among which it claims its frame, if it has one."""

_ADDI_SP_SP = 0x0001_0113
"""addi sp, sp, 0"""

_KINDS = sorted(set(STEP_KINDS) - {NPU})


def layout_figures(
    config: Config, runs: Mapping[str, Bench], driver: Sequence[Bench]
) -> dict[str, Any]:
    """As `sim.model.cpu.figures.read_layout` reads them, from firmware for ``config``.

    ``runs``: steps on all paths of the operators. ``driver``: runs with steps of the NPU, if there
    is one; else none.
    """
    elf = firmware_elf(config)
    firmware = build_firmware(config)
    traces: dict[StepKind, list[Trace]] = {kind: [] for kind in _KINDS}
    paths: dict[StepKind, list[Paths]] = {kind: [] for kind in _KINDS}
    for bench in runs.values():
        inference = _traced(bench, elf, firmware)
        for number, step in enumerate(bench.steps):
            traces[step.kind].append(inference.steps[number][0])
            paths[step.kind].append(bench.paths(number))
    inferences = [_traced(bench, elf, firmware) for bench in driver or [next(iter(runs.values()))]]
    streams = [traces for found in inferences for traces in found.steps if len(traces) > 1]
    start, running, finish = (
        (always([trace.code for trace in part]) for part in zip(*streams, strict=True))
        if streams
        else ([], [], [])
    )
    back: dict[bool, list[list[int]]] = {True: [], False: []}
    for found in inferences:
        back[len(found.steps[-1]) > 1].append(found.back.code)
    code = {kind: _code(elf, kind) for kind in _KINDS}
    return {
        "boot": _held(inferences[0].boot.code, code_lines(config.soc.cpu)),
        "start": start,
        "running": running,
        "finish": finish,
        "emptying": _emptying(driver, inferences),
        "back_from_npu": always(back[True]),
        "back_from_cpu": always(back[False]),
        "frames": _frames(elf),
        "operators": {
            kind.name: kernel_routine(traces[kind], paths[kind], code[kind].__contains__)
            for kind in _KINDS
        },
    }


def _emptying(benches: Sequence[Bench], inferences: Sequence[Inference]) -> Stretches:
    """Lines that all operators behind a step of the NPU run, and not all others."""
    behind: list[list[int]] = []
    others: list[list[int]] = []
    for bench, inference in zip(benches, inferences, strict=False):
        kinds = [step.kind for step in bench.steps]
        for number, (kind, traces) in enumerate(zip(kinds, inference.steps, strict=True)):
            if kind == NPU:
                continue
            if number and kinds[number - 1] is NPU:
                behind.append(traces[0].code)
            else:
                others.append(traces[0].code)
    shared = frozenset(others[0]).intersection(*others) if others else frozenset[int]()
    return always([[line for line in code if line not in shared] for code in behind])


def _traced(bench: Bench, elf: bytes, firmware: bytes) -> Inference:
    image = bench.image(firmware)
    return trace_inference(elf, image, len(image))


def _held(lines: Sequence[int], cache_lines: int) -> list[int]:
    """What a cache of code holds in the end."""
    return sorted({line % cache_lines: line for line in lines}.values())


def _function(places: Mapping[str, int], name: str) -> range:
    first = places[name]
    return range(first, min(place for place in places.values() if place > first))


def _code(elf: bytes, kind: StepKind) -> frozenset[int]:
    """Lines of a kernel and of what it calls, but for those that its caller shares."""
    places = symbols(elf)

    def lines(name: str) -> frozenset[int]:
        code = _function(places, name)
        first, last = ((place - MEMORY_BASE) // LINE_BYTES for place in (code[0], code[-1]))
        return frozenset(range(first, last + 1))

    names = (kind.name.lower(), *_CALLED.get(kind, ()))
    return frozenset().union(*map(lines, names)) - lines("run_inference")


def timed_code(elf: bytes) -> Sequence[tuple[int, bytes]]:
    """What cycles depend on: (address, machine code) of what runs in the measured time, and the
    stack's place when it starts.
    """
    places, image = symbols(elf), memory_image(elf, MEMORY_BASE)
    spans = [(places[first], places[behind]) for first, behind in _TIMED]
    parts = [(begin, image[begin - MEMORY_BASE : end - MEMORY_BASE]) for begin, end in spans]
    return [*parts, (_below_callers(elf), b"")]


def _frames(elf: bytes) -> dict[str, int]:
    """Lowest address of each kernel's frame on the stack."""
    below = _below_callers(elf)
    return {kind.name: below - _frame_bytes(elf, kind.name.lower()) for kind in _KINDS}


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
