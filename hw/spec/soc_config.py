"""Configuration of the system around the accelerator."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields

from tilewright.hw.spec.limits import require
from tilewright.hw.spec.memory_kinds import (
    MEMORY_KINDS,
    READ_ONLY_KINDS,
    MemoryTiming,
    require_timing,
)

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

NO_HARDWARE = ("clock_hz", "technology", "supply_mv")
"""Fields that say how a chip is made and run, and change nothing of its netlist."""

MAX_SUPPLY_MV = 5000

HIGHEST_CLOCK = 0
"""As ``clock_hz``: the highest that the design reaches. The simulator puts the number in its place
before anything runs (`sim.costs.clock.with_clock`)."""

SLOWEST_HZ, QUICKEST_HZ = 1_000_000, 5_000_000_000
"""Of a clock."""

MAX_MEMORY_BYTES = 64 * 1024 * 1024

AS_KIND = -1
"""Value of a field of a memory that its kind sets when nobody else does."""

NO_MEMORY = "none"
"""The kind of weight memory where there is no memory of its own for weights."""

MAIN_MEMORY_KINDS = tuple(name for name in MEMORY_KINDS if name not in READ_ONLY_KINDS)
WEIGHT_MEMORY_KINDS = (NO_MEMORY, *MEMORY_KINDS)

MOST_CONTENTION = 90


@dataclass(frozen=True, kw_only=True)
class SocConfig:
    """The system around the accelerator.

    Parameters
    ----------
    cpu: VexRiscv build: full, standard, lite, imac, or min for small FPGAs.
    npu: ``"array"``, or ``"none"`` for the RISC-V core alone.
    memory_bytes: main memory, a multiple of 16 KiB, 128 KiB..64 MiB, from 64 KiB beside the CPU
        min; firmware, program, weights and spilled tensors live there.
    memory_kind: fixed (each access after memory_latency, nothing else), sram, mram, psram or dram:
        sets those of the following fields that nobody sets (-1), from data sheets and for clock_hz.
    memory_latency: cycles from an accepted read to its data, 1..64. Reads are pipelined.
    memory_width_bits: bits that main memory moves a cycle, a power of two, 1..256; 0: a word of the
        bus (``bus_bytes``), whatever its width. A word of w cycles is there w - 1 cycles later.
    memory_page_bytes: of a page (a DRAM's row), a power of two, 64..65536; an access to one that is
        not open waits memory_miss_cycles. 0: there are none, and every access that does not go on
        behind the one before, in the same direction, is a miss: the burst of a serial memory.
    memory_banks: pages that can be open at a time, a power of two, 1..16: page p is in bank
        p % memory_banks.
    memory_miss_cycles: cycles that a page or burst takes to be opened, 0..255; 0: nothing is ever
        to be opened.
    memory_write_cycles: cycles that a write holds main memory beyond its word's, 0..1023.
    memory_refresh_period: cycles from refresh to refresh, counted from reset, 16..1048576; 0: there
        is none.
    memory_refresh_cycles: cycles of a refresh, 1..1023, which closes all pages; 0 where there is
        none.
    memory_contention: per cent of its time that main memory belongs to another master, 0..90, in
        bursts of 16 cycles that lie scattered, the same ones in each run.
    weight_memory_kind: where constants lie (commands, weights, parameters: the Program's image):
        none, in main memory, or a memory of their own of kind fixed, sram, mram, flash, psram or
        dram behind the same bus.
    weight_memory_latency: as memory_latency, of the weight memory. All such fields are 0 without.
    weight_memory_width_bits: as memory_width_bits, of the weight memory.
    weight_memory_page_bytes: as memory_page_bytes, of the weight memory.
    weight_memory_banks: as memory_banks, of the weight memory.
    weight_memory_miss_cycles: as memory_miss_cycles, of the weight memory.
    weight_memory_refresh_period: as memory_refresh_period, of the weight memory.
    weight_memory_refresh_cycles: as memory_refresh_cycles, of the weight memory.
    clock_hz: clock at which latency and power are stated, 1 MHz..5 GHz; max, or 0, for the highest
        that the design is estimated to reach in its technology.
    technology: process by which energy, area in mm2 and clock are stated: a name that `python -m
        sim technologies list` prints, or a file of your own whose name ends in .yaml.
    supply_mv: supply in millivolts within the technology's limits; 0 for its nominal one.
    """

    cpu: str = "full"
    npu: str = "array"
    memory_bytes: int = 4 * 1024 * 1024
    memory_kind: str = "fixed"
    memory_latency: int = AS_KIND
    memory_width_bits: int = AS_KIND
    memory_page_bytes: int = AS_KIND
    memory_banks: int = AS_KIND
    memory_miss_cycles: int = AS_KIND
    memory_write_cycles: int = AS_KIND
    memory_refresh_period: int = AS_KIND
    memory_refresh_cycles: int = AS_KIND
    memory_contention: int = 0
    weight_memory_kind: str = NO_MEMORY
    weight_memory_latency: int = AS_KIND
    weight_memory_width_bits: int = AS_KIND
    weight_memory_page_bytes: int = AS_KIND
    weight_memory_banks: int = AS_KIND
    weight_memory_miss_cycles: int = AS_KIND
    weight_memory_refresh_period: int = AS_KIND
    weight_memory_refresh_cycles: int = AS_KIND
    clock_hz: int = 100_000_000
    technology: str = "fdsoi22"
    supply_mv: int = 0

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
            self.clock_hz == HIGHEST_CLOCK or SLOWEST_HZ <= self.clock_hz <= QUICKEST_HZ,
            f"clock_hz = {self.clock_hz}: must be 1 MHz..5 GHz, or max",
        )
        require(bool(self.technology), "technology = '': must be a name, or a file in .yaml")
        require(
            0 <= self.supply_mv <= MAX_SUPPLY_MV,
            f"supply_mv = {self.supply_mv}: must be 0 (the technology's nominal) or up to "
            f"{MAX_SUPPLY_MV} mV",
        )
        if self.clock_hz != HIGHEST_CLOCK:
            # What a kind of memory sets is cycles of a clock that is known.
            self._choose_main_memory()
            self._choose_weight_memory()

    def _choose_main_memory(self) -> None:
        require(
            self.memory_kind not in READ_ONLY_KINDS,
            f"memory_kind = {self.memory_kind}: activations and the firmware's data are written to "
            f"main memory; set weight_memory_kind = {self.memory_kind}, which holds constants only",
        )
        require(
            self.memory_kind in MAIN_MEMORY_KINDS,
            f"memory_kind = {self.memory_kind!r}: must be one of {', '.join(MAIN_MEMORY_KINDS)}",
        )
        self._choose(_MAIN, MEMORY_KINDS[self.memory_kind](self.clock_hz))
        require(
            0 <= self.memory_contention <= MOST_CONTENTION,
            f"memory_contention = {self.memory_contention}: must be 0..{MOST_CONTENTION} per cent",
        )
        require_timing(_MAIN, self.main_memory)

    def _choose_weight_memory(self) -> None:
        kind = self.weight_memory_kind
        require(
            kind in WEIGHT_MEMORY_KINDS,
            f"weight_memory_kind = {kind!r}: must be one of {', '.join(WEIGHT_MEMORY_KINDS)}",
        )
        if kind != NO_MEMORY:
            self._choose(_WEIGHTS, MEMORY_KINDS[kind](self.clock_hz))
            require_timing(_WEIGHTS, self.weight_memory)
            return
        for name in _timing_names(_WEIGHTS):
            require(
                getattr(self, name) in (AS_KIND, 0),
                f"{name} = {getattr(self, name)}: there is no weight memory; set "
                "weight_memory_kind, too",
            )
            object.__setattr__(self, name, 0)

    def _choose(self, prefix: str, timing: MemoryTiming) -> None:
        """Sets what nobody has set; without refresh or pages, what goes with them is out."""
        chosen = {name: field for name, field in _timing_names(prefix).items()
                  if getattr(self, name) == AS_KIND}  # fmt: skip
        for name, field in chosen.items():
            object.__setattr__(self, name, getattr(timing, field))
        for name, needed, without in (("refresh_cycles", "refresh_period", 0),
                                      ("banks", "page_bytes", 1)):  # fmt: skip
            if prefix + name in chosen and getattr(self, prefix + needed) == 0:
                object.__setattr__(self, prefix + name, without)

    def with_fixed_memory(self, latency: int = AS_KIND) -> SocConfig:
        """The same with a memory of kind fixed for everything, as large as before."""
        return SocConfig(
            cpu=self.cpu,
            npu=self.npu,
            memory_bytes=self.memory_bytes,
            memory_latency=latency,
            clock_hz=self.clock_hz,
        )

    @property
    def main_memory(self) -> MemoryTiming:
        """How main memory behaves."""
        return self._timing(_MAIN)

    @property
    def has_weight_memory(self) -> bool:
        """Whether constants lie in a memory of their own."""
        return self.weight_memory_kind != NO_MEMORY

    @property
    def weight_memory(self) -> MemoryTiming:
        """How the weight memory behaves; where there is none of its own, as main memory does."""
        return self._timing(_WEIGHTS if self.has_weight_memory else _MAIN)

    def _timing(self, prefix: str) -> MemoryTiming:
        names = _timing_names(prefix)
        return MemoryTiming(**{field: getattr(self, name) for name, field in names.items()})

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


_MAIN, _WEIGHTS = "memory_", "weight_memory_"


def _timing_names(prefix: str) -> Mapping[str, str]:
    """Fields of a memory, and of `MemoryTiming` the one that each is."""
    own = {f"{prefix}{field.name}": field.name for field in fields(MemoryTiming)}
    # Nobody writes to what holds constants.
    return {name: field for name, field in own.items() if name != "weight_memory_write_cycles"}


SIMULATED_FIELDS: tuple[str, ...] = (
    "memory_kind",
    *(name for name in _timing_names(_MAIN) if name != "memory_latency"),
    "memory_contention",
    "weight_memory_kind",
    *_timing_names(_WEIGHTS),
)
"""Fields of main memories that are simulated: no chip and no board has them."""

FOLLOWING: Mapping[str, tuple[str, ...]] = {
    "memory_kind": tuple(_timing_names(_MAIN)),
    "weight_memory_kind": tuple(_timing_names(_WEIGHTS)),
    "clock_hz": (*_timing_names(_MAIN), *_timing_names(_WEIGHTS)),
    **{f"{memory}page_bytes": (f"{memory}banks",) for memory in (_MAIN, _WEIGHTS)},
    **{f"{memory}refresh_period": (f"{memory}refresh_cycles",) for memory in (_MAIN, _WEIGHTS)},
}
"""By field, those that it sets where nobody else does."""
