"""The NPU's registers, those of hw.spec.registers.NPU that the firmware needs."""

from __future__ import annotations

from typing import Any

from amaranth.hdl import Cat, Module, Mux, Signal
from amaranth.lib.wiring import Component, In, Out
from amaranth.utils import exact_log2

from tilewright.hw.bus import register_bus
from tilewright.hw.npu.microcode.sequencer import WORD_BITS
from tilewright.hw.npu.watchdog import LIMIT_BITS
from tilewright.hw.spec.fields import encode
from tilewright.hw.spec.npu_config import NpuConfig
from tilewright.hw.spec.registers import ERROR_CODES, LOCK_BYTES, MEMORY_BASE, NPU, NPU_IDENTIFIER

_ERROR_BITS = 3
LOCK_SHIFT = exact_log2(LOCK_BYTES)
LOCK_BITS = WORD_BITS - LOCK_SHIFT
"""Of main memory's addresses, from its start."""


class MicrocodeRegisters(Component):
    """Answers a cycle after the request; words without a register answer with an error.

    DEBUG, COMPLETED and LIMIT read as 0.

    Ports
    -----
    bus: the CPU.
    start: pulse of CONTROL. command_address, profile_address: from the start of main memory.
    set_profile, profile: a new profile_address.
    lock, limit: LOCK, in units of LOCK_BYTES from the start of main memory, and LIMIT.
    halted: no stream is at work. ended, unknown: it has ended, by an unknown command.
    failed, wrote: main memory has answered a request, a write, with an error.
    locked: a write was refused. abort: the watchdog has ended the stream.
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
                "lock": Out(LOCK_BITS),
                "limit": Out(LIMIT_BITS),
                "halted": In(1),
                "ended": In(1),
                "unknown": In(1),
                "failed": In(1),
                "wrote": In(1),
                "locked": In(1),
                "abort": In(1),
                "done": Out(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        bus, error = self.bus, Signal(_ERROR_BITS)
        request, exists, acknowledged = Signal(), Signal(), Signal()
        control = NPU.register("CONTROL")
        values = self._values(error)
        m.d.comb += [
            request.eq(bus.cyc & bus.stb),
            exists.eq(bus.adr < len(NPU.registers)),
        ]
        m.d.sync += [
            bus.ack.eq(request & exists),
            bus.err.eq(request & ~exists),
            self.start.eq(0),
            bus.dat_r.eq(0),
        ]
        with m.If(self.set_profile):
            m.d.sync += self.profile_address.eq(self.profile)
        with m.Switch(bus.adr[:4]):
            for register in NPU.registers:
                with m.Case(register.offset // 4):
                    m.d.sync += bus.dat_r.eq(values.get(register.name, 0))
        with m.If(request & bus.we & exists), m.Switch(bus.adr[:4]):
            for name, address in (
                ("COMMAND_ADDRESS", self.command_address),
                ("PROFILE_ADDRESS", self.profile_address),
            ):
                with m.Case(NPU.register(name).offset // 4):
                    m.d.sync += address.eq(bus.dat_w)
            with m.Case(NPU.register("LIMIT").offset // 4):
                m.d.sync += self.limit.eq(bus.dat_w)
            with m.Case(NPU.register("LOCK").offset // 4):
                lock = bus.dat_w[LOCK_SHIFT:WORD_BITS]
                with m.If(lock > self.lock):
                    m.d.sync += self.lock.eq(lock)
            with m.Case(control.offset // 4):
                started = bus.dat_w[control.field("start").lsb]
                m.d.sync += self.start.eq(started & self.halted)
                m.d.comb += acknowledged.eq(bus.dat_w[control.field("acknowledge").lsb])
        self._end(m, error, acknowledged)
        return m

    def _values(self, error: Signal) -> dict[str, Any]:
        """What registers read as; others read as 0."""
        fields = NPU.register("CONFIG").fields
        built = {field.name: int(getattr(self._config, field.name)) for field in fields}
        status = NPU.register("STATUS")
        gap = status.field("error").lsb - 2
        return {
            "ID": NPU_IDENTIFIER,
            "CONFIG": encode(fields, built, 1)[0],
            "STATUS": Cat(~self.halted, self.done, Signal(gap), error),
            "COMMAND_ADDRESS": MEMORY_BASE | self.command_address,
            "PROFILE_ADDRESS": MEMORY_BASE | self.profile_address,
            "LOCK": MEMORY_BASE | self.lock << LOCK_SHIFT,
        }

    def _end(self, m: Module, error: Signal, acknowledged: Signal) -> None:
        """A stream has ended, well or not."""
        with m.If(acknowledged | self.start):
            m.d.sync += self.done.eq(0)
        with m.If(self.start):
            m.d.sync += error.eq(0)
        with m.Elif(self.ended | self.unknown | self.failed | self.locked | self.abort):
            m.d.sync += self.done.eq(1)
            with m.If(self.unknown):
                m.d.sync += error.eq(ERROR_CODES["opcode"])
            with m.If(self.failed):
                code = Mux(self.wrote, ERROR_CODES["bus_write"], ERROR_CODES["bus_read"])
                m.d.sync += error.eq(code)
            with m.If(self.locked):
                m.d.sync += error.eq(ERROR_CODES["locked"])
            with m.If(self.abort):
                m.d.sync += error.eq(ERROR_CODES["timeout"])
