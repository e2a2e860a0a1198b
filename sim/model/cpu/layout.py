"""What Python and C pass each other for the instruction-set simulator, and what both know."""

from __future__ import annotations

from collections.abc import Sequence

from tilewright.hw.spec.registers import (
    CHECKER,
    FINISHER,
    INTERRUPT_NPU,
    MEMORY_BASE,
    NPU,
    TIMER,
    UART,
    UNCACHED,
    Peripheral,
)
from tilewright.hw.spec.timing import FIRST_FETCH

SETTINGS = (
    "memory_bytes",
    "memory_latency",
    "bus_bytes",
    "end_address",
    "code_words",
    "constants",
    "data_cache",
    "single_fetch",
    "sleeps",
    "iterative",
    "multiplies",
    "code_lines",
    "every_cycle",
)
"""The chip, and what runs: the address of the word whose store ends the inference; words of code
from MEMORY_BASE on; registers with a constant value; then the core (`sim.model.cpu.builds`); and
whether stretches without waits are gone through cycle by cycle, too."""

READINGS = ("now", "value", "stream_start", "beats", "instructions", "pc", "registers")
"""The state: cycles since reset; what comes with an event; the cycle from which the last stream
counts; beats of the bus and instructions so far; the program counter; 32 registers."""

REGISTERS = 32

EVENTS = (
    "none",
    "stream",
    "end",
    "exit",
    "illegal",
    "bad_address",
    "bad_csr",
    "bad_register",
    "lost",
)
"""What a run returns with: the cycle limit; a stream has been started; the inference is over; the
firmware has ended; an instruction that the core does not have; an address, a CSR or a peripheral's
register that is not there; a fault of the simulator."""

UART_BIT_CYCLES = 16
"""hw.soc.uart."""

MOST_POSTED = 15
"""Stores on their way (hw.soc.line_bridge)."""

STREAM_STARTS = 1
"""Cycles from a write of NPU.CONTROL to the pulse that starts the stream, from which a replay
counts (hw.npu.memory.registers)."""

NPU_FIRST_REQUEST = FIRST_FETCH + 1
"""From there to the accelerator's first request."""


def c_header() -> str:
    """The names for C: places in arrays, events, addresses."""
    constants = {
        "MEMORY_BASE": MEMORY_BASE,
        "UNCACHED": UNCACHED,
        "INTERRUPT_LINE": INTERRUPT_NPU,
        "UART_BIT_CYCLES": UART_BIT_CYCLES,
        "MOST_POSTED": MOST_POSTED,
        "STREAM_STARTS": STREAM_STARTS,
        "NPU_FIRST_REQUEST": NPU_FIRST_REQUEST,
        "TIMER_CYCLES": address_of(TIMER, "CYCLES"),
        "UART_STATUS": address_of(UART, "STATUS"),
        "UART_DATA": address_of(UART, "DATA"),
        "UART_READY": 1 << UART.register("STATUS").field("tx_ready").lsb,
        "NPU_CONTROL": address_of(NPU, "CONTROL"),
        "NPU_START": 1 << NPU.register("CONTROL").field("start").lsb,
        "NPU_COMMAND_ADDRESS": address_of(NPU, "COMMAND_ADDRESS"),
        "NPU_PROFILE_ADDRESS": address_of(NPU, "PROFILE_ADDRESS"),
        "NPU_LOCK": address_of(NPU, "LOCK"),
        "NPU_LIMIT": address_of(NPU, "LIMIT"),
        "CHECKER_ADDRESS": address_of(CHECKER, "ADDRESS"),
        "CHECKER_BYTES": address_of(CHECKER, "BYTES"),
        "CHECKER_CRC": address_of(CHECKER, "CRC"),
        "CHECKER_RELEASE": address_of(CHECKER, "RELEASE"),
        "FINISHER_EXIT": address_of(FINISHER, "EXIT"),
    }
    lines = [f"#define {name} {value:#x}u" for name, value in constants.items()]
    lines += [
        "#define NEVER INT64_MAX",
        _places("S", SETTINGS),
        _places("R", READINGS),
        _places("EVENT", EVENTS),
    ]
    return "\n".join(lines) + "\n"


def address_of(block: Peripheral, name: str) -> int:
    """The address of a peripheral's register."""
    return block.base + block.register(name).offset


def _places(prefix: str, names: Sequence[str]) -> str:
    return f"enum {{ {', '.join(f'{prefix}_{name.upper()}' for name in names)} }};"
