"""Registers that tell what was built."""

from amaranth.hdl import Module
from amaranth.lib.wiring import Component, In, connect, flipped

from tilewright.hw.bus import register_bus
from tilewright.hw.soc.registers import RegisterBlock
from tilewright.hw.spec.config import Config
from tilewright.hw.spec.registers import SYSTEM
from tilewright.hw.spec.system import system_constants

MEMORY = ("MEMORY_BYTES", "MEMORY_LATENCY")
"""What main memory's owner tells the chip."""


class System(Component):
    """Registers of `hw.spec.registers.SYSTEM`.

    Parameters
    ----------
    config: what the constants are taken from; its clock and main memory have no influence.

    Attributes
    ----------
    bus: register bus.
    preloaded: a Program lies in main memory at reset.
    clock_hz: cycles a second, 0 where nobody knows.
    memory_bytes, memory_latency: of main memory.
    """

    bus: In(register_bus())
    preloaded: In(1)
    clock_hz: In(32)
    memory_bytes: In(32)
    memory_latency: In(32)

    def __init__(self, config: Config) -> None:
        constants = system_constants(config)
        self._constants = {name: constants[name] for name in constants if name not in MEMORY}
        super().__init__()

    def elaborate(self, _platform) -> Module:
        m = Module()
        m.submodules.registers = registers = RegisterBlock(SYSTEM)
        connect(m, flipped(self.bus), registers.bus)
        preloaded = SYSTEM.register("BOOT").field("preloaded").lsb
        m.d.comb += [
            registers.read_BOOT.eq(self.preloaded << preloaded),
            registers.read_CLOCK_HZ.eq(self.clock_hz),
            registers.read_MEMORY_BYTES.eq(self.memory_bytes),
            registers.read_MEMORY_LATENCY.eq(self.memory_latency),
            *(
                getattr(registers, f"read_{name}").eq(value)
                for name, value in self._constants.items()
            ),
        ]
        return m
