"""Chips that others measured on the networks of MLPerf Tiny."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from tilewright.sim.tables import read_table

MICRO = 1e-6


@dataclass(frozen=True)
class Chip:
    """A chip at an operating point; all figures are measured by those who published them.

    Attributes:
        name, what, process: as it is called, what computes in it, and how it is made.
        technology: ours that is nearest to its process.
        clock_hz: at which it was measured.
        source: where the figures stand.
        cycles, energy_j: of one inference, by network; not all are published.
    """

    name: str
    what: str
    process: str
    technology: str
    clock_hz: int
    source: str
    cycles: Mapping[str, int]
    energy_j: Mapping[str, float]

    def latency_s(self, network: str) -> float | None:
        """Of one inference; None where it is not published."""
        cycles = self.cycles.get(network)
        return None if cycles is None else cycles / self.clock_hz


@cache
def published_chips() -> tuple[Chip, ...]:
    """All of them."""
    return tuple(
        Chip(
            name=line["name"],
            what=line["what"],
            process=line["process"],
            technology=line["technology"],
            clock_hz=line["clock_hz"],
            source=line["source"],
            cycles=line.get("cycles", {}),
            energy_j={name: uj * MICRO for name, uj in line["energy_uj"].items()},
        )
        for line in _table()["chips"]
    )


@cache
def baseline_chip() -> Chip:
    """The one that speed-ups are told against."""
    name = _table()["baseline"]
    return next(chip for chip in published_chips() if chip.name == name)


def _table() -> dict[str, Any]:
    return read_table(files("tilewright.sim.chips") / "published.yaml")
