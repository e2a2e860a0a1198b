"""Which columns of a slot each scratchpad read serves."""

from __future__ import annotations

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib.wiring import Component, In, Out

from tilewright.hw.spec.npu_config import NpuConfig


class ColumnGroups(Component):
    """Divides the columns of a slot among reads, one read a cycle.

    A convolution's columns are output pixels; a read serves up to ``group`` of them, none beyond
    the tile or the row of pixels. A depthwise slot takes a read for each input column; where its
    row does not exist, the second read serves all that are left.

    Ports
    -----
    depthwise, group, row_pixels: the command's; row_pixels: output pixels of a row.
    begin: the first tile of a strip has ``tile_columns``. Behind a tile's last read they are those
        of the next tile (depthwise: a strip's tiles have the same columns).
    advance: the read is issued. tile_ends: the slot is its tile's last.
    row_missing: the read's row does not exist.
    first, count, end: columns of the read: count from first, end excluded. opens, closes: it is
        the first, the last of its slot. wraps: it ends a row of pixels (depthwise: a slot).
    rest: all columns from first on, whatever count says.
    """

    def __init__(self, config: NpuConfig) -> None:
        columns = range(config.columns + 1)
        super().__init__(
            {
                "depthwise": In(1),
                "group": In(range(config.cols + 1)),
                "row_pixels": In(16),
                "begin": In(1),
                "tile_columns": In(columns),
                "advance": In(1),
                "tile_ends": In(1),
                "row_missing": In(1),
                "first": Out(columns),
                "count": Out(range(config.cols + 1)),
                "end": Out(columns),
                "opens": Out(1),
                "closes": Out(1),
                "wraps": Out(1),
                "rest": Out(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        left, row_left = self._what_is_left(m)
        within_tile, within_row, tile_first = Signal(), Signal(), Signal()
        closes, wraps = Signal(), Signal()
        m.d.comb += [
            within_tile.eq(self.group < left),
            within_row.eq(self.group < row_left),
            tile_first.eq(left <= row_left),
            closes.eq(~within_tile & tile_first),
            wraps.eq(Mux(self.depthwise, closes, ~within_row & (row_left <= left))),
            self.end.eq(self.first + self.count),
        ]
        nearest = Mux(tile_first, left, row_left)
        rest = self.advance & self.depthwise & self.opens & ~self.closes & self.row_missing
        with m.If(self.begin | self.advance):
            m.d.sync += [
                self.count.eq(Mux(within_tile & within_row, self.group, nearest)),
                self.opens.eq(self.begin | self.closes),
                self.first.eq(Mux(self.begin | self.closes, 0, self.end)),
                self.rest.eq(rest),
                self.closes.eq(closes | rest),
                self.wraps.eq(wraps | rest),
            ]
        return m

    def _what_is_left(self, m: Module) -> tuple[Signal, Signal]:
        """Columns from the next read on: of its tile, and of its row of pixels."""
        left, row_left = Signal.like(self.first), Signal.like(self.row_pixels)
        now, row_now = Signal.like(left), Signal.like(row_left)
        tile, tile_row = Signal.like(left), Signal.like(row_left)
        again = Signal()
        m.d.comb += again.eq(self.closes & (self.depthwise | ~self.tile_ends))
        with m.If(self.begin):
            m.d.comb += [left.eq(self.tile_columns), row_left.eq(self.row_pixels)]
        with m.Elif(again):
            m.d.comb += [left.eq(tile), row_left.eq(tile_row)]
        with m.Else():
            m.d.comb += left.eq(Mux(self.closes, self.tile_columns, now - self.count))
            m.d.comb += row_left.eq(
                Mux(self.wraps, self.row_pixels, row_now - Mux(self.depthwise, 0, self.count))
            )
        with m.If(self.begin | self.advance):
            m.d.sync += [now.eq(left), row_now.eq(row_left)]
            with m.If(self.begin | self.closes):
                m.d.sync += [tile.eq(left), tile_row.eq(row_left)]
        return left, row_left
