"""Modelled energy: counted events times published picojoules, and leakage over time.

The figures are in energy_45nm.yaml, each with its source. The result says how designs compare,
not what a chip would draw.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from tilewright.hw.spec.commands import TABLE_WORD_BYTES
from tilewright.hw.spec.config import Config
from tilewright.sim.costs.area import chip_sram_bits, estimate_area
from tilewright.sim.costs.tables import read_table

COMPONENTS: tuple[str, ...] = (
    "array",
    "accumulators",
    "requantiser",
    "scratchpad",
    "weight_buffer",
    "main_memory",
    "bus",
    "cpu",
    "leakage",
)
"""Parts of the breakdown, in the order of reports."""

PICO = 1e-12
NANO = 1e-9
SRAM_ACCESS_BYTES = 8


@dataclass(frozen=True, kw_only=True)
class EnergyTable:
    """Joules of events.

    Attributes:
        name: where the figures come from, for `config` in the result.
        events: event -> component -> J of one event.
        sram_events: event -> (component, memory); the memory's size sets the energy of a byte.
        sram_access: (capacity in bytes, J of a 64-bit access), ascending.
        leakage: W of one `sram_byte` and of one `gate` (NAND2 equivalent).
    """

    name: str
    events: Mapping[str, Mapping[str, float]]
    sram_events: Mapping[str, tuple[str, str]]
    sram_access: tuple[tuple[int, float], ...]
    leakage: Mapping[str, float]

    def of(self, config: Config) -> DesignEnergy:
        """The energies of a design: its sizes of memories and logic, and its clock."""
        events = dict(self.events)
        for event, (component, memory) in self.sram_events.items():
            events[event] = {component: self.sram_byte_j(_capacity(memory, config))}
        return DesignEnergy(self.name, events, self.leakage_w(config) / config.soc.clock_hz)

    def sram_byte_j(self, capacity: int) -> float:
        """J to read or write one byte of a memory of this many bytes."""
        points = self.sram_access
        above = next((i for i, (size, _) in enumerate(points) if size >= capacity), len(points) - 1)
        (size0, energy0), (size1, energy1) = points[max(above - 1, 0)], points[max(above, 1)]
        slope = math.log(energy1 / energy0) / math.log(size1 / size0)
        return energy0 * (capacity / size0) ** slope / SRAM_ACCESS_BYTES

    def leakage_w(self, config: Config) -> float:
        """Static power of memories and logic on the chip."""
        gates = estimate_area(config).logic_ge
        memory = sum(chip_sram_bits(config).values()) / 8
        return gates * self.leakage["gate"] + memory * self.leakage["sram_byte"]


@dataclass(frozen=True)
class DesignEnergy:
    """Joules of events in one design: event -> component -> J of one event; leakage of a cycle."""

    name: str
    events: Mapping[str, Mapping[str, float]]
    leakage_j: float

    def by_component(self, events: Mapping[str, int], cycles: int) -> dict[str, float]:
        """Joules of each of `COMPONENTS`.

        Args:
            events: how often each event happened.
            cycles: duration, for the leakage.

        Raises:
            KeyError: an event that the table does not know; it must not count as free.
        """
        joules = dict.fromkeys(COMPONENTS, 0.0)
        for event, count in events.items():
            if event not in self.events:
                known = ", ".join(sorted(self.events))
                raise KeyError(
                    f"energy table '{self.name}' has no event '{event}'; it has: {known}"
                )
            for component, energy in self.events[event].items():
                joules[component] += count * energy
        joules["leakage"] = self.leakage_j * cycles
        return joules


def _capacity(memory: str, config: Config) -> int:
    return {
        "scratchpad_bank": config.npu.scratchpad_bytes // config.npu.scratchpad_banks,
        "weight_buffer": config.npu.weight_buffer_bytes,
        "tables": TABLE_WORD_BYTES * config.npu.table_words,
    }[memory]


@cache
def energy_table() -> EnergyTable:
    """The table that the package brings."""
    data = read_table(files("tilewright.sim.costs") / "energy_45nm.yaml")
    events: dict[str, dict[str, float]] = {}
    for line in data["events"]:
        events.setdefault(line["event"], {})[line["component"]] = line["pj"] * PICO
    return EnergyTable(
        name=data["name"],
        events=events,
        sram_events={
            line["event"]: (line["component"], line["memory"]) for line in data["sram_events"]
        },
        sram_access=tuple((line["bytes"], line["pj"] * PICO) for line in data["sram_access"]),
        leakage={line["item"]: line["nw"] * NANO for line in data["leakage"]},
    )
