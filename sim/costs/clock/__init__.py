from tilewright.sim.costs.clock.estimate import Clock, clock_table, highest_clock

__all__ = ["Clock", "clock_table", "highest_clock"]
