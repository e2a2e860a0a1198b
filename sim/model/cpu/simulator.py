"""The instruction-set simulator: a chip's CPU that runs firmware's machine code, cycle by cycle.

What it is made of stands in iss/: the instructions, VexRiscv's pipeline and caches, both bridges
to main memory, and the registers of peripherals that firmware reads and writes. The accelerator is
not in it: a run returns when firmware starts a stream, and goes on when it is told the end.
"""

from __future__ import annotations

import ctypes
import weakref
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tilewright.firmware.build import CPU_FEATURES
from tilewright.hw.spec.config import Config
from tilewright.hw.spec.errors import TilewrightError
from tilewright.hw.spec.registers import (
    CHECKER,
    ERROR_CODES,
    MEMORY_BASE,
    NPU,
    NPU_IDENTIFIER,
    SYSTEM,
)
from tilewright.mapper.program.image import npu_config_word
from tilewright.sim.model.cpu.builds import CORES
from tilewright.sim.model.cpu.layout import (
    EVENTS,
    READINGS,
    REGISTERS,
    SETTINGS,
    address_of,
    c_header,
)
from tilewright.sim.model.library import load_library
from tilewright.sim.model.memory.timed import Constants, memory_settings

FOREVER = 1 << 62

_FAULTS = {
    "exit": "the firmware ended with status",
    "illegal": "the CPU does not have the instruction at",
    "bad_address": "an access of the CPU to nothing, at",
    "bad_csr": "the CPU's model has no CSR",
    "bad_register": "the CPU's model has no register at",
    "lost": "the CPU's model lost its way at",
}


@dataclass(frozen=True)
class State:
    """Cycles since reset, and what else `sim.model.cpu.layout.READINGS` names."""

    now: int
    value: int
    stream_start: int
    beats: int
    instructions: int
    pc: int
    registers: tuple[int, ...]


class Chip(ctypes.Structure):
    """The chip beside a stream that is replayed: ``Chip`` of replay/state.h."""

    _fields_ = (
        ("core", ctypes.c_void_p),
        ("cycle", ctypes.c_void_p),
        ("memory", ctypes.c_void_p),
        ("start", ctypes.c_int64),
    )


class Iss:
    """The CPU of ``config`` after a reset, with main memory's bytes from MEMORY_BASE on.

    ``firmware``: machine code at MEMORY_BASE. ``parts``: (address, bytes) of what else is there;
    all other bytes are 0. ``end_address``: the word whose store ends a run. ``weights``: what lies
    in the weight memory, if there is one. ``every_cycle``: take no short cuts, which change nothing
    but the speed.
    """

    def __init__(
        self,
        config: Config,
        firmware: bytes,
        parts: Iterable[tuple[int, bytes]] = (),
        end_address: int = 0,
        *,
        weights: Constants | None = None,
        every_cycle: bool = False,
    ) -> None:
        soc = config.soc
        core, features = CORES[soc.cpu], CPU_FEATURES[soc.cpu]
        # The last bytes are room for a word at the end, which C reads as two halves.
        self._memory = np.zeros(soc.memory_bytes + 4, dtype=np.uint8)
        for address, data in ((MEMORY_BASE, firmware), *parts):
            self.write(address, data)
        constants = np.array(_constants(config), dtype=np.uint32)
        values = {
            "memory_bytes": soc.memory_bytes,
            "memory_latency": soc.memory_latency,
            "bus_bytes": config.npu.bus_bytes,
            "end_address": end_address,
            "code_words": len(firmware) // 4,
            "constants": len(constants),
            "data_cache": features.data_cache,
            "single_fetch": core.single_fetch,
            "sleeps": features.wfi_sleeps,
            "iterative": core.iterative,
            "multiplies": features.multiplies,
            "code_lines": core.code_lines,
            "every_cycle": every_cycle,
        }
        settings = np.array([values[name] for name in SETTINGS], dtype=np.int64)
        library = _library()
        timing = None if config.memory_is_constant else memory_settings(config, weights)
        self._core = library.iss_new(
            settings.ctypes.data,
            self._memory.ctypes.data,
            constants.ctypes.data,
            None if timing is None else timing.ctypes.data,
        )
        weakref.finalize(self, library.iss_delete, self._core)

    def run(self, limit: int = FOREVER) -> str:
        """Run until an event, at most up to the cycle ``limit``; returns "stream", "end" or "none".

        Raises TilewrightError where the program does what no firmware does.
        """
        event = EVENTS[_library().iss_run(self._core, limit)]
        if event in _FAULTS:
            state = self.state()
            raise TilewrightError(
                f"{_FAULTS[event]} {state.value:#x} (cycle {state.now}, at about {state.pc:#x})"
            )
        return event

    def state(self) -> State:
        """Where it is."""
        values = np.zeros(len(READINGS) - 1 + REGISTERS, dtype=np.int64)
        _library().iss_read(self._core, values.ctypes.data)
        found: list[int] = values.tolist()
        single = dict(zip(READINGS[:-1], found, strict=False))
        return State(**single, registers=tuple(found[len(single) :]))

    def commands(self, beats: int) -> None:
        """The accelerator asks for ``beats`` of commands when the stream starts."""
        _library().iss_commands(self._core, beats)

    def beside(self, start: int) -> Chip:
        """What the replay of a stream needs of the chip; it takes the CPU along.

        ``start``: cycle of the stream's start, which is over.
        """
        library = _library()
        cycle = ctypes.cast(library.iss_beside, ctypes.c_void_p)
        return Chip(self._core, cycle, library.iss_memory(self._core), start)

    def memory_events(self) -> NDArray[np.int64]:
        """What memory did, as `sim.results.memory_events` reads it."""
        place = ctypes.c_void_p()
        count = _library().iss_events(self._core, ctypes.byref(place))
        if not count:
            return np.zeros(0, dtype=np.int64)
        values = (ctypes.c_int64 * count).from_address(place.value or 0)
        return np.array(values, dtype=np.int64)

    def interrupt(self, cycle: int) -> None:
        """The accelerator's interrupt rises in this cycle, which is not over yet."""
        _library().iss_interrupt(self._core, cycle)

    def write(self, address: int, data: bytes | NDArray[np.int8]) -> None:
        """Put bytes into main memory, past the CPU."""
        view = np.frombuffer(data, dtype=np.uint8)
        start = address - MEMORY_BASE
        self._memory[start : start + len(view)] = view

    def read(self, address: int, size: int) -> bytes:
        """Bytes of main memory."""
        start = address - MEMORY_BASE
        return self._memory[start : start + size].tobytes()


def _constants(config: Config) -> list[tuple[int, int]]:
    """(address, value) of registers that firmware reads and that do not change."""
    preloaded = 1 << SYSTEM.register("BOOT").field("preloaded").lsb
    return [
        (address_of(SYSTEM, "BOOT"), preloaded),
        (address_of(SYSTEM, "MEMORY_BYTES"), config.soc.memory_bytes),
        (address_of(CHECKER, "RELEASE"), 0),
        (address_of(NPU, "ID"), NPU_IDENTIFIER),
        (address_of(NPU, "CONFIG"), npu_config_word(config)),
        (address_of(NPU, "STATUS"), ERROR_CODES["none"]),
    ]


@lru_cache(maxsize=1)
def _library() -> ctypes.CDLL:
    library = load_library(Path(__file__).parent / "iss", c_header())
    address, number = ctypes.c_void_p, ctypes.c_int64
    library.iss_new.argtypes, library.iss_new.restype = [address] * 4, address
    library.iss_memory.argtypes, library.iss_memory.restype = [address], address
    library.iss_events.argtypes, library.iss_events.restype = [address, address], number
    library.iss_delete.argtypes, library.iss_delete.restype = [address], None
    library.iss_run.argtypes, library.iss_run.restype = [address, number], number
    library.iss_read.argtypes, library.iss_read.restype = [address, address], None
    library.iss_commands.argtypes, library.iss_commands.restype = [address, number], None
    library.iss_interrupt.argtypes, library.iss_interrupt.restype = [address, number], None
    return library
