"""The accelerator's own watchdog: ends a command stream that takes too long."""

from amaranth.hdl import Module, Signal
from amaranth.lib.wiring import Component, In, Out
from amaranth.utils import exact_log2

from tilewright.hw.spec.registers import LIMIT_CYCLES, NPU

LIMIT_BITS = NPU.register("LIMIT").field("periods").width
PERIOD_BITS = exact_log2(LIMIT_CYCLES)


class Watchdog(Component):
    """Counts periods of a stream, and gives it up in an orderly way.

    The periods are those of the time stamp, so that no counter is needed for the cycles: the last
    one is up to a period shorter than the limit says.

    Ports
    -----
    time: the time stamp's low bits. limit: periods that a stream may take; 0: no limit.
    start: pulse, a stream begins. busy: it is not over.
    stop: the stream is given up: no more requests to main memory. quiet: none is on its way.
    abort: pulse, behind the last answer: all that is at work forgets what it does.
    """

    time: In(PERIOD_BITS)
    limit: In(LIMIT_BITS)
    start: In(1)
    busy: In(1)
    stop: Out(1)
    quiet: In(1)
    abort: Out(1)

    def elaborate(self, platform: object) -> Module:
        m = Module()
        left, period = Signal(LIMIT_BITS), Signal()
        m.d.sync += [
            period.eq(self.time == LIMIT_CYCLES - 1),
            self.abort.eq(self.stop & self.quiet & ~self.abort),
        ]
        with m.If(period & (left != 0)):
            m.d.sync += left.eq(left - 1)
            with m.If((left == 1) & self.busy):
                m.d.sync += self.stop.eq(1)
        with m.If(self.start):
            m.d.sync += left.eq(self.limit)
        with m.If(self.abort | ~self.busy):
            m.d.sync += self.stop.eq(0)
        return m
