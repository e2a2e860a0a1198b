"""The trace of a run on the chip: layers from the counters' snapshots, engines cycle by cycle."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping

from tilewright.mapper.program.program import Program
from tilewright.sim.report.trace import TraceSpan
from tilewright.sim.results.course import Course
from tilewright.sim.results.rows import BUSY, REST_NAMES, energy_events
from tilewright.sim.results.segments import Segment

Args = Mapping[str, int | float | str]


def trace_spans(course: Course) -> tuple[TraceSpan, ...]:
    """Spans for every lane.

    A layer's span tells its counters. The engines' spans are what the chip showed while it ran,
    cut where a layer ends; the DMA works ahead, so its spans carry the layer that the array is at.
    """
    program, segments = course.program, course.segments
    layers = [span for segment in segments for span in _layer_spans(program, segment)]
    starts = [segment.start for segment in segments]
    engines: list[TraceSpan] = []
    for stretch in course.activity:
        start = stretch.start
        while start < stretch.end:
            index = max(bisect_right(starts, start) - 1, 0)
            segment = segments[index]
            last = index + 1 == len(segments)
            end = stretch.end if last else min(stretch.end, starts[index + 1])
            name = _segment_name(program, segment)
            engines.append(
                TraceSpan(lane=stretch.engine, name=name, start_cycle=start, end_cycle=end)
            )
            start = end
    return (*layers, *engines)


def _segment_name(program: Program, segment: Segment) -> str:
    if segment.layer is None:
        return REST_NAMES[segment.engine][0]
    return program.layers[segment.layer].name


def _layer_spans(program: Program, segment: Segment) -> list[TraceSpan]:
    name = _segment_name(program, segment)
    spans: list[TraceSpan] = []

    def add(lane: str, start: int, cycles: int, args: Args) -> None:
        if cycles:
            spans.append(
                TraceSpan(
                    lane=lane, name=name, start_cycle=start, end_cycle=start + cycles, args=args
                )
            )

    layer = None if segment.layer is None else program.layers[segment.layer]
    if segment.engine == "cpu":
        add("CPU", segment.start, segment.cycles, {"op": layer.op} if layer else {})
        return spans
    # The CPU is awake at the start of a stream and after its end, to take the interrupt.
    awake = segment.start + (0 if layer else segment.cycles - segment.cpu_active)
    add("CPU", awake, segment.cpu_active, {})
    if layer is not None:
        waits = {f"waits for {k}": v for k, v in segment.causes.items() if k != BUSY and v}
        events = energy_events(program.config, [segment])
        counts = {name.replace("_", " "): count for name, count in events.items() if count}
        args: Args = {"op": layer.op, "busy": segment.causes[BUSY], **waits, **counts}
        add("layers", segment.start, segment.cycles, args)
    return spans
