"""The accelerator: connects the memory side and the compute side."""

from __future__ import annotations

from amaranth.hdl import Cat, Module, ResetInserter
from amaranth.lib.wiring import Component, In, Out, connect, flipped

from tilewright.hw.bus import memory_bus, register_bus
from tilewright.hw.npu.compute.compute_side import ComputeSide
from tilewright.hw.npu.memory.memory_side import MemorySide
from tilewright.hw.spec.npu_config import NpuConfig
from tilewright.hw.spec.profile import ACTIVITIES


class Npu(Component):
    """The whole accelerator.

    Ports
    -----
    bus: master of main memory. registers: slave of the CPU (hw.spec.registers.NPU).
    interrupt: a command stream has ended. time: cycle counter for time stamps.
    activity: what is at work in this cycle, a bit for each of hw.spec.profile.ACTIVITIES.
    """

    def __init__(self, config: NpuConfig) -> None:
        self._config = config
        super().__init__(
            {
                "bus": Out(memory_bus(config.bus_bytes)),
                "registers": In(register_bus()),
                "interrupt": Out(1),
                "time": In(32),
                "activity": Out(len(ACTIVITIES)),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.memory = memory = MemorySide(self._config)
        compute = ComputeSide(self._config)
        m.submodules.compute = ResetInserter(memory.abort)(compute)
        connect(m, flipped(self.bus), memory.bus)
        connect(m, flipped(self.registers), memory.registers)
        connect(m, memory.compute, compute.compute)
        connect(m, compute.weights, memory.start)
        connect(m, memory.words, compute.words)
        connect(m, memory.parameters, compute.parameters)
        connect(m, compute.read, memory.read)
        connect(m, compute.write, memory.write)
        connect(m, compute.record, memory.record)
        m.d.comb += [
            self.interrupt.eq(memory.interrupt),
            self.activity.eq(
                Cat(
                    compute.stepping,
                    compute.requantising,
                    memory.read_beat | memory.write_beat,
                )
            ),
            compute.reading_parameters.eq(memory.reading_parameters),
            compute.time.eq(self.time),
            memory.time.eq(self.time),
            compute.blocked.eq(memory.compute_blocked),
            compute.clear.eq(memory.clear),
            compute.read_beat.eq(memory.read_beat),
            compute.write_beat.eq(memory.write_beat),
            compute.dma_read.eq(memory.scratchpad_dma_read),
            compute.dma_write.eq(memory.scratchpad_dma_write),
            memory.compute_completed.eq(compute.completed),
            memory.compute_idle.eq(compute.idle),
            memory.debug_cause.eq(compute.cause),
            memory.debug_opcode.eq(compute.opcode),
            memory.debug_drain_busy.eq(compute.drain_busy),
        ]
        return m
