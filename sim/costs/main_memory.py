"""What main memory costs by its kind: bytes, and being there."""

from __future__ import annotations

from dataclasses import dataclass

from tilewright.hw.spec.config import Config
from tilewright.hw.spec.soc_config import NO_MEMORY
from tilewright.sim.costs.sram import read_parts_j
from tilewright.sim.technology.technology import Technology

ON_THE_CHIP = ("fixed", "sram")
"""Kinds that are SRAM of the chip's own process; ``fixed`` is taken for one."""


@dataclass(frozen=True)
class MemoryCost:
    """Of a memory.

    Attributes:
        read_j, write_j: of a byte.
        awake_w, asleep_w: power while nobody accesses it, and in the deepest state that keeps.
        within: how sure energies of bytes are: a factor both ways.
    """

    read_j: float
    write_j: float
    awake_w: float
    asleep_w: float
    within: float


def main_memory(config: Config, technology: Technology) -> MemoryCost:
    """Of the memory that activations, firmware and, without another one, weights lie in."""
    return _cost(config.soc.memory_kind, config, technology)


def weight_memory(config: Config, technology: Technology) -> MemoryCost | None:
    """Of the memory of constants alone; None where main memory holds them."""
    kind = config.soc.weight_memory_kind
    return None if kind == NO_MEMORY else _cost(kind, config, technology)


def _cost(kind: str, config: Config, technology: Technology) -> MemoryCost:
    if kind in ON_THE_CHIP:
        return _sram(config, technology)
    return MemoryCost(
        read_j=technology.value(f"memory.{kind}.read_byte"),
        write_j=technology.value(f"memory.{kind}.write_byte"),
        awake_w=technology.value(f"memory.{kind}.standby"),
        asleep_w=technology.value(f"memory.{kind}.asleep"),
        within=technology.within(f"memory.{kind}.read_byte"),
    )


def _sram(config: Config, technology: Technology) -> MemoryCost:
    """All ``memory_bytes`` of it, of which a macro is accessed at a time."""
    width = config.npu.bus_bytes
    parts = read_parts_j(technology, 8 * width, config.soc.memory_bytes // width)
    read = sum(parts.values()) / width
    bits = 8 * config.soc.memory_bytes
    return MemoryCost(
        read_j=read,
        write_j=read * technology.value("sram.write"),
        awake_w=bits * technology.value("leakage.sram_bit"),
        asleep_w=bits * technology.value("leakage.retained_bit"),
        within=max(technology.within(item) for item in parts),
    )
