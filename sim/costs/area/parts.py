"""The chip's area by block, in gate equivalents: one is a two-input NAND gate."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

BLOCKS: Mapping[str, tuple[str, ...]] = {
    "array": ("npu.compute.array",),
    "columns": ("npu.compute.columns",),
    "feeder": ("npu.compute.feeder",),
    "parameters": ("npu.compute.parameter_sets",),
    "drain": ("npu.compute.drain",),
    "requantiser": ("npu.compute.requantiser",),
    "softmax": ("npu.compute.softmax",),
    "elementwise": ("npu.compute.elementwise",),
    "tables": ("npu.compute.tables",),
    "mover": ("npu.compute.mover",),
    "lstm": ("npu.compute.lstm",),
    "control": ("npu.compute",),
    "scratchpad": ("npu.memory.scratchpad",),
    "weight_ring": ("npu.memory.ring", "npu.memory.weights"),
    "transfers": ("npu.memory.transfers", "npu.memory.bus"),
    "commands": ("npu",),
    "microcode": ("microcode",),
    "bus": ("",),
    "peripherals": ("uart", "timer", "finisher", "system", "checker"),
    "cpu": ("cpu",),
}
"""Blocks of logic, and the instances below the chip's top that belong to them with what is in
them; the longest path that fits decides. ``control``: what sequences the compute side, and its
counters; ``commands``: fetch, decoder, registers, profile records; ``microcode``: all of an
accelerator under microprogrammed control; ``bus``: arbiter, decoder and the CPU's bridges."""

SRAM = "_sram"
"""End of the names of memories: ``scratchpad_sram`` is the memory in block ``scratchpad``."""


@dataclass(frozen=True)
class Clocked:
    """What a block's clock reaches.

    Attributes:
        free: flip-flops that it reaches in every cycle.
        gated: flip-flops that it reaches when their clock gate lets it through.
        clock_gates: those gates; the clock reaches each in every cycle.
    """

    free: float
    gated: float
    clock_gates: float


@dataclass(frozen=True)
class Area:
    """A design's area without its main memory, which stands outside the chip.

    Attributes:
        parts: gate equivalents by block (`BLOCKS`), and of each block's SRAM.
        source: counted from gates that Yosys mapped to, or estimated from the configuration.
    """

    parts: Mapping[str, float]
    source: Literal["yosys", "estimate"]

    @property
    def logic_ge(self) -> float:
        """Gates and registers."""
        return sum(ge for name, ge in self.parts.items() if not name.endswith(SRAM))

    @property
    def memory_ge(self) -> float:
        """SRAM, as the gates that would take its place."""
        return sum(ge for name, ge in self.parts.items() if name.endswith(SRAM))

    @property
    def total_ge(self) -> float:
        """Logic and memories."""
        return self.logic_ge + self.memory_ge

    def to_dict(self) -> dict[str, Any]:
        """For JSON: the three sums, the parts and the source."""
        return {
            "total_ge": self.total_ge,
            "logic_ge": self.logic_ge,
            "memory_ge": self.memory_ge,
            "parts_ge": dict(self.parts),
            "source": self.source,
        }


def block_of(path: str) -> str:
    """The block that an instance belongs to; ``path``: names below the chip's top, with dots."""
    fitting = {
        prefix: block
        for block, prefixes in BLOCKS.items()
        for prefix in prefixes
        if not prefix or path == prefix or path.startswith(f"{prefix}.")
    }
    return fitting[max(fitting, key=len)]
