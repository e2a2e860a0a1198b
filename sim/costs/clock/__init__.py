from tilewright.sim.costs.clock.estimate import Clock, clock_table, highest_clock
from tilewright.sim.costs.clock.limits import at_highest_clock, clock_note

__all__ = ["Clock", "at_highest_clock", "clock_note", "clock_table", "highest_clock"]
