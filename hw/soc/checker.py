"""The CRC of a stretch of main memory, read at the bus's rate; the release that has run."""

from __future__ import annotations

from collections.abc import Sequence

from amaranth.hdl import Cat, Module, Mux, Signal, Value
from amaranth.lib.wiring import Component, In, Out, connect, flipped
from amaranth.utils import exact_log2

from tilewright.hw.bus import memory_bus, register_bus
from tilewright.hw.soc.registers import RegisterBlock
from tilewright.hw.spec.registers import CHECKER, RELEASE_BITS

POLYNOMIAL = 0xEDB8_8320
"""CRC-32 (ISO 3309), reflected."""

CRC_BITS = 32


class Checker(Component):
    """Registers of `hw.spec.registers.CHECKER`, and a master that only reads, a word a cycle.

    Parameters
    ----------
    bus_bytes: width of the bus.

    Attributes
    ----------
    bus: register bus.
    memory: main memory.
    """

    def __init__(self, bus_bytes: int) -> None:
        self._shift = exact_log2(bus_bytes)
        self._word_bits = 32 - self._shift
        super().__init__({"bus": In(register_bus()), "memory": Out(memory_bus(bus_bytes))})

    def elaborate(self, _platform) -> Module:
        m = Module()
        m.submodules.registers = registers = RegisterBlock(CHECKER)
        connect(m, flipped(self.bus), registers.bus)
        memory, shift = self.memory, self._shift
        word, crc = Signal(self._word_bits), Signal(CRC_BITS)
        # Words that are still to be asked for, and to be answered.
        ahead, left = Signal(self._word_bits), Signal(self._word_bits)
        failed, answered = Signal(), Signal()
        m.d.comb += [
            memory.cyc.eq(left != 0),
            memory.stb.eq(ahead != 0),
            memory.adr.eq(word),
            memory.sel.eq(~0),
            answered.eq(memory.ack | memory.err),
            registers.read_BYTES.eq(left << shift),
            registers.read_CRC.eq(Mux(failed, crc, ~crc)),
        ]
        with m.If(memory.stb & ~memory.stall):
            m.d.sync += [word.eq(word + 1), ahead.eq(ahead - 1)]
        with m.If(answered):
            m.d.sync += [
                left.eq(left - 1),
                failed.eq(failed | memory.err),
                crc.eq(crc_with(crc, memory.dat_r)),
            ]
        with m.If(registers.written_ADDRESS):
            m.d.sync += word.eq(registers.data[shift:])
        with m.If(registers.written_BYTES):
            count = registers.data[shift:]
            m.d.sync += [ahead.eq(count), left.eq(count), crc.eq(~0), failed.eq(0)]
        release = Signal(RELEASE_BITS, reset_less=True)
        m.d.comb += registers.read_RELEASE.eq(release)
        with m.If(registers.written_RELEASE & (registers.data[:RELEASE_BITS] > release)):
            m.d.sync += release.eq(registers.data)
        return m


def crc_with(crc: Value, data: Value) -> Value:
    """The CRC register behind ``data``, whose lowest byte, and of each byte the lowest bit, is
    first.
    """
    inputs = Cat(crc, data)
    return Cat(
        Cat(inputs[i] for i in range(len(inputs)) if mask >> i & 1).xor()
        for mask in _crc_masks(len(data))
    )


def _crc_masks(data_bits: int) -> Sequence[int]:
    """For each bit of the next CRC, which bits of CRC and data (above it) it is the sum of."""
    state = [1 << i for i in range(CRC_BITS)]
    for bit in range(data_bits):
        feedback = state[0] ^ 1 << CRC_BITS + bit
        state = [
            (state[i + 1] if i + 1 < CRC_BITS else 0) ^ (feedback if POLYNOMIAL >> i & 1 else 0)
            for i in range(CRC_BITS)
        ]
    return state
