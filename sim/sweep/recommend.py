"""Which design of a front to take, why, and the command that runs it in RTL.

The one with the smallest product of the objectives: twice as fast at twice the area counts as
equal, whatever the units are. No design beats it, so it is on the front. A weight of an objective
would be another way to say what `--objective` and `--limit` say.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from tilewright.hw.spec.config import Config, make_config
from tilewright.hw.spec.errors import RequestError
from tilewright.sim.command import command_line
from tilewright.sim.report.sweep_data import column_of
from tilewright.sim.sweep.candidate import Value, config_of_row
from tilewright.sim.sweep.grid import Axes
from tilewright.sim.sweep.joint import Design
from tilewright.sim.sweep.limits import Limit

HARDLY = 0.005
"""Relative distance to the best that is none in a text."""


def recommended(front: Sequence[Design]) -> Design:
    """The design of a front, which is not empty, with the smallest product of its objectives."""
    return min(front, key=lambda design: (*_product(design.scores), design.scores))


def _product(scores: Sequence[float]) -> tuple[int, float]:
    """Orders by the product, and where factors are 0 by the number of them and the others'."""
    positive = [score for score in scores if score > 0]
    return len(positive), math.fsum(map(math.log, positive))


def reasons(
    chosen: Design, front: Sequence[Design], objectives: Sequence[str], limits: Sequence[Limit]
) -> str:
    """Why it is this one: what it gives up against the best of the front in each objective."""
    titles = [column_of(name).label for name in objectives]
    within = " that keep " + " and ".join(limit.text for limit in limits) if limits else ""
    if len(front) == 1:
        return f"the best in {', '.join(titles)} of all designs{within}"
    best = [min(design.scores[i] for design in front) for i in range(len(objectives))]
    parts = [
        f"{title} {_against(score, least)}"
        for title, score, least in zip(titles, chosen.scores, best, strict=True)
    ]
    return (
        f"the smallest product of {', '.join(titles)} of the {len(front):,} designs on the front"
        f"{within}: {', '.join(parts)}"
    )


def _against(score: float, least: float) -> str:
    if score <= least * (1 + HARDLY):
        return "the best"
    return f"{score / least - 1:.0%} above the best" if least > 0 else "above the best"


def at_an_end(chosen: Design, axes: Axes) -> list[str]:
    """Fields in which the design has an end of the grid, and hardware beyond it can be built.

    Of fields with at least three values: of two, every one is an end.
    """
    row = chosen.rows[0]
    found: list[str] = []
    for name, values in axes.items():
        numbers = sorted(value for value in values if isinstance(value, int))
        if len(numbers) < 3 or row[name] not in (numbers[0], numbers[-1]):
            continue
        beyond = row[name] * 2 if row[name] == numbers[-1] else row[name] // 2
        if _builds({**overrides(config_of_row(row)), name: beyond}):
            found.append(name)
    return found


def _builds(values: Mapping[str, Value]) -> bool:
    try:
        make_config(values)
    except RequestError:
        return False
    return True


class Order(NamedTuple):
    """Networks as they are named in a command, the scenarios, fields that a sweep went through."""

    models: Sequence[str]
    scenarios: Mapping[str, Sequence[Value]]
    fields: Sequence[str]
    out: Path


def command_in_rtl(chosen: Design, order: Order) -> str:
    """Runs the design as RTL: `run` for one network, else a sweep of this one design."""
    config = config_of_row(chosen.rows[0])
    models = [part for model in order.models for part in ("--model", model)]
    if len(chosen.rows) == 1:
        words = ["run", *models, *_given("--set", overrides(config))]
        return command_line(words)
    asked = [name for name in order.fields if chosen.rows[0][name] is not None]
    own = [name for name in asked if name not in order.scenarios] or ["npu"]
    rest = {
        name: value
        for name, value in overrides(config).items()
        if name not in order.scenarios and name not in own
    }
    words = [
        *("sweep", *models),
        *_given("--grid", {name: config.flat()[name] for name in own}),
        *_given("--set", rest),
        *_given("--scenario", order.scenarios),
        *("--backend", "rtl", "--out", str(order.out / "rtl")),
    ]
    return command_line(words)


def overrides(config: Config) -> dict[str, Value]:
    """The fewest fields over the defaults that make this configuration."""
    needed: dict[str, Value] = dict(config.flat())
    for name in config.flat():
        fewer = {key: value for key, value in needed.items() if key != name}
        if _makes(fewer, config):
            needed = fewer
    return needed


def _makes(values: Mapping[str, Value], config: Config) -> bool:
    try:
        return make_config(values) == config
    except RequestError:
        return False


def _given(option: str, values: Mapping[str, Value | Sequence[Value]]) -> list[str]:
    return [part for name, value in values.items() for part in (option, f"{name}={_text(value)}")]


def _text(value: Value | Sequence[Value]) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if isinstance(value, int | str) else ",".join(map(_text, value))
