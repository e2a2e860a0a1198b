"""What a sweep is asked to do."""

from __future__ import annotations

import difflib
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tilewright.hw.spec.errors import RequestError
from tilewright.hw.spec.quoted import shown
from tilewright.sim.sweep.candidate import Backend
from tilewright.sim.sweep.joint import Kind
from tilewright.sim.sweep.limits import Limit
from tilewright.sim.sweep.plan import Plan
from tilewright.sim.sweep.schema import DEFAULT_OBJECTIVES, OBJECTIVES

LARGEST_SEED = (1 << 32) - 1
"""Of the search's random numbers, NumPy's."""

_LARGEST_PORT = (1 << 16) - 1


@dataclass(frozen=True, kw_only=True)
class Search:
    """Evaluate ``budget`` configurations of the plan, chosen from ``seed`` on."""

    budget: int
    seed: int


@dataclass(frozen=True, kw_only=True)
class SweepRequest:
    """The command line of a sweep.

    Attributes
    ----------
    models: paths, or names of built-in networks.
    search: None to evaluate every configuration of the plan.
    cluster: address of a Dask cluster; None for ``jobs`` processes on this machine.
    objectives: columns of the results that are minimised.
    limits: what a result must be for its design to be on a front.
    joint: how a design's runs become one figure.
    weights: of the networks in the geometric mean, by their texts in ``models``; 1 for others.
    fpga: board that the front's designs are placed on, or None.
    command: the command as it was typed, for messages and the results.
    going_on: what goes on with it after an interruption; empty: the command with --resume.
    kept: whether ``out`` outlasts the sweep, so that messages may send there.
    read: files that the command reads, by option: no result may replace one.
    """

    models: tuple[str, ...]
    plan: Plan
    out: Path
    command: str
    search: Search | None = None
    backend: Backend = "model"
    objectives: tuple[str, ...]
    limits: tuple[Limit, ...] = ()
    joint: Kind = "mean"
    weights: Mapping[str, float] = field(default_factory=dict[str, float])
    going_on: str = ""
    kept: bool = True
    jobs: int
    cluster: str | None = None
    resume: bool = False
    verify_front: bool = False
    synthesise_front: bool = False
    fpga: str | None = None
    png: bool = False
    read: Mapping[str, Sequence[Path]] = field(default_factory=dict[str, Sequence[Path]])


def known_objectives(names: Sequence[str]) -> tuple[str, ...]:
    """The columns to minimise; those of `DEFAULT_OBJECTIVES` where none is named.

    Raises RequestError for what is no objective, with near names, and for one given twice.
    """
    for name in names:
        if name not in OBJECTIVES:
            near = difflib.get_close_matches(name, OBJECTIVES, n=3, cutoff=0.4) or OBJECTIVES
            raise RequestError(f"--objective {shown(name)}: is none; choose of {', '.join(near)}")
        if names.count(name) > 1:
            raise RequestError(f"--objective {name}: given twice")
    return tuple(names) or DEFAULT_OBJECTIVES


def weights_of(given: Iterable[tuple[str, str | float]], models: Sequence[str]) -> dict[str, float]:
    """Weights by the network as ``models`` names it; a file's name without its ending will do.

    Raises RequestError for a network that is none of them, and for what is no number above 0.
    """
    found: dict[str, float] = {}
    for name, number in given:
        text = f"--weight {name}={number}"
        named = [model for model in models if name in (model, Path(model).stem)]
        if len(named) != 1:
            why = "is said of several networks" if named else "is no network of this sweep"
            raise RequestError(f"{text}: {name!r} {why}: {', '.join(models)}")
        try:
            weight = float(number)
        except ValueError:
            weight = math.nan
        if not 0 < weight < math.inf:
            raise RequestError(f"{text}: {str(number)!r} must be a number above 0")
        if named[0] in found:
            raise RequestError(f"--weight {name}: given twice")
        found[named[0]] = weight
    return found


def refuse_contradictions(
    *,
    grid: bool,
    points: bool,
    weights: bool,
    joint: Kind,
    search: bool,
    seed: bool,
    jobs: bool,
    cluster: str | None,
    backend: Backend,
    verify_front: bool,
) -> None:
    """No option is passed over in silence: what was given must make sense together.

    Raises RequestError that names the options, and what is no address of a cluster.
    """
    if not grid and not points:
        raise RequestError("nothing to sweep: give --grid KEY=V1,V2,... or --points F.csv")
    if weights and joint == "worst":
        raise RequestError("--weight: counts in a mean; leave it out with --joint worst")
    if not search and seed:
        raise RequestError("--seed: is that of a search; give --search N as well")
    if search and points:
        raise RequestError("--search: chooses from --grid; a list of --points is evaluated whole")
    if cluster is not None and jobs:
        raise RequestError("--jobs: is for processes on this machine; leave it out with --cluster")
    if backend == "rtl" and verify_front:
        raise RequestError("--verify-front: is for --backend model; these points are RTL already")
    if cluster is not None:
        _require_address(cluster)


def _require_address(address: str) -> None:
    found = re.fullmatch(r"local:[1-9]\d{0,3}|tcp://[^\s/]+:(\d{1,5})", address)
    if not found or int(found[1] or 0) > _LARGEST_PORT:
        raise RequestError(f"--cluster {shown(address)}: must read tcp://host:port or local:N")
