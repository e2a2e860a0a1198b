"""The code cache: which lines of firmware's code a step runs, and which of them it must fetch.

The cache has one way: a line of main memory has one place in it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

ALWAYS = "step"
"""The path that each operator takes."""


@dataclass(frozen=True)
class Stretch:
    """Lines of code next to each other.

    Attributes
    ----------
    lines: their numbers, from main memory's first on.
    paths: taking any of these runs them (names of `sim.model.cpu.paths`).
    """

    lines: range
    paths: frozenset[str] = frozenset({ALWAYS})


Routine = Sequence[Stretch]
"""Code in the order in which it is first run, and lines again that are run again at the end."""


def lines_run(routine: Routine, taken: Collection[str] = (ALWAYS,)) -> tuple[int, ...]:
    """Lines that a routine runs on some of its paths, in order."""
    return tuple(
        line for stretch in routine if not stretch.paths.isdisjoint(taken) for line in stretch.lines
    )


class CodeCache:
    """What the cache holds.

    ``places``: lines that it can hold. ``held``: numbers of lines that were fetched before, in
    order.
    """

    def __init__(self, places: int, held: Iterable[int] = ()) -> None:
        self._places = places
        self._held: dict[int, int] = {}
        self._fetch(held)

    def run(self, lines: Sequence[int]) -> int:
        """Run these; returns how many more are fetched than if they had just run before.

        So lines that push each other out do not count: they are fetched each time.
        """
        cold = self._fetch(lines)
        return cold - self._fetch(lines) if cold else 0

    def _fetch(self, lines: Iterable[int]) -> int:
        missed = 0
        for line in lines:
            place = line % self._places
            if self._held.get(place) != line:
                self._held[place] = line
                missed += 1
        return missed
