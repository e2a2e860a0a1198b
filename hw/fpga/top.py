"""The chip on a board: clock, main memory, serial port and lights around it."""

from __future__ import annotations

from amaranth.hdl import ClockDomain, Elaboratable, Module, Signal
from amaranth.lib import io
from amaranth.lib.wiring import connect

from tilewright.hw.fpga.block_memory import BlockMemory
from tilewright.hw.fpga.boards import Board
from tilewright.hw.fpga.clock import BoardClock
from tilewright.hw.soc.soc import Soc
from tilewright.hw.spec.config import Config


class BoardTop(Elaboratable):
    """The chip, with ``image`` in its main memory after configuration of the device.

    Firmware that ends starts again. Light 0 shines while the accelerator works, light 1 when
    firmware has failed and started again.
    """

    def __init__(self, board: Board, config: Config, image: bytes) -> None:
        self._board = board
        self._config = config
        self._image = image

    def elaborate(self, platform) -> Module:
        m = Module()
        config = self._config
        m.domains += ClockDomain("sync")
        m.submodules.clock = clock = BoardClock(self._board, config.soc.clock_hz)
        bit_cycles = round(config.soc.clock_hz / self._board.baud)
        m.submodules.soc = soc = Soc(config, bit_cycles)
        m.d.comb += [
            soc.clock_hz.eq(config.soc.clock_hz),
            soc.memory_bytes.eq(config.soc.memory_bytes),
            soc.memory_latency.eq(config.soc.memory_latency),
            clock.restart.eq(soc.finish),
        ]
        m.submodules.memory = memory = BlockMemory(config, self._image, self._board.boot_bytes)
        connect(m, soc.memory, memory.bus)

        uart = platform.request("uart", dir="-")
        m.submodules.transmit = transmit = io.Buffer("o", uart.tx)
        m.submodules.receive = receive = io.Buffer("i", uart.rx)
        m.d.comb += [transmit.o.eq(soc.uart_tx), soc.uart_rx.eq(receive.i)]

        failed = Signal(reset_less=True)
        with m.If(soc.finish):
            m.d.sync += failed.eq(soc.status != 0)
        for number, state in enumerate((soc.activity.any(), failed)):
            pin = platform.request("led", number, dir="-")
            m.submodules[f"light_{number}"] = light = io.Buffer("o", pin)
            m.d.comb += light.o.eq(state)
        return m
