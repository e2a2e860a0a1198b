"""Which configurations a sweep is about."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tilewright.hw.spec.errors import RequestError
from tilewright.hw.spec.soc_config import FOLLOWING, SocConfig
from tilewright.sim.sweep import grid
from tilewright.sim.sweep.candidate import Candidate, Value, candidate
from tilewright.sim.sweep.where import Where

SCENARIO_FIELDS = tuple(
    field.name for field in dataclasses.fields(SocConfig) if field.name not in ("cpu", "npu")
)
"""What may be given rather than chosen: all around the chip's CPU and accelerator."""

MOST_COMBINATIONS = 1_000_000


@dataclass(frozen=True)
class Plan:
    """Every combination of ``listed`` and ``axes``, over ``base``, for which ``where`` holds.

    Attributes
    ----------
    base: what the user set for all points, as overrides of the defaults.
    listed: overrides of an explicit list; one empty mapping where there is none.
    axes: values by field.
    scenarios: values by field of what is not the designer's choice. Each design is evaluated at
        all of their combinations.
    """

    base: Mapping[str, Value]
    listed: tuple[Mapping[str, Value], ...]
    axes: grid.Axes
    where: Where
    scenarios: grid.Axes = field(default_factory=dict[str, Sequence[Value]])

    def __post_init__(self) -> None:
        if both := [key for point in self.listed for key in point if key in self.axes]:
            raise RequestError(f"{both[0]}: is given by --grid and by --points; choose one")
        for key in self.scenarios:
            if key not in SCENARIO_FIELDS:
                raise RequestError(
                    f"--scenario {key}: is the designer's choice; give it by --grid. Scenarios are "
                    f"made of {', '.join(SCENARIO_FIELDS)}"
                )
            if key in self.axes or any(key in point for point in self.listed):
                raise RequestError(
                    f"--scenario {key}: is among the designs already, by --grid or --points; "
                    "choose one"
                )
            if key in self.where.names:
                raise RequestError(
                    f"--where: {key} is a scenario's, and every design meets all scenarios; leave "
                    "the value out of --scenario instead"
                )

    @property
    def combinations(self) -> int:
        """Of designs: before constraints, and with equal ones counted apart."""
        return len(self.listed) * grid.size(self.axes)

    def at(self, values: Mapping[str, Value]) -> Candidate | None:
        """The design of these values over the base, in the first scenario.

        None where a constraint excludes it.

        Of a configuration that is refused, constraints see the fields as they were asked for, and
        so they do with the accelerator's fields where there is none.
        """
        first = next(grid.combinations(self.scenarios))
        chosen = candidate({**self.base, **values, **first})
        return chosen if self.where.holds(chosen.asked) else None

    def in_scenarios(self, design: Candidate) -> list[Candidate]:
        """The design in each scenario, as a configuration of its own."""
        if not self.scenarios:
            return [design]
        scenarios = grid.combinations(self.scenarios)
        return [candidate({**design.given, **scenario}) for scenario in scenarios]

    @property
    def not_the_designs(self) -> tuple[str, ...]:
        """Fields that may differ from scenario to scenario of a design: a kind of memory sets those
        of its timing that are not given."""
        given = {*self.base, *self.axes, *(key for point in self.listed for key in point)}
        following = {name for key in self.scenarios for name in FOLLOWING.get(key, ())}
        return (*self.scenarios, *sorted(following - given - {*self.scenarios}))

    def candidates(self) -> tuple[list[Candidate], int]:
        """Every design once, and how many combinations the constraints excluded.

        Raises RequestError where there are too many to list, or none.
        """
        if (points := self.combinations * grid.size(self.scenarios)) > MOST_COMBINATIONS:
            raise RequestError(
                f"--grid: {points:,} combinations are more than {MOST_COMBINATIONS:,}; "
                "take values out, or let --search N choose among them"
            )
        found: dict[str, Candidate] = {}
        excluded = 0
        for listed in self.listed:
            for values in grid.combinations(self.axes):
                chosen = self.at({**listed, **values})
                if chosen is None:
                    excluded += 1
                else:
                    found.setdefault(chosen.identity, chosen)
        if not found:
            raise RequestError(f"--where: excludes all {self.combinations:,} combinations")
        return list(found.values()), excluded

    @property
    def fields(self) -> list[str]:
        """Fields that the points are given apart."""
        return sorted(
            {*self.axes, *self.scenarios, *(key for point in self.listed for key in point)}
        )

    def described(self) -> dict[str, Any]:
        """For the results, and for a comparison with another plan."""
        return {
            "base": dict(self.base),
            "points": [dict(point) for point in self.listed],
            "grid": {key: list(values) for key, values in self.axes.items()},
            "where": list(self.where.expressions),
            "scenario": {key: list(values) for key, values in self.scenarios.items()},
        }
