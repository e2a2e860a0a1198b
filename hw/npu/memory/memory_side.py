"""The memory side of the NPU: commands, DMA, scratchpad and weight ring, connected."""

from __future__ import annotations

from amaranth.hdl import Module, ResetInserter
from amaranth.lib import stream
from amaranth.lib.wiring import Component, In, Out, connect, flipped

from tilewright.hw.bus import memory_bus, register_bus
from tilewright.hw.npu.command_view import COMMAND_LAYOUT
from tilewright.hw.npu.memory.bus_multiplexer import BusMultiplexer
from tilewright.hw.npu.memory.command_fetch import CommandFetch
from tilewright.hw.npu.memory.profile_writer import ProfileWriter
from tilewright.hw.npu.memory.registers import NpuRegisters
from tilewright.hw.npu.memory.scratchpad import Scratchpad
from tilewright.hw.npu.memory.sequencer import Sequencer
from tilewright.hw.npu.memory.transfers import Transfers
from tilewright.hw.npu.memory.weight_ring import WeightRing
from tilewright.hw.npu.memory.weights_dma import WeightsDma
from tilewright.hw.npu.ports import WEIGHT_START, read_port, write_port
from tilewright.hw.npu.watchdog import PERIOD_BITS, Watchdog
from tilewright.hw.spec.npu_config import NpuConfig
from tilewright.hw.spec.registers import ERROR_CODES


class MemorySide(Component):
    """Everything but the compute side.

    Ports
    -----
    bus: main memory. registers: the CPU. interrupt: a stream has ended.
    read, write: scratchpad accesses of the compute side.
    start, words, parameters, reading_parameters: weights of the compute command at work.
    compute: commands in order, whole; valid once the transfers they wait for have completed.
    compute_blocked: a command is decoded but still waits for transfers.
    compute_completed: pulse, the command at work has ended and its writes are in the scratchpad.
    compute_idle: no compute command is at work.
    record: words of profile records.
    clear: pulse at the start of a stream.
    time: the time stamp's low bits.
    abort: pulse, the watchdog has ended the stream: the compute side is to forget it.
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
                "words": Out(stream.Signature(8 * config.weight_pair_bytes)),
                "parameters": Out(stream.Signature(8 * config.weight_pair_bytes)),
                "reading_parameters": Out(1),
                "compute": Out(stream.Signature(COMMAND_LAYOUT)),
                "compute_blocked": Out(1),
                "compute_completed": In(1),
                "compute_idle": In(1),
                "record": In(stream.Signature(32)),
                "clear": Out(1),
                "time": In(PERIOD_BITS),
                "abort": Out(1),
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
        m = Module()
        config = self._config
        bus, fetch, writer = BusMultiplexer(config), CommandFetch(config), ProfileWriter(config)
        transfers, weights = Transfers(config), WeightsDma(config)
        ring, scratchpad = WeightRing(config), Scratchpad(config)
        m.submodules.sequencer = sequencer = Sequencer(config)
        m.submodules.registers = registers = NpuRegisters(config)
        m.submodules.watchdog = watchdog = Watchdog()
        forgets = ResetInserter(watchdog.abort)
        m.submodules.bus = forgets(bus)
        m.submodules.fetch = forgets(fetch)
        m.submodules.writer = forgets(writer)
        m.submodules.transfers = forgets(transfers)
        m.submodules.weights = forgets(weights)
        m.submodules.ring = forgets(ring)
        m.submodules.scratchpad = forgets(scratchpad)

        connect(m, flipped(self.bus), bus.bus)
        connect(m, fetch.client, bus.fetch)
        connect(m, writer.client, bus.record)
        connect(m, transfers.client, bus.transfers)
        connect(m, weights.client, bus.weights)
        connect(m, transfers.dma_read, scratchpad.dma_read)
        connect(m, transfers.dma_write, scratchpad.dma_write)
        connect(m, weights.beats, ring.beats)
        connect(m, fetch.words, sequencer.words)
        connect(m, sequencer.weights, weights.descriptors)
        connect(m, sequencer.transfers, transfers.descriptors)

        connect(m, flipped(self.registers), registers.bus)
        connect(m, flipped(self.read), scratchpad.read)
        connect(m, flipped(self.write), scratchpad.write)
        connect(m, flipped(self.start), ring.start)
        connect(m, flipped(self.words), ring.words)
        connect(m, flipped(self.parameters), ring.parameters)
        connect(m, flipped(self.compute), sequencer.compute)
        connect(m, flipped(self.record), writer.record)

        m.d.comb += [
            # A stream's start
            sequencer.start.eq(registers.start),
            sequencer.acknowledge.eq(registers.acknowledge),
            self.clear.eq(sequencer.clear),
            fetch.start.eq(sequencer.clear),
            fetch.address.eq(registers.command_address),
            ring.clear.eq(sequencer.clear),
            transfers.clear.eq(sequencer.clear),
            # Its progress
            weights.room.eq(ring.room),
            self.reading_parameters.eq(ring.reading_parameters),
            transfers.computes_completed.eq(sequencer.computes_completed),
            sequencer.transfers_completed.eq(transfers.completed),
            sequencer.compute_completed.eq(self.compute_completed),
            self.compute_blocked.eq(sequencer.compute_blocked),
            writer.address.eq(registers.profile_address),
            registers.profile_advance.eq(writer.advance),
            # Its end
            fetch.stop.eq(sequencer.stop),
            weights.abort.eq(sequencer.abort_weights),
            sequencer.compute_idle.eq(self.compute_idle),
            sequencer.transfers_idle.eq(transfers.idle),
            sequencer.weights_idle.eq(weights.idle),
            sequencer.record_idle.eq(writer.idle),
            sequencer.fetch_idle.eq(fetch.idle),
            sequencer.read_error.eq(bus.read_error),
            sequencer.write_error.eq(bus.write_error),
            sequencer.locked.eq(transfers.refused | writer.refused),
            transfers.lock.eq(registers.lock),
            writer.lock.eq(registers.lock),
            # The watchdog
            watchdog.time.eq(self.time),
            watchdog.limit.eq(registers.limit),
            watchdog.start.eq(sequencer.clear),
            watchdog.busy.eq(sequencer.busy),
            watchdog.quiet.eq(bus.quiet),
            bus.stop.eq(watchdog.stop),
            sequencer.abort.eq(watchdog.abort),
            self.abort.eq(watchdog.abort),
            self.interrupt.eq(sequencer.done),
            # Counters
            self.read_beat.eq(bus.read_beat),
            self.write_beat.eq(bus.write_beat),
            self.scratchpad_dma_read.eq(transfers.dma_read.valid & transfers.dma_read.ready),
            self.scratchpad_dma_write.eq(transfers.dma_write.valid & transfers.dma_write.ready),
            # Registers
            registers.busy.eq(sequencer.busy),
            registers.done.eq(sequencer.done),
            registers.error.eq(sequencer.error),
            registers.transfers_completed.eq(transfers.completed),
            registers.computes_completed.eq(sequencer.computes_completed),
            registers.sequencer.eq(sequencer.state),
            registers.cause.eq(self.debug_cause),
            registers.opcode.eq(self.debug_opcode),
            registers.transfer_busy.eq(~transfers.idle),
            registers.weights_busy.eq(~weights.idle),
            registers.drain_busy.eq(self.debug_drain_busy),
            registers.ring_empty.eq(ring.empty),
            registers.ring_full.eq(ring.full),
            registers.frozen.eq(watchdog.stop | (sequencer.error == ERROR_CODES["timeout"])),
        ]
        return m
