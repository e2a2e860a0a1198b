"""A point on its way through a sweep: what a worker is asked, and what it answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from tilewright.hw.spec.config import Config
from tilewright.sim.sweep.candidate import Backend

Status = Literal["ok", "invalid", "unmappable", "failed"]
STATUSES: tuple[Status, ...] = ("ok", "invalid", "unmappable", "failed")

REFUSED: tuple[Status, ...] = ("invalid", "unmappable")
"""Of a configuration that cannot be built, or that the network does not fit."""

Figure = int | float | None


@dataclass(frozen=True)
class Task:
    """A network, by the SHA-256 of its file, on a configuration. ``key`` names the point."""

    key: str
    network: str
    backend: Backend
    config: Config


class LayerRow(NamedTuple):
    """A row of the table ``layers``; ``stalls`` is a JSON object of cycles by cause."""

    position: int
    name: str
    op: str
    engine: str
    cycles: int | None
    macs: int
    energy_j: float | None
    stalls: str


@dataclass(frozen=True)
class Outcome:
    """What became of a task.

    Attributes
    ----------
    error: why it is not "ok", in one line.
    traceback: of a failure.
    figures: columns of the table ``points`` by name.
    no_baseline: why there is no speed-up.
    mismatches: outputs of the RTL that differ from the functional backend's; None for the model.
    """

    key: str
    status: Status
    error: str | None = None
    traceback: str | None = None
    figures: Mapping[str, Figure] = field(default_factory=dict[str, Figure])
    layers: tuple[LayerRow, ...] = ()
    no_baseline: str | None = None
    mismatches: int | None = None
