"""Serial port: 8 data bits, no parity, one stop bit."""

from amaranth.hdl import Array, Cat, Module, Mux, Signal
from amaranth.lib.cdc import FFSynchronizer
from amaranth.lib.wiring import Component, In, Out, connect, flipped

from tilewright.hw.bus import register_bus
from tilewright.hw.soc.registers import RegisterBlock
from tilewright.hw.spec.registers import UART

BIT_CYCLES = 16
"""Clock cycles of a bit: 6.25 Mbaud at 100 MHz, so that a line of text costs little simulation."""

MIN_BIT_CYCLES = 4
"""Fewer leave no middle of a bit to sample."""

FRAME_BITS = 10

WAITING = 4
"""Received bytes that can wait; a power of two."""


class Uart(Component):
    """Registers of `hw.spec.registers.UART`.

    A byte written while STATUS.tx_ready is 0 is lost. A byte received while `WAITING` others wait
    is lost too, which STATUS.rx_overrun tells. A start bit that is over before its middle, and a
    byte without a stop bit, are noise.

    Parameters
    ----------
    bit_cycles: clock cycles of a bit, at least `MIN_BIT_CYCLES`.

    Attributes
    ----------
    bus: register bus.
    tx, rx: the lines, 1 when idle.
    sent: one cycle high when `byte` starts to be sent: a tap for simulation.
    """

    bus: In(register_bus())
    tx: Out(1, init=1)
    rx: In(1, init=1)
    sent: Out(1)
    byte: Out(8)

    def __init__(self, bit_cycles: int = BIT_CYCLES) -> None:
        self._bit_cycles = bit_cycles
        super().__init__()

    def elaborate(self, _platform) -> Module:
        m = Module()
        m.submodules.registers = registers = RegisterBlock(UART)
        connect(m, flipped(self.bus), registers.bus)
        data, status = UART.register("DATA"), UART.register("STATUS")
        ready = self._transmit(m, registers.written_DATA, registers.data[:8])
        received, arrived = self._receive(m)
        first, waiting, lost = self._queue(m, received, arrived, registers.taken_DATA)
        overrun = Signal()
        with m.If(registers.taken_STATUS):
            m.d.sync += overrun.eq(0)
        with m.If(lost):
            m.d.sync += overrun.eq(1)
        m.d.comb += [
            registers.read_DATA.eq(
                (first << data.field("byte").lsb) | (waiting << data.field("valid").lsb)
            ),
            registers.read_STATUS.eq(
                (ready << status.field("tx_ready").lsb)
                | (waiting << status.field("rx_valid").lsb)
                | (overrun << status.field("rx_overrun").lsb)
            ),
            registers.read_BIT_CYCLES.eq(self._bit_cycles),
        ]
        return m

    def _transmit(self, m: Module, start, byte):
        """Shift a frame out; returns whether a byte can be taken."""
        frame = Signal(FRAME_BITS, init=-1)
        bits = Signal(range(FRAME_BITS + 1))
        cycle = Signal(range(self._bit_cycles))
        ready = bits == 0
        m.d.comb += [
            self.sent.eq(start & ready),
            self.byte.eq(byte),
            self.tx.eq(frame[0]),
        ]
        with m.If(self.sent):
            m.d.sync += [frame.eq(Cat(0, byte, 1)), bits.eq(FRAME_BITS), cycle.eq(0)]
        with m.Elif(~ready):
            m.d.sync += cycle.eq(cycle + 1)
            with m.If(cycle == self._bit_cycles - 1):
                m.d.sync += [frame.eq(Cat(frame[1:], 1)), bits.eq(bits - 1), cycle.eq(0)]
        return ready

    def _receive(self, m: Module):
        """Sample frames in the middle of each bit; returns (byte, high when it is whole)."""
        line = Signal(init=1)
        m.submodules.synchronizer = FFSynchronizer(self.rx, line, init=1)
        frame = Signal(FRAME_BITS - 1)
        bits = Signal(range(FRAME_BITS + 1))
        cycle = Signal(range(self._bit_cycles))
        arrived = Signal()
        with m.If(bits == 0):
            with m.If(~line):
                m.d.sync += [bits.eq(FRAME_BITS), cycle.eq(self._bit_cycles // 2)]
        with m.Else():
            m.d.sync += cycle.eq(cycle + 1)
            with m.If(cycle == self._bit_cycles - 1):
                m.d.sync += [frame.eq(Cat(frame[1:], line)), bits.eq(bits - 1), cycle.eq(0)]
                with m.If((bits == FRAME_BITS) & line):
                    m.d.sync += bits.eq(0)
                # The last bit sampled is the stop bit: the frame before it is start and data.
                m.d.comb += arrived.eq((bits == 1) & line)
        return frame[1:], arrived

    def _queue(self, m: Module, received, arrived, taken):
        """Bytes that wait: returns (the first, whether there is one, high when one is lost)."""
        places = Array(Signal(8, name=f"place_{i}") for i in range(WAITING))
        level = Signal(range(WAITING + 1))
        first = Signal(range(WAITING))
        leaves = taken & (level != 0)
        enters = arrived & (level != WAITING)
        m.d.sync += level.eq(level + enters - leaves)
        with m.If(leaves):
            m.d.sync += first.eq(first + 1)
        with m.If(enters):
            m.d.sync += places[(first + level)[: len(first)]].eq(received)
        waiting = level != 0
        return Mux(waiting, places[first], 0), waiting, arrived & ~enters
