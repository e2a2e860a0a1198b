"""Serial port: 8 data bits, no parity, one stop bit."""

from amaranth.hdl import Cat, Module, Signal
from amaranth.lib.cdc import FFSynchronizer
from amaranth.lib.wiring import Component, In, Out, connect, flipped

from hw.bus import register_bus
from hw.soc.registers import RegisterBlock
from hw.spec.registers import UART

BIT_CYCLES = 16
"""Clock cycles of a bit: 6.25 Mbaud at 100 MHz, so that a line of text costs little simulation."""

FRAME_BITS = 10


class Uart(Component):
    """Registers of `hw.spec.registers.UART`, one byte deep in each direction.

    A byte written while STATUS.tx_ready is 0 is lost; a byte received while another one waits
    replaces it.

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

    def elaborate(self, _platform) -> Module:
        m = Module()
        m.submodules.registers = registers = RegisterBlock(UART)
        connect(m, flipped(self.bus), registers.bus)
        status = UART.register("STATUS")
        ready = self._transmit(m, registers.written_DATA, registers.data[:8])
        received, valid = self._receive(m)
        with m.If(registers.taken_DATA):
            m.d.sync += valid.eq(0)
        m.d.comb += [
            registers.read_DATA.eq(received),
            registers.read_STATUS.eq(
                (ready << status.field("tx_ready").lsb) | (valid << status.field("rx_valid").lsb)
            ),
        ]
        return m

    def _transmit(self, m: Module, start, byte):
        """Shift a frame out; returns whether a byte can be taken."""
        frame = Signal(FRAME_BITS, init=-1)
        bits = Signal(range(FRAME_BITS + 1))
        cycle = Signal(range(BIT_CYCLES))
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
            with m.If(cycle == BIT_CYCLES - 1):
                m.d.sync += [frame.eq(Cat(frame[1:], 1)), bits.eq(bits - 1), cycle.eq(0)]
        return ready

    def _receive(self, m: Module):
        """Sample frames in the middle of each bit; returns (byte, whether it is there)."""
        line = Signal(init=1)
        m.submodules.synchronizer = FFSynchronizer(self.rx, line, init=1)
        frame = Signal(FRAME_BITS)
        bits = Signal(range(FRAME_BITS + 1))
        cycle = Signal(range(BIT_CYCLES))
        received = Signal(8)
        valid = Signal()
        with m.If(bits == 0):
            with m.If(~line):
                m.d.sync += [bits.eq(FRAME_BITS), cycle.eq(BIT_CYCLES // 2)]
        with m.Else():
            m.d.sync += cycle.eq(cycle + 1)
            with m.If(cycle == BIT_CYCLES - 1):
                m.d.sync += [frame.eq(Cat(frame[1:], line)), bits.eq(bits - 1), cycle.eq(0)]
                # The last bit sampled is the stop bit: the frame before it is start and data.
                with m.If((bits == 1) & line):
                    m.d.sync += [received.eq(frame[2:]), valid.eq(1)]
        return received, valid
