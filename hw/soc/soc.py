"""The chip: CPU, accelerator and peripherals around the bus of main memory."""

from __future__ import annotations

from amaranth.hdl import Module
from amaranth.lib.wiring import Component, In, Out, connect, flipped

from tilewright.hw.bus import memory_bus
from tilewright.hw.soc.arbiter import Arbiter
from tilewright.hw.soc.checker import Checker
from tilewright.hw.soc.classic import ClassicWishbone
from tilewright.hw.soc.cpu import Cpu
from tilewright.hw.soc.decoder import Decoder
from tilewright.hw.soc.direct_bridge import DirectBridge
from tilewright.hw.soc.finisher import Finisher
from tilewright.hw.soc.line_bridge import LineBridge
from tilewright.hw.soc.system import System
from tilewright.hw.soc.timer import Timer
from tilewright.hw.soc.uart import BIT_CYCLES, Uart
from tilewright.hw.spec.config import Config
from tilewright.hw.spec.profile import ACTIVITIES
from tilewright.hw.spec.registers import CHECKER, FINISHER, INTERRUPT_NPU, NPU, SYSTEM, TIMER, UART
from tilewright.hw.spec.soc_config import SMALL_CPUS

ACTIVITY_BITS = len(ACTIVITIES)


class Soc(Component):
    """Everything but main memory, which stands outside so that each target brings its own.

    Parameters
    ----------
    config: the design; ``config.soc.npu == "none"`` leaves the accelerator out.
    uart_bit_cycles: clock cycles of a bit of the serial port.

    Attributes
    ----------
    memory: master of the main memory bus.
    debug: a second master of the peripherals' registers.
    preloaded, clock_hz, memory_bytes, memory_latency: what `System` tells firmware; constants of
        whoever holds the chip.
    uart_tx, uart_rx: serial port.
    uart_sent, uart_byte: each byte as it starts to be sent.
    finish, status, trap_cause, trap_pc, trap_value: see `Finisher`. Where nothing ends with the
        firmware, ``finish`` asks for a reset of the chip.
    cycles: the timer's counter, which all time stamps are taken from.
    activity: which of the accelerator's engines are at work (hw.spec.profile.ACTIVITIES), or 0.
    bus_error: a store of the CPU went to nothing; stays high. Also the CPU's software interrupt.
    """

    def __init__(self, config: Config, uart_bit_cycles: int = BIT_CYCLES) -> None:
        self.config = config
        self._uart_bit_cycles = uart_bit_cycles
        super().__init__(
            {
                "memory": Out(memory_bus(config.npu.bus_bytes)),
                "debug": In(ClassicWishbone),
                "preloaded": In(1),
                "clock_hz": In(32),
                "memory_bytes": In(32),
                "memory_latency": In(32),
                "uart_tx": Out(1),
                "uart_rx": In(1, init=1),
                "uart_sent": Out(1),
                "uart_byte": Out(8),
                "finish": Out(1),
                "status": Out(32),
                "trap_cause": Out(32),
                "trap_pc": Out(32),
                "trap_value": Out(32),
                "bus_error": Out(1),
                "cycles": Out(32),
                "activity": Out(ACTIVITY_BITS),
            }
        )

    def elaborate(self, _platform) -> Module:
        m = Module()
        bus_bytes, small = self.config.npu.bus_bytes, self.config.soc.cpu in SMALL_CPUS
        m.submodules.cpu = cpu = Cpu()
        m.submodules.fetch = fetch = self._bridge()
        m.submodules.load_store = load_store = self._bridge()
        m.submodules.uart = uart = Uart(self._uart_bit_cycles)
        m.submodules.timer = timer = Timer(small=small)
        m.submodules.finisher = finisher = Finisher(small=small)
        m.submodules.system = system = System(self.config)
        masters = [load_store.memory, fetch.memory]
        blocks = [
            (UART, uart.bus),
            (TIMER, timer.bus),
            (FINISHER, finisher.bus),
            (SYSTEM, system.bus),
        ]
        if self.config.soc.npu == "array":
            npu = self._npu()
            m.submodules["microcode" if self.config.npu.microcode else "npu"] = npu
            masters.append(npu.bus)
            blocks.append((NPU, npu.registers))
            m.d.comb += [
                npu.time.eq(timer.cycles),
                self.activity.eq(npu.activity),
                cpu.interrupts.eq(npu.interrupt << INTERRUPT_NPU),
            ]
        if self.config.has_checker:
            m.submodules.checker = checker = Checker(bus_bytes)
            masters.append(checker.memory)
            blocks.append((CHECKER, checker.bus))
        m.submodules.decoder = decoder = Decoder([peripheral for peripheral, _ in blocks])
        m.submodules.arbiter = arbiter = Arbiter(
            bus_bytes, masters=len(masters), depth=self.config.answer_cycles + 2
        )

        connect(m, cpu.instructions, fetch.cpu)
        connect(m, cpu.data, decoder.cpu)
        connect(m, decoder.memory, load_store.cpu)
        m.d.comb += decoder.hold.eq(load_store.holding)
        connect(m, flipped(self.debug), decoder.debug)
        for (_, registers), bus in zip(blocks, decoder.registers, strict=True):
            connect(m, bus, registers)
        for master, port in zip(masters, arbiter.masters, strict=True):
            connect(m, master, port)
        connect(m, arbiter.memory, flipped(self.memory))

        with m.If(decoder.store_error | load_store.store_error):
            m.d.sync += self.bus_error.eq(1)
        m.d.comb += [
            cpu.timer_interrupt.eq(timer.interrupt),
            cpu.software_interrupt.eq(self.bus_error),
            self.cycles.eq(timer.cycles),
            system.preloaded.eq(self.preloaded),
            system.clock_hz.eq(self.clock_hz),
            system.memory_bytes.eq(self.memory_bytes),
            system.memory_latency.eq(self.memory_latency),
            self.uart_tx.eq(uart.tx),
            uart.rx.eq(self.uart_rx),
            self.uart_sent.eq(uart.sent),
            self.uart_byte.eq(uart.byte),
            self.finish.eq(finisher.finish),
            self.status.eq(finisher.status),
            self.trap_cause.eq(finisher.cause),
            self.trap_pc.eq(finisher.pc),
            self.trap_value.eq(finisher.value),
        ]
        return m

    def _bridge(self):
        config = self.config
        small = config.soc.cpu in SMALL_CPUS and config.npu.bus_bytes == 4
        return DirectBridge() if small else LineBridge(config.npu.bus_bytes)

    def _npu(self):
        # A chip without accelerator does not load its description.
        if self.config.npu.microcode:
            from tilewright.hw.npu.microcode.npu import MicrocodeNpu

            return MicrocodeNpu(self.config)
        from tilewright.hw.npu.npu import Npu

        return Npu(self.config.npu)
