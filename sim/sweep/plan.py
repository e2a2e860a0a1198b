"""Which configurations a sweep is about."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from hw.spec.errors import RequestError
from sim.sweep import grid
from sim.sweep.candidate import Candidate, Value, candidate
from sim.sweep.where import Where

MOST_COMBINATIONS = 1_000_000


@dataclass(frozen=True)
class Plan:
    """Every combination of ``listed`` and ``axes``, over ``base``, for which ``where`` holds.

    Attributes
    ----------
    base: what the user set for all points, as overrides of the defaults.
    listed: overrides of an explicit list; one empty mapping where there is none.
    axes: values by field.
    """

    base: Mapping[str, Value]
    listed: tuple[Mapping[str, Value], ...]
    axes: grid.Axes
    where: Where

    @property
    def combinations(self) -> int:
        """Before constraints, and with equal ones counted apart."""
        return len(self.listed) * grid.size(self.axes)

    def at(self, values: Mapping[str, Value]) -> Candidate | None:
        """The configuration of these values over the base; None where a constraint excludes it.

        Of a configuration that is refused, constraints see the fields as they were asked for, and
        so they do with the accelerator's fields where there is none.
        """
        chosen = candidate({**self.base, **values})
        return chosen if self.where.holds(chosen.asked) else None

    def candidates(self) -> tuple[list[Candidate], int]:
        """Every configuration once, and how many combinations the constraints excluded.

        Raises RequestError where there are too many to list, or none.
        """
        if self.combinations > MOST_COMBINATIONS:
            raise RequestError(
                f"--grid: {self.combinations:,} combinations are more than {MOST_COMBINATIONS:,}; "
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
        return sorted({*self.axes, *(key for point in self.listed for key in point)})

    def described(self) -> dict[str, Any]:
        """For the results, and for a comparison with another plan."""
        return {
            "base": dict(self.base),
            "points": [dict(point) for point in self.listed],
            "grid": {key: list(values) for key, values in self.axes.items()},
            "where": list(self.where.expressions),
        }
