"""The register by which firmware ends a run, and the trap record beside it."""

from amaranth.hdl import Module, Signal
from amaranth.lib.wiring import Component, In, Out, connect, flipped

from tilewright.hw.bus import register_bus
from tilewright.hw.soc.registers import RegisterBlock
from tilewright.hw.spec.registers import FINISHER


class Finisher(Component):
    """Registers of `hw.spec.registers.FINISHER`. Where the end of a run is answered by a reset of
    the chip, they tell the firmware that starts anew how the last run ended.

    Parameters
    ----------
    small: EXIT has a byte, and there is no trap record: its registers read as 0.

    Attributes
    ----------
    bus: register bus.
    finish: one cycle high after a write to EXIT.
    status: what was written.
    cause, pc, value: the trap record.
    """

    bus: In(register_bus())
    finish: Out(1)
    status: Out(32)
    cause: Out(32)
    pc: Out(32)
    value: Out(32)

    def __init__(self, *, small: bool = False) -> None:
        self._small = small
        super().__init__()

    def elaborate(self, _platform) -> Module:
        m = Module()
        m.submodules.registers = registers = RegisterBlock(FINISHER)
        connect(m, flipped(self.bus), registers.bus)
        m.d.sync += self.finish.eq(registers.written_EXIT)
        ports = {"EXIT": self.status, "CAUSE": self.cause, "PC": self.pc, "VALUE": self.value}
        bits = dict.fromkeys(ports, 32) if not self._small else {"EXIT": 8}
        for name, width in bits.items():
            port = ports[name]
            kept = Signal(width, name=name.lower(), reset_less=True)
            m.d.comb += [port.eq(kept), getattr(registers, f"read_{name}").eq(kept)]
            with m.If(getattr(registers, f"written_{name}")):
                m.d.sync += kept.eq(registers.data)
        return m
