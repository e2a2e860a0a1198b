"""The element-wise unit: sums, differences, products, maxima of two tensors, as TFLM's kernels.

Operands are read in turns, ``requantiser_lanes`` elements each, in the order of
`hw.npu.compute.elementwise_walk`, and pass through the same scalers
(`hw.npu.compute.operand_scaler`). Of a sum or difference, operand a waits for b behind the scaler,
and their sum goes to the requantiser; products and maxima come out of the scaler with b. What is
subtracted comes inverted, and the requantiser's bias adds the 1 that is missing.
"""

from __future__ import annotations

from itertools import pairwise

from amaranth.hdl import Cat, Module, Mux, Signal, Value, signed
from amaranth.lib.wiring import Component, In, Out, connect, flipped

from tilewright.hw.npu.command_view import COMMAND_LAYOUT, CommandView
from tilewright.hw.npu.compute.elementwise_walk import ElementwiseWalk, GroupLayout
from tilewright.hw.npu.compute.operand_scaler import OperandScaler, ScalerControl
from tilewright.hw.npu.compute.requantiser import RequantiserInput
from tilewright.hw.npu.ports import read_port
from tilewright.hw.spec.commands import Opcode, Operation
from tilewright.hw.spec.npu_config import NpuConfig
from tilewright.hw.spec.timing import SCALER_LATENCY, SCRATCHPAD_READ_LATENCY


class ElementwiseUnit(Component):
    """See the module's text.

    Ports
    -----
    start: pulse; ``command`` (ELEMENTWISE) is stable from then on.
    read: scratchpad. output: to the requantiser.
    reading: a read is made in this cycle, for so many elements (``elements``); busy: from start
    until the last result is out.
    """

    def __init__(self, config: NpuConfig) -> None:
        self._config = config
        super().__init__(
            {
                "start": In(1),
                "command": In(COMMAND_LAYOUT),
                "read": Out(read_port(config.port_bytes)),
                "output": Out(RequantiserInput(config)),
                "reading": Out(1),
                "elements": Out(range(config.requantiser_lanes + 1)),
                "busy": Out(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        lanes = range(self._config.requantiser_lanes)
        m.submodules.walk = walk = ElementwiseWalk(self._config)
        connect(m, walk.read, flipped(self.read))
        depth = SCRATCHPAD_READ_LATENCY + SCALER_LATENCY
        groups = [Signal(GroupLayout(self._config), name=f"group_{i}") for i in range(depth)]
        m.d.sync += groups[0].eq(walk.group)
        for before, after in pairwise(groups):
            m.d.sync += after.eq(before)
        arrived, scaled = groups[SCRATCHPAD_READ_LATENCY - 1], groups[-1]
        m.d.comb += [
            walk.start.eq(self.start),
            walk.command.eq(self.command),
            self.reading.eq(walk.group.valid),
            self.elements.eq(Mux(walk.group.valid, sum(walk.group.mask[i] for i in lanes), 0)),
            self.busy.eq(self.reading | self.start | Cat(g.valid for g in groups).any()),
            self.output.valid.eq(scaled.valid & scaled.second),
            self.output.address.eq(scaled.address),
            self.output.mask.eq(scaled.mask),
        ]
        v = CommandView(self.command, Opcode.ELEMENTWISE)
        # The command is there long before its first operand: its operation has time to be decoded.
        does = {operation: Signal(name=operation.name.lower()) for operation in Operation}
        m.d.sync += [flag.eq(v["operation"] == operation) for operation, flag in does.items()]
        repeats = Signal()
        m.d.sync += repeats.eq(v["a_repeat"])
        control = self._control(m, v, does, arrived)
        for index in lanes:
            m.submodules[f"scaler_{index}"] = scaler = OperandScaler()
            place = Mux(
                repeats & ~arrived.second, self.read.data[:8], self.read.data.word_select(index, 8)
            )
            m.d.comb += [scaler.value.eq(place), scaler.control.eq(control)]
            self._combine(m, v, does, scaled, scaler, index)
        return m

    def _control(
        self, m: Module, v: CommandView, does: dict[Operation, Signal], arrived: Signal
    ) -> Signal:
        """What the operand that arrives goes through."""
        control, second = Signal(ScalerControl()), arrived.second
        m.d.comb += [
            control.zero_point.eq(Mux(second, v["b_zero_point"], v["a_zero_point"])),
            control.multiplier.eq(Mux(second, v["b_multiplier"], v["a_multiplier"])),
            control.right.eq(-Mux(second, v["b_shift"], v["a_shift"])),
            control.keep.eq(arrived.valid & ~second),
            control.product.eq(second & does[Operation.MULTIPLY]),
            control.largest.eq(second & does[Operation.MAXIMUM]),
            control.smallest.eq(second & does[Operation.MINIMUM]),
            control.complement.eq(
                Mux(second, does[Operation.A_MINUS_B], does[Operation.B_MINUS_A])
            ),
        ]
        return control

    def _combine(
        self,
        m: Module,
        v: CommandView,
        does: dict[Operation, Signal],
        scaled: Signal,
        scaler: OperandScaler,
        index: int,
    ) -> None:
        """One lane's result: b, and a where they are added."""
        first = Signal(signed(32), name=f"first_{index}")
        subtracts: Value = does[Operation.A_MINUS_B] | does[Operation.B_MINUS_A]
        with m.If(self.start):
            m.d.sync += first.eq(0)
        with m.Elif(scaled.valid & ~scaled.second):
            m.d.sync += first.eq(Mux(subtracts | does[Operation.ADD], scaler.scaled, 0))
        target = self.output.lanes[index]
        m.d.comb += [
            target.value.eq(first + scaler.scaled),
            target.bias.eq(subtracts),
            target.multiplier.eq(v["output_multiplier"]),
            target.shift.eq(v["output_shift"]),
        ]
