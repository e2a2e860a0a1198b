"""The accelerator under microprogrammed control: the same commands, one thing after the other.

Its scratchpad is a stretch of main memory, and weights are read where they lie there, so that it
has no memory of its own but for a column's sums. CONV and DEPTHWISE work as on the array of
``rows`` x ``cols``, where the rows are at work at once and the columns in turn. A sequencer of some
hundred microinstructions does all that an engine does elsewhere.

It does not take ELEMENTWISE, TABLE, paired commands, maxima, and weights that are sent again for
each tile; the mapper does not emit them for it. Records hold a layer's number and time, and count
nothing.
"""

from __future__ import annotations

from amaranth.hdl import Array, Cat, Module, Signal
from amaranth.lib.wiring import Component, In, Out, connect, flipped

from tilewright.hw.bus import memory_bus, register_bus
from tilewright.hw.npu.microcode.access import Access
from tilewright.hw.npu.microcode.assembler import Op
from tilewright.hw.npu.microcode.assembler import Out as Outputs
from tilewright.hw.npu.microcode.dot import CHUNK, Dot
from tilewright.hw.npu.microcode.registers import MicrocodeRegisters
from tilewright.hw.npu.microcode.requantise import Requantise, parameter_bytes
from tilewright.hw.npu.microcode.sequencer import Sequencer
from tilewright.hw.npu.microcode.windows import Windows
from tilewright.hw.npu.watchdog import Watchdog
from tilewright.hw.spec.config import Config
from tilewright.hw.spec.profile import ACTIVITIES


class MicrocodeNpu(Component):
    """See the module's text.

    Ports
    -----
    As those of `hw.npu.npu.Npu`.
    """

    def __init__(self, config: Config) -> None:
        self._config = config.npu
        self._scratchpad = config.soc.memory_bytes - config.npu.scratchpad_bytes
        super().__init__(
            {
                "bus": Out(memory_bus(config.npu.bus_bytes)),
                "registers": In(register_bus()),
                "interrupt": Out(1),
                "time": In(32),
                "activity": Out(len(ACTIVITIES)),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        config = self._config
        m.submodules.registers = self._registers = MicrocodeRegisters(config)
        m.submodules.sequencer = self._sequencer = Sequencer(config)
        m.submodules.access = self._access = Access(self._scratchpad, config.scratchpad_bytes)
        m.submodules.watchdog = self._watchdog = Watchdog()
        m.submodules.windows = self._windows = Windows(config)
        m.submodules.dot = self._dot = Dot(config)
        m.submodules.requantise = self._requantise = Requantise(config.accumulator_bits)
        connect(m, flipped(self.registers), self._registers.bus)
        connect(m, self._access.bus, flipped(self.bus))
        self._control(m)
        ports = self._ports(m)
        self._compute(m, ports)
        return m

    def _control(self, m: Module) -> None:
        registers, sequencer, access = self._registers, self._sequencer, self._access
        watchdog = self._watchdog
        op, waits = sequencer.op, Signal()
        with m.Switch(op):
            with m.Case(Op.HALT):
                m.d.comb += waits.eq(~registers.start)
            with m.Case(Op.SYNC):
                m.d.comb += waits.eq(~access.idle | self._dot.busy)
            with m.Case(Op.SCALE):
                m.d.comb += waits.eq(self._requantise.busy)
        m.d.comb += [
            sequencer.hold.eq(access.hold | waits),
            sequencer.abort.eq(access.failed | access.locked | watchdog.abort),
            watchdog.time.eq(self.time),
            watchdog.limit.eq(registers.limit),
            watchdog.start.eq(registers.start),
            watchdog.busy.eq(~registers.halted),
            watchdog.quiet.eq(access.quiet),
            access.stop.eq(watchdog.stop),
            access.abort.eq(sequencer.abort),
            access.lock.eq(registers.lock),
            registers.locked.eq(access.locked),
            registers.abort.eq(watchdog.abort),
            sequencer.start.eq(registers.start),
            sequencer.commands.eq(registers.command_address),
            sequencer.profile.eq(registers.profile_address),
            sequencer.scratchpad.eq(self._scratchpad),
            sequencer.read.eq(access.read),
            registers.halted.eq(sequencer.valid & (op == Op.HALT)),
            registers.ended.eq(sequencer.valid & (op == Op.END)),
            registers.unknown.eq(sequencer.valid & (op == Op.ERROR)),
            registers.failed.eq(access.failed),
            registers.wrote.eq(access.wrote),
            registers.profile.eq(sequencer.a),
            registers.set_profile.eq(self._out(Outputs.PROFILE)),
            self.interrupt.eq(registers.done),
            access.valid.eq(sequencer.valid),
            access.op.eq(op),
            access.argument.eq(sequencer.argument),
            access.a.eq(sequencer.a),
        ]

    def _out(self, port: Outputs) -> Signal:
        sequencer = self._sequencer
        out = sequencer.valid & (sequencer.op == Op.OUT)
        return out & (sequencer.argument[:5] == port)

    def _ports(self, m: Module) -> dict[Outputs, Signal]:
        """Registers of the ports that no block has."""
        widths = {
            Outputs.PAD: 8,
            Outputs.MODE: 1,
            Outputs.FIRST: 1,
            Outputs.TAIL: 2,
            Outputs.ROW: 2,
            Outputs.ZERO_POINT: 8,
            Outputs.LOW: 8,
            Outputs.HIGH: 8,
            Outputs.DATA: 8,
        }
        ports = {port: Signal(width, name=port.name.lower()) for port, width in widths.items()}
        for port, register in ports.items():
            value = 1 if port is Outputs.FIRST else self._sequencer.a
            with m.If(self._out(port)):
                m.d.sync += register.eq(value)
        macs = self._sequencer.op == Op.MACS
        with m.If(macs & self._sequencer.done):
            m.d.sync += ports[Outputs.FIRST].eq(0)
        return ports

    def _compute(self, m: Module, ports: dict[Outputs, Signal]) -> None:
        sequencer, access, windows = self._sequencer, self._access, self._windows
        dot, requantise = self._dot, self._requantise
        macs, op = Signal(), sequencer.op
        parameters = parameter_bytes(m, access.parameter, access.byte)
        bits = self._config.accumulator_bits
        sums = Array(dot.block_ram_word.word_select(row, bits).as_signed() for row in range(CHUNK))
        starts = (op == Op.SCALE) | (op == Op.PUT)
        m.d.comb += [
            macs.eq(sequencer.done & (op == Op.MACS)),
            windows.out.eq(sequencer.valid & (op == Op.OUT)),
            windows.port.eq(sequencer.argument),
            windows.value.eq(sequencer.a),
            windows.index.eq(sequencer.index),
            windows.column.eq(access.column),
            windows.advance.eq(macs),
            access.columns.eq(sequencer.columns),
            access.address.eq(windows.address),
            access.exists.eq(windows.exists),
            access.first.eq(ports[Outputs.FIRST]),
            access.pad.eq(ports[Outputs.PAD]),
            access.result.eq(requantise.result),
            access.result_busy.eq(requantise.busy),
            access.data.eq(ports[Outputs.DATA]),
            access.time.eq(self.time),
            dot.weight.eq(access.weight),
            dot.word.eq(access.word),
            dot.number.eq(access.number),
            dot.depthwise.eq(ports[Outputs.MODE]),
            dot.tail.eq(ports[Outputs.TAIL]),
            dot.chunk.eq(access.chunk),
            dot.bytes.eq(access.bytes),
            dot.column.eq(access.number),
            dot.first.eq(access.starts),
            dot.read.eq(sequencer.index),
            requantise.parameters.eq(parameters),
            requantise.zero_point.eq(ports[Outputs.ZERO_POINT]),
            requantise.low.eq(ports[Outputs.LOW]),
            requantise.high.eq(ports[Outputs.HIGH]),
            requantise.total.eq(sums[ports[Outputs.ROW]]),
            requantise.start.eq(sequencer.done & starts),
            self.activity.eq(Cat(dot.chunk, requantise.busy, access.beat)),
        ]
