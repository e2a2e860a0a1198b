"""The NPU's registers, as hw.spec.registers.NPU lays them out."""

from __future__ import annotations

from typing import Any

from amaranth.hdl import Module, Signal, Value
from amaranth.lib.wiring import Component, In, Out
from amaranth.utils import exact_log2

from tilewright.hw.bus import register_bus
from tilewright.hw.npu.watchdog import LIMIT_BITS
from tilewright.hw.spec.npu_config import NpuConfig
from tilewright.hw.spec.profile import RECORD_BYTES
from tilewright.hw.spec.registers import LOCK_BYTES, NPU, NPU_IDENTIFIER, Register

LOCK_SHIFT = exact_log2(LOCK_BYTES)
LOCK_BITS = 32 - LOCK_SHIFT

_BUSY_BITS = ("transfer_busy", "weights_busy", "drain_busy", "ring_empty", "ring_full")


class NpuRegisters(Component):
    """Answers a cycle after the request; words without a register answer with an error.

    Ports
    -----
    bus: the CPU.
    start, acknowledge: pulses of CONTROL, a cycle after the write.
    command_address, profile_address: registers; the latter advances by RECORD_BYTES with
        ``profile_advance``.
    lock, limit: LOCK, in units of LOCK_BYTES, and LIMIT.
    busy, done, error: STATUS. transfers_completed, computes_completed: COMPLETED.
    frozen: DEBUG shows what was at work when the watchdog ended the stream.
    sequencer, cause, opcode, ``*_busy``, ``ring_*``: DEBUG.
    """

    def __init__(self, config: NpuConfig) -> None:
        self._config = config
        super().__init__(
            {
                "bus": In(register_bus()),
                "start": Out(1),
                "acknowledge": Out(1),
                "command_address": Out(32),
                "profile_address": Out(32),
                "profile_advance": In(1),
                "lock": Out(LOCK_BITS),
                "limit": Out(LIMIT_BITS),
                "busy": In(1),
                "done": In(1),
                "error": In(4),
                "frozen": In(1),
                "transfers_completed": In(16),
                "computes_completed": In(16),
                "sequencer": In(4),
                "cause": In(4),
                "opcode": In(8),
                "transfer_busy": In(1),
                "weights_busy": In(1),
                "drain_busy": In(1),
                "ring_empty": In(1),
                "ring_full": In(1),
            }
        )

    def _values(self) -> dict[str, Any]:
        """What each readable register reads as."""
        config = self._config
        fields: dict[str, dict[str, Any]] = {
            "CONFIG": {
                "rows": config.rows,
                "cols": config.cols,
                "port_bytes": config.port_bytes,
                "bus_bytes": config.bus_bytes,
            },
            "STATUS": {"busy": self.busy, "done": self.done, "error": self.error},
            "DEBUG": {
                "sequencer": self.sequencer,
                "cause": self.cause,
                "opcode": self.opcode,
                **{name: getattr(self, name) for name in _BUSY_BITS},
            },
            "COMPLETED": {
                "transfers": self.transfers_completed,
                "computes": self.computes_completed,
            },
        }
        return {
            "ID": NPU_IDENTIFIER,
            "COMMAND_ADDRESS": self.command_address,
            "PROFILE_ADDRESS": self.profile_address,
            "LOCK": self.lock << LOCK_SHIFT,
            "LIMIT": self.limit,
            **{name: _assemble(NPU.register(name), values) for name, values in fields.items()},
        }

    def elaborate(self, platform: object) -> Module:
        m = Module()
        bus = self.bus
        request, values = Signal(), self._values()
        # What the engines do comes late in a cycle, and is shown for a look only.
        debug = Signal(32)
        with m.If(~self.frozen):
            m.d.sync += debug.eq(values["DEBUG"])
        values["DEBUG"] = debug
        exists = Signal()
        m.d.comb += request.eq(bus.cyc & bus.stb)
        m.d.sync += [bus.ack.eq(request & exists), bus.err.eq(request & ~exists)]
        m.d.sync += [self.start.eq(0), self.acknowledge.eq(0)]
        with m.If(self.profile_advance):
            m.d.sync += self.profile_address.eq(self.profile_address + RECORD_BYTES)
        with m.Switch(bus.adr):
            for register in NPU.registers:
                with m.Case(register.offset // 4):
                    m.d.comb += exists.eq(1)
                    m.d.sync += bus.dat_r.eq(values.get(register.name, 0))
                    with m.If(request & bus.we):
                        self._write(m, register)
        return m

    def _write(self, m: Module, register: Register) -> None:
        written = {
            "COMMAND_ADDRESS": self.command_address,
            "PROFILE_ADDRESS": self.profile_address,
        }.get(register.name)
        if written is not None:
            for byte in range(4):
                with m.If(self.bus.sel[byte]):
                    bits = slice(8 * byte, 8 * byte + 8)
                    m.d.sync += written[bits].eq(self.bus.dat_w[bits])
        if register.name == "LIMIT":
            m.d.sync += self.limit.eq(self.bus.dat_w)
        if register.name == "LOCK":
            lock = self.bus.dat_w[LOCK_SHIFT:]
            with m.If(lock > self.lock):
                m.d.sync += self.lock.eq(lock)
        if register.name == "CONTROL":
            for name, pulse in (("start", self.start), ("acknowledge", self.acknowledge)):
                bit = register.field(name).lsb
                m.d.sync += pulse.eq(self.bus.dat_w[bit] & self.bus.sel[bit // 8])


def _assemble(register: Register, values: dict[str, Any]) -> Any:
    """A register's word from the values of its fields."""
    word: Any = 0
    for field in register.fields:
        word |= Value.cast(values[field.name])[: field.width] << field.lsb
    return word
