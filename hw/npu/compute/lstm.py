"""The LSTM unit: the cells of an LSTM, taken on by a time step, as TFLM computes them.

It reads two bytes a cycle: for each gate of a unit the sum of the inputs and that of the hidden
state, then the cell's state. So a unit begins every `LSTM_UNIT_CYCLES` cycles, and what it needs
later goes through one pipeline: the gates' functions and that of the new state through one
`hw.npu.compute.gate_function`, the three products through one multiplier. A bit that moves along
(`at`) says where a unit stands:

====  ==================================================================
0-7   reads of the sums, a gate's two beside each other
8     read of the cell's state
4-10  every other cycle a gate's sum enters its function
12    input gate * candidate
14    forget gate * state
16    new state
18    it enters its function; it is written
24    function of the state * output gate, to the requantiser
34    hidden state from the requantiser, written to the output
35    and to its own place
====  ==================================================================

Products are rescaled by powers of two, 2**-15 and that of ``cell_shift``, rounded as in
`hw.npu.compute.requantiser`.
"""

from __future__ import annotations

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value, signed
from amaranth.lib.wiring import Component, In, Out

from tilewright.hw.npu.command_view import COMMAND_LAYOUT, CommandView
from tilewright.hw.npu.compute.gate_function import UNSHIFTED, GateFunction
from tilewright.hw.npu.compute.requantiser import RequantiserInput, RequantiserOutput
from tilewright.hw.npu.ports import crosses_word, read_port, write_port
from tilewright.hw.spec.commands import ADDRESS_BITS, LSTM_GATES, Opcode
from tilewright.hw.spec.npu_config import NpuConfig
from tilewright.hw.spec.timing import (
    FUNCTION_LATENCY,
    LSTM_HIDDEN_WRITTEN,
    LSTM_OUTPUT_WRITTEN,
    LSTM_STATE_WRITTEN,
    LSTM_UNIT_CYCLES,
    SCRATCHPAD_READ_LATENCY,
)

_GATES = len(LSTM_GATES)

_SUM = SCRATCHPAD_READ_LATENCY + 2
"""The first gate's sum."""
_GATE = {name: _SUM + 2 * i + FUNCTION_LATENCY for i, name in enumerate(LSTM_GATES)}
"""Results of the gates' functions."""
_STATE = _GATE["forget"] + 3
"""The new state: behind a product, its rounding and the sum."""
_RESULT = LSTM_STATE_WRITTEN + FUNCTION_LATENCY
"""The function of the new state."""

assert LSTM_UNIT_CYCLES == 2 * _GATES + 1
assert LSTM_STATE_WRITTEN == _STATE + 1


def _taken_once(*cycles: int) -> bool:
    """Whether what units need in these cycles of theirs is one thing a cycle."""
    return len({cycle % LSTM_UNIT_CYCLES for cycle in cycles}) == len(cycles)


_SUMS = range(_SUM, _SUM + 2 * _GATES, 2)
assert _taken_once(*_SUMS, LSTM_STATE_WRITTEN)
assert _taken_once(_GATE["cell"], _GATE["forget"], _RESULT)
assert _taken_once(LSTM_STATE_WRITTEN, LSTM_OUTPUT_WRITTEN, LSTM_HIDDEN_WRITTEN)


class LstmUnit(Component):
    """See the module's text.

    Ports
    -----
    start: pulse; ``command`` (LSTM) is stable from then on.
    read: scratchpad; write: its states. output: to the requantiser; results: from it.
    reading: a read is made in this cycle. busy: from start until the last result is at the
        requantiser.
    function, product: one is begun in this cycle.
    """

    def __init__(self, config: NpuConfig) -> None:
        self._config = config
        super().__init__(
            {
                "start": In(1),
                "command": In(COMMAND_LAYOUT),
                "read": Out(read_port(config.port_bytes)),
                "write": Out(write_port(config.port_bytes)),
                "output": Out(RequantiserInput(config)),
                "results": In(RequantiserOutput(config)),
                "reading": Out(1),
                "busy": Out(1),
                "function": Out(1),
                "product": Out(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        v = CommandView(self.command, Opcode.LSTM)
        phase = Signal(range(LSTM_UNIT_CYCLES))
        begins, later = Signal(), Signal(LSTM_HIDDEN_WRITTEN)
        at = Cat(begins, later)
        m.d.comb += begins.eq(self.reading & (phase == 0))
        m.d.sync += later.eq(at)
        self._walk(m, v, phase, at)
        cell = self._keep(
            m, self.read.data[:16], at[LSTM_UNIT_CYCLES - 1 + SCRATCHPAD_READ_LATENCY]
        )
        state, function = Signal(signed(16)), GateFunction()
        m.submodules.function = function
        m.d.comb += [
            function.operand.eq(Mux(at[LSTM_STATE_WRITTEN], state, self._sum(m))),
            function.shift.eq(Mux(at[LSTM_STATE_WRITTEN], v["cell_shift"], UNSHIFTED)),
            function.symmetric.eq(at[LSTM_STATE_WRITTEN] | at[_SUM + 2 * LSTM_GATES.index("cell")]),
            self.function.eq(at[LSTM_STATE_WRITTEN] | Cat(at[i] for i in _SUMS).any()),
        ]
        product = self._multiply(m, at, cell, function.result)
        self._state(m, v, at, product, state)
        self._write(m, v, at, state, product)
        return m

    def _walk(self, m: Module, v: CommandView, phase: Signal, at: Value) -> None:
        """Units and their reads: of the inputs' and the hidden state's sums in turns, the cell."""
        left, last = Signal(16), Signal()
        ends = phase == LSTM_UNIT_CYCLES - 1
        m.d.comb += self.busy.eq(self.start | self.reading | at[: _RESULT + 2].any())
        with m.If(self.start):
            m.d.sync += [self.reading.eq(1), phase.eq(0), left.eq(v["units"])]
            m.d.sync += last.eq(v["units"] == 1)
        with m.Elif(self.reading):
            m.d.sync += phase.eq(Mux(ends, 0, phase + 1))
            with m.If(ends):
                m.d.sync += [left.eq(left - 1), last.eq(left == 2), self.reading.eq(~last)]
        address = Signal(ADDRESS_BITS)
        takes = (~phase[0] & ~ends, phase[0], ends)
        sources = ("input", "recurrent", "cell")
        for source, mine in zip(sources, takes, strict=True):
            place = self._address(m, v, f"{source}_address", self.reading & mine, 2)
            with m.If(mine):
                m.d.comb += address.eq(place)
        m.d.comb += [
            self.read.valid.eq(self.reading),
            self.read.address.eq(address),
            self.read.size.eq(2),
            self.read.crosses.eq(crosses_word(address, 2, self._config.port_bytes)),
        ]

    def _address(self, m: Module, v: CommandView, name: str, moves: Value, step: int) -> Signal:
        """An address that goes on by ``step``."""
        address = Signal(ADDRESS_BITS, name=name)
        with m.If(self.start):
            m.d.sync += address.eq(v[name])
        with m.Elif(moves):
            m.d.sync += address.eq(address + step)
        return address

    def _keep(self, m: Module, value: Value, there: Value) -> Signal:
        """What ``value`` was when it was ``there``, from the next cycle on."""
        kept = Signal(signed(16))
        with m.If(there):
            m.d.sync += kept.eq(value)
        return kept

    def _sum(self, m: Module) -> Signal:
        """Of what was read in the cycle before and in this one: a gate's two parts."""
        first, total, within = Signal(signed(16)), Signal(signed(17)), Signal(signed(16))
        m.d.sync += [first.eq(self.read.data[:16]), within.eq(_clamped(total, -32768, 32767))]
        m.d.comb += total.eq(first + self.read.data[:16].as_signed())
        return within

    def _multiply(self, m: Module, at: Value, cell: Signal, result: Signal) -> Signal:
        """The multiplier: a gate that is kept or comes from its function times what belongs to it.

        Gates other than the candidate are 0 or more.
        """
        enter = self._keep(m, result, at[_GATE["input"]])
        output = self._keep(m, result, at[_GATE["output"]])
        gate, other, product = Signal(15), Signal(signed(16)), Signal(signed(32))
        m.d.comb += [gate.eq(enter), other.eq(result)]
        with m.If(at[_GATE["forget"]]):
            m.d.comb += [gate.eq(result), other.eq(cell)]
        with m.If(at[_RESULT]):
            m.d.comb += gate.eq(output)
        m.d.sync += product.eq(gate * other)
        m.d.comb += self.product.eq(at[_GATE["cell"]] | at[_GATE["forget"]] | at[_RESULT])
        return product

    def _state(self, m: Module, v: CommandView, at: Value, product: Signal, state: Signal) -> None:
        """The cell's new state: what it keeps and what enters it."""
        shift = Mux(at[_GATE["cell"] + 1], v["cell_shift"], 0)
        half = Signal(22)
        rounded = Signal(signed(17))
        # Halves are rounded away from zero, and what is less than half below it goes to it.
        nudge = Mux(product < 0, Const(-1, signed(2)), Const(1, signed(2)))
        m.d.comb += half.eq(Const(1 << 14) << shift)
        m.d.sync += rounded.eq((product + (half + nudge)) >> 15 >> shift)
        entered = self._keep(m, rounded[:16], at[_GATE["cell"] + 2])
        total = Signal(signed(18))
        m.d.comb += total.eq(rounded + entered)
        with m.If(at[_STATE - 1]):
            m.d.sync += state.eq(_clamped(total, v["cell_low"], v["cell_high"]))

    def _write(self, m: Module, v: CommandView, at: Value, state: Signal, product: Signal) -> None:
        """States by its own port, each in its cycle; the output through the requantiser."""
        results, lane, sent = Signal(8), self.output.lanes[0], at[_RESULT + 1]
        writes_state = at[LSTM_STATE_WRITTEN]
        m.d.sync += results.eq(self.results.data[:8])
        state_address = self._address(m, v, "next_cell_address", writes_state, 2)
        hidden_address = self._address(m, v, "hidden_address", at[LSTM_HIDDEN_WRITTEN], 1)
        m.d.comb += [
            self.write.valid.eq(writes_state | at[LSTM_HIDDEN_WRITTEN]),
            self.write.address.eq(Mux(writes_state, state_address, hidden_address)),
            self.write.data.eq(Mux(writes_state, state, results)),
            self.write.mask.eq(Mux(writes_state, 0b11, 0b1)),
            self.output.valid.eq(sent),
            self.output.address.eq(self._address(m, v, "output_address", sent, 1)),
            self.output.mask.eq(1),
            lane.value.eq(product),
            lane.multiplier.eq(v["output_multiplier"]),
            lane.shift.eq(v["output_shift"]),
        ]


def _clamped(value: Signal, low: Value | int, high: Value | int) -> Value:
    return Mux(value < low, low, Mux(value > high, high, value))
