"""Search: which configurations to evaluate, where a grid is too large to evaluate all of it.

Optuna's multi-objective TPE is asked for a batch at a time and told the results in the order in
which it asked. So neither the number of workers nor their speed changes what it does, and an
interrupted search is resumed by doing it again with the results that are stored.

What it asks for a second time is replaced by a configuration drawn at random: small grids are then
searched to their end, and large ones are explored beside what is known to be good.
"""

from __future__ import annotations

import itertools
import math
import random
import warnings
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from tilewright.sim.sweep.candidate import Candidate, Value
from tilewright.sim.sweep.plan import MOST_COMBINATIONS, Plan
from tilewright.sim.sweep.request import Search

if TYPE_CHECKING:
    import optuna
    from optuna.trial import FrozenTrial

BATCH = 16
"""Configurations asked for at once; the first batch is drawn at random."""

DRAWS = 1000
"""At random for a batch, before all that the plan holds is looked at."""

REFUSALS = 10
"""Refused configurations for each that is to be evaluated, after which a search ends."""


class Score(NamedTuple):
    """Objectives of a configuration, none of them where it failed; how far it is beyond limits."""

    objectives: tuple[float, ...]
    excess: float = 0.0


Scores = Score | None
"""None where the configuration is refused."""

Evaluate = Callable[[Sequence[Candidate]], Sequence[Scores]]


class Found(NamedTuple):
    """Numbers of configurations."""

    evaluated: int
    refused: int


def search(plan: Plan, order: Search, objectives: int, evaluate: Evaluate) -> Found:
    """Have ``order.budget`` configurations of ``plan`` evaluated; returns how many there were.

    Refused ones do not count. There are fewer where the plan holds no more, and where `REFUSALS`
    as many were refused. ``evaluate`` gets configurations that it has not seen, and answers
    ``objectives`` figures for each, to be minimised.
    """
    sampler = _Sampler(plan, order.seed, objectives)
    evaluated = refused = 0
    while evaluated < order.budget and refused < REFUSALS * order.budget:
        batch = sampler.ask()
        if not batch:
            break
        scores: list[Scores] = []
        # In parts, so that a larger budget goes through the same configurations in the same order.
        while len(scores) < len(batch) and evaluated < order.budget:
            part = batch[len(scores) :][: order.budget - evaluated]
            found = evaluate([candidate for candidate, _ in part])
            scores += found
            refused += sum(one is None for one in found)
            evaluated += sum(one is not None for one in found)
        sampler.tell(batch, scores)
    return Found(evaluated, refused)


class _Sampler:
    """Optuna's study, and which configurations have been asked for.

    A configuration's parameters are, by field, the ranks of its values among those of the axis, so
    that Optuna sees near numbers as near.
    """

    def __init__(self, plan: Plan, seed: int, objectives: int) -> None:
        import optuna

        optuna.logging.set_verbosity(optuna.logging.WARNING)
        self._plan = plan
        self._axes = {key: _ranked(values) for key, values in plan.axes.items()}
        self._random = random.Random(seed)
        self._distributions = {key: _distribution(values) for key, values in self._axes.items()}
        with warnings.catch_warnings():
            # Fields are chosen together, which Optuna calls an experiment.
            warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
            sampler = optuna.samplers.TPESampler(
                seed=seed, multivariate=True, n_startup_trials=BATCH
            )
        minimize = optuna.study.StudyDirection.MINIMIZE
        self._study = optuna.create_study(directions=[minimize] * objectives, sampler=sampler)
        self._rest: list[dict[str, int]] | None = None
        self.known: set[str] = set()
        """Configurations that were evaluated or refused."""

    def ask(self) -> list[tuple[Candidate, dict[str, int]]]:
        """A batch of configurations that are new, with their parameters; none if none are left."""
        import optuna

        found: dict[str, tuple[Candidate, dict[str, int]]] = {}
        for trial in [self._study.ask(self._distributions) for _ in range(BATCH)]:
            self._take(found, dict(trial.params))
            # Told by `tell` under a number of its own, as those drawn at random are.
            self._study.tell(trial, state=optuna.trial.TrialState.FAIL)
        draws = DRAWS
        while len(found) < BATCH and draws:
            draws -= 1
            ranks = {key: self._random.randrange(len(axis)) for key, axis in self._axes.items()}
            self._take(found, ranks)
        if len(found) < BATCH and self._plan.combinations <= MOST_COMBINATIONS:
            self._take_rest(found)
        return list(found.values())

    def tell(
        self, batch: Sequence[tuple[Candidate, dict[str, int]]], scores: Sequence[Scores]
    ) -> None:
        """What became of the first ``len(scores)`` of the batch."""
        for (chosen, ranks), score in zip(batch, scores, strict=False):
            self.known.add(chosen.identity)
            if score is None:
                self._study.add_trial(self._infeasible(ranks))
            elif score.objectives:
                self._study.add_trial(self._complete(ranks, score))

    def _complete(self, ranks: dict[str, int], score: Score) -> FrozenTrial:
        """Beyond a limit it breaks a constraint: the farther the more, less than refused ones."""
        import optuna

        beyond = score.excess / (1 + score.excess) if math.isfinite(score.excess) else 1.0
        return optuna.trial.create_trial(
            params=ranks,
            distributions=self._distributions,
            values=[*map(float, score.objectives)],
            constraints={"limits": beyond} if beyond else None,
        )

    def _infeasible(self, ranks: dict[str, int]) -> FrozenTrial:
        """Breaks a constraint, and so comes after all that have values."""
        import optuna

        return optuna.trial.create_trial(
            state=optuna.trial.TrialState.PRUNED,
            params=ranks,
            distributions=self._distributions,
            constraints={"refused": 1.0},
        )

    def _take_rest(self, found: dict[str, tuple[Candidate, dict[str, int]]]) -> None:
        """Look at all combinations, since few are new, or few are allowed."""
        if self._rest is None:
            self._rest = [
                ranks
                for numbers in itertools.product(*map(range, map(len, self._axes.values())))
                if self._at(ranks := dict(zip(self._axes, numbers, strict=True))) is not None
            ]
            self._random.shuffle(self._rest)
        while self._rest and len(found) < BATCH:
            self._take(found, self._rest.pop())

    def _at(self, ranks: Mapping[str, int]) -> Candidate | None:
        return self._plan.at({key: axis[ranks[key]] for key, axis in self._axes.items()})

    def _take(
        self, found: dict[str, tuple[Candidate, dict[str, int]]], ranks: dict[str, int]
    ) -> None:
        chosen = self._at(ranks)
        if chosen is not None and chosen.identity not in self.known:
            found.setdefault(chosen.identity, (chosen, ranks))


def _ranked(values: Sequence[Value]) -> list[Value]:
    numbers = [value for value in values if isinstance(value, int)]
    return [*sorted(numbers), *(value for value in values if isinstance(value, str))]


def _distribution(axis: Sequence[Value]) -> optuna.distributions.BaseDistribution:
    """Of ranks: in order for numbers, without any for words."""
    import optuna

    if any(isinstance(value, str) for value in axis):
        return optuna.distributions.CategoricalDistribution(range(len(axis)))
    return optuna.distributions.IntDistribution(0, len(axis) - 1)
