"""The front of a model sweep, once more in RTL."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tilewright.hw.spec.config import FIELDS
from tilewright.sim.networks.network_file import NetworkFile
from tilewright.sim.progress import Progress
from tilewright.sim.report.units import counted
from tilewright.sim.sweep.campaign import Executor
from tilewright.sim.sweep.candidate import config_of_row
from tilewright.sim.sweep.meter import Meter
from tilewright.sim.sweep.point import Task
from tilewright.sim.sweep.store import Store


def verify_front(
    store: Store, executor: Executor, networks: Sequence[NetworkFile], progress: Progress
) -> int:
    """Fill ``rtl_cycles`` and ``rtl_mismatches`` of the points on the front that lack them.

    Returns the number of points on the front that RTL contradicts: that fail there, or whose
    outputs are wrong.
    """
    network_of = {network.name: network.sha256 for network in networks}
    front = [row for row in store.front(["id"]) if row["model"] in network_of]
    tasks = [_task(row, network_of) for row in front if row["rtl_mismatches"] is None]
    builds = len({task.config.hardware_key() for task in tasks})
    progress.note(
        f"{counted(len(tasks), 'point')} of the front to RTL, in {counted(builds, 'build')}"
    )
    failed = 0
    with Meter(progress.console, "RTL", len(tasks)) as meter:
        for outcome in executor.outcomes(tasks):
            failed += outcome.mismatches is None
            store.set_verified(
                outcome.key, outcome.figures.get("cycles"), outcome.mismatches, outcome.error
            )
            if outcome.error:
                row = next(row for row in front if row["key"] == outcome.key)
                progress.note(f"{row['model']} on {_short(row)}: {outcome.error}", style="red")
            meter.count(outcome.status)
    wrong = sum(bool(row["rtl_mismatches"]) for row in store.front(["id"]))
    return failed + wrong


def _task(row: dict[str, Any], network_of: dict[str, str]) -> Task:
    return Task(row["key"], network_of[row["model"]], "rtl", config_of_row(row))


def _short(row: dict[str, Any]) -> str:
    return " ".join(f"{name}={row[name]}" for name in FIELDS if row[name] is not None)
