"""Search: which configurations to evaluate, where a grid is too large to evaluate all of it.

Optuna's NSGA-II is asked for a generation at a time and told the results in the order in which it
asked. So neither the number of workers nor their speed changes what it does, and an interrupted
search is resumed by doing it again with the results that are stored.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sim.sweep.candidate import Candidate, Value
from sim.sweep.plan import Plan
from sim.sweep.request import Search

POPULATION = 24

FRUITLESS_GENERATIONS = 50
"""Without a configuration that is new: the grid holds no more, or the constraints exclude them."""

Scores = tuple[float, ...] | None
"""Objectives of a configuration; None where it has none."""


def search(
    plan: Plan,
    order: Search,
    objectives: int,
    evaluate: Callable[[Sequence[Candidate]], Sequence[Scores]],
) -> int:
    """Have ``order.budget`` configurations of ``plan`` evaluated; returns how many there were.

    There are fewer where the plan holds no more. ``evaluate`` gets configurations that it has not
    seen, and answers ``objectives`` figures for each, to be minimised.
    """
    import optuna

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    study = optuna.create_study(
        directions=[optuna.study.StudyDirection.MINIMIZE] * objectives,
        sampler=optuna.samplers.NSGAIISampler(population_size=POPULATION, seed=order.seed),
    )
    known: dict[str, Scores] = {}
    fruitless = 0
    while len(known) < order.budget and fruitless < FRUITLESS_GENERATIONS:
        trials = [study.ask() for _ in range(POPULATION)]
        asked = [plan.at(_suggested(trial, plan)) for trial in trials]
        new = {
            chosen.identity: chosen
            for chosen in asked
            if chosen is not None and chosen.identity not in known
        }
        new = dict(list(new.items())[: order.budget - len(known)])
        fruitless = 0 if new else fruitless + 1
        known |= dict(zip(new, evaluate(list(new.values())), strict=True))
        for trial, chosen in zip(trials, asked, strict=True):
            scores = known.get(chosen.identity) if chosen is not None else None
            if scores is None:
                study.tell(trial, state=optuna.trial.TrialState.FAIL)
            else:
                study.tell(trial, scores)
    return len(known)


def aggregated(
    rows: Sequence[Mapping[str, Any]], objectives: Sequence[str], networks: int
) -> Scores:
    """The objectives of a configuration: each the geometric mean over its networks' rows.

    None unless all ``networks`` have a row that is "ok".
    """
    if len(rows) != networks or any(row["status"] != "ok" for row in rows):
        return None
    columns = [[row[name] for row in rows] for name in objectives]
    if any(value is None for column in columns for value in column):
        return None
    return tuple(_geometric_mean(column) for column in columns)


def _geometric_mean(values: Sequence[float]) -> float:
    if min(values) <= 0:
        return 0.0
    return math.exp(math.fsum(math.log(value) for value in values) / len(values))


def _suggested(trial: Any, plan: Plan) -> dict[str, Value]:
    """Values of the fields that vary. Numbers are suggested by their rank, so that near is near."""
    chosen: dict[str, Value] = {}
    for key, values in plan.axes.items():
        if any(isinstance(value, str) for value in values):
            chosen[key] = trial.suggest_categorical(key, values)
        else:
            ranked = sorted(values)
            chosen[key] = ranked[trial.suggest_int(key, 0, len(ranked) - 1)]
    return chosen
