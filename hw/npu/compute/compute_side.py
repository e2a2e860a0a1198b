"""The compute side of the NPU: the array's path, the units beside it and the counters."""

from __future__ import annotations

from typing import Any

from amaranth.hdl import Cat, Const, Module, Mux, Signal
from amaranth.lib import stream
from amaranth.lib.wiring import Component, In, Out, connect, flipped

from tilewright.hw.npu.command_view import COMMAND_LAYOUT, CommandView, opcode_of
from tilewright.hw.npu.compute.array import MacArray
from tilewright.hw.npu.compute.columns import Columns
from tilewright.hw.npu.compute.compute_control import ComputeControl
from tilewright.hw.npu.compute.counters import Counters
from tilewright.hw.npu.compute.drain import Drain
from tilewright.hw.npu.compute.elementwise import ElementwiseUnit
from tilewright.hw.npu.compute.feeder import Feeder
from tilewright.hw.npu.compute.lstm import LstmUnit
from tilewright.hw.npu.compute.mac_control import MacControl
from tilewright.hw.npu.compute.mover import Mover
from tilewright.hw.npu.compute.parameters import ParameterSets
from tilewright.hw.npu.compute.requantiser import Requantiser
from tilewright.hw.npu.compute.softmax import ZERO_POINT, SoftmaxUnit
from tilewright.hw.npu.compute.tables import Tables
from tilewright.hw.npu.ports import WEIGHT_START, read_port, write_port
from tilewright.hw.spec.commands import Opcode
from tilewright.hw.spec.npu_config import NpuConfig


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
        self._elementwise = ElementwiseUnit(config) if config.elementwise_unit else None
        self._tables = Tables(config) if config.table_unit else None
        self._softmax = SoftmaxUnit(config) if config.softmax_unit else None
        beside = (self._elementwise, self._tables, self._softmax)
        self._units = [unit for unit in beside if unit is not None]
        for name, unit in zip(("elementwise", "tables", "softmax"), beside, strict=True):
            if unit is not None:
                m.submodules[name] = unit
        self._mover = Mover(config) if config.move_unit else None
        self._lstm = LstmUnit(config) if config.wide_results else None
        m.submodules.requantiser = self._requantiser = Requantiser(config)
        m.submodules.counters = self._counters = Counters(config)
        self._connect_control(m)
        self._connect_array(m)
        self._connect_scratchpad(m)
        if self._mover is not None:
            self._connect_mover(m, self._mover)
        if self._softmax is not None and self._tables is not None:
            self._connect_softmax(m, self._softmax, self._tables)
        if self._lstm is not None:
            self._connect_lstm(m, self._lstm)
        self._connect_counters(m)
        return m

    def _connect_control(self, m: Module) -> None:
        control = self._control
        results_busy = self._requantiser.busy
        if self._tables is not None:
            results_busy |= self._tables.looking_up
        # What the mover reads in a cycle it writes while the control counts its margin.
        moving = self._mover.moving if self._mover is not None else Const(0)
        units = [*self._units, *([] if self._lstm is None else [self._lstm])]
        connect(m, flipped(self.compute), control.compute)
        connect(m, control.weights, flipped(self.weights))
        m.d.comb += [
            control.blocked.eq(self.blocked),
            self.completed.eq(control.completed),
            self.idle.eq(control.idle),
            control.mac_done.eq(self._mac.done),
            control.mac_cause.eq(self._mac.cause),
            control.unit_reading.eq(Cat(moving, *(unit.reading for unit in units)).any()),
            control.unit_busy.eq(Cat(moving, *(unit.busy for unit in units)).any()),
            control.drain_busy.eq(self._drain.busy),
            control.requantiser_busy.eq(results_busy),
            control.mark_ready.eq(self._counters.ready),
            self.cause.eq(control.cause),
            self.stepping.eq(self._mac.step.valid),
            self.requantising.eq(self._requantiser.output.valid),
            self.opcode.eq(control.opcode),
            self.drain_busy.eq(self._drain.busy | results_busy),
        ]
        window: tuple[Any, ...] = (self._feeder, self._mac, self._drain)
        starts = [(engine, control.start_window) for engine in window]
        if self._elementwise is not None:
            starts.append((self._elementwise, control.start_elementwise))
        if self._tables is not None:
            starts.append((self._tables, control.start_table))
        if self._softmax is not None:
            starts.append((self._softmax, control.start_softmax))
        for engine, start in starts:
            m.d.comb += [engine.start.eq(start), engine.command.eq(control.command)]

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
        """All that reads shares the read port; what writes goes through the requantiser."""
        control, feeder = self._control, self._feeder
        is_unit = {self._tables: control.is_table, self._softmax: control.is_softmax}
        for name in ("valid", "address", "size", "crosses"):
            choice = getattr(feeder.read, name)
            if self._units:
                first, *others = self._units
                beside = getattr(first.read, name)
                for unit in others:
                    beside = Mux(is_unit[unit], getattr(unit.read, name), beside)
                # The feeder has the least time.
                choice = Mux(control.is_unit, beside, choice)
            m.d.comb += getattr(self.read, name).eq(choice)
        for reader in (feeder, *self._units):
            m.d.comb += reader.read.data.eq(self.read.data)
        self._connect_requantiser(m)
        results = self._requantiser.output
        if self._tables is not None:
            m.d.comb += self._tables.results.eq(results)
            results = self._tables.output
        m.d.comb += [
            self.write.valid.eq(results.valid),
            self.write.address.eq(results.address),
            self.write.data.eq(results.data),
            self.write.mask.eq(results.mask),
        ]
        if self._config.wide_results:
            lanes = range(self._config.requantiser_lanes)
            both = (results.data, self._requantiser.upper)
            with m.If(self._wide):
                m.d.comb += [
                    self.write.data.eq(Cat(part.word_select(i, 8) for i in lanes for part in both)),
                    self.write.mask.eq(Cat(results.mask[i].replicate(2) for i in lanes)),
                ]

    def _connect_requantiser(self, m: Module) -> None:
        """Its sums come from the drain or from a unit."""
        requantiser, command = self._requantiser, self._control.command
        # Results come many cycles after their command, so that the requantiser, a thousand
        # multiplexers, has registers of its own.
        beside, softmax = Signal(), Signal()
        m.d.sync += softmax.eq(self._control.is_softmax)
        units = self._control.is_elementwise | self._control.is_softmax | self._control.is_lstm
        m.d.sync += beside.eq(units)
        m.d.comb += requantiser.input.eq(self._drain.output)
        with m.If(beside):
            self._take_from_units(m, softmax)
        for name, field in (
            ("zero_point", "output_zero_point"),
            ("low", "clamp_low"),
            ("high", "clamp_high"),
        ):
            window, other = (
                CommandView(command, opcode)[field] for opcode in (Opcode.CONV, Opcode.ELEMENTWISE)
            )
            m.d.comb += requantiser.stage[name].eq(Mux(beside, other, window))
        with m.If(softmax):
            stage = {"zero_point": ZERO_POINT, "low": -128, "high": 127}
            m.d.comb += [requantiser.stage[name].eq(value) for name, value in stage.items()]
        if self._config.wide_results:
            self._wide = Signal()
            m.d.sync += self._wide.eq(
                (opcode_of(command) == Opcode.CONV) & CommandView(command, Opcode.CONV)["wide"]
            )
            with m.If(self._wide):
                m.d.comb += [
                    requantiser.stage.low.eq(-(1 << 15)),
                    requantiser.stage.high.eq((1 << 15) - 1),
                ]

    def _take_from_units(self, m: Module, softmax: Signal) -> None:
        """What a unit requantises; all but the values is the same in all of its lanes."""
        target = self._requantiser.input
        if self._elementwise is not None:
            m.d.comb += target.eq(self._elementwise.output)
        if self._softmax is None:
            return
        if self._elementwise is None:
            m.d.comb += target.eq(self._softmax.output)
            return
        first, second = self._elementwise.output, self._softmax.output
        for name in ("valid", "address", "mask"):
            m.d.comb += target[name].eq(Mux(softmax, second[name], first[name]))
        for lane in range(self._config.requantiser_lanes):
            values = second.lanes[lane].value, first.lanes[lane].value
            m.d.comb += target.lanes[lane].value.eq(Mux(softmax, *values))
            for name in ("bias", "multiplier", "shift"):
                m.d.comb += target.lanes[lane][name].eq(
                    Mux(softmax, second.lanes[0][name], first.lanes[0][name])
                )

    def _connect_softmax(self, m: Module, softmax: SoftmaxUnit, tables: Tables) -> None:
        """It looks up exponentials in the tables' memories."""
        working = Signal()
        m.d.sync += working.eq(self._control.is_softmax)
        m.d.comb += [
            tables.softmax.eq(working),
            tables.differences.eq(softmax.differences),
            tables.lookups.eq(softmax.lookups),
            softmax.words.eq(tables.words),
            softmax.product.eq(self._requantiser.product),
        ]

    def _connect_mover(self, m: Module, mover: Mover) -> None:
        """A MOVE has both ports of the scratchpad to itself."""
        m.submodules.mover = mover
        control = self._control
        m.d.comb += [
            mover.start.eq(control.start_move),
            mover.command.eq(control.command),
            mover.read.data.eq(self.read.data),
        ]
        with m.If(control.is_move):
            for name in ("valid", "address", "size", "crosses"):
                m.d.comb += getattr(self.read, name).eq(getattr(mover.read, name))
            for name in ("valid", "address", "data", "mask"):
                m.d.comb += getattr(self.write, name).eq(getattr(mover.write, name))

    def _connect_lstm(self, m: Module, lstm: LstmUnit) -> None:
        """An LSTM reads alone; its states are written beside what comes from the requantiser."""
        m.submodules.lstm = lstm
        control, requantiser = self._control, self._requantiser
        m.d.comb += [
            lstm.start.eq(control.start_lstm),
            lstm.command.eq(control.command),
            lstm.read.data.eq(self.read.data),
            lstm.results.eq(requantiser.output),
        ]
        with m.If(control.is_lstm):
            for name in ("valid", "address", "size", "crosses"):
                m.d.comb += getattr(self.read, name).eq(getattr(lstm.read, name))
            for name in ("valid", "address", "mask"):
                m.d.comb += requantiser.input[name].eq(lstm.output[name])
            m.d.comb += requantiser.input.lanes[0].eq(lstm.output.lanes[0])
        with m.If(lstm.write.valid):
            for name in ("valid", "address", "data", "mask"):
                m.d.comb += getattr(self.write, name).eq(getattr(lstm.write, name))

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
            events.requantise.eq(
                written + (0 if self._softmax is None else self._softmax.multiplying)
            ),
            events.scratchpad_read_words.eq(self.read.valid + self.dma_read),
            events.scratchpad_write_words.eq(self.write.valid + self.dma_write),
            events.weight_buffer_read_words.eq(Mux(paired, read << 1, read)),
            events.elementwise.eq(
                (0 if self._elementwise is None else self._elementwise.elements)
                + (0 if self._lstm is None else self._lstm.product)
            ),
            events.table.eq(
                (0 if self._tables is None else self._tables.accesses)
                + (0 if self._lstm is None else self._lstm.function)
            ),
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
