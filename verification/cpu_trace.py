"""Which lines of code and data firmware touches in each step: from its machine code."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from firmware.elf import symbols
from hw.spec.errors import TilewrightError
from hw.spec.registers import (
    ERROR_CODES,
    FINISHER,
    MEMORY_BASE,
    NPU,
    NPU_IDENTIFIER,
    SYSTEM,
    TIMER,
    UART,
    UNCACHED,
    Peripheral,
)
from sim.model.cpu.cache import LINE_BYTES
from verification.cpu_machine import Machine

EMPTIED = -1
"""Among loads: the data cache is emptied."""

_NPU_TAKES = 60
"""Instructions of a CPU that does not sleep while a stream runs."""


@dataclass(frozen=True)
class Trace:
    """A part of an inference.

    Attributes
    ----------
    code: numbers of lines of code from MEMORY_BASE on, in order.
    loads: addresses of loads from main memory, in order, and `EMPTIED`.
    """

    code: list[int] = field(default_factory=list[int])
    loads: list[int] = field(default_factory=list[int])


@dataclass(frozen=True)
class Inference:
    """Traces from reset to the first time stamp, of each step, and from the last step's on.

    A step of the NPU has three: up to the stream's start, to its interrupt, and behind that.
    """

    boot: Trace
    steps: Sequence[Sequence[Trace]]
    back: Trace


def trace_inference(elf: bytes, image: bytes, size: int, npu_config: int = 0) -> Inference:
    """Run ``image`` (firmware and Program from MEMORY_BASE) in a memory of ``size`` bytes.

    Streams end at once, and write nothing. Raises TilewrightError when firmware fails.
    """
    places = symbols(elf)
    first = places["run_inference"]
    behind = min(place for place in places.values() if place > first)
    tracer = _Tracer(image, size, range(first, behind), npu_config)
    tracer.run()
    # The last part is what firmware prints.
    boot, *steps, back, _ = tracer.parts
    return Inference(boot[0], steps, back[0])


class _Tracer(Machine):
    """``clock_readers``: code whose readings of the clock are time stamps of steps."""

    def __init__(self, image: bytes, size: int, clock_readers: range, npu_config: int) -> None:
        super().__init__(image, size)
        self.parts: list[list[Trace]] = [[Trace()]]
        self._readers = clock_readers
        self._line = -1
        self._left = 0
        self._ended = False
        registers = {
            (NPU, "ID"): NPU_IDENTIFIER,
            (NPU, "CONFIG"): npu_config,
            (NPU, "STATUS"): ERROR_CODES["none"],
            (SYSTEM, "BOOT"): 1 << SYSTEM.register("BOOT").field("preloaded").lsb,
            (UART, "STATUS"): 1 << UART.register("STATUS").field("tx_ready").lsb,
        }
        self._registers_read = {
            block.base + block.register(name).offset: value
            for (block, name), value in registers.items()
        }

    def fetch(self, pc: int) -> None:
        line = (pc - MEMORY_BASE) // LINE_BYTES
        if line != self._line:
            self._line = line
            self._trace.code.append(line)
        if self._left:
            self._left -= 1
            if not self._left:
                self._interrupt()

    def load(self, pc: int, address: int, size: int) -> int:
        if address < UNCACHED:
            self._trace.loads.append(address)
            return super().load(pc, address, size)
        if address == _address(TIMER, "CYCLES") and pc in self._readers:
            self._part([Trace()])
        return self._registers_read.get(address, 0)

    def store(self, address: int, size: int, value: int) -> None:
        if address < UNCACHED:
            super().store(address, size, value)
        elif address == _address(NPU, "CONTROL") and value & _START:
            self._next()
            self._left = _NPU_TAKES
        elif address == _address(FINISHER, "EXIT"):
            if value:
                raise TilewrightError(f"firmware ended with status {value}")
            self.stopped = True

    def empty_data_cache(self) -> None:
        self._trace.loads.append(EMPTIED)

    def sleep(self) -> None:
        self._left = 0
        self._interrupt()

    @property
    def _trace(self) -> Trace:
        return self.parts[-1][-1]

    def _interrupt(self) -> None:
        self._next()
        self.interrupt = True

    def _next(self) -> None:
        """The line that runs belongs to both."""
        self.parts[-1].append(Trace([self._line]))

    def _part(self, traces: list[Trace]) -> None:
        self.parts.append(traces)
        self._trace.code.append(self._line)


_START = 1 << NPU.register("CONTROL").field("start").lsb


def _address(block: Peripheral, name: str) -> int:
    return block.base + block.register(name).offset
