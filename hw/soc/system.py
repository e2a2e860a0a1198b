"""Registers that tell what was built."""

from amaranth.hdl import Module
from amaranth.lib.wiring import Component, In, connect, flipped

from hw.bus import register_bus
from hw.soc.registers import RegisterBlock
from hw.spec.config import Config
from hw.spec.registers import SYSTEM
from hw.spec.system import system_constants


class System(Component):
    """Registers of `hw.spec.registers.SYSTEM`.

    Parameters
    ----------
    config: what the constants are taken from; its clock has no influence.

    Attributes
    ----------
    bus: register bus.
    preloaded: a Program lies in main memory at reset.
    clock_hz: cycles a second, 0 where nobody knows.
    """

    bus: In(register_bus())
    preloaded: In(1)
    clock_hz: In(32)

    def __init__(self, config: Config) -> None:
        self._constants = system_constants(config)
        super().__init__()

    def elaborate(self, _platform) -> Module:
        m = Module()
        m.submodules.registers = registers = RegisterBlock(SYSTEM)
        connect(m, flipped(self.bus), registers.bus)
        preloaded = SYSTEM.register("BOOT").field("preloaded").lsb
        m.d.comb += [
            registers.read_BOOT.eq(self.preloaded << preloaded),
            registers.read_CLOCK_HZ.eq(self.clock_hz),
            *(
                getattr(registers, f"read_{name}").eq(value)
                for name, value in self._constants.items()
            ),
        ]
        return m
