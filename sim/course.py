"""How a run went: what ran, and when what of it ran."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from mapper.program.program import Program
from sim.rtl import Activity
from sim.segments import Segment


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
