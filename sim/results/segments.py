"""Where the cycles of an inference went, from firmware's time stamps and the NPU's records."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np

from tilewright.hw.spec.profile import CAUSES, EVENTS, RECORD, RECORD_WORDS
from tilewright.hw.spec.program import TIME_WORDS, Step
from tilewright.hw.spec.steps import NPU

CLOCK = 1 << 32
"""Time stamps wrap around here."""


@dataclass(frozen=True, kw_only=True)
class Segment:
    """A stretch of the inference.

    Attributes
    ----------
    layer: number in the Program's layers; None for what belongs to no layer (the end of a command
        stream, the interrupt, firmware between steps).
    engine: who was at work.
    start: cycles since the start of the inference.
    cycles: length.
    causes: cycles of the NPU's compute queue by `hw.spec.profile.CAUSES`; their sum is less than
        `cycles` by what firmware took to start the stream. Empty on the CPU.
    events: NPU events by `hw.spec.profile.EVENTS`. Empty on the CPU.
    cpu_active: cycles in which the CPU was not asleep.
    memory: pages that were opened and refreshes (`sim.results.memory_events`), the CPU's included;
        empty where main memory has neither.
    """

    layer: int | None
    engine: Literal["npu", "cpu"]
    start: int
    cycles: int
    causes: Mapping[str, int]
    events: Mapping[str, int]
    cpu_active: int
    memory: Mapping[str, int] = field(default_factory=dict[str, int])


def read_segments(
    steps: Sequence[Step], start: int, end: int, times: bytes, records: bytes
) -> tuple[Segment, ...]:
    """Segments of the inference from ``start`` to ``end`` (time stamps).

    ``times`` holds TIME_WORDS words a step, ``records`` RECORD_WORDS words a record.
    """
    stamps = np.frombuffer(times, np.uint32).reshape(-1, TIME_WORDS).tolist()
    rows = np.frombuffer(records, np.uint32).reshape(-1, RECORD_WORDS).tolist()
    pending = [dict(zip(RECORD, row, strict=False)) for row in rows]
    segments: list[Segment] = []
    now = start
    for step, (begin, finish, asleep, _) in zip(steps, stamps, strict=True):
        segments += _gap(now, begin, start)
        if step.kind == NPU:
            length = (finish - begin) % CLOCK
            count = sum((record["time"] - begin) % CLOCK <= length for record in pending)
            segments += _npu_step(begin, finish, asleep, pending[:count], start)
            pending = pending[count:]
        else:
            segments.append(_cpu(step.layer, begin, finish, start))
        now = finish
    return (*segments, *_gap(now, end, start))


def _gap(begin: int, finish: int, origin: int) -> list[Segment]:
    return [_cpu(None, begin, finish, origin)] if begin != finish else []


def _cpu(layer: int | None, begin: int, finish: int, origin: int) -> Segment:
    cycles = (finish - begin) % CLOCK
    return Segment(
        layer=layer,
        engine="cpu",
        start=(begin - origin) % CLOCK,
        cycles=cycles,
        causes={},
        events={},
        cpu_active=cycles,
    )


def _npu_step(
    begin: int, finish: int, asleep: int, records: Sequence[Mapping[str, int]], origin: int
) -> list[Segment]:
    """One segment a record, and one for what follows the last one.

    The CPU is awake after the end and before the start: that is where its active cycles go.
    """
    segments: list[Segment] = []
    now, before = begin, dict.fromkeys(RECORD, 0)
    for record in records:
        segments.append(
            Segment(
                layer=record["layer"],
                engine="npu",
                start=(now - origin) % CLOCK,
                cycles=(record["time"] - now) % CLOCK,
                causes=_differences("cycles", CAUSES, record, before),
                events=_differences("events", EVENTS, record, before),
                cpu_active=0,
            )
        )
        now, before = record["time"], record
    segments.append(replace(_cpu(None, now, finish, origin), engine="npu"))
    active = (finish - begin) % CLOCK - asleep
    for i in (len(segments) - 1, *range(len(segments) - 1)):
        share = min(active, segments[i].cycles)
        segments[i] = replace(segments[i], cpu_active=share)
        active -= share
    return segments


def _differences(
    prefix: str,
    names: Sequence[tuple[str, str]],
    record: Mapping[str, int],
    before: Mapping[str, int],
) -> dict[str, int]:
    keys = ((name, f"{prefix}_{name}") for name, _ in names)
    return {name: (record[key] - before[key]) % CLOCK for name, key in keys}
