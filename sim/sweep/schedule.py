"""Which tasks go to a worker together: those that share work."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import groupby
from typing import Any

from tilewright.sim.run.predict import mapping_of
from tilewright.sim.sweep.point import Task

CHUNK = 32
"""Tasks that a worker gets at once, at most."""


def chunks(tasks: Iterable[Task], workers: int) -> list[list[Task]]:
    """The tasks, in lots that share a network and a mapping (in RTL: a build) where any do.

    A lot is not larger than an equal part of the tasks, but that of RTL tasks holds all that need
    one build, so that no two workers want it at the same time.
    """
    ordered = sorted(tasks, key=_order)
    most = max(1, min(CHUNK, len(ordered) // (4 * workers)))
    lots: list[list[Task]] = []
    for _, group in groupby(ordered, key=_shared):
        members = list(group)
        if members[0].backend == "rtl":
            lots.append(members)
            continue
        lots += [members[i : i + CHUNK] for i in range(0, len(members), CHUNK)]
    return _joined(lots, most)


def _joined(lots: list[list[Task]], most: int) -> list[list[Task]]:
    """Small neighbours of one network put together, so that a worker keeps its network."""
    joined: list[list[Task]] = []
    for lot in lots:
        last = joined[-1] if joined else []
        if last and last[0].network == lot[0].network and len(last) + len(lot) <= most:
            last.extend(lot)
        else:
            joined.append(list(lot))
    return joined


def _shared(task: Task) -> tuple[Any, ...]:
    if task.backend == "rtl":
        return (task.config.hardware_key(),)
    return (task.network, _fields(mapping_of(task.config)))


def _order(task: Task) -> tuple[Any, ...]:
    return (*_shared(task), _fields(task.config), task.network)


def _fields(config: Any) -> tuple[int | str, ...]:
    return tuple(config.flat().values())
