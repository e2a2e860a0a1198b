"""The weight walk: the order in which the lines of the weight ring are read.

A line is a word of the ring's memory; its lanes are weight words. A section is what lies side by
side and is read without a jump: the parameters of a block, or the weights of a tile.
"""

from __future__ import annotations

from amaranth.hdl import Cat, Const, Module, Mux, Signal, signed
from amaranth.lib import data, stream
from amaranth.lib.wiring import Component, In, Out
from amaranth.utils import exact_log2

from tilewright.hw.npu.ports import WEIGHT_START
from tilewright.hw.spec.commands import PARAMETER_WORDS
from tilewright.hw.spec.npu_config import NpuConfig


class UnitsLayout(data.StructLayout):
    """What a read takes of a line: the unit at lane ``first`` and ``left`` more behind it.

    A unit is a weight word, or a pair of them if ``paired``.
    """

    def __init__(self, config: NpuConfig) -> None:
        lanes = config.weight_memory_bytes // config.weight_word_bytes
        super().__init__({"first": range(lanes), "left": range(lanes), "paired": 1})


class WeightWalk(Component):
    """Steps through parameters, tiles and blocks, a line at a time.

    Ports
    -----
    start: one compute command's reads, accepted while not ``active``; they begin with ``line``.
        ``blocks`` and ``tiles`` are at least 1; ``block_words`` may be 0. What is read with
        ``keep`` is not freed, and the next command begins with the same line.
    active: there is a line to read. step: it is read in this cycle; only while ``active``.
    line, units, parameters: which line, what of it, and whether these are parameters. Lines count
        up modulo twice the ring.
    freed: lines before this one are not read again.
    clear: back to line 0; only while not ``active``.
    """

    def __init__(self, config: NpuConfig) -> None:
        self._can_keep = config.wide_results
        self._lane_bits = exact_log2(config.weight_memory_bytes // config.weight_word_bytes)
        line_bits = exact_log2(config.weight_buffer_bytes // config.weight_memory_bytes) + 1
        super().__init__(
            {
                "start": In(stream.Signature(WEIGHT_START)),
                "active": Out(1),
                "step": In(1),
                "line": Out(line_bits),
                "units": Out(UnitsLayout(config)),
                "parameters": Out(1),
                "freed": Out(line_bits),
                "clear": In(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        self._declare()
        whole = Mux(self._last_line, self._end_lane, (1 << self._lane_bits) - 1) - self._lane
        last_of_block = Mux(self.parameters, self._no_words, self._last_tile)
        m.d.comb += [
            self.start.ready.eq(~self.active),
            self._last_line.eq(self._lines_left < 0),
            self._last_tile.eq(self._tiles_left < 0),
            self._ends_block.eq(self._last_line & last_of_block),
            self._ends_command.eq(self._ends_block & (self._blocks_left < 0)),
            self._replays.eq(self._last_line & ~self.parameters & ~self._last_tile & ~self._stream),
            self.units.first.eq(self._lane),
            self.units.left.eq(Mux(self._paired, whole[1:], whole)),
            self.units.paired.eq(self._paired),
        ]
        with m.If(self.step):
            self._step(m)
        with m.If(self.start.valid & self.start.ready):
            self._begin(m)
        with m.If(self.clear):
            m.d.sync += [self.line.eq(0), self.freed.eq(0)]
        return m

    def _declare(self) -> None:
        # Words of a section less one and less a line: added to the lane of its first word, the
        # lower bits are the lane of its last word and the upper ones its lines less two.
        self._block_span, self._parameter_span = Signal(signed(26)), Signal(signed(26))
        # What is left counts down from the number less two: the sign says that this is the last.
        self._lines_left = Signal(signed(26 - self._lane_bits))
        self._tiles, self._tiles_left = Signal(signed(25)), Signal(signed(25))
        self._blocks_left = Signal(signed(17))
        self._stream, self._paired, self._no_words = Signal(), Signal(), Signal()
        self._keep = Signal() if self._can_keep else Const(0)
        # Lanes where this read begins, where this section ends, and where a replay begins.
        self._lane, self._end_lane = Signal(self._lane_bits), Signal(self._lane_bits)
        self._home_lane = Signal(self._lane_bits)
        self._section = Cat(self._end_lane, self._lines_left)
        self._last_line, self._last_tile, self._ends_block = Signal(), Signal(), Signal()
        self._ends_command, self._replays = Signal(), Signal()

    def _begin(self, m: Module) -> None:
        start, line = self.start.payload, 1 << self._lane_bits
        span = Mux(start.paired, 2 * PARAMETER_WORDS - 1 - line, PARAMETER_WORDS - 1 - line)
        m.d.sync += [
            self.active.eq(1),
            self._stream.eq(start.stream),
            self._paired.eq(start.paired),
            self._no_words.eq(start.block_words == 0),
            self._block_span.eq((start.block_words << start.paired) - 1 - line),
            self._parameter_span.eq(span),
            *([self._keep.eq(start.keep)] if self._can_keep else []),
            self._tiles.eq(start.tiles - 2),
            self._blocks_left.eq(start.blocks - 2),
            self.parameters.eq(1),
            self._lane.eq(0),
            self._section.eq(span),
        ]

    def _step(self, m: Module) -> None:
        """The line after this one; at a section's end the next section, which may share it."""
        following, behind, lane = Signal.like(self.line), Signal(), Signal.like(self._lane)
        m.d.comb += [
            behind.eq(~self._last_line | self._end_lane.all() | self._ends_command),
            following.eq(self.line + behind),
            lane.eq(Mux(self._replays, self._home_lane, self._end_lane + 1)),
        ]
        returns = self._replays | (self._ends_command & self._keep)
        m.d.sync += [
            self.line.eq(Mux(returns, self.freed, following)),
            self._lane.eq(0),
            self._lines_left.eq(self._lines_left - 1),
        ]
        with m.If((self.parameters | self._stream | self._last_tile) & ~self._keep):
            m.d.sync += self.freed.eq(following)
        with m.If(self._last_line):
            span = Mux(self._ends_block, self._parameter_span, self._block_span)
            m.d.sync += [
                self._section.eq(span + lane),
                self._lane.eq(lane),
                self.parameters.eq(self._ends_block),
            ]
            with m.If(self.parameters):
                m.d.sync += [self._tiles_left.eq(self._tiles), self._home_lane.eq(lane)]
            with m.Else():
                m.d.sync += self._tiles_left.eq(self._tiles_left - 1)
        with m.If(self._ends_block):
            m.d.sync += self._blocks_left.eq(self._blocks_left - 1)
        with m.If(self._ends_command):
            m.d.sync += self.active.eq(0)
