"""Memory map and registers of the SoC: the one source of the HDL, the C header and the docs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from tilewright.hw.spec.config import FIELDS
from tilewright.hw.spec.fields import Field, check_layout
from tilewright.hw.spec.soc_config import NO_HARDWARE, SIMULATED_FIELDS, SocConfig

MEMORY_BASE = 0x4000_0000
"""Main memory, cached by the CPU."""

UNCACHED = 0x8000_0000
"""Added to an address: the CPU's caches are passed by (bit 31)."""

BOOT_BYTES = 8 * 1024
"""Where the boot stage runs: the last bytes of the firmware's. At reset it lies at MEMORY_BASE."""


def program_base(soc: SocConfig) -> int:
    """Return where a chip's Program starts: behind its firmware."""
    return MEMORY_BASE + soc.firmware_bytes


@dataclass(frozen=True)
class Register:
    """A 32-bit register: byte offset, access ("ro", "wo", "rw"), fields in word 0."""

    name: str
    offset: int
    access: str
    doc: str
    fields: tuple[Field, ...] = ()

    def __post_init__(self) -> None:
        check_layout(self.fields, 1, self.name)

    def field(self, name: str) -> Field:
        """The field of this name."""
        return next(field for field in self.fields if field.name == name)


@dataclass(frozen=True)
class Peripheral:
    """A block of registers at a base address (uncached by the CPU)."""

    name: str
    base: int
    doc: str
    registers: tuple[Register, ...]

    def register(self, name: str) -> Register:
        """The register of this name."""
        return next(register for register in self.registers if register.name == name)


NPU_IDENTIFIER = 0x5457_0001
"""Value of NPU.ID: "TW" and the version of the register map."""

ERROR_CODES: Mapping[str, int] = {
    "none": 0,
    "opcode": 1,
    "bus_read": 2,
    "bus_write": 3,
    "locked": 4,
    "timeout": 5,
}
"""NPU.STATUS.error."""

LOCK_BYTES = 64
"""NPU.LOCK counts in these."""

LIMIT_CYCLES = 4096
"""NPU.LIMIT counts in these."""

RELEASE_BITS = 16
"""Of a Program's release, and of CHECKER.RELEASE."""

NPU = Peripheral(
    "NPU",
    0xF000_0000,
    "The accelerator.",
    (
        Register("ID", 0x00, "ro", "Identifier and version: NPU_IDENTIFIER."),
        Register(
            "CONFIG",
            0x04,
            "ro",
            "What was built.",
            (
                Field("rows", 0, 0, 8, "Array rows."),
                Field("cols", 0, 8, 8, "Array columns."),
                Field("port_bytes", 0, 16, 8, "Bytes of a scratchpad access."),
                Field("bus_bytes", 0, 24, 8, "Bytes of a bus beat."),
            ),
        ),
        Register(
            "CONTROL",
            0x08,
            "wo",
            "Starts and acknowledges.",
            (
                Field("start", 0, 0, 1, "1: start the command stream at COMMAND_ADDRESS."),
                Field("acknowledge", 0, 1, 1, "1: clear done and the interrupt."),
            ),
        ),
        Register(
            "STATUS",
            0x0C,
            "ro",
            "State of the command stream.",
            (
                Field("busy", 0, 0, 1, "A stream is being executed."),
                Field("done", 0, 1, 1, "A stream has ended; the interrupt is raised."),
                Field("error", 0, 4, 4, "0, or why the stream was given up: ERROR_CODES."),
            ),
        ),
        Register(
            "COMMAND_ADDRESS",
            0x10,
            "rw",
            "Main memory address of the stream, multiple of bus_bytes.",
        ),
        Register(
            "PROFILE_ADDRESS",
            0x14,
            "rw",
            "Main memory address of the next profile record, multiple of 32; each one advances it.",
        ),
        Register(
            "DEBUG",
            0x18,
            "ro",
            "What each engine is doing, or did when the watchdog ended the stream.",
            (
                Field("sequencer", 0, 0, 4, "Sequencer state."),
                Field("cause", 0, 4, 4, "What the compute queue counts: index into CAUSES."),
                Field("opcode", 0, 8, 8, "Opcode of the compute command at work, 0: none."),
                Field("transfer_busy", 0, 16, 1, "A LOAD or STORE is at work or waiting."),
                Field("weights_busy", 0, 17, 1, "A WEIGHTS is at work or waiting for room."),
                Field("drain_busy", 0, 18, 1, "A tile is being requantised."),
                Field("ring_empty", 0, 19, 1, "The weight ring holds nothing."),
                Field("ring_full", 0, 20, 1, "The weight ring has no room for a beat."),
            ),
        ),
        Register(
            "COMPLETED",
            0x1C,
            "ro",
            "Completed commands since the start, modulo 65536.",
            (
                Field("transfers", 0, 0, 16, "LOAD and STORE."),
                Field("computes", 0, 16, 16, "Commands of the compute queue."),
            ),
        ),
        Register(
            "LOCK",
            0x20,
            "rw",
            f"The NPU writes nothing below this main memory address, a multiple of {LOCK_BYTES}; "
            "a stream that tries to ends with error `locked`. A write can only raise it.",
        ),
        Register(
            "LIMIT",
            0x24,
            "rw",
            f"Cycles / {LIMIT_CYCLES} that a stream may take at most, else it ends with error "
            "`timeout`; 0: no limit.",
            (Field("periods", 0, 0, 20, f"Periods of {LIMIT_CYCLES} cycles."),),
        ),
    ),
)

UART = Peripheral(
    "UART",
    0xF001_0000,
    "Serial port, 8N1.",
    (
        Register(
            "DATA",
            0x00,
            "rw",
            "Write: send a byte. Read: take the byte that was received first.",
            (
                Field("byte", 0, 0, 8, "The byte; 0 if none waits."),
                Field("valid", 0, 8, 1, "A byte was there."),
            ),
        ),
        Register(
            "STATUS",
            0x04,
            "ro",
            "State of both directions.",
            (
                Field("tx_ready", 0, 0, 1, "A byte can be written."),
                Field("rx_valid", 0, 1, 1, "A received byte can be read."),
                Field("rx_overrun", 0, 2, 1, "A byte was lost since the last read of STATUS."),
            ),
        ),
        Register("BIT_CYCLES", 0x08, "ro", "Clock cycles of a bit."),
    ),
)

TIMER = Peripheral(
    "TIMER",
    0xF002_0000,
    "Cycle counter since reset, and the CPU's timer interrupt.",
    (
        Register(
            "CYCLES", 0x00, "ro", "Cycles since reset, low 32 bits. Also the NPU's time stamp."
        ),
        Register("CYCLES_HIGH", 0x04, "ro", "High 32 bits, latched by a read of CYCLES."),
        Register(
            "COMPARE", 0x08, "rw", "The timer interrupt is raised while CYCLES - COMPARE >= 0."
        ),
        Register(
            "CONTROL",
            0x0C,
            "rw",
            "Interrupt enable.",
            (Field("enable", 0, 0, 1, "1: the comparison may raise the interrupt."),),
        ),
    ),
)

FINISHER = Peripheral(
    "FINISHER",
    0xF003_0000,
    "Tells whoever runs the chip that the firmware has ended. Registers survive a reset.",
    (
        Register(
            "EXIT",
            0x00,
            "rw",
            "Write: ends the run with this status; 0 is success. Read: the last.",
        ),
        Register("CAUSE", 0x04, "rw", "mcause of a trap."),
        Register("PC", 0x08, "rw", "mepc of a trap."),
        Register("VALUE", 0x0C, "rw", "mtval of a trap."),
    ),
)

CONFIG_FIELDS: tuple[str, ...] = tuple(
    field for field in FIELDS if field not in (*NO_HARDWARE, *SIMULATED_FIELDS)
)
"""What SYSTEM tells of the configuration; clock and supply are not the chip's, but the board's."""

SYSTEM = Peripheral(
    "SYSTEM",
    0xF004_0000,
    "What was built.",
    (
        Register(
            "BOOT",
            0x00,
            "ro",
            "How the chip starts.",
            (Field("preloaded", 0, 0, 1, "1: a Program lies in main memory at reset."),),
        ),
        Register("CLOCK_HZ", 0x04, "ro", "Cycles a second; 0: not known."),
        Register("LAYOUT", 0x08, "ro", "CRC-32 of the names of the words that follow."),
        *(
            Register(name.upper(), 0x0C + 4 * i, "ro", f"`{name}` of the configuration.")
            for i, name in enumerate(CONFIG_FIELDS)
        ),
    ),
)

CHECKER = Peripheral(
    "CHECKER",
    0xF005_0000,
    "Reads main memory at the bus's rate and tells its CRC-32; keeps the latest release. "
    "It comes with the hardwired accelerator; other chips have no room for it.",
    (
        Register("ADDRESS", 0x00, "wo", "First byte, a multiple of bus_bytes."),
        Register(
            "BYTES",
            0x04,
            "rw",
            "Write: a multiple of bus_bytes; starts. Read: bytes that are still to be read.",
        ),
        Register(
            "CRC",
            0x08,
            "ro",
            "CRC-32 (zlib's) of what was read, once BYTES is 0. Where main memory answered with an "
            "error, all bits are inverted.",
        ),
        Register(
            "RELEASE",
            0x0C,
            "rw",
            "The latest release that has run. A write can only raise it. Survives a reset, but "
            "not a power-off.",
            (Field("number", 0, 0, RELEASE_BITS, "The release."),),
        ),
    ),
)

PERIPHERALS: tuple[Peripheral, ...] = (NPU, UART, TIMER, FINISHER, SYSTEM, CHECKER)

INTERRUPT_NPU = 0
"""Bit of the NPU in the CPU's external interrupt array."""

EXIT_STATUS: Mapping[str, int] = {
    "success": 0,
    "bad_program": 1,
    "npu_error": 2,
    "trap": 3,
    "bad_hardware": 4,
    "damaged_program": 5,
    "old_program": 6,
}
"""What firmware writes to FINISHER.EXIT."""
