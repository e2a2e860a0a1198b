"""A process: what its gates, memories and clocks cost, each figure with its source."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from tilewright.hw.spec.errors import RequestError
from tilewright.sim.technology.items import ITEMS

Basis = Literal["derived", "published", "scaled", "predictive"]
BASES: Mapping[Basis, str] = {
    "derived": "from the process's own libraries, by a command of this project",
    "published": "from published figures",
    "scaled": "from another process's figures, by length and voltage",
    "predictive": "of a process that nobody makes",
}


@dataclass(frozen=True)
class Line:
    """One figure.

    Attributes:
        item: what it is, a key of `ITEMS`, which has the unit.
        value: in that unit.
        within: how sure it is: the truth is thought to lie between value / within and
            value * within.
        source: where it comes from, or how it was made.
    """

    item: str
    value: float
    within: float
    source: str


@dataclass(frozen=True)
class Voltage:
    """Supply in millivolts, and between which limits it can be chosen.

    Attributes:
        nominal: at which the lines are stated.
        lowest, highest: nominal where the source says nothing of other voltages.
        threshold: of the alpha-power law for delays, `Technology.delay_factor`; in millivolts.
        alpha: its exponent.
        leakage_exponent: leakage goes with this power of the voltage.
        source: where limits and constants come from.
    """

    nominal: int
    lowest: int
    highest: int
    threshold: float
    alpha: float
    leakage_exponent: float
    source: str


@dataclass(frozen=True, kw_only=True)
class Technology:
    """A process at one voltage, one temperature and one corner.

    Attributes:
        name: by which it is chosen.
        title: foundry or library, node, kind.
        node_nm: as the process is called.
        corner: process, voltage and temperature of the figures.
        basis: where they come from as a whole.
        voltage: and how it may be changed.
        supply_mv: at which `value` answers.
        lines: by item; at the nominal voltage.
    """

    name: str
    title: str
    node_nm: int
    corner: str
    basis: Basis
    voltage: Voltage
    supply_mv: int
    lines: Mapping[str, Line]

    def value(self, item: str) -> float:
        """The figure in SI units (um2 for areas) at the technology's supply."""
        kind = ITEMS[item]
        return self.lines[item].value * kind.si * self._factors[kind.scaling]

    @cached_property
    def identity(self) -> str:
        """Hash of all that it states: equal where figures are."""
        said = repr((self.voltage, self.supply_mv, tuple(self.lines.values())))
        return hashlib.sha256(said.encode()).hexdigest()[:16]

    def within(self, item: str) -> float:
        """How sure the figure is, see `Line`."""
        return self.lines[item].within

    @cached_property
    def _factors(self) -> Mapping[str, float]:
        """What a supply that is not nominal makes of the lines, by kind of scaling."""
        ratio = self.supply_mv / self.voltage.nominal
        return {
            "energy": ratio**2,
            "leakage": ratio**self.voltage.leakage_exponent,
            "delay": self._delay(self.supply_mv) / self._delay(self.voltage.nominal),
            "area": 1.0,
            "none": 1.0,
        }

    def _delay(self, supply_mv: float) -> float:
        """By the alpha-power law, in arbitrary units (Sakurai and Newton, 1990)."""
        return supply_mv / (supply_mv - self.voltage.threshold) ** self.voltage.alpha

    def at(self, supply_mv: int) -> Technology:
        """The same process at another supply; 0 is the nominal one.

        Raises RequestError where the source of the figures does not allow it.
        """
        voltage = self.voltage
        wanted = supply_mv or voltage.nominal
        if not voltage.lowest <= wanted <= voltage.highest:
            limits = (
                f"{voltage.lowest}..{voltage.highest} mV"
                if voltage.lowest < voltage.highest
                else f"{voltage.nominal} mV alone"
            )
            raise RequestError(
                f"supply_mv = {wanted}: technology {self.name} is known at {limits} "
                f"({voltage.source})"
            )
        return dataclasses.replace(self, supply_mv=wanted)
