"""Designs over all networks and scenarios: one figure of each objective, one front.

A design is a configuration without the fields in which scenarios differ. Each pair of a network and
a scenario is a run of it, and a row of the results.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

from tilewright.hw.spec.config import FIELDS
from tilewright.sim.report.units import counted
from tilewright.sim.sweep.front import pareto_front
from tilewright.sim.sweep.limits import Limit
from tilewright.sim.sweep.point import REFUSED
from tilewright.sim.sweep.schema import OF_THE_CHIP

Kind = Literal["mean", "worst"]
Row = Mapping[str, Any]


@dataclass(frozen=True)
class Joint:
    """How the runs of a design become one figure.

    Attributes
    ----------
    kind: "mean", the geometric mean; or "worst", the largest, which no run exceeds.
    weights: by network how much its runs count in the mean; 1 where it is not named.
    """

    kind: Kind = "mean"
    weights: Mapping[str, float] = field(default_factory=dict[str, float])

    def value(self, name: str, rows: Sequence[Row]) -> float:
        """Column ``name`` of a design with these rows, in which it is known.

        What is of the chip is the largest of all in either case: where scenarios ask for different
        hardware, the chip is built for the one that asks for most.
        """
        values = [row[name] for row in rows]
        if self.kind == "worst" or name in OF_THE_CHIP or len(set(values)) == 1:
            return max(values)
        if min(values) <= 0:
            return 0.0
        weights = [self.weights.get(row["model"], 1.0) for row in rows]
        logarithms = (w * math.log(value) for w, value in zip(weights, values, strict=True))
        return math.exp(math.fsum(logarithms) / math.fsum(weights))

    def described(self, networks: int, scenarios: int) -> str:
        """What a figure is, in words: "geometric mean of 4 networks in 3 scenarios"."""
        what = "the largest" if self.kind == "worst" else "geometric mean"
        weighted = ", weighted" if self.kind == "mean" and self.weights else ""
        over = [counted(networks, "network")] if networks > 1 else []
        over += [counted(scenarios, "scenario")] if scenarios > 1 else []
        return f"{what} of {' in '.join(over)}{weighted}"


@dataclass(frozen=True)
class Design:
    """A design that runs every network in every scenario.

    Attributes
    ----------
    rows: of the results, one a run.
    scores: the objectives, in their order.
    excess: of its rows, the farthest beyond a limit; 0 where all limits are kept.
    """

    rows: tuple[Row, ...]
    scores: tuple[float, ...]
    excess: float


def designs(
    rows: Iterable[Row],
    scenario: Sequence[str],
    runs: int,
    objectives: Sequence[str],
    joint: Joint,
    limits: Sequence[Limit],
) -> list[Design]:
    """The designs of which all ``runs`` rows are there and have the objectives.

    ``scenario``: the fields that are not the design's.
    """
    own = [name for name in FIELDS if name not in scenario]
    apart = ("model", *scenario)
    groups: dict[tuple[Any, ...], list[Row]] = {}
    for row in rows:
        groups.setdefault(tuple(row[name] for name in own), []).append(row)
    found: list[Design] = []
    # Rows come as workers have finished: equal designs are told apart by their fields.
    for values in sorted(groups, key=str):
        group = sorted(groups[values], key=lambda row: str([row[name] for name in apart]))
        scores = aggregated(group, objectives, runs, joint)
        if scores:
            found.append(Design(tuple(group), scores, excess(group, limits)))
    return found


def aggregated(
    rows: Sequence[Row], objectives: Sequence[str], runs: int, joint: Joint
) -> tuple[float, ...] | None:
    """The objectives of a design with these rows.

    None where one of the ``runs`` is refused; none of them where figures are missing for another
    reason.
    """
    if any(row["status"] in REFUSED for row in rows):
        return None
    known = all(
        row["status"] == "ok" and row[name] is not None for row in rows for name in objectives
    )
    if len(rows) != runs or not known:
        return ()
    return tuple(joint.value(name, rows) for name in objectives)


def excess(rows: Sequence[Row], limits: Sequence[Limit]) -> float:
    """How far the row that is farthest beyond a limit is; infinite where a figure is not known."""
    figures = ((limit, row[limit.column]) for limit in limits for row in rows)
    distances = (math.inf if value is None else one.excess(value) for one, value in figures)
    return max(distances, default=0.0)


def front_of(found: Sequence[Design]) -> list[Design]:
    """Those that keep all limits and that no other of these beats, by objective."""
    kept = [design for design in found if not design.excess]
    values = np.array([design.scores for design in kept], dtype=np.float64)
    places = np.flatnonzero(pareto_front(values)).tolist()
    return sorted((kept[i] for i in places), key=lambda design: design.scores)
