"""A run as a chrome trace, which Perfetto (ui.perfetto.dev) and chrome://tracing open."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tilewright.hw.spec.profile import ACTIVITIES
from tilewright.sim.files import write_atomically
from tilewright.sim.version import origin

LANES = ("layers", "CPU", *ACTIVITIES)
"""Rows of the picture, from the top."""

PROCESS = 1
NO_LANE = 0


@dataclass(frozen=True, kw_only=True)
class TraceSpan:
    """Something that lasted from `start_cycle` up to, and not including, `end_cycle`.

    `lane` is one of LANES; `args` appear when the span is selected.
    """

    lane: str
    name: str
    start_cycle: int
    end_cycle: int
    args: Mapping[str, int | float | str] = field(default_factory=dict[str, int | float | str])


@dataclass(frozen=True, kw_only=True)
class TraceCounter:
    """A curve over time.

    Attributes:
        name: what it is, with its unit.
        series: what kind of figure the values are, such as "mean".
        values: pairs of a cycle and the value from it on.
    """

    name: str
    series: str
    values: Sequence[tuple[int, float]]


def chrome_trace(
    spans: Iterable[TraceSpan], counters: Iterable[TraceCounter], clock_hz: int, title: str
) -> dict[str, Any]:
    """The trace document, times in microseconds at `clock_hz`.

    Raises ValueError for a span of an unknown lane or one that ends before it starts.
    """
    events: list[dict[str, Any]] = [_name("process_name", NO_LANE, title)]
    for number, lane in enumerate(LANES, start=1):
        events.append(_name("thread_name", number, lane))
        events.append(_event("M", "thread_sort_index", number, args={"sort_index": number}))
    us_per_cycle = 1e6 / clock_hz
    for span in spans:
        if span.lane not in LANES or span.end_cycle < span.start_cycle:
            raise ValueError(f"not a span of the trace: {span}")
        cycles = span.end_cycle - span.start_cycle
        events.append(
            _event("X", span.name, 1 + LANES.index(span.lane), args={"cycles": cycles, **span.args})
            | {"ts": span.start_cycle * us_per_cycle, "dur": cycles * us_per_cycle}
        )
    for counter in counters:
        for cycle, value in counter.values:
            events.append(
                _event("C", counter.name, NO_LANE, args={counter.series: value})
                | {"ts": cycle * us_per_cycle}
            )
    return {
        "traceEvents": events,
        "displayTimeUnit": "ns",
        "otherData": {**origin(), "clock_hz": clock_hz},
    }


def write_trace(
    path: Path,
    spans: Iterable[TraceSpan],
    counters: Iterable[TraceCounter],
    clock_hz: int,
    title: str,
) -> None:
    """Write the trace; the file appears whole or not at all."""
    write_atomically(path, json.dumps(chrome_trace(spans, counters, clock_hz, title)) + "\n")


def _event(phase: str, name: str, lane: int, args: Mapping[str, Any]) -> dict[str, Any]:
    return {"ph": phase, "name": name, "pid": PROCESS, "tid": lane, "args": dict(args)}


def _name(kind: str, lane: int, name: str) -> dict[str, Any]:
    return _event("M", kind, lane, {"name": name})
