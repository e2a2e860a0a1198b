"""What a sweep is asked to do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from sim.sweep.candidate import Backend
from sim.sweep.joint import Kind
from sim.sweep.limits import Limit
from sim.sweep.plan import Plan


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
    jobs: int
    cluster: str | None = None
    resume: bool = False
    verify_front: bool = False
    synthesise_front: bool = False
    fpga: str | None = None
    png: bool = False
    read: Mapping[str, Sequence[Path]] = field(default_factory=dict[str, Sequence[Path]])
