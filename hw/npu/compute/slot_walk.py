"""Which slots of the column buffers the array's steps take, and whether they are filled.

A convolution and a tap-by-tap depthwise command use up slot after slot. A depthwise window keeps
one slot for each of its rows, and moves on by some of them with the last step of a tile.

All of the array waits for the answer, so that it is found a cycle ahead, for both cases: that the
step at hand is taken, and that it is not.
"""

from __future__ import annotations

from amaranth.hdl import Module, Mux, Signal, Value
from amaranth.lib.wiring import Component, In, Out

from tilewright.hw.spec.npu_config import NpuConfig


class SlotWalk(Component):
    """See the module's text.

    Ports
    -----
    start: a command begins; kernel_rows, stride_rows: the command's. begin: the cycle after start;
        depthwise, window (depthwise, kept on chip), single_row (kernel of one row): the command's,
        from then on.
    slot_filled: the feeder has filled one more. released: those given back, a cycle later.
    taken: the step at hand is taken. Of that step: ``run_ends``: it ends its kernel row;
        ``to_last_row``: the kernel row behind is the last one; ``last``: it ends its tile;
        ``last_output_row``: its tile ends a strip; ``following_last``: the next tile does.
    enough: the step's slots are filled, with its tile's last step also those that it gives back.
    slot, byte: what the step takes; byte of the slot (convolution).
    """

    def __init__(self, config: NpuConfig) -> None:
        self._config = config
        super().__init__(
            {
                "start": In(1),
                "begin": In(1),
                "depthwise": In(1),
                "window": In(1),
                "single_row": In(1),
                "kernel_rows": In(8),
                "stride_rows": In(8),
                "slot_filled": In(1),
                "released": Out(range(config.depthwise_kernel + 2)),
                "taken": In(1),
                "run_ends": In(1),
                "to_last_row": In(1),
                "last": In(1),
                "last_output_row": In(1),
                "following_last": In(1),
                "enough": Out(1),
                "slot": Out(range(config.depthwise_slots)),
                "byte": Out(range(config.port_bytes)),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        config = self._config
        self._slot_ends = Signal()
        self._by_stride = Signal(range(config.depthwise_slots + 1))
        self._used = Signal.like(self.released)
        with m.If(self.start):
            m.d.sync += self._by_stride.eq(
                Mux(self.stride_rows > self.kernel_rows, self.stride_rows, self.kernel_rows)
            )
        self._count(m)
        self._walk(m)
        return m

    def _count(self, m: Module) -> None:
        """Filled slots against those that the next step needs."""
        filled, arriving, left = (
            Signal(range(self._config.depthwise_slots + 1), name=name)
            for name in ("filled", "arriving", "left")
        )
        needed, following = Signal.like(filled, init=1), Signal.like(filled)
        m.d.comb += [
            self._used.eq(self.run_ends | self._slot_ends | self.depthwise),
            arriving.eq(filled + self.slot_filled),
            left.eq(arriving - self._used),
            following.eq(needed),
        ]
        with m.If(self.window):
            rows = Mux(self.last_output_row, self.kernel_rows, self.stride_rows)
            m.d.comb += self._used.eq(Mux(self.last, rows, 0))
            with m.If(self.last | self.begin):
                at_last = self._at_last(self.following_last)
                m.d.comb += following.eq(Mux(self.single_row, at_last, 1))
            with m.Elif(self.run_ends):
                at_last = self._at_last(self.last_output_row)
                m.d.comb += following.eq(Mux(self.to_last_row, at_last, needed + 1))
        with m.Elif(self.begin):
            m.d.comb += following.eq(1)
        m.d.sync += self.released.eq(Mux(self.taken, self._used, 0))
        with m.If(self.start):
            m.d.sync += [filled.eq(0), self.enough.eq(0)]
        with m.Elif(self.taken):
            m.d.sync += [filled.eq(left), self.enough.eq(left >= following)]
        with m.Else():
            wanted = Mux(self.begin, following, needed)
            m.d.sync += [filled.eq(arriving), self.enough.eq(arriving >= wanted)]
        with m.If(self.taken | self.begin):
            m.d.sync += needed.eq(following)

    def _at_last(self, last_output_row: Value) -> Value:
        """Slots for a window's last kernel row: those that its last step gives back, too."""
        return Mux(last_output_row, self.kernel_rows, self._by_stride)

    def _walk(self, m: Module) -> None:
        config = self._config
        slots = Mux(self.depthwise, config.depthwise_slots, config.convolution_slots)
        base, moved = Signal.like(self.slot), Signal(range(2 * config.depthwise_slots + 1))
        window = Signal.like(self.slot)
        following = Mux(self.slot == slots - 1, 0, self.slot + 1)
        m.d.comb += moved.eq(base + self._used)
        wraps = moved >= config.depthwise_slots
        m.d.comb += window.eq(Mux(wraps, moved - config.depthwise_slots, moved))
        with m.If(self.begin):
            m.d.sync += [self.slot.eq(0), base.eq(0), self.byte.eq(0), self._slot_ends.eq(0)]
        with m.Elif(self.taken & self.window):
            with m.If(self.last):
                m.d.sync += [base.eq(window), self.slot.eq(window)]
            with m.Elif(self.run_ends):
                m.d.sync += self.slot.eq(following)
        with m.Elif(self.taken):
            with m.If(self._used != 0):
                m.d.sync += [self.slot.eq(following), self.byte.eq(0), self._slot_ends.eq(0)]
            with m.Else():
                m.d.sync += self.byte.eq(self.byte + 1)
                m.d.sync += self._slot_ends.eq(self.byte == config.port_bytes - 2)
