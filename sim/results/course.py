"""How a run went: what ran, and when what of it ran."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from tilewright.mapper.program.program import Program
from tilewright.sim.results.segments import Segment


class Activity(NamedTuple):
    """``engine`` (one of hw.spec.profile.ACTIVITIES) worked from cycle ``start`` up to ``end``.

    Cycles count from the start of the inference; pauses of a few cycles are not told.
    """

    engine: str
    start: int
    end: int


@dataclass(frozen=True)
class Course:
    """What trace and pictures need beyond the result.

    Attributes
    ----------
    segments: the inference in order; none from a backend that knows no cycles.
    activity: stretches of work of the NPU's engines; none where nobody watched them.
    """

    program: Program
    segments: Sequence[Segment] = ()
    activity: Sequence[Activity] = ()
