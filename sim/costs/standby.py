"""Average power of a chip that computes so many inferences a second, and how long a battery lasts.

Between inferences the chip waits in one of two ways. ``idle``: its clock stands still and
everything leaks. ``asleep``: logic is switched off, SRAM keeps its values at a lower voltage, main
memory is in its deepest state that keeps; waking charges the logic again, takes its time, and is
charged for both.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tilewright.hw.spec.config import Config
from tilewright.hw.spec.errors import RequestError
from tilewright.sim.costs.area import chip_sram_bits, estimate_area
from tilewright.sim.costs.energy import leakage_w
from tilewright.sim.costs.main_memory import main_memory, weight_memory
from tilewright.sim.technology.read import technology_of

COIN_CELL_J = 0.225 * 3600 * 3.0
"""A CR2032 of 225 mAh at 3 V, all of it (Energizer's data sheet, at 190 uA to 2 V)."""


@dataclass(frozen=True)
class Waiting:
    """A way to wait.

    Attributes:
        waiting_w: power while waiting.
        wake_j: energy of waking for an inference.
        wake_s: time of waking.
        average_w: over inferences, waking and waiting.
        battery_s: how long the battery lasts at that.
    """

    waiting_w: float
    wake_j: float
    wake_s: float
    average_w: float
    battery_s: float


@dataclass(frozen=True)
class AveragePower:
    """At a rate of inferences.

    Attributes:
        rate_hz: inferences a second.
        active: share of the time in which the chip computes.
        battery_j: what the battery holds.
        ways: by name; ``asleep`` is missing where the chip has no time to wake.
    """

    rate_hz: float
    active: float
    battery_j: float
    ways: Mapping[str, Waiting]

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {**vars(self), "ways": {name: vars(way) for name, way in self.ways.items()}}

    @property
    def best(self) -> str:
        """The way that draws least."""
        return min(self.ways, key=lambda name: self.ways[name].average_w)


def average_power(
    config: Config, energy_j: float, latency_s: float, rate_hz: float, battery_j: float
) -> AveragePower:
    """Of inferences that each take ``energy_j`` and ``latency_s``, all static power included.

    Raises RequestError where the chip cannot compute that many.
    """
    active = rate_hz * latency_s
    if active > 1:
        raise RequestError(
            f"--rate {rate_hz:g}: an inference takes {latency_s * 1e3:.3g} ms at "
            f"{config.soc.clock_hz / 1e6:g} MHz, so that at most {1 / latency_s:.4g} fit into a "
            "second; lower the rate, raise clock_hz or take a faster design"
        )
    technology = technology_of(config)
    gates = estimate_area(config).logic_ge
    bits = sum(chip_sram_bits(config).values())
    memories = [main_memory(config, technology), weight_memory(config, technology)]
    there = [memory for memory in memories if memory is not None]
    awake_w = sum(memory.awake_w for memory in there)
    idle_w = sum(leakage_w(config, technology).values()) + awake_w
    asleep_w = (
        gates * technology.value("leakage.gate_off")
        + bits * technology.value("leakage.retained_bit")
        + sum(memory.asleep_w for memory in there)
    )
    wake_s = technology.value("wake.time")
    wake_j = gates * technology.value("wake.gate") + wake_s * idle_w
    ways: dict[str, Waiting] = {}
    for name, watts, joules, seconds in (
        ("idle", idle_w, 0.0, 0.0),
        ("asleep", asleep_w, wake_j, wake_s),
    ):
        waiting = 1 - active - rate_hz * seconds
        if waiting >= 0:
            average = rate_hz * (energy_j + joules) + waiting * watts
            ways[name] = Waiting(watts, joules, seconds, average, battery_j / average)
    return AveragePower(rate_hz, active, battery_j, ways)
