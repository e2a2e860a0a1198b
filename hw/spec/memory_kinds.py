"""Kinds of main memory: what each takes for an access, as its data sheets say.

docs/adr/0021-memory-system.md names the sources and the decisions behind them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from tilewright.hw.spec.limits import is_power_of_two, require

Hz = int

MAX_MEMORY_LATENCY = 64

BURST_CYCLES = 16
"""Of another master, in which main memory is its."""


@dataclass(frozen=True, kw_only=True)
class MemoryTiming:
    """How a memory behaves, in cycles of the chip's clock.

    Parameters
    ----------
    latency: from an accepted read to its data, beside what the word itself takes.
    width_bits: bits that it moves a cycle; 0: a word of the bus, whatever its width.
    page_bytes: of a page (a row); 0: it has none, and where ``miss_cycles`` is not 0, an access is
        a miss unless it goes on in the direction and behind the word of the one before: a serial
        memory's burst.
    banks: pages that can be open at a time, page p in bank p % banks.
    miss_cycles: that a page or a burst takes to be opened.
    write_cycles: for which a write holds the memory beyond its word's.
    refresh_period: cycles from one refresh to the next; 0: there is none.
    refresh_cycles: of a refresh, which closes all pages.
    """

    latency: int = 8
    width_bits: int = 0
    page_bytes: int = 0
    banks: int = 1
    miss_cycles: int = 0
    write_cycles: int = 0
    refresh_period: int = 0
    refresh_cycles: int = 0

    def word_cycles(self, bus_bytes: int) -> int:
        """Cycles that a word of the bus takes."""
        return -(-8 * bus_bytes // self.width_bits) if self.width_bits else 1

    def answer_cycles(self, bus_bytes: int) -> int:
        """From an accepted access to its answer."""
        return self.latency + self.word_cycles(bus_bytes) - 1

    def access_cycles(self, bus_bytes: int) -> int:
        """The most that an access takes, with a refresh before it and the page's opening."""
        taken = self.answer_cycles(bus_bytes) + self.miss_cycles + self.write_cycles
        return taken + self.refresh_cycles

    def is_constant(self, bus_bytes: int) -> bool:
        """Whether it takes an access each cycle and answers each after the same time."""
        return self.word_cycles(bus_bytes) == 1 and not (
            self.miss_cycles or self.write_cycles or self.refresh_period
        )


def _cycles(nanoseconds: float, clock_hz: Hz) -> int:
    return max(1, _up(nanoseconds * clock_hz, 1e9))


def _up(dividend: float, divisor: float) -> int:
    return int(-(-dividend // divisor))


def _serial_width(kind: str, bits: int, fastest_hz: Hz, clock_hz: Hz) -> tuple[int, int]:
    """Bits a cycle, and cycles of the interface's clock, which is the chip's by a whole number."""
    divider = _up(clock_hz, fastest_hz)
    require(
        divider <= bits,
        f"clock_hz = {clock_hz}: a memory of kind {kind} moves less than a bit in such a cycle; "
        f"lower clock_hz to {bits * fastest_hz} or less, or take a faster kind",
    )
    return 1 << (bits // divider).bit_length() - 1, divider


def _fixed(_clock_hz: Hz) -> MemoryTiming:
    return MemoryTiming()


def _sram(_clock_hz: Hz) -> MemoryTiming:
    """A macro on the chip, at its clock: a cycle for the macro and one for the way there."""
    return MemoryTiming(latency=2)


_MRAM_READ_NS = 5.9
_MRAM_BITS = 128
_MRAM_WRITE_NS = 8 / 5.8e6 * 1e9


def _mram(clock_hz: Hz) -> MemoryTiming:
    """An embedded STT-MRAM macro: it reads nearly as SRAM does and takes long to write."""
    read = _cycles(_MRAM_READ_NS, clock_hz)
    return MemoryTiming(
        latency=1 + read,
        width_bits=1 << (_MRAM_BITS // read).bit_length() - 1 if read > 1 else 0,
        write_cycles=_cycles(_MRAM_WRITE_NS, clock_hz),
    )


_FLASH_HZ = 133_000_000
_FLASH_OPENING = 8 + 4 + 2
"""Clocks: address and mode, dummies, deselection; the command is left out in continuous reads."""


def _flash(clock_hz: Hz) -> MemoryTiming:
    """Quad SPI NOR flash, read in place."""
    width, divider = _serial_width("flash", 4, _FLASH_HZ, clock_hz)
    return MemoryTiming(latency=3, width_bits=width, miss_cycles=_FLASH_OPENING * divider)


_PSRAM_HZ = 84_000_000
_PSRAM_OPENING = 2 + 6 + 6 + 2
"""Clocks: command, address, waiting, deselection."""
_PSRAM_BURST_NS = 8_000
_PSRAM_APART_NS = 18


def _psram(clock_hz: Hz) -> MemoryTiming:
    """Quad PSRAM, whose bursts must end in time for it to refresh itself."""
    width, divider = _serial_width("psram", 4, _PSRAM_HZ, clock_hz)
    return MemoryTiming(
        latency=3,
        width_bits=width,
        miss_cycles=_PSRAM_OPENING * divider,
        refresh_period=_cycles(_PSRAM_BURST_NS, clock_hz),
        refresh_cycles=_cycles(_PSRAM_APART_NS, clock_hz),
    )


_DRAM_HZ = 143_000_000
_DRAM_BITS = 16
_DRAM_ROW_BYTES = 1024
_DRAM_BANKS = 4
_DRAM_CAS = 3
_DRAM_CONTROLLER = 3
_DRAM_ROW_NS = 15
"""Of tRP and of tRCD."""
_DRAM_REFRESH_NS = 60
_DRAM_REFRESH_EVERY_NS = 64e6 / 8192


def _dram(clock_hz: Hz) -> MemoryTiming:
    """A 16-bit SDRAM with four banks."""
    width, divider = _serial_width("dram", _DRAM_BITS, _DRAM_HZ, clock_hz)
    precharge = _cycles(_DRAM_ROW_NS, clock_hz)
    return MemoryTiming(
        latency=_DRAM_CAS * divider + _DRAM_CONTROLLER,
        width_bits=width,
        page_bytes=_DRAM_ROW_BYTES,
        banks=_DRAM_BANKS,
        miss_cycles=precharge + _cycles(_DRAM_ROW_NS, clock_hz),
        refresh_period=_cycles(_DRAM_REFRESH_EVERY_NS, clock_hz),
        refresh_cycles=precharge + _cycles(_DRAM_REFRESH_NS, clock_hz),
    )


MEMORY_KINDS: Mapping[str, Callable[[Hz], MemoryTiming]] = {
    "fixed": _fixed,
    "sram": _sram,
    "mram": _mram,
    "flash": _flash,
    "psram": _psram,
    "dram": _dram,
}
"""The timing of each kind at a clock; `fixed` is none in particular."""

READ_ONLY_KINDS = ("flash",)
"""Kinds that an inference cannot write to."""

_LIMITS: Mapping[str, tuple[int, int]] = {
    "latency": (1, MAX_MEMORY_LATENCY),
    "miss_cycles": (0, 255),
    "write_cycles": (0, 1023),
    "refresh_cycles": (0, 1023),
}
_POWERS: Mapping[str, tuple[int, int]] = {
    "width_bits": (1, 256),
    "page_bytes": (64, 1 << 16),
    "banks": (1, 16),
}
_REFRESH_PERIODS = (16, 1 << 20)


def require_timing(prefix: str, timing: MemoryTiming) -> None:
    """Raise RequestError for what no memory can be. What depends on the bus, `Config` looks at."""
    for name, (least, most) in _LIMITS.items():
        value = getattr(timing, name)
        require(least <= value <= most, f"{prefix}{name} = {value}: must be {least}..{most} cycles")
    for name, (least, most) in _POWERS.items():
        value, none = getattr(timing, name), name != "banks"
        require(
            (none and value == 0) or (is_power_of_two(value) and least <= value <= most),
            f"{prefix}{name} = {value}: must be a power of two, {least}..{most}"
            + (", or 0" if none else ""),
        )
    require(
        timing.banks == 1 or timing.page_bytes > 0,
        f"{prefix}banks = {timing.banks}: banks keep pages open, and there are none; set "
        f"{prefix}page_bytes, or {prefix}banks = 1",
    )
    period, refresh = timing.refresh_period, timing.refresh_cycles
    least, most = _REFRESH_PERIODS
    require(
        period == 0 or least <= period <= most,
        f"{prefix}refresh_period = {period}: must be {least}..{most} cycles, or 0",
    )
    require(
        (period == 0) == (refresh == 0),
        f"{prefix}refresh_period = {period}, {prefix}refresh_cycles = {refresh}: set both, or "
        "neither",
    )
