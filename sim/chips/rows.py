"""Rows of chips that were measured and of designs that are modelled."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tilewright.sim.chips.published import baseline_chip
from tilewright.sim.version import origin

SCHEMA = "tilewright.chips/1"


@dataclass(frozen=True, kw_only=True)
class Row:
    """A chip or a design on a network; None where nobody knows.

    Attributes:
        network: of MLPerf Tiny, by its short name.
        name: the chip's, or what the design sets.
        process: how it is made.
        clock_hz: at which it runs.
        measured: whether the figures were measured on silicon; others are the model's.
        cycles, latency_s, energy_j: of an inference.
        within: how sure a modelled energy is: a factor both ways.
        speedup: cycles of the baseline over these.
        source: where measured figures stand.
    """

    network: str
    name: str
    process: str
    clock_hz: int
    measured: bool
    cycles: int | None
    latency_s: float | None
    energy_j: float | None
    within: float | None
    speedup: float | None
    source: str | None


def document(rows: Sequence[Row], networks: Mapping[str, str]) -> dict[str, Any]:
    """For JSON: the rows, and of each network the file that the designs ran."""
    return {
        "schema": SCHEMA,
        **origin(),
        "baseline": baseline_chip().name,
        "networks": dict(networks),
        "rows": [vars(row) for row in rows],
    }


def notes(rows: Sequence[Row]) -> Iterator[str]:
    """What a reader must know before comparing."""
    yield (
        "Measured figures are of whole chips on the official networks, with everything that a chip "
        "has beside its accelerator; modelled ones are of our accelerator, CPU and memories."
    )
    yield f"Speed-up: cycles of {baseline_chip().name} ({baseline_chip().what}) over these."
    for source in dict.fromkeys(row.source for row in rows if row.source):
        names = dict.fromkeys(row.name for row in rows if row.source == source)
        yield f"{', '.join(names)}: {source}."
