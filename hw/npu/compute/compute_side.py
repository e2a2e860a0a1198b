"""The compute side of the NPU: the array's path, adder, mover and counters, connected."""

from __future__ import annotations

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import stream
from amaranth.lib.wiring import Component, In, Out, connect, flipped

from hw.npu.command_view import COMMAND_LAYOUT, CommandView
from hw.npu.compute.adder import Adder
from hw.npu.compute.array import MacArray
from hw.npu.compute.columns import Columns
from hw.npu.compute.compute_control import ComputeControl
from hw.npu.compute.counters import Counters
from hw.npu.compute.drain import Drain
from hw.npu.compute.feeder import Feeder
from hw.npu.compute.mac_control import MacControl
from hw.npu.compute.mover import Mover
from hw.npu.compute.parameters import ParameterSets
from hw.npu.compute.requantiser import Requantiser
from hw.npu.ports import WEIGHT_START, read_port, write_port
from hw.spec.commands import Opcode
from hw.spec.npu_config import NpuConfig


class ComputeSide(Component):
    """Executes compute commands one after the other.

    Ports
    -----
    compute, blocked: commands in order; blocked: one is decoded but waits for transfers.
    completed: pulse, the command at work has ended and its writes can be read. idle: none is.
    read, write: scratchpad, always served. weights: what the weight ring shall deliver; words,
    parameters: what it delivers (reading_parameters: it is at parameters).
    record: words of profile records. clear: counters to zero. time: their time stamp.
    read_beat, write_beat, dma_read, dma_write: events of the memory side.
    cause, opcode, drain_busy: for NPU.DEBUG.
    stepping, requantising: the array takes a step, the requantiser puts out results.
    """

    def __init__(self, config: NpuConfig) -> None:
        self._config = config
        super().__init__(
            {
                "compute": In(stream.Signature(COMMAND_LAYOUT)),
                "blocked": In(1),
                "completed": Out(1),
                "idle": Out(1),
                "read": Out(read_port(config.port_bytes)),
                "write": Out(write_port(config.port_bytes)),
                "weights": Out(stream.Signature(WEIGHT_START)),
                "words": In(stream.Signature(8 * config.weight_pair_bytes)),
                "parameters": In(stream.Signature(8 * config.weight_pair_bytes)),
                "reading_parameters": In(1),
                "record": Out(stream.Signature(32)),
                "clear": In(1),
                "time": In(32),
                "read_beat": In(1),
                "write_beat": In(1),
                "dma_read": In(1),
                "dma_write": In(1),
                "cause": Out(4),
                "opcode": Out(8),
                "drain_busy": Out(1),
                "stepping": Out(1),
                "requantising": Out(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        config = self._config
        m.submodules.control = self._control = ComputeControl()
        m.submodules.feeder = self._feeder = Feeder(config)
        m.submodules.columns = self._columns = Columns(config)
        m.submodules.mac_control = self._mac = MacControl(config)
        m.submodules.array = self._array = MacArray(config)
        m.submodules.parameter_sets = self._parameters = ParameterSets(config)
        m.submodules.drain = self._drain = Drain(config)
        m.submodules.adder = self._adder = Adder(config)
        m.submodules.requantiser = self._requantiser = Requantiser(config)
        m.submodules.counters = self._counters = Counters(config)
        self._connect_control(m)
        self._connect_array(m)
        self._connect_scratchpad(m)
        if config.move_unit:
            self._connect_mover(m)
        self._connect_counters(m)
        return m

    def _connect_control(self, m: Module) -> None:
        control = self._control
        connect(m, flipped(self.compute), control.compute)
        connect(m, control.weights, flipped(self.weights))
        m.d.comb += [
            control.blocked.eq(self.blocked),
            self.completed.eq(control.completed),
            self.idle.eq(control.idle),
            control.mac_done.eq(self._mac.done),
            control.mac_cause.eq(self._mac.cause),
            control.adding.eq(self._adder.reading),
            control.adder_busy.eq(self._adder.busy),
            control.drain_busy.eq(self._drain.busy),
            control.requantiser_busy.eq(self._requantiser.busy),
            control.mark_ready.eq(self._counters.ready),
            self.cause.eq(control.cause),
            self.stepping.eq(self._mac.step.valid),
            self.requantising.eq(self._requantiser.output.valid),
            self.opcode.eq(control.opcode),
            self.drain_busy.eq(self._drain.busy | self._requantiser.busy),
        ]
        for engine in (self._feeder, self._mac, self._drain):
            m.d.comb += engine.start.eq(control.start_window)
            m.d.comb += engine.command.eq(control.command)
        m.d.comb += self._adder.start.eq(control.start_add)
        m.d.comb += self._adder.command.eq(control.command)

    def _connect_array(self, m: Module) -> None:
        feeder, columns, mac, array = self._feeder, self._columns, self._mac, self._array
        drain = self._drain
        parameters = self._parameters
        connect(m, flipped(self.words), mac.words)
        connect(m, flipped(self.parameters), parameters.words)
        m.d.comb += [
            columns.fill.eq(feeder.fill),
            mac.slot_filled.eq(feeder.slot_filled),
            feeder.released.eq(mac.released),
            columns.select.eq(mac.select),
            array.step.eq(mac.step),
            array.weights.eq(mac.weights),
            array.activations.eq(columns.activations),
            mac.reading_parameters.eq(self.reading_parameters),
            mac.parameters_loaded.eq(parameters.loaded),
            parameters.taken.eq(mac.parameters_taken),
            parameters.freed.eq(drain.block_ended),
            parameters.turned.eq(drain.turned),
            drain.biases.eq(parameters.biases),
            drain.multipliers.eq(parameters.multipliers),
            drain.shifts.eq(parameters.shifts),
            drain.tile.eq(mac.tile),
            mac.drain_ready.eq(drain.ready),
            drain.capture.eq(array.captured),
            drain.results.eq(array.results),
            array.will_shift.eq(drain.will_shift),
        ]

    def _connect_scratchpad(self, m: Module) -> None:
        """Feeder and adder share the read port, drain and adder the requantiser and its writes."""
        adder, requantiser = self._adder, self._requantiser
        command = self._control.command
        adding = self._control.is_add
        for name in ("valid", "address", "size", "crosses"):
            choice = Mux(adding, getattr(adder.read, name), getattr(self._feeder.read, name))
            m.d.comb += getattr(self.read, name).eq(choice)
        m.d.comb += adder.read.data.eq(self.read.data)
        m.d.comb += self._feeder.read.data.eq(self.read.data)
        # Results come many cycles after their command, so that the requantiser, a thousand
        # multiplexers, has a register of its own.
        requantises_sums = Signal()
        m.d.sync += requantises_sums.eq(adding)
        with m.If(requantises_sums):
            m.d.comb += requantiser.input.eq(adder.output)
        with m.Else():
            m.d.comb += requantiser.input.eq(self._drain.output)
        for name, field in (
            ("zero_point", "output_zero_point"),
            ("low", "clamp_low"),
            ("high", "clamp_high"),
        ):
            window, add = CommandView(command, Opcode.CONV), CommandView(command, Opcode.ADD)
            value = Mux(requantises_sums, add[field], window[field])
            m.d.comb += requantiser.stage[name].eq(value)
        m.d.comb += [
            self.write.valid.eq(requantiser.output.valid),
            self.write.address.eq(requantiser.output.address),
            self.write.data.eq(requantiser.output.data),
            self.write.mask.eq(requantiser.output.mask),
        ]

    def _connect_mover(self, m: Module) -> None:
        """A MOVE has both ports of the scratchpad to itself."""
        m.submodules.mover = mover = Mover(self._config)
        control = self._control
        m.d.comb += [
            mover.start.eq(control.start_move),
            mover.command.eq(control.command),
            mover.read.data.eq(self.read.data),
            control.moving.eq(mover.moving),
        ]
        with m.If(control.is_move):
            for name in ("valid", "address", "size", "crosses"):
                m.d.comb += getattr(self.read, name).eq(getattr(mover.read, name))
            for name in ("valid", "address", "data", "mask"):
                m.d.comb += getattr(self.write, name).eq(getattr(mover.write, name))

    def _connect_counters(self, m: Module) -> None:
        config = self._config
        counters, events = self._counters, self._counters.events
        active = Signal(range(config.rows * config.cols + 1))
        stepped, multiplied = Signal(), Signal()
        m.d.sync += active.eq(self._mac.active_pixels * self._mac.active_channels)
        m.d.sync += stepped.eq(self._mac.step.valid)
        m.d.sync += multiplied.eq(self._mac.step.valid & ~self._mac.step.maximum)
        written = Signal(range(config.requantiser_lanes + 1))
        output = self._requantiser.output
        m.d.comb += written.eq(
            Mux(output.valid, sum(output.mask[i] for i in range(config.requantiser_lanes)), 0)
        )
        paired = CommandView(self._control.command, Opcode.CONV)["paired"]
        read = (self.words.valid & self.words.ready) + (
            self.parameters.valid & self.parameters.ready
        )
        m.d.comb += [
            events.mac.eq(Mux(multiplied, active, 0)),
            events.accumulator_access.eq(Mux(stepped, active, 0) + written),
            events.requantise.eq(written),
            events.scratchpad_read_words.eq(self.read.valid + self.dma_read),
            events.scratchpad_write_words.eq(self.write.valid + self.dma_write),
            events.weight_buffer_read_words.eq(Mux(paired, read << 1, read)),
            events.memory_read_beats.eq(self.read_beat),
            events.memory_write_beats.eq(self.write_beat),
            counters.clear.eq(self.clear),
            counters.running.eq(1),
            counters.cause.eq(self._control.cause),
            counters.time.eq(self.time),
            counters.mark.eq(self._control.mark),
            counters.layer.eq(self._control.layer),
        ]
        connect(m, counters.record, flipped(self.record))
