"""Whether a sweep may go on in a database that is there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

from tilewright.hw.spec.errors import RequestError
from tilewright.sim.files import writing
from tilewright.sim.networks.network_file import NetworkFile
from tilewright.sim.sweep.database import damaged, database_errors
from tilewright.sim.sweep.request import SweepRequest
from tilewright.sim.sweep.store import Store
from tilewright.sim.sweep.version import source_version
from tilewright.sim.version import origin

_META: Mapping[str, Any] = {
    "command": str,
    "begun_by": str,
    "version": str,
    "backend": str,
    "objectives": list,
    "models": list,
    "networks": dict,
    "plan": dict,
    "fields": list,
    "search": (dict, type(None)),
}
"""What a sweep stores of itself, see `_about`, and of which kind it is."""


class Opening(NamedTuple):
    """The database, the networks by the names that they have in it, and what is to be said."""

    store: Store
    networks: tuple[NetworkFile, ...]
    remarks: list[str]


def open_store(request: SweepRequest, networks: Sequence[NetworkFile]) -> Opening:
    """The database of the sweep, new or resumed; remarks say what differs from before.

    One that holds no more than refused points is begun anew: whoever corrects a command need not
    name another folder. Raises RequestError where there is one and nobody asked to resume it, and
    where its points and those of this sweep cannot stand in one table.
    """
    path = request.out / "results.sqlite"
    with writing(path):
        is_new = not path.exists() or not path.stat().st_size
    if is_new:
        remarks = [f"{path} is not there yet: nothing to resume"] if request.resume else []
        return _begun(Store.create(path), request, networks, remarks)
    store = Store.open(path)
    try:
        with database_errors(path):
            if not store.evaluated():
                store.clear()
                return _begun(store, request, networks, [])
            return _resumed(path, store, request, networks)
    except BaseException:
        store.close()
        raise


def _begun(
    store: Store, request: SweepRequest, networks: Sequence[NetworkFile], remarks: list[str]
) -> Opening:
    store.set_meta({**_about(request, networks), "begun_by": request.command})
    store.commit()
    return Opening(store, tuple(networks), remarks)


def _resumed(
    path: Path, store: Store, request: SweepRequest, networks: Sequence[NetworkFile]
) -> Opening:
    if not request.resume:
        raise RequestError(
            f"{path}: is there already; go on with it by --resume, or choose another --out"
        )
    before = _whole_meta(path, store)
    networks = _named_as_before(path, networks, before["networks"])
    about = _about(request, networks)
    _refuse_others(path, before, about)
    # Points of before stay, with the names of their networks and the version that made them.
    kept = {"networks": {**before["networks"], **about["networks"]}, "version": before["version"]}
    store.set_meta({**about, **kept})
    store.commit()
    return Opening(store, networks, _remarks(before, about))


def _whole_meta(path: Path, store: Store) -> Mapping[str, Any]:
    """What the sweep was about. Raises RequestError where a part is missing or another thing."""
    meta = store.meta()
    for part, kind in _META.items():
        if not isinstance(meta.get(part, ()), kind):
            raise RequestError(damaged(path, f"its table meta has no {part} of a sweep"))
    for about in meta["networks"].values():
        keys = ("path", "sha256")
        if not isinstance(about, dict) or not all(isinstance(about.get(k), str) for k in keys):
            raise RequestError(damaged(path, "its table meta has no networks of a sweep"))
    return meta


def _named_as_before(
    path: Path, networks: Sequence[NetworkFile], before: Mapping[str, Mapping[str, Any]]
) -> tuple[NetworkFile, ...]:
    """The networks by the names that their points have; new ones by a name that none has.

    Raises RequestError where a file's network is another one than before.
    """
    stored = {about["sha256"]: name for name, about in before.items()}
    paths = {about["path"] for about in before.values()}
    named: list[NetworkFile] = []
    for network in networks:
        name = stored.get(network.sha256, network.name)
        if network.sha256 not in stored and network.path in paths:
            raise RequestError(
                f"{path}: its points of {network.path} are those of another network, that the file "
                "held before; choose another --out"
            )
        if network.sha256 not in stored and name in before:
            name = network.path
        named.append(replace(network, name=name))
    return tuple(named)


def _about(request: SweepRequest, networks: Sequence[NetworkFile]) -> dict[str, Any]:
    """What goes into the table ``meta``: ``command`` is the last one, which the files show."""
    return {
        "command": request.command,
        "version": source_version(),
        "origin": origin(),
        "backend": request.backend,
        "objectives": list(request.objectives),
        "limits": [limit.text for limit in request.limits],
        "joint": {"kind": request.joint, "weights": dict(request.weights)},
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


def _refuse_others(path: Path, before: Mapping[str, Any], now: Mapping[str, Any]) -> None:
    """Refuse what would mix up."""
    fixed = ["backend"]
    if before["search"] or now["search"]:
        # A search that is told of other results, or has others to choose from, is another one.
        fixed += ["search", "models", "objectives", "limits", "joint", "plan", "version"]
    for part in fixed:
        if before[part] != now[part]:
            raise RequestError(
                f"{path}: cannot be resumed: {_difference(part, before[part], now[part])}; repeat "
                f"the command that began it ({before['begun_by']}), or choose another --out"
            )


def _remarks(before: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    remarks = [
        f"Not as before: {_difference(part, before[part], now[part])}. Stored points stay; "
        "those that are not asked for now are not shown."
        for part in ("models", "objectives", "limits", "joint", "plan")
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
