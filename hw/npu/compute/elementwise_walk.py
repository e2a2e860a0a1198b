"""The order in which the element-wise unit reads its operands: rows, pixels, groups of bytes.

A group is ``requantiser_lanes`` bytes of a pixel, or what is left of them: one read of operand a,
then one of b. An a that is one byte for all bytes of a pixel is read once a pixel, and none where b
is alone. Each operand, and the output, is where its pitches say: a pitch of zero reads the same
again.
"""

from __future__ import annotations

from amaranth.hdl import Cat, Module, Mux, Signal, Value
from amaranth.lib import data
from amaranth.lib.wiring import Component, In, Out

from tilewright.hw.npu.command_view import COMMAND_LAYOUT, CommandView
from tilewright.hw.npu.ports import crosses_word, read_port
from tilewright.hw.spec.commands import ADDRESS_BITS, Opcode, Operation
from tilewright.hw.spec.npu_config import NpuConfig


class GroupLayout(data.StructLayout):
    """A read: of operand b (``second``) or a; ``address`` and ``mask`` of the group's output."""

    def __init__(self, config: NpuConfig) -> None:
        lanes = config.requantiser_lanes
        super().__init__({"valid": 1, "second": 1, "address": ADDRESS_BITS, "mask": lanes})


class ElementwiseWalk(Component):
    """See the module's text.

    Ports
    -----
    start: pulse; ``command`` (ELEMENTWISE) is stable from then on.
    read: scratchpad, a read a cycle until the last one; its data go to who asks for ``group``.
    """

    def __init__(self, config: NpuConfig) -> None:
        self._config = config
        super().__init__(
            {
                "start": In(1),
                "command": In(COMMAND_LAYOUT),
                "read": Out(read_port(config.port_bytes)),
                "group": Out(GroupLayout(config)),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        lanes, read, group = self._config.requantiser_lanes, self.read, self.group
        v = CommandView(self.command, Opcode.ELEMENTWISE)
        reading, second = Signal(), Signal()
        left = Signal(ADDRESS_BITS)
        group_ends = Signal()
        alone = v["operation"] == Operation.B_ALONE
        m.d.comb += group_ends.eq(reading & second)
        pixel_ends, row_ends, all_end = self._count(m, v, group_ends, left)
        a, b, output = (
            self._address(m, v, name, (group_ends, pixel_ends, row_ends))
            for name in ("a", "b", "output")
        )
        m.d.comb += [
            read.valid.eq(reading),
            read.address.eq(Mux(second, b, a)),
            read.size.eq(lanes),
            read.crosses.eq(crosses_word(read.address, lanes, self._config.port_bytes)),
            group.valid.eq(reading),
            group.second.eq(second),
            group.address.eq(output),
            group.mask.eq(Cat(left > i for i in range(lanes))),
        ]
        with m.If(self.start):
            m.d.sync += [reading.eq(1), second.eq(alone)]
        with m.Elif(reading):
            m.d.sync += second.eq(~second | alone | (v["a_repeat"] & ~pixel_ends))
            with m.If(all_end):
                m.d.sync += reading.eq(0)
        return m

    def _count(
        self, m: Module, v: CommandView, group_ends: Value, left: Signal
    ) -> tuple[Value, Value, Value]:
        """Whether a group that ends is a pixel's last, a row's, the last of all.

        ``left`` gets the bytes of the pixel from the group at hand on.
        """
        lanes = self._config.requantiser_lanes
        last_group, last_pixel, last_row = Signal(), Signal(), Signal()
        pixels, rows = Signal(16), Signal(16)
        pixel_ends = group_ends & last_group
        row_ends = pixel_ends & last_pixel
        begins = self.start | pixel_ends
        next_left = Signal(ADDRESS_BITS)
        m.d.comb += next_left.eq(Mux(begins, v["run_bytes"], left - lanes))
        with m.If(self.start | group_ends):
            m.d.sync += [left.eq(next_left), last_group.eq(next_left <= lanes)]
        for begins_count, counts, number, last, total in (
            (self.start | row_ends, pixel_ends, pixels, last_pixel, v["output_cols"]),
            (self.start, row_ends, rows, last_row, v["output_rows"]),
        ):
            with m.If(begins_count):
                m.d.sync += [number.eq(total), last.eq(total == 1)]
            with m.Elif(counts):
                m.d.sync += [number.eq(number - 1), last.eq(number == 2)]
        return pixel_ends, row_ends, row_ends & last_row

    def _address(
        self, m: Module, v: CommandView, name: str, ends: tuple[Value, Value, Value]
    ) -> Signal:
        """Where the group at hand lies in an operand or the output."""
        group_ends, pixel_ends, row_ends = ends
        address, pixel, row = (
            Signal(ADDRESS_BITS, name=f"{name}_{level}") for level in ("address", "pixel", "row")
        )
        along: Value | int = self._config.requantiser_lanes
        if name == "a":
            along = Mux(v["a_repeat"], 0, along)
        base = Mux(row_ends, row, Mux(pixel_ends, pixel, address))
        step = Mux(
            row_ends, v[f"{name}_row_pitch"], Mux(pixel_ends, v[f"{name}_pixel_pitch"], along)
        )
        following = Signal(ADDRESS_BITS, name=f"{name}_following")
        m.d.comb += following.eq(Mux(self.start, v[f"{name}_address"], base + step))
        for register, moves in ((address, group_ends), (pixel, pixel_ends), (row, row_ends)):
            with m.If(self.start | moves):
                m.d.sync += register.eq(following)
        return address
