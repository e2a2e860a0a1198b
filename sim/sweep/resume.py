"""Whether a sweep may go on in a database that is there."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from hw.spec.errors import RequestError
from sim.network_file import NetworkFile
from sim.report.units import counted
from sim.sweep.request import SweepRequest
from sim.sweep.store import Store
from sim.sweep.version import source_version


def open_store(request: SweepRequest, networks: Sequence[NetworkFile]) -> tuple[Store, list[str]]:
    """The database of the sweep, new or resumed, and remarks on what differs from before.

    Raises RequestError where there is one and nobody asked to resume it, and where its points and
    those of this sweep cannot stand in one table.
    """
    path = request.out / "results.sqlite"
    about = _about(request, networks)
    if not path.exists() or not path.stat().st_size:
        store = Store.create(path)
        remarks = [f"{path} is not there yet: nothing to resume"] if request.resume else []
    else:
        store = Store.open(path)
        try:
            remarks = _check(path, store, request, about)
        except sqlite3.DatabaseError as error:
            store.close()
            raise RequestError(
                f"{path}: is damaged: {error}; choose another --out ({request.out / 'results.csv'} "
                "may have its points)"
            ) from None
        except BaseException:
            store.close()
            raise
        if failed := store.forget_failed():
            remarks.append(f"{counted(failed, 'point')} that failed will be tried again")
        if store.counts():
            before = store.meta()
            about["networks"] = {**before["networks"], **about["networks"]}
            about["models"] = list(about["networks"])
            about["fields"] = sorted({*before["fields"], *about["fields"]})
    store.set_meta(about)
    store.commit()
    return store, remarks


def _about(request: SweepRequest, networks: Sequence[NetworkFile]) -> dict[str, Any]:
    """What goes into the table ``meta``."""
    return {
        "command": request.command,
        "version": source_version(),
        "backend": request.backend,
        "objectives": list(request.objectives),
        "models": [network.name for network in networks],
        "networks": {
            network.name: {
                "path": network.path,
                "sha256": network.sha256,
                "macs": network.graph.macs(),
                "parameters": network.graph.parameters(),
                "notes": list(network.notes),
            }
            for network in networks
        },
        "plan": request.plan.described(),
        "fields": request.plan.fields,
        "search": {"seed": request.search.seed} if request.search else None,
    }


def _check(path: Path, store: Store, request: SweepRequest, about: Mapping[str, Any]) -> list[str]:
    """Remarks on going on with what is stored; none where that is nothing."""
    if not store.counts():
        return []
    if not request.resume:
        raise RequestError(
            f"{path}: is there already; go on with it by --resume, or choose another --out"
        )
    before = store.meta()
    _refuse_others(path, before, about)
    return _remarks(before, about)


def _refuse_others(path: Path, before: Mapping[str, Any], now: Mapping[str, Any]) -> None:
    """Refuse what would mix up."""
    for name, network in now["networks"].items():
        there = before["networks"].get(name)
        if there and there["sha256"] != network["sha256"]:
            raise RequestError(
                f"{path}: its points of {name} are those of another network ({there['path']}); "
                "choose another --out"
            )
    fixed = ["backend"]
    if before["search"] or now["search"]:
        # A search that is told of other results, or has others to choose from, is another one.
        fixed += ["search", "models", "objectives", "plan", "version"]
    for part in fixed:
        if before[part] != now[part]:
            raise RequestError(
                f"{path}: cannot be resumed: {_difference(part, before[part], now[part])}; repeat "
                f"the command that began it ({before['command']}), or choose another --out"
            )


def _remarks(before: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    remarks = [
        f"Not as before: {_difference(part, before[part], now[part])}. Points that are stored stay."
        for part in ("models", "objectives", "plan")
        if before[part] != now[part]
    ]
    if before["version"] != now["version"]:
        remarks.append(
            "Tilewright's sources have changed since this sweep began: points that are stored may "
            "differ from new ones."
        )
    return remarks


def _difference(part: str, before: Any, now: Any) -> str:
    if part == "version":
        return "Tilewright's sources have changed since"
    if isinstance(before, dict) and isinstance(now, dict):
        for key in {**before, **now}:
            if before.get(key) != now.get(key):
                return _difference(key, before.get(key), now.get(key))
    return f"{part} was {_shown(before)}, now is {_shown(now)}"


def _shown(value: Any) -> str:
    if isinstance(value, dict):
        return " ".join(f"{key}={_shown(item)}" for key, item in value.items()) or "nothing"
    if isinstance(value, list):
        return ",".join(_shown(item) for item in value) or "nothing"
    return "nothing" if value is None else str(value)
