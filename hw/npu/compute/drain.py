"""The drain: takes finished tiles from the array's shadow registers to the requantiser.

A tile is read pixel by pixel, ``requantiser_lanes`` channels (a beat) a cycle; of a paired tile
two columns make a pixel, the first block of channels and then the second. Wide results take two
bytes each. The next tile may end
(and overwrite the shadow registers) as soon as what is left will have been read by then.

How many beats a tile takes follows from its pixels and its block's channels. It is worked out in
registers between two captures, which lie at least `CAPTURE_LATENCY` cycles apart:

====  ==========================================================
0     channels from this block on; the tile is announced
1     channels of the block
2     its beats
3     beats of the tile
4     capture
====  ==========================================================
"""

from __future__ import annotations

from amaranth.hdl import Array, Const, Module, Mux, Signal, Value
from amaranth.lib import data
from amaranth.lib.wiring import Component, In, Out

from tilewright.hw.npu.command_view import COMMAND_LAYOUT, CommandView, opcode_of
from tilewright.hw.npu.compute.mac_control import TileLayout
from tilewright.hw.npu.compute.requantiser import RequantiserInput
from tilewright.hw.spec.commands import ADDRESS_BITS, Opcode
from tilewright.hw.spec.npu_config import NpuConfig
from tilewright.hw.spec.timing import CAPTURE_LATENCY


class BeatsLayout(data.StructLayout):
    """Beats of a pixel, for each half (block of channels).

    ``last``: number of the half's last beat; ``mask``: lanes of that beat; ``second``: whether
    the second half has channels; ``cycles``: of a pixel, one for a second half without channels.
    """

    def __init__(self, config: NpuConfig) -> None:
        beats = -(-config.rows // config.requantiser_lanes)
        super().__init__(
            {
                "last": data.ArrayLayout(range(max(beats, 2)), 2),  # at least a bit, to index
                "mask": data.ArrayLayout(config.requantiser_lanes, 2),
                "second": 1,
                "cycles": range(2 * beats + 1),
            }
        )

    def of(self, config: NpuConfig, channels: int, *, paired: bool) -> data.Const:
        """Beats of a pixel with ``channels`` channels, 1..rows or (paired) 1..2 x rows."""
        lanes = config.requantiser_lanes
        halves = [min(channels, config.rows), max(channels - config.rows, 0)]
        last = [max(-(-count // lanes) - 1, 0) for count in halves]
        masks = [
            (1 << max(count - lanes * number, 0)) - 1
            for count, number in zip(halves, last, strict=True)
        ]
        cycles = last[0] + 1 + (last[1] + 1 if paired else 0)
        return self.const(
            {"last": last, "mask": masks, "second": int(halves[1] > 0), "cycles": cycles}
        )


class Drain(Component):
    """See the module's text.

    Ports
    -----
    start: pulse; ``command`` is stable from then on. The drain must not be busy.
    tile: announced with its last step; ready: whether one may be announced.
    capture: pulse, `CAPTURE_LATENCY` - 1 cycles after the announcement: the tile stands in the
        shadow registers from the next cycle on.
    results: of the column in turn (``accumulator_bits`` a row); will_shift: in the next cycle, to
        the next column.
    turned: pulse, the other one of two blocks of channels is read from the next cycle on; the
        first one begins. biases, multipliers, shifts: its parameters for each row. block_ended:
        pulse, its (or their) parameters are not needed any more.
    output: to the requantiser; busy: a tile is announced or being read.
    """

    def __init__(self, config: NpuConfig) -> None:
        self._config = config
        self._beats = -(-config.rows // config.requantiser_lanes)
        super().__init__(
            {
                "start": In(1),
                "command": In(COMMAND_LAYOUT),
                "tile": In(TileLayout(config)),
                "ready": Out(1, init=1),
                "capture": In(1),
                "results": In(config.accumulator_bits * config.rows),
                "will_shift": Out(1),
                "turned": Out(1),
                "biases": In(32 * config.rows),
                "multipliers": In(31 * config.rows),
                "shifts": In(8 * config.rows),
                "block_ended": Out(1),
                "output": Out(RequantiserInput(config)),
                "busy": Out(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        self._declare(m)
        self._prepare(m)
        self._count(m)
        self._track(m)
        self._present(m)
        return m

    def _declare(self, m: Module) -> None:
        config = self._config
        self._conv = CommandView(self.command, Opcode.CONV)
        self._dw = CommandView(self.command, Opcode.DEPTHWISE)
        self._paired = self._conv["paired"]
        self._depthwise = Signal()
        with m.If(self.start):
            m.d.sync += self._depthwise.eq(opcode_of(self.command) == Opcode.DEPTHWISE)
        rows = config.rows
        self._block_channels = Mux(self._paired, 2 * rows, rows)
        # the tile that is announced
        self._waiting = Signal(TileLayout(config))
        self._beats_waiting = Signal(BeatsLayout(config))
        self._length = Signal(range(config.cols * self._beats + 1))
        # the tile that is being read
        self._active = Signal()
        self._half = Signal()
        self._tile = Signal(TileLayout(config))
        self._tile_beats = Signal(BeatsLayout(config))
        self._left = Signal.like(self._length)
        self._last = Signal()
        self._beat = Signal(range(self._beats))
        self._last_beat = Signal()
        self._address = Signal(ADDRESS_BITS)

    def _prepare(self, m: Module) -> None:
        """The announced tile's beats, see the module's text; readiness for the next one."""
        config, waiting = self._config, self._waiting
        rows, layout = config.rows, BeatsLayout(config)
        remaining, channels = Signal(16), Signal(range(2 * rows + 1))
        single, paired = (
            Array(
                Value.cast(layout.of(config, max(count, 1), paired=halves == 2))
                for count in range(halves * rows + 1)
            )
            for halves in (1, 2)
        )
        m.d.sync += [
            channels.eq(Mux(remaining < self._block_channels, remaining, self._block_channels)),
            self._beats_waiting.eq(Mux(self._paired, paired[channels], single[channels])),
            self._length.eq(waiting.pixels * self._beats_waiting.cycles),
        ]
        with m.If(self.tile.valid):
            m.d.sync += waiting.eq(self.tile)
        with m.If(self.start):
            m.d.sync += remaining.eq(self._conv["channels"])
        with m.If(self.capture):
            m.d.sync += waiting.valid.eq(0)
            with m.If(waiting.ends_block):
                m.d.sync += remaining.eq(remaining - self._block_channels)
        # a register: whether at most CAPTURE_LATENCY cycles are left in the next cycle
        with m.If(self.tile.valid):
            m.d.sync += self.ready.eq(0)
        with m.Elif(self.capture):
            m.d.sync += self.ready.eq(self._length <= CAPTURE_LATENCY)
        with m.Elif(~waiting.valid):
            m.d.sync += self.ready.eq(~self._active | (self._left <= CAPTURE_LATENCY + 1))

    def _count(self, m: Module) -> None:
        """Beats and halves of the tile being read; ``last`` flags stand in registers."""
        beats, waiting = self._tile_beats, self._beats_waiting
        following, active, last_beat = Signal(), Signal(), Signal()
        m.d.comb += [
            following.eq(self._paired & ~self._half),
            self.busy.eq(self._waiting.valid | self._active),
            self.turned.eq(self._active & self._last_beat & self._paired),
            self.block_ended.eq(self._active & self._last & self._tile.ends_block),
            active.eq(self._active & ~self._last),
            last_beat.eq(self._last_beat),
            self.will_shift.eq(active & last_beat),
        ]
        m.d.sync += [self._active.eq(active), self._last_beat.eq(last_beat)]
        with m.If(self._active):
            m.d.sync += self._left.eq(self._left - 1)
            m.d.sync += self._last.eq(self._left == 2)
            with m.If(self._last_beat):
                m.d.sync += self._beat.eq(0)
                m.d.sync += self._half.eq(following)
                m.d.comb += last_beat.eq(beats.last[following] == 0)
            with m.Else():
                m.d.sync += self._beat.eq(self._beat + 1)
                m.d.comb += last_beat.eq(self._beat + 1 == beats.last[self._half])
        with m.If(self.capture):
            m.d.comb += [active.eq(1), last_beat.eq(waiting.last[0] == 0)]
            m.d.sync += [
                self._tile.eq(self._waiting),
                self._tile_beats.eq(waiting),
                self._left.eq(self._length),
                self._last.eq(self._length == 1),
                self._beat.eq(0),
            ]

    def _track(self, m: Module) -> None:
        """Where the beat at work is written: one addition a cycle, of registers."""
        conv, start, tile = self._conv, self.start, self._tile
        names = ("pixel", "next_row", "next_strip", "next_block")
        pixel, next_row, next_strip, next_block = (Signal(ADDRESS_BITS, name=n) for n in names)
        cols_left, last_col = Signal(16), Signal()
        pixel_ends, row_ends, strip_ends, block_ends = Signal(), Signal(), Signal(), Signal()
        m.d.comb += [
            pixel_ends.eq(self._active & self._last_beat & (self._half | ~self._paired)),
            row_ends.eq(Mux(self._depthwise, self._active & self._last, pixel_ends & last_col)),
            strip_ends.eq(self._depthwise & tile.ends_strip),
            block_ends.eq(self._last & tile.ends_block),
        ]
        row = Mux(block_ends, next_block, Mux(strip_ends, next_strip, next_row))
        row = Mux(start, conv["output_address"], row)
        base = Mux(self._last_beat, pixel, self._address)
        step = self._wide(Mux(self._last_beat, self._config.rows, self._config.requantiser_lanes))
        base = Mux(start | row_ends, row, base)
        step = Mux(start | row_ends, 0, Mux(pixel_ends, conv["output_pixel_pitch"], step))
        address = Signal(ADDRESS_BITS)
        m.d.comb += address.eq(base + step)
        with m.If(start | self._active):
            m.d.sync += self._address.eq(address)
        with m.If(start | pixel_ends):
            m.d.sync += pixel.eq(address)
            m.d.sync += cols_left.eq(cols_left - 1)
            m.d.sync += last_col.eq(cols_left == 2)
        with m.If(start | row_ends):
            m.d.sync += next_row.eq(row + conv["output_row_pitch"])
            m.d.sync += cols_left.eq(conv["output_cols"])
            m.d.sync += last_col.eq(conv["output_cols"] == 1)
        with m.If(start | (row_ends & (strip_ends | block_ends))):
            m.d.sync += next_strip.eq(row + self._dw["strip_output_step"])
        with m.If(start | (row_ends & block_ends)):
            m.d.sync += next_block.eq(row + self._wide(self._block_channels))

    def _wide(self, channels: Value) -> Value:
        """The bytes that so many channels of the output take."""
        return channels << self._conv["wide"] if self._config.wide_results else channels

    def _present(self, m: Module) -> None:
        config, half = self._config, self._half
        lanes = config.requantiser_lanes
        m.d.comb += self.output.valid.eq(self._active & (~half | self._tile_beats.second))
        m.d.comb += self.output.address.eq(self._address)
        full = Const((1 << lanes) - 1, lanes)
        m.d.comb += self.output.mask.eq(Mux(self._last_beat, self._tile_beats.mask[half], full))
        for lane in range(lanes):
            rows = range(lane, self._beats * lanes, lanes)
            rows = [min(row, config.rows - 1) for row in rows]  # masked where there is none

            def choice(values: Signal, bits: int, rows: list[int] = rows) -> Value:
                return Array(values.word_select(row, bits) for row in rows)[self._beat]

            m.d.comb += [
                self.output.lanes[lane].value.eq(
                    choice(self.results, config.accumulator_bits).as_signed()
                ),
                self.output.lanes[lane].bias.eq(choice(self.biases, 32)),
                self.output.lanes[lane].multiplier.eq(choice(self.multipliers, 31)),
                self.output.lanes[lane].shift.eq(choice(self.shifts, 8)),
            ]
