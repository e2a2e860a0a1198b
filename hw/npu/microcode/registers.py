"""The NPU's registers, those of hw.spec.registers.NPU that the firmware needs."""

from __future__ import annotations

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib.wiring import Component, In, Out, connect, flipped

from hw.bus import register_bus
from hw.npu.microcode.sequencer import WORD_BITS
from hw.soc.registers import RegisterBlock
from hw.spec.config import NpuConfig
from hw.spec.registers import ERROR_CODES, MEMORY_BASE, NPU, NPU_IDENTIFIER


class MicrocodeRegisters(Component):
    """Answers a cycle after the request. DEBUG and COMPLETED read as 0.

    Ports
    -----
    bus: the CPU.
    start: pulse of CONTROL. command_address, profile_address: from the start of main memory.
    set_profile, profile: a new profile_address.
    halted: no stream is at work. ended, unknown: it has ended, by an unknown command.
    failed, wrote: main memory has answered a request, a write, with an error.
    done: STATUS.
    """

    def __init__(self, config: NpuConfig) -> None:
        self._config = config
        super().__init__(
            {
                "bus": In(register_bus()),
                "start": Out(1),
                "command_address": Out(WORD_BITS),
                "profile_address": Out(WORD_BITS),
                "set_profile": In(1),
                "profile": In(WORD_BITS),
                "halted": In(1),
                "ended": In(1),
                "unknown": In(1),
                "failed": In(1),
                "wrote": In(1),
                "done": Out(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.registers = registers = RegisterBlock(NPU)
        connect(m, flipped(self.bus), registers.bus)
        error = Signal(4)
        control, status = NPU.register("CONTROL"), NPU.register("STATUS")
        config = sum(
            getattr(self._config, field.name) << field.lsb
            for field in NPU.register("CONFIG").fields
        )
        values = {"busy": ~self.halted, "done": self.done, "error": error}
        m.d.comb += [
            registers.read_ID.eq(NPU_IDENTIFIER),
            registers.read_CONFIG.eq(config),
            registers.read_COMMAND_ADDRESS.eq(MEMORY_BASE | self.command_address),
            registers.read_PROFILE_ADDRESS.eq(MEMORY_BASE | self.profile_address),
        ]
        for field in status.fields:
            m.d.comb += registers.read_STATUS[field.lsb :][: field.width].eq(values[field.name])
        for name, register in (
            ("COMMAND_ADDRESS", self.command_address),
            ("PROFILE_ADDRESS", self.profile_address),
        ):
            with m.If(getattr(registers, f"written_{name}")):
                m.d.sync += register.eq(registers.data)
        with m.If(self.set_profile):
            m.d.sync += self.profile_address.eq(self.profile)
        begins, acknowledged = (
            registers.written_CONTROL & registers.data[control.field(name).lsb]
            for name in ("start", "acknowledge")
        )
        m.d.sync += self.start.eq(begins & self.halted)
        with m.If(acknowledged):
            m.d.sync += self.done.eq(0)
        with m.If(self.start):
            m.d.sync += [self.done.eq(0), error.eq(0)]
        with m.Elif(self.ended | self.unknown | self.failed):
            m.d.sync += self.done.eq(1)
            with m.If(self.unknown):
                m.d.sync += error.eq(ERROR_CODES["opcode"])
            with m.If(self.failed):
                code = Mux(self.wrote, ERROR_CODES["bus_write"], ERROR_CODES["bus_read"])
                m.d.sync += error.eq(code)
        return m
