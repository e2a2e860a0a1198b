"""What a trace shows as curves over time: the rows of the result, where in time they ran.

A row's figures are its averages. They are shown over all of its stretches, so the area below a
curve is the result's sum.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from tilewright.mapper.program.program import MemoryUse
from tilewright.sim.report.trace import TraceCounter
from tilewright.sim.results.course import Course
from tilewright.sim.results.result import Layer, RunResult
from tilewright.sim.results.segments import Segment

POWER = "power, modelled (W)"
BANDWIDTH = "main memory (bytes a cycle)"
UTILISATION = "array utilisation (%)"
SCRATCHPAD = "scratchpad in use (bytes)"


def trace_counters(result: RunResult, course: Course) -> tuple[TraceCounter, ...]:
    """Curves of what the result knows; none of what its backend or its hardware does not count.

    Parameters
    ----------
    result, course: of the same run, with cycles.
    """
    rows = tuple(_with_rows(result, course))
    hz = result.clock_hz
    found: list[TraceCounter] = []
    if result.total.energy_j is not None:
        found.append(_by_row(POWER, rows, lambda row, cycles: (row.energy_j or 0) / cycles * hz))
    if result.has_counters:
        found.append(_by_row(BANDWIDTH, rows, lambda row, cycles: _traffic(row) / cycles))
    if result.has_array:
        found.append(_by_row(UTILISATION, rows, lambda row, _: 100 * (row.mac_utilisation or 0)))
        found.append(_scratchpad(course))
    return tuple(found)


def _with_rows(result: RunResult, course: Course) -> Iterator[tuple[Segment, Layer]]:
    """Each segment with the row that it is part of; rows come as `results.rows` orders them."""
    after = len(course.program.layers)
    keys = [(after if s.layer is None else s.layer, s.engine) for s in course.segments]
    rows = dict(zip(sorted(set(keys)), result.layers, strict=True))
    for segment, key in zip(course.segments, keys, strict=True):
        yield segment, rows[key]


def _by_row(
    name: str,
    rows: Sequence[tuple[Segment, Layer]],
    figure: Callable[[Layer, int], float],
) -> TraceCounter:
    values = [
        (segment.start, figure(row, row.cycles) if row.cycles else 0.0) for segment, row in rows
    ]
    return TraceCounter(name=name, series="mean", values=_ended(values, [s for s, _ in rows]))


def _traffic(row: Layer) -> int:
    names = ("main_memory_read_bytes", "main_memory_write_bytes")
    return sum(row.events.get(name, 0) for name in names)


def _scratchpad(course: Course) -> TraceCounter:
    """What the memory plan holds during each layer; what lies there stays until the next one."""
    plan = [use for use in course.program.memory_plan if use.space == "scratchpad"]
    values: list[tuple[int, float]] = []
    held = 0
    for segment in course.segments:
        if segment.layer is not None:
            held = _held(plan, segment.layer)
        values.append((segment.start, held))
    return TraceCounter(
        name=SCRATCHPAD, series="planned", values=_ended(values, list(course.segments))
    )


def _held(plan: Sequence[MemoryUse], layer: int) -> int:
    """Bytes in use during the layer; those of two buffers in one place once."""
    alive = sorted((u.address, u.bytes) for u in plan if u.first <= layer <= u.last)
    held = end = 0
    for address, size in alive:
        held += max(0, address + size - max(end, address))
        end = max(end, address + size)
    return held


def _ended(
    values: Sequence[tuple[int, float]], segments: Sequence[Segment]
) -> tuple[tuple[int, float], ...]:
    """The changes alone, and nothing after the end."""
    changes = [
        (start, value)
        for number, (start, value) in enumerate(values)
        if number == 0 or value != values[number - 1][1]
    ]
    if segments:
        changes.append((segments[-1].start + segments[-1].cycles, 0.0))
    return tuple(changes)
