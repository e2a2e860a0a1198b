"""What a sweep answers: the joint front, the design to take, or which comes nearest the limits."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tilewright.hw.spec.config import FIELDS
from tilewright.sim.report.sweep_data import column_of
from tilewright.sim.report.units import count, quantity
from tilewright.sim.sweep import grid
from tilewright.sim.sweep.joint import Design, Joint, designs, front_of
from tilewright.sim.sweep.limits import Limit
from tilewright.sim.sweep.plan import Plan
from tilewright.sim.sweep.recommend import Order, at_an_end, command_in_rtl, reasons, recommended
from tilewright.sim.sweep.request import SweepRequest
from tilewright.sim.sweep.schema import OF_THE_CHIP
from tilewright.sim.sweep.store import Store


@dataclass(frozen=True)
class Recommendation:
    """The design to take; its fields that were gone through, why, and how to run it as RTL."""

    design: Design
    name: str
    figures: str
    why: str
    command: str


@dataclass(frozen=True)
class Answer:
    """The answer over all networks and scenarios.

    Attributes
    ----------
    joint: how runs become one figure, and ``described`` in words; None of those for a single run.
    runs: networks times scenarios.
    fields: of a design, those that the sweep went through.
    scenarios: values by field.
    complete: designs that run every network in every scenario.
    front: those of them that keep all limits and that none beats.
    recommendation: None where no design keeps the limits, or none is complete.
    """

    joint: Joint
    described: str | None
    runs: int
    objectives: tuple[str, ...]
    fields: tuple[str, ...]
    scenarios: grid.Axes
    limits: tuple[Limit, ...]
    complete: tuple[Design, ...]
    front: tuple[Design, ...]
    recommendation: Recommendation | None

    @property
    def missed(self) -> str | None:
        """Which design comes nearest the limits, and by how much, where none keeps them."""
        if not self.limits or self.front or not self.complete:
            return None
        nearest = min(self.complete, key=lambda design: (design.excess, design.scores))
        parts = [part for limit in self.limits if (part := _missed(limit, nearest))]
        return f"nearest comes {named(nearest, self.fields)}: {', '.join(parts)}"

    def to_meta(self) -> dict[str, Any]:
        """For the table ``meta``, from which pages read it."""
        taken = self.recommendation
        return {
            "described": self.described,
            "fields": list(self.fields),
            "limits": [limit.text for limit in self.limits],
            "designs": [
                {
                    "fields": [design.rows[0][name] for name in self.fields],
                    "scores": list(design.scores),
                    "points": [row["id"] for row in design.rows],
                    "recommended": taken is not None and design is taken.design,
                }
                for design in self.front
            ],
            "recommended": taken
            and {
                "name": taken.name,
                "figures": taken.figures,
                "why": taken.why,
                "command": taken.command,
            },
            "missed": self.missed,
        }


def answer(store: Store, request: SweepRequest, joint: Joint, networks: int) -> Answer:
    """Work it out from the requested points, and mark them with it."""
    plan = request.plan
    runs = networks * grid.size(plan.scenarios)
    apart = plan.not_the_designs
    found = designs(store.requested(), apart, runs, request.objectives, joint, request.limits)
    front = front_of(found)
    fields = tuple(name for name in FIELDS if name in plan.fields and name not in apart)
    taken = recommended(front) if front else None
    described = joint.described(networks, grid.size(plan.scenarios)) if runs > 1 else None
    recommendation = None
    if taken is not None:
        out = request.out if request.kept else Path()
        order = Order(request.models, plan.scenarios, fields, out)
        figures = ", ".join(
            f"{column_of(name).label} {figure(name, score)}"
            for name, score in zip(request.objectives, taken.scores, strict=True)
        )
        recommendation = Recommendation(
            design=taken,
            name=named(taken, fields),
            figures=figures + (f" ({described})" if described else ""),
            why=reasons(taken, front, request.objectives, request.limits) + _beyond(taken, plan),
            command=command_in_rtl(taken, order),
        )
    result = Answer(
        joint=joint,
        described=described,
        runs=runs,
        objectives=request.objectives,
        fields=fields,
        scenarios=plan.scenarios,
        limits=request.limits,
        complete=tuple(found),
        front=tuple(front),
        recommendation=recommendation,
    )
    store.mark_joint(
        [row["id"] for design in front for row in design.rows],
        [row["id"] for row in taken.rows] if taken else [],
    )
    store.set_meta({"answer": result.to_meta()})
    store.commit()
    return result


def _beyond(taken: Design, plan: Plan) -> str:
    """That the grid ends at the design, so that better ones may lie beyond."""
    ends = at_an_end(taken, plan.axes)
    are = "is" if len(ends) == 1 else "are"
    return f"; {', '.join(ends)} {are} at an end of the grid, try values beyond" if ends else ""


def named(design: Design, fields: Sequence[str]) -> str:
    """A design by its fields; those of the accelerator are not there where there is none."""
    row = design.rows[0]
    return " ".join(f"{name}={row[name]}" for name in fields if row[name] is not None)


def figure(name: str, value: float) -> str:
    """A column's value with its unit, as people read it."""
    unit = column_of(name).unit
    if unit in ("s", "J"):
        return quantity(value, unit)
    if unit == "%":
        return f"{value:.1%}"
    text = count(round(value)) if value >= 1000 or value == round(value) else f"{value:.3g}"
    return f"{text} {unit}".strip()


def _missed(limit: Limit, design: Design) -> str | None:
    """By how much the design's worst run misses the limit; None where it keeps it."""
    worst: tuple[float, Mapping[str, Any]] = (0.0, {})
    for row in design.rows:
        value = row[limit.column]
        if value is None:
            return f"{column_of(limit.column).label} is not known, limit {limit.text}"
        if (far := limit.excess(value)) > worst[0]:
            worst = far, row
    far, row = worst
    if not far:
        return None
    distance = f"{far:.2%}" if math.floor(far * 100) < 10 else f"{far:,.0%}"
    side = "above" if limit.sign in ("<=", "<") else "below"
    value = figure(limit.column, row[limit.column])
    title = column_of(limit.column).label
    run = "" if limit.column in OF_THE_CHIP else f" for {row['model']}"
    return f"{title} {value}{run}, {distance} {side} {limit.text}"
