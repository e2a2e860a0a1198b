"""Configuration of the system around the accelerator."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from tilewright.hw.spec.limits import require

CPU_VARIANTS: Mapping[str, str] = {
    "full": "VexRiscv_Full",
    "standard": "VexRiscv",
    "lite": "VexRiscv_Lite",
    "imac": "VexRiscv_IMAC",
}
"""CPU names and the VexRiscv build each one stands for. All have RV32IM."""

SMALL_CPUS: Mapping[str, str] = {"min": "VexRiscv_Min"}
"""CPUs for small FPGAs, of RV32I alone and without caches: no backend but RTL tells their cycles.
Timer and finisher beside them are small, too."""

CPU_BUILDS: Mapping[str, str] = {**CPU_VARIANTS, **SMALL_CPUS}
"""All CPUs."""

FIRMWARE_BYTES = 64 * 1024
"""Main memory kept for the firmware's code, data and stack, from its start."""

SMALL_FIRMWARE_BYTES = 32 * 1024
"""The same beside a small CPU, whose chip has 128 KiB of memory."""

SMALLEST_FIRMWARE_BYTES = 20 * 1024
"""The same where such a chip has less memory than that."""

LEAST_MEMORY_BYTES = 128 * 1024
LEAST_SMALL_MEMORY_BYTES = 64 * 1024
"""Of main memory, and of that beside a small CPU."""

MAX_MEMORY_BYTES = 64 * 1024 * 1024
MAX_MEMORY_LATENCY = 64


@dataclass(frozen=True, kw_only=True)
class SocConfig:
    """The system around the accelerator.

    Parameters
    ----------
    cpu: VexRiscv build: full, standard, lite, imac, or min for small FPGAs.
    npu: ``"array"``, or ``"none"`` for the RISC-V core alone.
    memory_bytes: main memory, a multiple of 16 KiB, 128 KiB..64 MiB, from 64 KiB beside the CPU
        min; firmware, program, weights and spilled tensors live there.
    memory_latency: cycles from an accepted read to its data, 1..64. Reads are pipelined: the
        memory moves one word of the bus (``bus_bytes``) a cycle.
    clock_hz: clock at which latency and leakage are stated, 1 MHz..5 GHz.
    """

    cpu: str = "full"
    npu: str = "array"
    memory_bytes: int = 4 * 1024 * 1024
    memory_latency: int = 8
    clock_hz: int = 100_000_000

    def __post_init__(self) -> None:
        require(
            self.cpu in CPU_BUILDS,
            f"cpu = {self.cpu!r}: must be one of {', '.join(CPU_BUILDS)}",
        )
        require(self.npu in ("array", "none"), f"npu = {self.npu!r}: must be array or none")
        least = LEAST_SMALL_MEMORY_BYTES if self.chooses_kernels else LEAST_MEMORY_BYTES
        require(
            self.memory_bytes % (1 << 14) == 0 and least <= self.memory_bytes <= MAX_MEMORY_BYTES,
            f"memory_bytes = {self.memory_bytes}: must be a multiple of 16 KiB (16384), "
            f"{least // 1024} KiB..64 MiB",
        )
        require(
            1 <= self.memory_latency <= MAX_MEMORY_LATENCY,
            f"memory_latency = {self.memory_latency}: must be 1..64 cycles",
        )
        require(
            1_000_000 <= self.clock_hz <= 5_000_000_000,
            f"clock_hz = {self.clock_hz}: must be 1 MHz..5 GHz",
        )

    @property
    def chooses_kernels(self) -> bool:
        """Whether the firmware has the kernels of its Program's steps alone."""
        return self.cpu in SMALL_CPUS

    @property
    def firmware_bytes(self) -> int:
        """Main memory kept for the firmware, from its start; the Program lies behind it."""
        if not self.chooses_kernels:
            return FIRMWARE_BYTES
        if self.memory_bytes < LEAST_MEMORY_BYTES:
            return SMALLEST_FIRMWARE_BYTES
        return SMALL_FIRMWARE_BYTES
