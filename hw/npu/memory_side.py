"""The memory side of the NPU: commands, DMA, scratchpad and weight ring, connected."""

from __future__ import annotations

from amaranth.hdl import Module
from amaranth.lib import stream
from amaranth.lib.wiring import Component, In, Out

from hw.bus import memory_bus, register_bus
from hw.npu.scratchpad import read_port, write_port
from hw.npu.sequencer import COMMAND
from hw.npu.weight_ring import WEIGHT_START
from hw.spec.config import NpuConfig


class MemorySide(Component):
    """Everything but the compute side.

    Ports
    -----
    bus: main memory. registers: the CPU. interrupt: a stream has ended.
    read, write: scratchpad accesses of the compute side.
    start, words: weights of the compute command at work.
    compute: commands in order, whole; valid once the transfers they wait for have completed.
    compute_blocked: a command is decoded but still waits for transfers.
    compute_completed: pulse, the command at work has ended and its writes are in the scratchpad.
    compute_idle: no compute command is at work.
    record: words of profile records.
    clear: pulse at the start of a stream.
    read_beat, write_beat: a beat has been read from or written to main memory.
    scratchpad_dma_read, scratchpad_dma_write: an access of the DMA to the scratchpad.
    debug_*: shown in NPU.DEBUG.
    """

    def __init__(self, config: NpuConfig) -> None:
        self._config = config
        super().__init__(
            {
                "bus": Out(memory_bus(config.bus_bytes)),
                "registers": In(register_bus()),
                "interrupt": Out(1),
                "read": In(read_port(config.port_bytes)),
                "write": In(write_port(config.port_bytes)),
                "start": In(stream.Signature(WEIGHT_START)),
                "words": Out(stream.Signature(8 * config.weight_word_bytes)),
                "compute": Out(stream.Signature(COMMAND)),
                "compute_blocked": Out(1),
                "compute_completed": In(1),
                "compute_idle": In(1),
                "record": In(stream.Signature(32)),
                "clear": Out(1),
                "read_beat": Out(1),
                "write_beat": Out(1),
                "scratchpad_dma_read": Out(1),
                "scratchpad_dma_write": Out(1),
                "debug_cause": In(4),
                "debug_opcode": In(8),
                "debug_drain_busy": In(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        return Module()
