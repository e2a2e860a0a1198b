"""The adder: element-wise sum of two tensors with rescaling, as TFLM's ADD.

Operands are read in turns, ``requantiser_lanes`` elements each. Both pass through the same
input scaler (subtract the zero point, shift left by 20, multiply by a 31-bit factor, shift
right with rounding); the first waits for the second, and their sum goes to the requantiser.

With an operand of 9 bits, ``(x << 20) * multiplier`` rounded at bit 31 is ``x * multiplier``
rounded at bit 11, which keeps the multiplier small.
"""

from __future__ import annotations

from itertools import pairwise

from amaranth.hdl import Cat, Const, Module, Mux, Signal, signed
from amaranth.lib import data
from amaranth.lib.wiring import Component, In, Out

from hw.npu.command_view import COMMAND_LAYOUT, CommandView
from hw.npu.compute.requantiser import RequantiserInput
from hw.npu.ports import SCRATCHPAD_READ_LATENCY, crosses_word, read_port
from hw.spec.commands import ADDRESS_BITS, Opcode
from hw.spec.npu_config import NpuConfig

SCALER_LATENCY = 6
"""Cycles from an operand to its scaled value."""


class ScalerControl(data.StructLayout):
    """Constants of one operand: zero point, multiplier (31 bits), right shift (0..31)."""

    def __init__(self) -> None:
        super().__init__({"zero_point": signed(8), "multiplier": 31, "right": 5})


class OperandScaler(Component):
    """One lane of the input scaler: ``value`` int8 in, ``scaled`` `SCALER_LATENCY` cycles later."""

    def __init__(self) -> None:
        super().__init__(
            {"value": In(signed(8)), "control": In(ScalerControl()), "scaled": Out(signed(32))}
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        controls = [Signal(ScalerControl(), name=f"control_{i}") for i in range(SCALER_LATENCY - 1)]
        m.d.sync += controls[0].eq(self.control)
        for before, after in pairwise(controls):
            m.d.sync += after.eq(before)
        centred = Signal(signed(9))
        lower, upper = Signal(signed(26)), Signal(signed(25))
        product = Signal(signed(41))
        high = Signal(signed(31))
        rounded = Signal(signed(33))
        multiplier = controls[0].multiplier
        right = controls[3].right
        half = Signal(31)
        m.d.comb += half.eq((1 << right) >> 1)
        less = (product < 0) & (controls[2].right != 0)
        m.d.sync += [
            centred.eq(self.value - self.control.zero_point),
            # The sum of the parts has a cycle of its own: multipliers lie far from logic.
            lower.eq(centred * multiplier[:16]),
            upper.eq(centred * multiplier[16:]),
            product.eq(lower + (upper << 16)),
            # One addition: bits from 11 on subtract 1, for halves to be rounded away from zero.
            high.eq((product + Cat(Const(0, 10), 1, less.replicate(30)).as_signed()) >> 11),
            rounded.eq(high + half),
            self.scaled.eq(rounded >> controls[4].right),
        ]
        return m


class Adder(Component):
    """See the module's text.

    Ports
    -----
    start: pulse; ``command`` (ADD) is stable from then on.
    read: scratchpad. output: to the requantiser.
    reading: a read is made in this cycle; busy: from start until the last sum is out.
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
                "busy": Out(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        lanes = self._config.requantiser_lanes
        add = CommandView(self.command, Opcode.ADD)
        tag = data.StructLayout({"valid": 1, "second": 1, "address": ADDRESS_BITS, "mask": lanes})
        depth = SCRATCHPAD_READ_LATENCY + SCALER_LATENCY
        tags = [Signal(tag, name=f"tag_{i}") for i in range(depth)]
        issued = Signal(tag)
        m.d.sync += tags[0].eq(issued)
        for before, after in pairwise(tags):
            m.d.sync += after.eq(before)
        self._issue(m, add, issued)
        arrived, scaled = tags[SCRATCHPAD_READ_LATENCY - 1], tags[-1]
        control = Signal(ScalerControl())
        m.d.comb += [
            control.zero_point.eq(Mux(arrived.second, add["b_zero_point"], add["a_zero_point"])),
            control.multiplier.eq(Mux(arrived.second, add["b_multiplier"], add["a_multiplier"])),
            control.right.eq(-Mux(arrived.second, add["b_shift"], add["a_shift"])),
            self.output.valid.eq(scaled.valid & scaled.second),
            self.output.address.eq(scaled.address),
            self.output.mask.eq(scaled.mask),
            self.busy.eq(self.reading | self.start | Cat(t.valid for t in tags).any()),
        ]
        for index in range(lanes):
            scaler = OperandScaler()
            m.submodules[f"scaler_{index}"] = scaler
            first = Signal(signed(32), name=f"first_{index}")
            m.d.comb += scaler.value.eq(self.read.data.word_select(index, 8))
            m.d.comb += scaler.control.eq(control)
            with m.If(scaled.valid & ~scaled.second):
                m.d.sync += first.eq(scaler.scaled)
            target = self.output.lanes[index]
            m.d.comb += [
                target.value.eq(first + scaler.scaled),
                target.bias.eq(0),
                target.multiplier.eq(add["output_multiplier"]),
                target.shift.eq(add["output_shift"]),
            ]
        return m

    def _issue(self, m: Module, add: CommandView, issued: data.View[data.StructLayout]) -> None:
        """Read both operands in turns until all elements are read."""
        lanes = self._config.requantiser_lanes
        a, b, out = (Signal(ADDRESS_BITS, name=name) for name in ("a", "b", "out"))
        left = Signal(ADDRESS_BITS)
        second = Signal()
        m.d.comb += [
            self.reading.eq(left != 0),
            self.read.valid.eq(self.reading),
            self.read.address.eq(Mux(second, b, a)),
            self.read.size.eq(lanes),
            self.read.crosses.eq(crosses_word(self.read.address, lanes, self._config.port_bytes)),
            issued.valid.eq(self.reading),
            issued.second.eq(second),
            issued.address.eq(out),
            issued.mask.eq(Cat(left > i for i in range(lanes))),
        ]
        with m.If(self.start):
            m.d.sync += [
                a.eq(add["a_address"]),
                b.eq(add["b_address"]),
                out.eq(add["output_address"]),
                left.eq(add["bytes"]),
                second.eq(0),
            ]
        with m.Elif(self.reading):
            m.d.sync += second.eq(~second)
            with m.If(second):
                m.d.sync += [
                    a.eq(a + lanes),
                    b.eq(b + lanes),
                    out.eq(out + lanes),
                    left.eq(Mux(left > lanes, left - lanes, 0)),
                ]
