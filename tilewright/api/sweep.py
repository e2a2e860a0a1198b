"""Many configurations of several networks."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Literal, cast, get_args

from tilewright.api.arguments import hardware, require_choice, require_mapping
from tilewright.api.networks import Listener, Network, load
from tilewright.api.sweep_result import Sweep, points_of
from tilewright.hw.spec.config import Config, typed_values
from tilewright.hw.spec.errors import RequestError, TilewrightError
from tilewright.hw.spec.quoted import quoted
from tilewright.sim.progress import silent, told_to
from tilewright.sim.sweep.answer import Answer
from tilewright.sim.sweep.candidate import Backend
from tilewright.sim.sweep.files import write_files
from tilewright.sim.sweep.grid import axes_of
from tilewright.sim.sweep.joint import Kind
from tilewright.sim.sweep.limits import parse_limits
from tilewright.sim.sweep.networks import named_apart
from tilewright.sim.sweep.plan import Plan
from tilewright.sim.sweep.points_file import read_points
from tilewright.sim.sweep.pool import all_cores
from tilewright.sim.sweep.recommend import overrides
from tilewright.sim.sweep.request import (
    LARGEST_SEED,
    Search,
    SweepRequest,
    known_objectives,
    refuse_contradictions,
    weights_of,
)
from tilewright.sim.sweep.store import Store
from tilewright.sim.sweep.sweep import sweep as run_sweep
from tilewright.sim.sweep.where import Where
from tilewright.sim.verbs.options import whole_number

Value = int | str
Axis = Value | Iterable[Value]
"""Values of a field: one, several, or a text such as ``2..16..2``."""

_COMMAND = "tilewright.sweep(...)"
"""Stands for the command in messages and in the database."""


def sweep(
    networks: str | Path | Network | Sequence[str | Path | Network],
    grid: Mapping[str, Axis] | None = None,
    *,
    points: str | Path | Sequence[Mapping[str, Value]] | None = None,
    base: Config | None = None,
    where: str | Sequence[str] = (),
    scenarios: Mapping[str, Axis] | None = None,
    limits: str | Sequence[str] = (),
    objectives: str | Sequence[str] = (),
    joint: Literal["mean", "worst"] = "mean",
    weights: Mapping[str, float] | None = None,
    search: int | None = None,
    seed: int | None = None,
    backend: Literal["model", "rtl"] = "model",
    verify_front: bool = False,
    jobs: int | None = None,
    cluster: str | None = None,
    out: str | Path | None = None,
    resume: bool = False,
    check: bool = True,
    progress: Listener | None = None,
) -> Sweep:
    """Evaluate networks on combinations of fields, or on a list, and find the best designs.

    The arguments are the options of `python -m sim sweep`, and messages call them so
    (docs/tutorial-sweep.md).

    Parameters
    ----------
    networks: one or several: files, names of built-in networks, or what `load` gave.
    grid: values by field: ``{"rows": [4, 8, 16], "cols": "4..16*2"}``.
    points: overrides of the base, a mapping a point, or a .csv or .json file of them.
    base: what holds for all points; the preset "default".
    where: conditions on fields, of which all must hold: "rows * cols <= 256".
    scenarios: values by field of what is not yours to choose; each design meets all of them.
    limits: what results must be: "energy <= 1 mJ".
    objectives: columns to minimise; latency_s, energy_j and area_ge where none is named.
    joint: over networks and scenarios: the geometric mean, or the worst case.
    weights: by network, how much it counts in the mean; 1 for others.
    search: evaluate so many configurations that a search chooses, from ``seed`` on.
    backend: "model", or "rtl" for every point.
    verify_front: simulate the points of the front in RTL.
    jobs: processes; one for each core where None.
    cluster: of Dask: "tcp://host:port", or "local:N" to start one.
    out: folder for the database, table and page; without it nothing is kept on the disk.
    resume: go on with what is in ``out``.
    check: whether to raise what is wrong with results. If not, it is in `Sweep.error`.
    progress: is called with a line of text now and then.

    Raises RequestError where the request is wrong; with ``check`` also where no point could be
    evaluated or no design keeps the limits, TilewrightError where points failed, and CheckError
    where RTL contradicts.
    """
    require_choice("backend", backend, get_args(Backend))
    require_choice("joint", joint, get_args(Kind))
    for name, values in (("grid", grid), ("scenarios", scenarios), ("weights", weights)):
        require_mapping(name, values)
    if resume and out is None:
        raise RequestError("resume: needs out, the folder of the sweep to go on with")
    told = silent() if progress is None else told_to(progress)
    given = (
        [networks] if isinstance(networks, str | Path | Network) else _list("networks", networks)
    )
    if not given:
        raise RequestError("nothing to sweep: give at least one network")
    loaded = [one if isinstance(one, Network) else load(one, progress=progress) for one in given]
    models = tuple(network.model for network in loaded)
    refuse_contradictions(
        grid=bool(grid),
        points=points is not None,
        weights=bool(weights),
        joint=joint,
        search=search is not None,
        seed=seed is not None,
        jobs=jobs is not None,
        cluster=cluster,
        backend=backend,
        verify_front=verify_front,
    )
    with ExitStack() as stack:
        folder = (
            Path(out)
            if out is not None
            else Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="tilewright-sweep-")))
        )
        request = SweepRequest(
            models=models,
            plan=Plan(
                overrides(hardware(base, "base")),
                _listed(points),
                axes_of(grid or {}),
                Where(_texts(where)),
                axes_of(scenarios or {}, "--scenario"),
            ),
            out=folder,
            command=_COMMAND,
            search=_search(search, seed),
            backend=backend,
            objectives=known_objectives(_texts(objectives)),
            limits=parse_limits(_texts(limits)),
            joint=joint,
            weights=weights_of((weights or {}).items(), models),
            jobs=all_cores() if jobs is None else whole_number("--jobs", str(jobs), 1),
            cluster=cluster,
            resume=resume,
            going_on="the same call of tilewright.sweep with resume=True",
            kept=out is not None,
            verify_front=verify_front,
            read={
                "--model": [Path(model) for model in models],
                "--points": [Path(points)] if isinstance(points, str | Path) else [],
            },
        )
        found: list[Sweep] = []

        def publish(store: Store, answer: Answer) -> None:
            found.append(Sweep(points_of(store), answer, None))
            if out is not None:
                write_files(request, store, told)

        apart = named_apart(models, [network.file for network in loaded])
        try:
            run_sweep(request, apart, told, publish)
        except TilewrightError as error:
            if not found:
                raise
            if check:
                error.add_note("With check=False, sweep() returns the points and this as .error.")
                raise
            return Sweep(found[0].points, found[0].answer, error)
        return found[0]


def _listed(
    points: str | Path | Sequence[Mapping[str, Value]] | None,
) -> tuple[Mapping[str, Value], ...]:
    if points is None:
        return ({},)
    if isinstance(points, str | Path):
        return tuple(read_points(Path(points)))
    if not points:
        raise RequestError("--points: holds no points")
    listed: list[Mapping[str, Value]] = []
    for number, point in enumerate(_list("points", points), 1):
        require_mapping(f"--points, entry {number}", point)
        listed.append(typed_values(point, f"--points, entry {number}"))
    return tuple(listed)


def _list(name: str, several: Any) -> list[Any]:
    if isinstance(several, Mapping) or not isinstance(several, Iterable):
        raise RequestError(f"{name} = {quoted(several)}: must be a list")
    return list(cast("Iterable[Any]", several))


def _texts(texts: str | Sequence[str]) -> Sequence[str]:
    return [texts] if isinstance(texts, str) else texts


def _search(budget: int | None, seed: int | None) -> Search | None:
    if budget is None:
        return None
    return Search(
        budget=whole_number("--search", str(budget), 1),
        seed=whole_number("--seed", str(seed or 0), 0, LARGEST_SEED),
    )
