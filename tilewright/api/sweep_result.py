"""What a sweep found."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tilewright.api.frames import to_frame
from tilewright.hw.spec.config import FIELDS, Config
from tilewright.hw.spec.errors import TilewrightError
from tilewright.sim.report.units import counted
from tilewright.sim.sweep.answer import Answer, Recommendation
from tilewright.sim.sweep.candidate import config_of_row
from tilewright.sim.sweep.joint import Design
from tilewright.sim.sweep.point import REFUSED, Status
from tilewright.sim.sweep.schema import COLUMNS, SCHEMA
from tilewright.sim.sweep.store import Store
from tilewright.sim.sweep.summary import joint_row
from tilewright.sim.version import origin

if TYPE_CHECKING:
    import pandas as pd

_INNER = ("id", "key", "requested")
"""Columns that mean nothing outside the database."""

_SHOWN = tuple(name for name in COLUMNS if name not in _INNER)
_MARKS = ("within_limits", "on_front", "on_joint_front", "recommended")


@dataclass(frozen=True, kw_only=True)
class Point:
    """A network on a configuration.

    Attributes
    ----------
    network: its name.
    status: "ok"; "invalid" for what cannot be built, "unmappable" for what the network does not
        fit, "failed" for what went wrong: ``error`` says why, and figures are None.
    cycles, latency_s, energy_j, area_ge: of an inference and of the chip.
    on_front: no other design beats it for this network (in its scenario); of all networks and
        scenarios together, ``on_joint_front``.
    within_limits: it keeps all limits.
    recommended: it is of the design to take.
    row: all columns of results.csv by name, fields of the configuration included.
    """

    network: str
    status: Status
    error: str | None
    cycles: int | None
    latency_s: float | None
    energy_j: float | None
    area_ge: float | None
    on_front: bool
    on_joint_front: bool
    within_limits: bool
    recommended: bool
    row: Mapping[str, Any]

    @property
    def config(self) -> Config | None:
        """The hardware; None where it cannot be built."""
        return None if self.status == "invalid" else config_of_row({n: self.row[n] for n in FIELDS})


@dataclass(frozen=True, repr=False)
class Sweep:
    """Points and the answer over them.

    Attributes
    ----------
    points: every point that was asked for, in the order in which they were done.
    answer: fields, objectives, limits, the joint front's designs, the design to take.
    error: what `sweep` would have raised; None where all went well.
    """

    points: tuple[Point, ...]
    answer: Answer
    error: TilewrightError | None

    @property
    def fronts(self) -> dict[str, tuple[Point, ...]]:
        """By network the points that no other one beats, by the first objective."""
        first = self.answer.objectives[0]
        found: dict[str, list[Point]] = {point.network: [] for point in self.points}
        for point in sorted(
            (point for point in self.points if point.on_front), key=lambda p: p.row[first]
        ):
            found[point.network].append(point)
        return {network: tuple(points) for network, points in found.items()}

    @property
    def joint_front(self) -> tuple[Design, ...]:
        """Designs that keep all limits and that none beats over all networks and scenarios.

        `Design.scores` are the objectives, in their order; `config_of` gives their hardware.
        """
        return self.answer.front

    @property
    def recommendation(self) -> Recommendation | None:
        """The design to take, why, and what runs it in RTL; None where there is none."""
        return self.answer.recommendation

    @property
    def best(self) -> Config | None:
        """The recommended hardware; of several scenarios, in the first one."""
        taken = self.recommendation
        return None if taken is None else self.config_of(taken.design)

    @staticmethod
    def config_of(design: Design) -> Config:
        """A design's hardware; of several scenarios, in the first one."""
        return config_of_row({name: design.rows[0][name] for name in FIELDS})

    def to_frame(self) -> pd.DataFrame:
        """A row a point with the columns of results.csv. Raises RequestError without pandas."""
        return to_frame((point.row for point in self.points), _SHOWN)

    def front_frame(self) -> pd.DataFrame:
        """A row a design of the joint front: fields that were gone through, objectives, limits.

        Raises RequestError without pandas.
        """
        limited = (limit.column for limit in self.answer.limits)
        figures = tuple(dict.fromkeys((*self.answer.objectives, *limited)))
        taken = self.recommendation
        rows = (
            {
                **joint_row(design, figures, self.answer),
                "recommended": taken is not None and design is taken.design,
            }
            for design in self.joint_front
        )
        return to_frame(rows, (*self.answer.fields, *figures, "recommended"))

    def to_dict(self) -> dict[str, Any]:
        """A JSON document, schema ``tilewright.sweep/2`` as of the database: points, answer."""
        return {
            "schema": SCHEMA,
            **origin(),
            "objectives": list(self.answer.objectives),
            "answer": self.answer.to_meta(),
            "points": [dict(point.row) for point in self.points],
        }

    def __repr__(self) -> str:
        refused = sum(point.status in REFUSED for point in self.points)
        said = f", {refused:,} refused" if refused else ""
        front = counted(len(self.joint_front), "design")
        return f"<Sweep of {counted(len(self.points), 'point')}{said}; {front} on the joint front>"


def points_of(store: Store) -> tuple[Point, ...]:
    """The points that were asked for."""
    return tuple(_point(row) for row in store.requested())


def _point(stored: Mapping[str, Any]) -> Point:
    row = {name: stored[name] for name in _SHOWN}
    row |= {name: bool(stored[name]) for name in _MARKS}
    return Point(
        network=row["model"],
        status=row["status"],
        error=row["error"],
        cycles=row["cycles"],
        latency_s=row["latency_s"],
        energy_j=row["energy_j"],
        area_ge=row["area_ge"],
        on_front=row["on_front"],
        on_joint_front=row["on_joint_front"],
        within_limits=row["within_limits"],
        recommended=row["recommended"],
        row=row,
    )
