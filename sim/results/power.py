"""What `power` answers, and what its JSON holds (schema tilewright.power/1)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from tilewright.sim.results.result import Layer
from tilewright.verification.gates.power.kinds import KINDS

Energy = Mapping[str, Mapping[str, float]]
"""pJ by block and kind."""


@dataclass(frozen=True, kw_only=True)
class Technology:
    """What the netlist is made of.

    Attributes:
        name: of the technology as asked for, or of the library.
        corner: as the library calls it.
        voltage_v, temperature_c: of the library.
        files: names of the Liberty files.
        wire_ff: assumed, for each pin that a net leads to.
        slew_ps: of nets that no cell of the netlist drives: an inverter's that drives four.
        clock_buffers: estimated, of all clocks.
    """

    name: str
    corner: str
    voltage_v: float
    temperature_c: float
    files: tuple[str, ...]
    wire_ff: float
    slew_ps: float
    clock_buffers: int


@dataclass(frozen=True, kw_only=True)
class Macros:
    """SRAM in place of a memory: ``macros`` of ``macro``, whose words and bits need not fit."""

    memory: str
    words: int
    bits: int
    macro: str
    macros: int


@dataclass(frozen=True, kw_only=True)
class LayerPower:
    """A row of the run, and its energy.

    Attributes:
        layer: as `run` reports it: name, cycles, events, stalls.
        energy_pj: by block and kind.
        accesses: cycles in which each memory is read and written, by its path.
    """

    layer: Layer
    energy_pj: Energy
    accesses: Mapping[str, tuple[int, int]]

    @property
    def cycles(self) -> int:
        """Of the row."""
        return self.layer.cycles or 0

    @property
    def total_pj(self) -> float:
        """Of all blocks and kinds."""
        return sum(value for kinds in self.energy_pj.values() for value in kinds.values())


@dataclass(frozen=True, kw_only=True)
class PowerResult:
    """A run's energy at gate level.

    Attributes:
        cells: instances of the netlist by cell.
        area_um2: of the cells, by block.
        registers: flip-flops that were checked in every cycle.
        layers: in the order of the run.
        macros: none without SRAM in the library: its energy is then not known.
    """

    model: str
    sha256: str
    config: Mapping[str, Any]
    clock_hz: float
    technology: Technology
    cells: Mapping[str, int]
    area_um2: Mapping[str, float]
    registers: int
    macros: tuple[Macros, ...]
    memories: int
    layers: tuple[LayerPower, ...]

    @property
    def cycles(self) -> int:
        """Of all rows."""
        return sum(row.cycles for row in self.layers)

    @property
    def knows_sram(self) -> bool:
        """Whether accesses of SRAM are in it."""
        return bool(self.macros) or not self.memories

    @property
    def energy_pj(self) -> dict[str, dict[str, float]]:
        """Of all rows, by block and kind."""
        return summed([row.energy_pj for row in self.layers])

    def milliwatts(self, picojoules: float, cycles: int) -> float:
        """Mean power of an energy in so many cycles."""
        return picojoules * self.clock_hz / cycles * 1e-9 if cycles else 0.0

    def to_dict(self) -> dict[str, Any]:
        """For JSON. Energies of SRAM are null where they are not known."""
        return {
            "model": {"name": self.model, "sha256": self.sha256},
            "config": dict(self.config),
            "clock_hz": self.clock_hz,
            "technology": asdict(self.technology),
            "cells": dict(self.cells),
            "area_um2": dict(self.area_um2),
            "registers": self.registers,
            "macros": [asdict(part) for part in self.macros],
            "cycles": self.cycles,
            "energy_pj": self._known(self.energy_pj),
            "layers": [self._row(row) for row in self.layers],
        }

    def _row(self, row: LayerPower) -> dict[str, Any]:
        layer = row.layer
        return {
            "name": layer.name,
            "op": layer.op,
            "engine": layer.engine,
            "cycles": row.cycles,
            "macs": layer.macs,
            "stalls": dict(layer.stalls),
            "events": dict(layer.events),
            "accesses": {
                path: {"reads": reads, "writes": writes}
                for path, (reads, writes) in row.accesses.items()
            },
            "energy_pj": self._known(row.energy_pj),
        }

    def _known(self, energy: Energy) -> dict[str, dict[str, float | None]]:
        return {
            block: {
                kind: value if self.knows_sram or not kind.startswith("sram") else None
                for kind, value in kinds.items()
            }
            for block, kinds in energy.items()
        }


def summed(energies: Sequence[Energy]) -> dict[str, dict[str, float]]:
    """By block and kind."""
    total: dict[str, dict[str, float]] = {}
    for energy in energies:
        for block, kinds in energy.items():
            sums = total.setdefault(block, dict.fromkeys(KINDS, 0.0))
            for kind, value in kinds.items():
                sums[kind] += value
    return total
