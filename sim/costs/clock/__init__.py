from tilewright.sim.costs.clock.estimate import Clock, clock_table, highest_clock
from tilewright.sim.costs.clock.limits import (
    at_highest_clock,
    clock_note,
    max_clock_hz,
    remark,
    with_clock,
)

__all__ = [
    "Clock",
    "at_highest_clock",
    "clock_note",
    "clock_table",
    "highest_clock",
    "max_clock_hz",
    "remark",
    "with_clock",
]
