"""The trace of a run on the chip, from the segments between its counters' snapshots."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from mapper.program import Program
from sim.rows import BUSY, REST_NAMES, energy_events
from sim.segments import Segment
from sim.trace import TraceSpan

Args = Mapping[str, int | float | str]


def trace_spans(program: Program, segments: Sequence[Segment]) -> tuple[TraceSpan, ...]:
    """Spans by layer for every lane.

    The counters are read once a layer, so a span of the DMA or the requantiser lasts as long as its
    layer, and its `args` tell how much of that it was at work.
    """
    return tuple(span for segment in segments for span in _spans(program, segment))


def _spans(program: Program, segment: Segment) -> list[TraceSpan]:
    layer = None if segment.layer is None else program.layers[segment.layer]
    name = layer.name if layer else REST_NAMES[segment.engine][0]
    spans: list[TraceSpan] = []

    def add(lane: str, start: int, cycles: int, args: Args) -> None:
        if cycles:
            spans.append(
                TraceSpan(
                    lane=lane, name=name, start_cycle=start, end_cycle=start + cycles, args=args
                )
            )

    if segment.engine == "cpu":
        add("CPU", segment.start, segment.cycles, {"op": layer.op} if layer else {})
        return spans
    # The CPU is awake at the start of a stream and after its end, to take the interrupt.
    awake = segment.start + (0 if layer else segment.cycles - segment.cpu_active)
    add("CPU", awake, segment.cpu_active, {})
    if layer is None:
        return spans
    events = energy_events(program.config, [segment])
    read, written = events["main_memory_read_bytes"], events["main_memory_write_bytes"]
    waits = {f"waits for {k}": v for k, v in segment.causes.items() if k != BUSY and v}
    array = {"op": layer.op, "macs": layer.macs, "busy": segment.causes[BUSY], **waits}
    add("array", segment.start, segment.cycles, array)
    if events["requantise"]:
        busy = -(-events["requantise"] // program.config.npu.requantiser_lanes)
        args: Args = {"elements": events["requantise"], "busy": busy}
        add("requantiser", segment.start, segment.cycles, args)
    if read or written:
        busy = (read + written) // program.config.npu.bus_bytes
        args = {"bytes_read": read, "bytes_written": written, "busy": busy}
        add("DMA", segment.start, segment.cycles, args)
    return spans
